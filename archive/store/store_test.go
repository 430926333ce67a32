package store_test

import (
	"errors"
	"testing"

	"archiver/archive/store"
)

// S3's own limits, from its user guide.
const (
	smallestPart = 5 << 20
	largestPart  = 5 << 30
	mostParts    = 10_000
)

func TestPartSizeCoversEveryBoundWithinTheLimitsOfS3(t *testing.T) {
	const limit = 9900 * int64(largestPart)
	for bound := int64(0); bound <= limit; {
		for _, b := range []int64{bound - 1, bound, bound + 1, limit - bound} {
			b = min(max(b, 0), limit)
			size, err := store.PartSize(b)
			if err != nil {
				t.Fatalf("bound %d: %v", b, err)
			}
			if size < smallestPart || size > largestPart {
				t.Fatalf("bound %d: parts of %d bytes", b, size)
			}
			if parts := (b + size - 1) / size; parts > mostParts || parts*size < b {
				t.Fatalf("bound %d: %d parts of %d bytes", b, parts, size)
			}
		}
		bound += bound/97 + 1<<20 + 12_345
	}
}

func TestPartSizeLeavesAReserveAboveTheBound(t *testing.T) {
	const bound = 1 << 40
	size, err := store.PartSize(bound)
	if err != nil {
		t.Fatal(err)
	}
	if size*mostParts < bound+bound/110 {
		t.Errorf("%d parts of %d bytes hold %d at the most", mostParts, size, size*mostParts)
	}
}

func TestPartSizeRefusesWhatNoUploadCanHold(t *testing.T) {
	const limit = 9900 * int64(largestPart)
	if size, err := store.PartSize(limit); err != nil || size != largestPart {
		t.Errorf("at the limit: %d, %v", size, err)
	}
	for _, bound := range []int64{limit + 1, 1 << 62, 1<<63 - 1} {
		if size, err := store.PartSize(bound); !errors.Is(err, store.ErrTooLarge) {
			t.Errorf("bound %d: %d, %v", bound, size, err)
		}
	}
}
