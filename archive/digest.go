package archive

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
)

// tally sums up a range of blobs: how many, how many bytes, and a SHA-256 over
// a line "key NUL size NUL etag LF" for each, in listing order. Two listings
// with equal tallies hold the same objects.
type tally struct {
	objects int
	bytes   int64
	sum     hash.Hash
}

func newTally() *tally { return &tally{sum: sha256.New()} }

func (t *tally) add(b Blob) {
	t.objects++
	t.bytes += b.Size
	fmt.Fprintf(t.sum, "%s\x00%d\x00%s\n", b.Key, b.Size, b.ETag)
}

func (t *tally) digest() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// check compares with what was planned for the range.
func (t *tally) check(v PlannedVolume) error {
	if t.objects == v.Objects && t.bytes == v.Bytes && t.digest() == v.Digest {
		return nil
	}
	return fmt.Errorf("%w: volume %s was planned with %d objects of %d bytes, digest %.12s…, and has %d of %d, digest %.12s…",
		ErrStagingChanged, volumeName(v.Number), v.Objects, v.Bytes, v.Digest, t.objects, t.bytes, t.digest())
}
