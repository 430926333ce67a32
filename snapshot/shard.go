package snapshot

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"archiver/snapshot/internal/smile"
)

// maxShardBlobs bounds how many blobs one shard may have: their names are held
// in memory at once. With the smallest chunk_size that makes sense, 1 MB, it is
// a shard of 256 GB.
const maxShardBlobs = 1 << 18

// Shard is a shard's own metadata in a snapshot, the file
// indices/<id>/<shard>/snap-<uuid>.dat: which files make up the shard, and so
// which blobs must lie beside it. Its shape is the one that OpenSearch and
// Elasticsearch (BlobStoreIndexShardSnapshot in their sources) write.
type Shard struct {
	Snapshot string // its name
	Files    []ShardFile
}

// ShardFile is one Lucene file of a shard.
type ShardFile struct {
	Name     string // of its blob, or what the names of its parts begin with
	Physical string // its name in the shard
	Length   int64  // bytes
	Checksum string // that of its footer, in base 36
	PartSize int64  // a longer file is cut into parts of so many bytes; 0: never
	Inline   bool   // it is held in the metadata, and has no blob
}

// ParseShard reads a shard's own metadata file. A file that is not as it was
// written is ErrDamaged. A file that is, and holds anything that is not known,
// is another error: what the shard needs cannot be told from it then.
func ParseShard(data []byte) (Shard, error) {
	body, err := openCodec(data, "snapshot")
	if err != nil {
		return Shard{}, fmt.Errorf("shard metadata: %w", err)
	}
	o, err := smile.Decode(body)
	if err != nil {
		return Shard{}, fmt.Errorf("shard metadata: %w", err)
	}
	s, err := readShard(o)
	if err == nil {
		err = s.check()
	}
	if err != nil {
		return Shard{}, fmt.Errorf("shard metadata: %w", err)
	}
	return s, nil
}

// Blobs gives the length of every blob that the shard needs, by its name in the
// shard's folder.
func (s Shard) Blobs() map[string]int64 {
	blobs := make(map[string]int64, len(s.Files))
	for _, f := range s.Files {
		parts := f.parts()
		if parts == 1 {
			blobs[f.Name] = f.Length
			continue
		}
		for n := range parts {
			blobs[partName(f.Name, n)] = min(f.PartSize, f.Length-n*f.PartSize)
		}
	}
	return blobs
}

// parts is the number of blobs that hold the file. An empty file has one, too.
func (f ShardFile) parts() int64 {
	switch {
	case f.Inline:
		return 0
	case f.PartSize == 0 || f.Length == 0:
		return 1
	}
	return 1 + (f.Length-1)/f.PartSize
}

const partInfix = ".part"

func partName(name string, n int64) string { return name + partInfix + strconv.FormatInt(n, 10) }

// cutPart takes the name of a part's blob apart.
func cutPart(blob string) (name string, n int64, ok bool) {
	name, digits, ok := strings.Cut(blob, partInfix)
	if !ok {
		return blob, 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || partName(name, n) != blob {
		return blob, 0, false
	}
	return name, n, true
}

// blobName is how servers name a file's blob; with a v before, it is inline.
var blobName = regexp.MustCompile(`^v?__[0-9A-Za-z_-]+$`)

// check refuses what no server writes. It keeps foreign names from reaching
// keys, and foreign numbers from reaching memory.
func (s Shard) check() error {
	if s.Snapshot == "" {
		return errors.New("no snapshot is named")
	}
	names, physical, blobs := map[string]bool{}, map[string]bool{}, int64(0)
	for _, f := range s.Files {
		switch {
		case !blobName.MatchString(f.Name):
			return fmt.Errorf("a file named %q", f.Name)
		case names[f.Name]:
			return fmt.Errorf("two files named %s", f.Name)
		case f.Physical == "" || strings.ContainsAny(f.Physical, `/\`) || physical[f.Physical]:
			return fmt.Errorf("file %s is %q in the shard", f.Name, f.Physical)
		case f.Length < 0:
			return fmt.Errorf("file %s has %d bytes", f.Name, f.Length)
		}
		if _, err := strconv.ParseUint(f.Checksum, 36, 32); err != nil {
			return fmt.Errorf("file %s has the checksum %q", f.Name, f.Checksum)
		}
		names[f.Name], physical[f.Physical] = true, true
		// Compared before it is added: both may be near the largest number.
		if f.parts() > maxShardBlobs-blobs {
			return fmt.Errorf("more than %d blobs", maxShardBlobs)
		}
		blobs += f.parts()
	}
	return nil
}
