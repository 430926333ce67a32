package snapshot

import (
	"hash/crc32"
	"testing"

	"pgregory.net/rapid"
)

func TestSumsOfTextsJoin(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.SliceOf(rapid.Byte()).Draw(t, "a"), rapid.SliceOf(rapid.Byte()).Draw(t, "b")
		b = append(b, make([]byte, rapid.IntRange(0, 100_000).Draw(t, "zeros"))...)
		got := joinCRC(crc32.ChecksumIEEE(a), crc32.ChecksumIEEE(b), int64(len(b)))
		if want := crc32.ChecksumIEEE(append(a, b...)); got != want {
			t.Fatalf("%x, want %x", got, want)
		}
	})
}
