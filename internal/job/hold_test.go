package job_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
)

// locking is a store that holds objects. It forgets them at a time, if told to.
type locking struct {
	store.Store
	mu      sync.Mutex
	held    map[string]store.Retention
	forgets string // what is asked about keys with this in them
}

func (l *locking) Retain(_ context.Context, key, _ string, r store.Retention) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.forgets == "" || !strings.Contains(key, l.forgets) {
		l.held[key] = r
	}
	return nil
}

func (l *locking) Retention(_ context.Context, key, _ string) (store.Retention, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.held[key], nil
}

// newHeldWorld is a world whose archive store takes retention.
func newHeldWorld(t testing.TB) (*world, *locking) {
	w := newWorld(t, slow)
	l := &locking{Store: w.archive, held: map[string]store.Retention{}}
	w.archive, w.hold = l, archive.Retention{Mode: "governance", Years: 5}
	w.addDay(date, 40)
	return w, l
}

// checkHeld wants exactly what the ledger names, and the ledger, to be held.
func (w *world) checkHeld(l *locking) error {
	chain, err := archive.Ledger{Store: w.archive, Stream: stream, Trust: keyring().trust}.Load(context.Background())
	if err != nil {
		return err
	}
	left := maps.Clone(l.held)
	for _, e := range chain.Entries {
		keys := []string{archive.LedgerKey(stream, e.Sequence)}
		until := archive.Seconds(e.Time.AddDate(5, 0, 0))
		if e.Archive != nil {
			until = e.Archive.Retention.Until
			for _, v := range e.Archive.Volumes {
				keys = append(keys, v.Key)
			}
		}
		for _, key := range keys {
			if r := left[key]; r.Mode != store.Governance || !r.Until.Equal(until) {
				return fmt.Errorf("%s is held as %+v, want until %v", key, r, until)
			}
			delete(left, key)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("held in vain: %v", left)
	}
	return nil
}

// TestVolumesAreHeldBeforeTheEntryThatNamesThem looks at the order of calls.
func TestVolumesAreHeldBeforeTheEntryThatNamesThem(t *testing.T) {
	w, l := newHeldWorld(t)
	gate := healthy()
	if _, err := w.run(gate, date); err != nil {
		t.Fatal(err)
	}
	if err := w.checkHeld(l); err != nil {
		t.Error(err)
	}
	sealed := false
	for _, c := range gate.Calls() {
		sealed = sealed || strings.HasPrefix(c.Name, "archive Create ledger/")
		if sealed && strings.HasPrefix(c.Name, "archive Retain archives/") {
			t.Errorf("call %d, %s, comes after the entry", c.N, c.Name)
		}
	}
	for key := range l.held {
		if !strings.HasPrefix(key, "archives/") && !strings.HasPrefix(key, "ledger/") {
			t.Errorf("%s is held", key)
		}
	}
}

// TestHoldingSurvivesEveryFault kills the process, loses answers and delivers
// late at every call that is about retention.
func TestHoldingSurvivesEveryFault(t *testing.T) {
	w, _ := newHeldWorld(t)
	gate := healthy()
	if _, err := w.run(gate, date); err != nil {
		t.Fatal(err)
	}
	for _, c := range gate.Calls() {
		if !strings.Contains(c.Name, " Ret") || strings.HasPrefix(c.Name, "cluster") {
			continue
		}
		for _, fate := range []storetest.Fate{storetest.KillBefore, storetest.KillAfter, storetest.LoseAnswer, storetest.Fail, storetest.DeliverLate} {
			t.Run(fmt.Sprintf("call %d fate %d", c.N, fate), func(t *testing.T) {
				t.Parallel()
				w, l := newHeldWorld(t)
				first := storetest.NewGate(func(x storetest.Call) storetest.Fate {
					if x.N == c.N {
						return fate
					}
					return storetest.Pass
				})
				_, _ = w.run(first, date) // how it ends is not the question
				if err := w.untilDone(healthy(), date); err != nil {
					t.Fatal(err)
				}
				first.Deliver()
				if err := errors.Join(w.checkHeld(l), w.check(date)); err != nil {
					t.Errorf("%s: %v", c.Name, err)
				}
			})
		}
	}
}

func TestStoreThatCannotHoldIsRefusedBeforeAnythingIsAsked(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 10)
	w.hold = archive.Retention{Mode: "compliance", Years: 5}
	gate := healthy()
	_, err := w.run(gate, date)
	var h interface{ Hint() string }
	if !errors.Is(err, job.ErrPerson) || !errors.As(err, &h) || !strings.Contains(h.Hint(), "Object Lock") {
		t.Errorf("%v", err)
	}
	for _, c := range gate.Calls() {
		if strings.HasPrefix(c.Name, "cluster") {
			t.Errorf("the cluster was asked: %s", c.Name)
		}
	}
}

// TestStagingIsNotEmptiedWhileTheArchiveIsNotHeld uses a store that says that it
// holds, and does not.
func TestStagingIsNotEmptiedWhileTheArchiveIsNotHeld(t *testing.T) {
	for _, what := range []string{"archives/", "ledger/"} {
		w, l := newHeldWorld(t)
		l.forgets = what
		if _, err := w.run(healthy(), date); !errors.Is(err, job.ErrPerson) || !errors.Is(err, archive.ErrNotHeld) {
			t.Errorf("%s: %v", what, err)
		}
		all, err := w.client.Snapshots(t.Context(), "archiver-logdata")
		if err != nil || len(all) != 1 {
			t.Errorf("%s: snapshots are %v, %v", what, all, err)
		}
		l.forgets = ""
		if err := w.untilDone(healthy(), date); err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(w.checkHeld(l), w.check(date)); err != nil {
			t.Errorf("%s: %v", what, err)
		}
	}
}
