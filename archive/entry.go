package archive

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"time"
)

// Types of ledger entries. Reserved has those that later versions may write.
const (
	TypeArchive   = "archive"   // a day was archived
	TypeAbandoned = "abandoned" // a run was given up before its archive existed
	TypeWithdrawn = "withdrawn" // an archive was found missing or altered
	TypeDrill     = "drill"     // a restore was rehearsed
)

// genesis is what the first entry names as the one before it.
const genesis = "0000000000000000000000000000000000000000000000000000000000000000"

// Entry is one record of the ledger. The body that its type names is set, and
// no other.
type Entry struct {
	Format   int       `json:"format"`
	Stream   string    `json:"stream"`
	Sequence int       `json:"sequence"` // from 1, without gaps
	Time     time.Time `json:"time"`     // also the signature's; never before the previous entry's
	Type     string    `json:"type"`
	Tool     string    `json:"tool"`
	Previous string    `json:"previous"` // SHA-256 of the previous entry's object; 64 zeros for the first

	Archive   *Sealed `json:"archive,omitempty"`
	Abandoned *Ended  `json:"abandoned,omitempty"`
	Withdrawn *Ended  `json:"withdrawn,omitempty"`
	Drill     *Drill  `json:"drill,omitempty"`
	Reserved
}

// Reserved are the bodies of entries that only later versions write. A reader
// of this version holds such entries to all rules of the chain and passes over
// them: they never change which archive is a date's, or what is in it.
type Reserved struct {
	Absent     json.RawMessage `json:"absent,omitempty"`     // a day that had no data
	Expired    json.RawMessage `json:"expired,omitempty"`    // an archive whose retention has ended
	Signer     json.RawMessage `json:"signer,omitempty"`     // a new signing key, signed by the old
	Recipients json.RawMessage `json:"recipients,omitempty"` // session keys for new recipients
	Timestamp  json.RawMessage `json:"timestamp,omitempty"`  // a third party's time
}

// Drill is the body of an entry about a rehearsed restore.
type Drill struct {
	Date      string  `json:"date"`
	Run       string  `json:"run"` // of the archive
	Passed    bool    `json:"passed"`
	Reason    string  `json:"reason,omitempty"` // why it did not pass
	Cluster   Cluster `json:"cluster"`          // that it was restored into
	Documents int64   `json:"documents"`        // that came back
	Samples   int     `json:"samples"`          // documents whose content was compared
	Seconds   int64   `json:"seconds"`          // from the first read to the last comparison
}

// Sealed is the body of an archive entry: the archive exists because it does.
type Sealed struct {
	Date         string    `json:"date"`
	Run          string    `json:"run"`
	Cluster      Cluster   `json:"cluster"`
	Snapshot     Snapshot  `json:"snapshot"`
	Objects      int       `json:"objects"` // blobs
	Bytes        int64     `json:"bytes"`   // of the blobs
	RecordSHA256 string    `json:"record_sha256"`
	Recipients   []string  `json:"recipients"` // fingerprints
	Signer       string    `json:"signer"`     // fingerprint
	Retention    Retention `json:"retention"`
	Volumes      []Volume  `json:"volumes"`
}

// Ended is the body of an entry that ends a run or an archive.
type Ended struct {
	Date   string `json:"date"`
	Run    string `json:"run"`
	Reason string `json:"reason"`
}

// SealedEntry is the body that makes an archive of a proved run.
func SealedEntry(p *Plan, receipts []*Receipt) (*Sealed, error) {
	var r Record
	if err := decodeJSON([]byte(p.Record), &r); err != nil {
		return nil, fmt.Errorf("the plan's %s: %w", recordName, err)
	}
	s := &Sealed{
		Date: p.Date, Run: p.Run, Cluster: r.Cluster, Snapshot: r.Snapshot,
		Objects: p.Objects, Bytes: p.Bytes, RecordSHA256: SHA256([]byte(p.Record)),
		Recipients: p.Recipients, Signer: p.Signer, Retention: p.Retention,
	}
	for _, r := range receipts {
		s.Volumes = append(s.Volumes, r.Volume)
	}
	return s, nil
}

var hexPattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

