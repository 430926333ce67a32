package archive

import (
	"fmt"

	"archiver/archive/store"
)

const (
	// baseMemory is what the process takes besides its buffers: the runtime,
	// TLS, listings, manifests. 96 MiB, as the configuration documents it.
	baseMemory = 96 << 20
	// chunkBytes is the size of a read-ahead buffer and of a ranged GET.
	chunkBytes = 4 << 20
	// minBuffers keeps one chunk in flight while another is being packed.
	minBuffers = 2
	// objectBytes is what manifest and key list of a volume hold per blob until
	// they are written.
	objectBytes = 450
	// uploadParts are in flight at once per volume; the uploader holds two more.
	uploadParts = 2
)

// Budget is what packing may use of the machine.
type Budget struct {
	Memory    int64 // bytes the process may have resident
	Transfers int   // connections that read, over all lanes
	Lanes     int   // volumes side by side, at most
}

// lane is one volume's share of a budget.
type lane struct {
	buffers int // read-ahead buffers of chunkBytes
	readers int // concurrent GETs
}

// Fits says why volumes of the given size, in bytes of blobs, could not be
// packed within the budget, reckoning with as many blobs as a volume may hold.
// Only the plan of a day tells exactly.
func (b Budget) Fits(volumeSize int64, s Sealer) error {
	const perBlob = 4 * tarBlock // header with PAX records, padding, manifest line
	_, _, err := b.split(s.Bound(volumeSize+maxFiles*perBlob), min(maxFiles, int(volumeSize/tarBlock)+1))
	return err
}

// split shares the budget between as many lanes as fit, given the bound of the
// largest upload and the most blobs of a volume. It is an error if not even one
// fits.
func (b Budget) split(bound int64, objects int) (lanes int, l lane, err error) {
	part, err := store.PartSize(bound)
	if err != nil {
		return 0, lane{}, fmt.Errorf("volume of up to %d bytes: %w: lower archive.volume_size", bound, err)
	}
	upload := (uploadParts+2)*part + int64(objects)*objectBytes
	for lanes = max(1, b.Lanes); lanes > 0; lanes-- {
		buffers := int(((b.Memory-baseMemory)/int64(lanes) - upload) / chunkBytes)
		if buffers >= minBuffers {
			readers := min(buffers, max(1, b.Transfers/lanes))
			return lanes, lane{buffers: min(buffers, readers+minBuffers), readers: readers}, nil
		}
	}
	need := int64(baseMemory) + upload + minBuffers*chunkBytes
	return 0, lane{}, fmt.Errorf("a volume of up to %d bytes needs %d MiB of memory to upload: raise limits.memory or lower archive.volume_size",
		bound, (need+1<<20-1)>>20)
}
