package archive

import (
	"context"
	"errors"
	"testing"
	"time"

	"archiver/archive/store"
)

// holding is a store that keeps one retention for everything, or none at all.
type holding struct {
	*memory
	held     store.Retention
	deaf     bool // says that it holds, and does not
	lockless bool
}

func (h *holding) Retain(_ context.Context, _, _ string, r store.Retention) error {
	if h.lockless {
		return store.ErrUnsupported
	}
	if !h.deaf {
		h.held = r
	}
	return nil
}

func (h *holding) Retention(context.Context, string, string) (store.Retention, error) {
	if h.lockless {
		return store.Retention{}, store.ErrUnsupported
	}
	return h.held, nil
}

func TestHoldIsDoneOnlyWhenTheStoreSaysSo(t *testing.T) {
	until := noon.AddDate(5, 0, 0)
	want := Retention{Mode: "governance", Years: 5, Until: until}
	for name, c := range map[string]struct {
		s    *holding
		r    Retention
		want error
	}{
		"held":               {&holding{}, want, nil},
		"not kept":           {&holding{deaf: true}, want, ErrNotHeld},
		"held for less":      {&holding{deaf: true, held: store.Retention{Mode: store.Governance, Until: until.Add(-time.Second)}}, want, ErrNotHeld},
		"held for more":      {&holding{deaf: true, held: store.Retention{Mode: store.Governance, Until: until.Add(time.Second)}}, want, nil},
		"held more strongly": {&holding{deaf: true, held: store.Retention{Mode: store.Compliance, Until: until}}, want, nil},
		"held less strongly": {&holding{deaf: true, held: store.Retention{Mode: store.Governance, Until: until}},
			Retention{Mode: "compliance", Until: until}, ErrNotHeld},
		"no Object Lock":           {&holding{lockless: true}, want, store.ErrUnsupported},
		"not asked for":            {&holding{lockless: true}, Retention{Mode: "none", Years: 5, Until: until}, nil},
		"of a plan without a mode": {&holding{lockless: true}, Retention{}, nil},
	} {
		c.s.memory = newMemory()
		if err := Hold(t.Context(), c.s, "k", "v", c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err := CheckHeld(t.Context(), c.s, "k", "v", c.r); !errors.Is(err, c.want) {
			t.Errorf("%s, looked at again: %v, want %v", name, err, c.want)
		}
	}
}

func TestLedgerHoldsOnlyTheEntryThatWasAppended(t *testing.T) {
	m, s := ledgerOf(t, 2)
	h := &holding{memory: s}
	m.ledger.Store = h
	want := Retention{Mode: "compliance", Until: noon.AddDate(5, 0, 0)}
	head := m.chain.Head()
	if err := m.ledger.Hold(t.Context(), Head{Sequence: 1, SHA256: head.SHA256}, want); !errors.Is(err, ErrIntegrity) {
		t.Errorf("another entry: %v", err)
	}
	if err := m.ledger.Hold(t.Context(), head, want); err != nil || h.held.Mode != store.Compliance {
		t.Errorf("%+v, %v", h.held, err)
	}
}
