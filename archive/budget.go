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
	upload, err := uploading(bound)
	if err != nil {
		return 0, lane{}, err
	}
	fixed := upload + int64(objects)*objectBytes
	lanes, buffers := b.share(fixed, minBuffers)
	if lanes == 0 {
		return 0, lane{}, &advised{fmt.Errorf("a volume of up to %d bytes needs %d MiB of memory", bound, needed(fixed, minBuffers)),
			"raise limits.memory or lower archive.volume_size"}
	}
	return lanes, b.lane(lanes, buffers), nil
}

// uploading is what the upload of an object of up to bound bytes holds.
func uploading(bound int64) (int64, error) {
	part, err := store.PartSize(bound)
	if err != nil {
		return 0, &advised{fmt.Errorf("volume of up to %d bytes: %w", bound, err), "lower archive.volume_size"}
	}
	return (uploadParts + 2) * part, nil
}

// share finds the most lanes that have at least this many buffers each, besides
// the bytes that each of them takes in any case, and how many they have. No
// lanes: not even one fits.
func (b Budget) share(fixed int64, least int) (lanes, buffers int) {
	for lanes = max(1, b.Lanes); lanes > 0; lanes-- {
		buffers = int(((b.Memory-baseMemory)/int64(lanes) - fixed) / chunkBytes)
		if buffers >= least {
			return lanes, buffers
		}
	}
	return 0, 0
}

// needed is the least memory for one lane, in MiB.
func needed(fixed int64, buffers int) int64 {
	return (baseMemory + fixed + int64(buffers)*chunkBytes + 1<<20 - 1) >> 20
}

// lane is what one of the lanes gets that has so many buffers to read ahead.
func (b Budget) lane(lanes, buffers int) lane {
	readers := min(buffers, max(1, b.Transfers/lanes))
	return lane{buffers: min(buffers, readers+minBuffers), readers: readers}
}

// readLane is one volume's share when volumes are read.
type readLane struct {
	lane
	small int64 // bytes of small files on their way into the sink
	puts  int   // of these files at once
}

// purpose is what volumes are read for.
type purpose int

const (
	toHash  purpose = iota // as they lie there
	toCheck                // what they hold, without keeping it
	toWrite                // into a sink
)

// reading shares the budget between as many lanes as fit, to read volumes. What
// they hold is put elsewhere from half of the buffers: large files as uploads,
// small ones side by side, each of which a sink may hold once more. No file is
// larger than its volume's blobs. Errors: ErrMemory.
func (b Budget) reading(volumes []Volume, p purpose) (lanes int, l readLane, err error) {
	var largest, fixed int64
	objects := 0
	for _, v := range volumes {
		largest, objects = max(largest, v.SourceBytes), max(objects, v.Objects)
	}
	least := minBuffers
	switch p {
	case toCheck:
		fixed = int64(objects)*objectBytes + chunkBytes // a small file is read whole
	case toWrite:
		if fixed, err = uploading(largest); err != nil {
			return 0, readLane{}, err
		}
		fixed += int64(objects) * objectBytes
		least = 2 * minBuffers
	}
	b.Lanes = min(b.Lanes, len(volumes))
	lanes, buffers := b.share(fixed, least)
	if lanes == 0 {
		return 0, readLane{}, fmt.Errorf("%w: reading a volume of %d files takes %d MiB", ErrMemory, objects, needed(fixed, least))
	}
	if p != toWrite {
		l.lane, l.small, l.puts = b.lane(lanes, buffers), chunkBytes, 1
		return lanes, l, nil
	}
	l.lane = b.lane(lanes, buffers/2)
	l.puts = l.readers
	l.small = int64(buffers-l.buffers) * chunkBytes / 2
	return lanes, l, nil
}
