package archive

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Head names the newest entry of a ledger. The zero value is an empty one.
type Head struct {
	Sequence int
	SHA256   string // of the entry's object
}

func (h Head) String() string {
	if h.Sequence == 0 {
		return "empty"
	}
	return fmt.Sprintf("%06d:%s", h.Sequence, h.SHA256)
}

// MarshalText is the head as ParseHead reads it, "" if there is none: the one form
// that answers have, so that each can be given to --head.
func (h Head) MarshalText() ([]byte, error) {
	if h.Sequence == 0 {
		return nil, nil
	}
	return []byte(h.String()), nil
}

// UnmarshalText reads what MarshalText writes.
func (h *Head) UnmarshalText(text []byte) (err error) {
	*h = Head{}
	if len(text) > 0 {
		*h, err = ParseHead(string(text))
	}
	return err
}

// ParseHead reads what String writes, as a report or a metric shows it: the
// number with or without leading zeros, a colon, the SHA-256.
func ParseHead(text string) (Head, error) {
	number, sum, found := strings.Cut(text, ":")
	n, err := strconv.ParseUint(number, 10, 31)
	if !found || err != nil || n == 0 || !hexPattern.MatchString(sum) {
		return Head{}, fmt.Errorf("%.100q is no ledger head: write it as 000007:<64 lower-case hex digits>, as a report shows it", text)
	}
	return Head{Sequence: int(n), SHA256: sum}, nil
}

// Chain is a ledger whose every entry was believed.
type Chain struct {
	Stream  string
	Entries []Entry
	hashes  []string // of the entries' objects
}

// Head is the newest entry's.
func (c *Chain) Head() Head {
	if len(c.hashes) == 0 {
		return Head{}
	}
	return Head{Sequence: len(c.hashes), SHA256: c.hashes[len(c.hashes)-1]}
}

// Holds tells whether the chain has passed through head: a ledger that ends
// earlier, or went elsewhere, has been tampered with.
func (c *Chain) Holds(h Head) bool {
	return h.Sequence == 0 || h.Sequence <= len(c.hashes) && c.hashes[h.Sequence-1] == h.SHA256
}

// Passes is Holds, and says what is wrong. Errors: a Violation (ClassHead).
func (c *Chain) Passes(h Head) error {
	if c.Holds(h) {
		return nil
	}
	object := "the ledger of " + c.Stream
	if h.Sequence > len(c.hashes) {
		return violated(ClassHead, object, "it ends at %v, before the known head %v: its newest entries may have been cut off", c.Head(), h)
	}
	return violated(ClassHead, object, "its entry %06d has the SHA-256 %s, the known head is %v", h.Sequence, c.hashes[h.Sequence-1], h)
}

// Sealed returns the archive of a date, if there is one that stands.
func (c *Chain) Sealed(date string) (*Entry, bool) {
	var found *Entry
	for i := range c.Entries {
		switch e := &c.Entries[i]; {
		case e.Archive != nil && e.Archive.Date == date:
			found = e
		case e.Withdrawn != nil && found != nil && e.Withdrawn.Run == found.Archive.Run:
			found = nil
		}
	}
	return found, found != nil
}

// Run returns the entry that ended a run: its archive, or its abandonment.
func (c *Chain) Run(run string) (*Entry, bool) {
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.Archive != nil && e.Archive.Run == run || e.Abandoned != nil && e.Abandoned.Run == run {
			return e, true
		}
	}
	return nil, false
}

// Closed tells whether a run was abandoned, or its archive withdrawn, and why.
func (c *Chain) Closed(run string) (reason string, closed bool) {
	for _, e := range c.Entries {
		for _, end := range []*Ended{e.Abandoned, e.Withdrawn} {
			if end != nil && end.Run == run {
				return end.Reason, true
			}
		}
	}
	return "", false
}

// Next is an entry that would follow, with everything but its type and body.
// Its time is not before the previous entry's, even if the clock is.
func (c *Chain) Next(now time.Time, tool string) Entry {
	e := Entry{Format: Format, Stream: c.Stream, Sequence: 1, Time: Seconds(now), Tool: tool, Previous: genesis}
	if n := len(c.Entries); n > 0 {
		e.Sequence = n + 1
		e.Previous = c.hashes[n-1]
		if last := c.Entries[n-1].Time; e.Time.Before(last) {
			e.Time = last
		}
	}
	return e
}

// add links a believed entry to the chain, or says why it does not fit.
func (c *Chain) add(e Entry, object []byte) error {
	previous := genesis
	if n := len(c.hashes); n > 0 {
		previous = c.hashes[n-1]
		if e.Time.Before(c.Entries[n-1].Time) {
			return fmt.Errorf("its time %v is before the previous entry's", e.Time)
		}
	}
	switch {
	case e.Sequence != len(c.Entries)+1:
		return fmt.Errorf("it says that it is number %d", e.Sequence)
	case e.Stream != c.Stream:
		return fmt.Errorf("it belongs to the stream %s", e.Stream)
	case e.Previous != previous:
		return fmt.Errorf("it follows %s, not %s", e.Previous, previous)
	}
	c.Entries = append(c.Entries, e)
	c.hashes = append(c.hashes, SHA256(object))
	return nil
}
