package archive

import (
	"fmt"
	"path"
	"path/filepath"
	"regexp"
	"strings"
)

// Where things lie. Keys of the archive store:

// VolumeKey is where one packing try of a volume lies. date is YYYY-MM-DD.
func VolumeKey(stream, date, run, pack string, volume int) string {
	return RunPrefix(stream, date, run) + pack + "/" + volumeName(volume) + ".tar.pgp"
}

// VolumesPrefix is what all volumes of a stream lie below.
func VolumesPrefix(stream string) string { return "archives/" + stream + "/" }

// RunPrefix is what all volumes of a run lie below.
func RunPrefix(stream, date, run string) string {
	return fmt.Sprintf("%s%s/%s/", VolumesPrefix(stream), strings.ReplaceAll(date, "-", "/"), run)
}

// LedgerPrefix is what a stream's ledger entries lie below.
func LedgerPrefix(stream string) string { return "ledger/" + stream + "/" }

// LedgerKey is where the entry with this sequence number lies; the first is 1.
func LedgerKey(stream string, sequence int) string {
	return fmt.Sprintf("%s%06d.json.asc", LedgerPrefix(stream), sequence)
}

// Keys of the staging store:

// WorkPrefix is the archiver's own corner of the staging bucket; nothing below
// it is part of a repository.
const WorkPrefix = ".archiver/"

// StateKey holds the lease and the state of the run.
const StateKey = WorkPrefix + "state.json"

// RunsPrefix is what the papers of all runs lie below.
const RunsPrefix = WorkPrefix + "runs/"

// RunWorkPrefix is what a run keeps beside the state while it lasts.
func RunWorkPrefix(run string) string { return RunsPrefix + run + "/" }

// planPrefix binds a plan's papers to its digest, so that what was packed for
// one plan can never be counted for another.
func planPrefix(run, planSHA256 string) string {
	return RunWorkPrefix(run) + planSHA256[:16] + "/"
}

// PlanKey holds the plan with this SHA-256.
func PlanKey(run, planSHA256 string) string { return planPrefix(run, planSHA256) + "plan.json" }

// ReceiptKey holds the receipt of a volume. There is one: the first packer to
// create it wins.
func ReceiptKey(run, planSHA256 string, volume int) string {
	return planPrefix(run, planSHA256) + "receipt-" + volumeName(volume) + ".json"
}

// KeyListKey holds the list of the blobs that one packing try put into a volume.
func KeyListKey(run, planSHA256 string, volume int, pack string) string {
	return planPrefix(run, planSHA256) + "keys-" + volumeName(volume) + "-" + pack + ".txt"
}

// Names inside a volume's tar:
const (
	recordName  = "ARCHIVE.json"
	restoreName = "RESTORE.md"
	blobPrefix  = "repository/"
)

func volumeName(volume int) string      { return fmt.Sprintf("%05d", volume) }
func volumeJSONName(volume int) string  { return "VOLUME." + volumeName(volume) + ".json" }
func manifestName(volume int) string    { return "SHA256SUMS." + volumeName(volume) }
func manifestSigName(volume int) string { return manifestName(volume) + ".asc" }

// maxVolumes is what five digits can number.
const maxVolumes = 100_000

var (
	streamPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`)
	runPattern    = regexp.MustCompile(`^\d{8}t\d{6}z-[0-9a-f]{8}$`)
	packPattern   = regexp.MustCompile(`^[0-9a-f]{8}$`)
	keyPattern    = regexp.MustCompile(`^[0-9A-F]{40}$`) // a fingerprint
	crcPattern    = regexp.MustCompile(`^([A-Za-z0-9+/]{11}=)?$`)
	blobPattern   = regexp.MustCompile(`^[A-Za-z0-9._/=+-]+$`)
)

// maxBlobKey is what S3 lets a key have, in bytes.
const maxBlobKey = 1024

// isBlobKey tells a key, below the base path, that a blob may have.
func isBlobKey(key string) bool {
	return len(key) <= maxBlobKey && blobPattern.MatchString(key) && filepath.IsLocal(key) && path.Clean(key) == key
}
