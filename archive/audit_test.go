package archive

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"archiver/archive/store"
)

// retained is a memory store that answers about retention.
type retained struct {
	*memory
	is store.Retention
}

func (r retained) Retention(context.Context, string, string) (store.Retention, error) {
	return r.is, nil
}

// audited is a stream with one day of three volumes, in memory.
func audited(t testing.TB) (*made, *memory, *Audit) {
	s, staging := newMemory(), newMemory()
	m := newMade(t, s)
	blobs(staging, "", 1)
	m.day(t, Staging{Store: staging}, keptDate, 10_000)
	return m, s, &Audit{
		Store: s, Trust: m.ledger.Trust, Opener: openerOf(t, "ops-private.asc"),
		Budget: Budget{Memory: 256 << 20, Transfers: 4, Lanes: 2},
	}
}

func TestAuditCountsColdVolumesApart(t *testing.T) {
	m, s, a := audited(t)
	e := &m.chain.Entries[0]
	s.opened = func(key string, _ int64) error {
		if key == e.Archive.Volumes[1].Key {
			return fmt.Errorf("%s: %w", key, store.ErrCold)
		}
		return nil
	}
	for _, depth := range []Depth{Stored, Ciphertext, Content} {
		got, err := a.Archive(t.Context(), e, depth)
		wantRead, wantCold := 2, []string{e.Archive.Volumes[1].Key}
		if depth == Stored {
			wantRead, wantCold = 0, nil
		}
		if err != nil || got.Looked != 3 || got.Read != wantRead || !slices.Equal(got.Cold, wantCold) || len(got.Violations) > 0 {
			t.Errorf("depth %d: %+v, %v", depth, got, err)
		}
	}
}

func TestAuditComparesRetentionOnlyWhereItIsEnforced(t *testing.T) {
	m, s, a := audited(t)
	e := &m.chain.Entries[0]
	until := e.Archive.Retention.Until
	for _, c := range []struct {
		name string
		mode string
		is   store.Retention
		bad  bool
	}{
		{"none asked for", "none", store.Retention{}, false},
		{"as asked for", "governance", store.Retention{Mode: store.Governance, Until: until}, false},
		{"stronger and longer", "governance", store.Retention{Mode: store.Compliance, Until: until.Add(time.Hour)}, false},
		{"shorter", "governance", store.Retention{Mode: store.Governance, Until: until.Add(-time.Second)}, true},
		{"weaker", "compliance", store.Retention{Mode: store.Governance, Until: until}, true},
		{"not at all", "compliance", store.Retention{}, true},
	} {
		a.Store = retained{s, c.is}
		e.Archive.Retention.Mode = c.mode
		got, err := a.Archive(t.Context(), e, Stored)
		if err != nil || (len(got.Violations) == 3) != c.bad || (len(got.Violations) == 0) == c.bad {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
		for _, v := range got.Violations {
			if v.Class != ClassVolumeRetention {
				t.Errorf("%s: %v", c.name, v)
			}
		}
	}
}

func TestAuditThatCannotTellFails(t *testing.T) {
	m, s, a := audited(t)
	broken := errors.New("broken")
	s.opened = func(string, int64) error { return broken }
	if _, err := a.Archive(t.Context(), &m.chain.Entries[0], Ciphertext); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
	s.opened = nil
	a.Opener = openerOf(t, "stranger-private.asc")
	if _, err := a.Archive(t.Context(), &m.chain.Entries[0], Content); !errors.Is(err, ErrNoKey) {
		t.Errorf("%v", err)
	}
}

func TestRotationPicksEveryArchiveOnceInATurn(t *testing.T) {
	var all []*Entry
	for i := range 200 {
		all = append(all, &Entry{Archive: &Sealed{Date: keptDate, Run: fmt.Sprint(i)}})
	}
	for _, r := range []Rotation{{1, 1}, {1, 30}, {3, 30}, {7, 7}} {
		days := r.Of / r.Parts
		for n, e := range all {
			picked := 0
			for d := range days {
				if r.Picks(e, noon.AddDate(0, 0, d)) {
					picked++
				}
			}
			if picked != 1 {
				t.Fatalf("%+v picks archive %d %d times in %d days", r, n, picked, days)
			}
		}
	}
	if !(Rotation{}).Picks(all[0], noon) {
		t.Error("no rotation picks all")
	}
}

func TestEveryArchiveHasItsTurnWithinTheDaysOfARotation(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		of := rapid.IntRange(1, 400).Draw(t, "of")
		r := Rotation{Parts: rapid.IntRange(1, of).Draw(t, "parts"), Of: of}
		e := &Entry{Archive: &Sealed{Date: keptDate, Run: rapid.String().Draw(t, "run")}}
		day := noon.AddDate(0, 0, rapid.IntRange(0, 40_000).Draw(t, "day"))
		days := (r.Of + r.Parts - 1) / r.Parts
		picked := 0
		for d := range days {
			if r.Picks(e, day.AddDate(0, 0, d)) {
				picked++
			}
		}
		if most := min(2, days); picked < 1 || picked > most {
			t.Fatalf("it was picked %d times in %d days", picked, days)
		}
	})
}

func TestGapsAreTheDaysBetween(t *testing.T) {
	var all []*Entry
	for _, d := range []string{"2026-02-27", "2026-03-01", "2026-03-02", "2026-03-05"} {
		all = append(all, &Entry{Archive: &Sealed{Date: d}})
	}
	if got := Gaps(all); !slices.Equal(got, []string{"2026-02-28", "2026-03-03", "2026-03-04"}) {
		t.Errorf("%v", got)
	}
	if got := Gaps(nil); len(got) > 0 {
		t.Errorf("%v", got)
	}
}
