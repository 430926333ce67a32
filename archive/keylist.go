package archive

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"archiver/archive/store"
)

// KeyList reads the list of blobs that a receipt names: what a run has taken
// from staging, and therefore may sweep from it.
func KeyList(ctx context.Context, s store.Store, r *Receipt) ([]Blob, error) {
	o, err := s.Get(ctx, r.KeyList)
	if err != nil {
		return nil, fmt.Errorf("key list of volume %s: %w", volumeName(r.Volume.Number), err)
	}
	blobs := make([]Blob, 0, r.Volume.Objects)
	t := newTally()
	for line := range bytes.Lines(o.Body) {
		fields := bytes.SplitN(bytes.TrimSuffix(line, []byte("\n")), []byte(" "), 3)
		if len(fields) != 3 {
			return nil, fmt.Errorf("%s: malformed line %.80q", r.KeyList, line)
		}
		size, err := strconv.ParseInt(string(fields[0]), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", r.KeyList, err)
		}
		b := Blob{Key: string(fields[2]), Size: size, ETag: string(fields[1])}
		t.add(b)
		blobs = append(blobs, b)
	}
	if t.digest() != r.Volume.Digest {
		return nil, fmt.Errorf("%w: %s does not list what its volume holds", ErrIntegrity, r.KeyList)
	}
	return blobs, nil
}