// check holds an entry against the rules that need no other entry.
func (e *Entry) check() error {
	switch {
	case e.Format != Format:
		return fmt.Errorf("format %d is not known, only %d", e.Format, Format)
	case !streamPattern.MatchString(e.Stream):
		return fmt.Errorf("stream %q is no stream name", e.Stream)
	case !hexPattern.MatchString(e.Previous):
		return fmt.Errorf("previous %q is no SHA-256", e.Previous)
	case e.Time.Location() != time.UTC || !e.Time.Equal(Seconds(e.Time)):
		return fmt.Errorf("time %v is not a whole second in UTC", e.Time)
	}
	known := false
	for t, set := range e.bodies() {
		known = known || t == e.Type
		if set != (t == e.Type) {
			return fmt.Errorf("type %q does not go with its body", e.Type)
		}
	}
	if !known {
		return fmt.Errorf("type %q is not known to this version: use a newer one", e.Type)
	}
	if body := e.reserved(e.Type); body != nil {
		return checkReserved(body)
	}
	if e.Archive != nil {
		if err := e.Archive.check(e.Stream); err != nil {
			return err
		}
	}
	date, run := e.about()
	if !datePattern.MatchString(date) || !runPattern.MatchString(run) {
		return fmt.Errorf("date %q or run %q is malformed", date, run)
	}
	return nil
}

// bodies tells which bodies are there, by the type that each belongs to.
func (e *Entry) bodies() map[string]bool {
	there := map[string]bool{
		TypeArchive: e.Archive != nil, TypeAbandoned: e.Abandoned != nil, TypeWithdrawn: e.Withdrawn != nil, TypeDrill: e.Drill != nil,
	}
	for _, t := range []string{"absent", "expired", "signer", "recipients", "timestamp"} {
		there[t] = e.reserved(t) != nil
	}
	return there
}

// reserved is the body of a reserved type.
func (r *Reserved) reserved(t string) json.RawMessage {
	return map[string]json.RawMessage{
		"absent": r.Absent, "expired": r.Expired, "signer": r.Signer, "recipients": r.Recipients, "timestamp": r.Timestamp,
	}[t]
}

// checkReserved wants an object: what is in it, is for later versions.
func checkReserved(body json.RawMessage) error {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(body, &members); err != nil || members == nil {
		return errors.New("its body is no object")
	}
	return nil
}

// check holds an archive against itself: its volumes are numbered from 0, lie
// where the run's volumes lie, follow each other without a gap, and add up.
func (s *Sealed) check(stream string) error {
	objects, bytes, after := 0, int64(0), ""
	for n, v := range s.Volumes {
		pack := strings.TrimSuffix(strings.TrimPrefix(v.Key, RunPrefix(stream, s.Date, s.Run)), "/"+volumeName(n)+".tar.pgp")
		switch {
		case v.Number != n:
			return fmt.Errorf("volume %d stands where %d should", v.Number, n)
		case v.Key != VolumeKey(stream, s.Date, s.Run, pack, n) || !packPattern.MatchString(pack):
			return fmt.Errorf("volume %d has the key %q, which is not of this run", n, v.Key)
		case v.Objects < 1 || v.Objects > maxFiles || v.Files < 0 || min(v.SourceBytes, v.PlaintextBytes, v.Bytes) < 0:
			// A reader reserves memory by them.
			return fmt.Errorf("volume %d has %d blobs of %d bytes, which is beyond the format's limits", n, v.Objects, v.SourceBytes)
		case !hexPattern.MatchString(v.SHA256) || !hexPattern.MatchString(v.ManifestSHA256):
			return fmt.Errorf("volume %d has a malformed SHA-256", n)
		case v.After != after || v.Last <= v.After:
			return fmt.Errorf("volume %d does not follow the one before it", n)
		}
		objects, bytes, after = objects+v.Objects, bytes+v.SourceBytes, v.Last
	}
	switch {
	case len(s.Volumes) > maxVolumes:
		return fmt.Errorf("%d volumes are more than %d", len(s.Volumes), maxVolumes)
	case len(s.Volumes) == 0 || objects != s.Objects || bytes != s.Bytes:
		return fmt.Errorf("%d volumes with %d objects of %d bytes do not make %d of %d", len(s.Volumes), objects, bytes, s.Objects, s.Bytes)
	case !hexPattern.MatchString(s.RecordSHA256):
		return fmt.Errorf("the SHA-256 of %s is malformed", recordName)
	}
	return nil
}

// about is the date and the run that an entry speaks of; empty for reserved ones.
func (e *Entry) about() (date, run string) {
	switch {
	case e.Archive != nil:
		return e.Archive.Date, e.Archive.Run
	case e.Abandoned != nil:
		return e.Abandoned.Date, e.Abandoned.Run
	case e.Withdrawn != nil:
		return e.Withdrawn.Date, e.Withdrawn.Run
	case e.Drill != nil:
		return e.Drill.Date, e.Drill.Run
	}
	return "", ""
}
