package archive

import "testing"

func TestDump(t *testing.T) {
	m := newMade(t, newMemory())
	s := newMemory()
	blobs(s, "base/", 1)
	m.day(t, Staging{Store: s, Base: "base/"}, "2026-11-19", 8192)
	s = newMemory()
	blobs(s, "base/", 2)
	b := m.day(t, Staging{Store: s, Base: "base/"}, "2026-11-20", 8192)
	t.Log(len(b.Volumes), m.chain.Head())
	copyDown(t.Context(), m.archive, "/tmp/byhand/root")
}
