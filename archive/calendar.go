package archive

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// Archives are the archives that stand, one for each date that has one, in the
// order of their dates.
func (c *Chain) Archives() []*Entry {
	last := map[string]*Entry{}
	for i := range c.Entries {
		switch e := &c.Entries[i]; {
		case e.Archive != nil:
			last[e.Archive.Date] = e
		case e.Withdrawn != nil:
			for date, found := range last { // by its run alone, as Sealed has it
				if found.Archive.Run == e.Withdrawn.Run {
					delete(last, date)
				}
			}
		}
	}
	var all []*Entry
	for _, e := range last {
		all = append(all, e)
	}
	slices.SortFunc(all, func(a, b *Entry) int { return strings.Compare(a.Archive.Date, b.Archive.Date) })
	return all
}

// HeadAt is what the head was when the entry of this number was the newest.
func (c *Chain) HeadAt(sequence int) Head {
	return Head{Sequence: sequence, SHA256: c.hashes[sequence-1]}
}

// Gaps are the dates between the first and the last of these archives that have
// none. Whether they should is not for the ledger to say.
func Gaps(archives []*Entry) []string {
	var gaps []string
	for i := 1; i < len(archives); i++ {
		day, err := time.Parse(time.DateOnly, archives[i-1].Archive.Date)
		if err != nil {
			continue // no ledger that was loaded has such a date
		}
		for n := 1; ; n++ {
			next := day.AddDate(0, 0, n).Format(time.DateOnly)
			if next >= archives[i].Archive.Date {
				break
			}
			gaps = append(gaps, next)
		}
	}
	return gaps
}

// Rotation picks a part of a stream's archives that moves on every day, so that all
// of them have their turn: Parts of Of a day. The zero value picks all.
type Rotation struct {
	Parts, Of int
}

// Picks tells whether it is an archive's turn on a day (UTC). An archive's place
// follows from its date and run, so that it does not shift as others come.
func (s Rotation) Picks(e *Entry, day time.Time) bool {
	if s.Of == 0 {
		return true
	}
	sum := sha256.Sum256([]byte(e.Archive.Date + " " + e.Archive.Run))
	place := int64(binary.BigEndian.Uint64(sum[:8]) % uint64(s.Of))
	const secondsADay = 24 * 60 * 60
	turn := day.Unix() / secondsADay * int64(s.Parts) % int64(s.Of)
	return (place-turn+int64(s.Of))%int64(s.Of) < int64(s.Parts)
}
