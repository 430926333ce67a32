package archive

import "testing"

func TestBudgetIsSharedBetweenAsManyLanesAsFit(t *testing.T) {
	const mib, gib = int64(1 << 20), int64(1 << 30)
	for _, c := range []struct {
		name           string
		budget         Budget
		bound          int64
		lanes          int
		buffers, reads int
	}{
		{"the default", Budget{256 * mib, 16, 2}, 33 * gib, 2, 10, 8},
		{"as many connections as buffers", Budget{256 * mib, 100, 2}, 33 * gib, 2, 12, 12},
		{"fewer lanes than wanted", Budget{256 * mib, 16, 8}, 33 * gib, 4, 2, 2},
		{"at least one lane", Budget{256 * mib, 16, 0}, gib, 1, 18, 16},
		{"at least one connection", Budget{256 * mib, 0, 1}, gib, 1, 3, 1},
		{"just enough", Budget{(96 + 32 + 8) * mib, 16, 4}, gib, 1, 2, 2},
		{"large parts", Budget{gib, 16, 4}, 200 * gib, 4, 6, 4},
	} {
		lanes, l, err := c.budget.split(c.bound, 0)
		if err != nil || lanes != c.lanes || l != (lane{c.buffers, c.reads}) {
			t.Errorf("%s: %d lanes of %+v, %v; want %d of %d buffers and %d readers", c.name, lanes, l, err, c.lanes, c.buffers, c.reads)
		}
		part := int64(8 * mib)
		if p := (c.bound + 9899) / 9900; p > part {
			part = p
		}
		if used := baseMemory + int64(lanes)*(int64(l.buffers)*chunkBytes+(uploadParts+2)*part); err == nil && used > c.budget.Memory {
			t.Errorf("%s: takes %d bytes of %d", c.name, used, c.budget.Memory)
		}
	}
}

func TestBudgetThatHoldsNoVolumeIsRefused(t *testing.T) {
	for name, c := range map[string]struct {
		memory, bound int64
	}{
		"a byte less than one lane needs": {(96+32+8)<<20 - 1, 1 << 30},
		"nothing":                         {0, 1 << 30},
		"parts over S3's limit":           {1 << 40, 1 << 60},
	} {
		if lanes, l, err := (Budget{Memory: c.memory, Lanes: 4}).split(c.bound, 0); err == nil {
			t.Errorf("%s: %d lanes of %+v", name, lanes, l)
		}
	}
}

// TestBudgetForReading has a volume with as many files as one may have: the least
// memory that the configuration allows must do to hash it, and what packed it must
// do to check it.
func TestBudgetForReading(t *testing.T) {
	const mib = int64(1 << 20)
	full := []Volume{{Objects: maxFiles, SourceBytes: 32 << 30}, {Objects: 10, SourceBytes: 1 << 20}}
	packs := needed((uploadParts+2)*8*mib+maxFiles*objectBytes, minBuffers)
	for _, c := range []struct {
		name    string
		memory  int64 // MiB
		purpose purpose
		lanes   int // 0: refused
	}{
		{"hashing in the least", 160, toHash, 2},
		{"checking in the least", 160, toCheck, 1},
		{"checking in what it was packed with", packs, toCheck, 1},
		{"writing in too little", 160, toWrite, 0},
		{"writing in the default", 256, toWrite, 1},
		{"writing with room", 512, toWrite, 2},
	} {
		b := Budget{Memory: c.memory * mib, Transfers: 16, Lanes: 2}
		lanes, l, err := b.reading(full, c.purpose)
		if lanes != c.lanes || (err != nil) != (c.lanes == 0) {
			t.Errorf("%s: %d lanes, want %d: %v", c.name, lanes, c.lanes, err)
		}
		if err != nil {
			continue
		}
		used := baseMemory + int64(lanes*l.buffers)*chunkBytes
		if c.purpose != toHash {
			used += int64(lanes) * (maxFiles*objectBytes + l.small)
		}
		if c.purpose == toWrite { // the sink's copies, and an upload
			used += int64(lanes) * (l.small + (uploadParts+2)*8*mib)
		}
		if used > b.Memory || l.small < chunkBytes || l.puts < 1 {
			t.Errorf("%s: takes %d of %d bytes: %+v", c.name, used, b.Memory, l)
		}
	}
}
