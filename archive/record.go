package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Cluster says where a snapshot came from.
type Cluster struct {
	Name         string `json:"name"`
	UUID         string `json:"uuid"`
	Distribution string `json:"distribution"` // opensearch or elasticsearch
	Version      string `json:"version"`
}

// Snapshot identifies the one snapshot that an archive holds.
type Snapshot struct {
	Name    string  `json:"name"`
	UUID    string  `json:"uuid"`
	Indices []Index `json:"indices"`
}

// Index is one archived index, as it was right after the snapshot.
type Index struct {
	Name string `json:"name"`
	UUID string `json:"uuid"`
	// Documents is null if it could not be had; DocumentsReason then says why.
	Documents       *int64 `json:"documents"`
	DocumentsReason string `json:"documents_reason,omitempty"`
	Shards          int    `json:"shards"` // primaries
	Bytes           int64  `json:"bytes"`  // store size of the primaries, by the cluster
	// CreatedVersion is that of the server that created the index, "7.17.29", or
	// its major version alone, "8". Empty if it is not known.
	CreatedVersion string `json:"created_version"`
	// Changed tells whether the index was written to between the request for the
	// snapshot and the witness: its documents and samples are then not exactly
	// those of the snapshot. Null if it could not be told; ChangedReason then
	// says why.
	Changed       *bool  `json:"changed"`
	ChangedReason string `json:"changed_reason,omitempty"`
}

// Witness is what a drill compares a restored day with: no content, only
// counts and hashes. The counts stand with the indices.
type Witness struct {
	Time    time.Time   `json:"time"`
	Indices []Index     `json:"indices"`
	Samples []Sample    `json:"samples"`
	Missing []Unsampled `json:"missing"`
}

// Sample is the hash of one document's canonical content. An ID may occur more
// than once in an index, where documents were routed by hand.
type Sample struct {
	Index  string `json:"index"`
	ID     string `json:"id"`
	SHA256 string `json:"sha256"`
	// Derived is set if the index does not keep documents as they came, so that
	// the content was made by the server: "synthetic" or "filtered".
	Derived string `json:"derived,omitempty"`
}

// Unsampled is a sample that could not be had: one document, or, without an ID,
// what was to come of an index.
type Unsampled struct {
	Index  string `json:"index"`
	ID     string `json:"id,omitempty"`
	Reason string `json:"reason"`
}

// Record is ARCHIVE.json: what this archive is, byte-identical in all of its
// volumes.
type Record struct {
	Format   int           `json:"format"`
	Stream   string        `json:"stream"`
	Date     string        `json:"date"` // YYYY-MM-DD
	Run      string        `json:"run"`
	Time     time.Time     `json:"time"` // when it was planned
	Tool     string        `json:"tool"`
	Cluster  Cluster       `json:"cluster"`
	Snapshot Snapshot      `json:"snapshot"`
	Objects  int           `json:"objects"` // blobs in all volumes
	Bytes    int64         `json:"bytes"`   // of these blobs
	Volumes  int           `json:"volumes"`
	Witness  RecordWitness `json:"witness"`
}

// RecordWitness is the part of the witness that does not stand with the indices.
type RecordWitness struct {
	Time    time.Time   `json:"time"`
	Samples []Sample    `json:"samples"`
	Missing []Unsampled `json:"missing"`
}

// VolumeRecord is VOLUME.NNNNN.json: what one volume holds. Keys are below the
// repository's base path; the range is (after, last] in bytewise order.
type VolumeRecord struct {
	Format  int    `json:"format"`
	Stream  string `json:"stream"`
	Date    string `json:"date"`
	Run     string `json:"run"`
	Volume  int    `json:"volume"`
	After   string `json:"after"`
	Last    string `json:"last"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"`
	Digest  string `json:"digest"` // over keys, sizes and ETags of the blobs; see FORMAT.md
}

// SHA256 is the lower-case hex digest of b.
func SHA256(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
