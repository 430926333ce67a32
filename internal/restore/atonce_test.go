package restore_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"archiver/archive"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/internal/restore"
)

// TestManyAtOnceBringBackEachItsOwn starts restores of one day at the same moment,
// into the same name and into others, with drills beside them: of those that want
// the same name one gets it, and nobody harms another.
func TestManyAtOnceBringBackEachItsOwn(t *testing.T) {
	for round := range 5 {
		w := newWorld(t)
		var all sync.WaitGroup
		var mu sync.Mutex
		won := 0
		begin := make(chan struct{})
		for range 4 {
			all.Go(func() {
				<-begin
				_, err := w.restore(healthy(), restore.Options{Rename: "back-{index}"})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					won++
				case !errors.Is(err, job.ErrHeld) && !errors.Is(err, job.ErrPerson):
					t.Errorf("round %d, the same name: %v", round, err)
				}
			})
		}
		for n := range 2 {
			all.Go(func() {
				<-begin
				if _, err := w.restore(healthy(), restore.Options{Rename: fmt.Sprintf("own%d-{index}", n)}); err != nil {
					t.Errorf("round %d, a name of its own: %v", round, err)
				}
			})
			all.Go(func() {
				<-begin
				if _, err := w.drill(healthy()); err != nil {
					t.Errorf("round %d, drill: %v", round, err)
				}
			})
		}
		close(begin)
		all.Wait()
		if won > 1 {
			t.Errorf("round %d: %d have restored to one name", round, won)
		}
		for n := range 2 {
			w.wantDocs(w.cluster, fmt.Sprintf("own%d-%s", n, index))
		}
		if won == 1 {
			w.wantDocs(w.cluster, back)
		}
		w.wantBare(back, "own0-"+index, "own1-"+index)
	}
}

// TestADayIsArchivedAroundALiveRestore has a run of the next day take place as a
// whole, before each call of a drill: neither touches what is the other's.
func TestADayIsArchivedAroundALiveRestore(t *testing.T) {
	const next = "2026-11-21"
	all := func() int {
		gate := healthy()
		if _, err := newWorld(t).drill(gate); err != nil {
			t.Fatal(err)
		}
		return len(gate.Calls())
	}()
	for n := 0; n < all; n += 3 {
		w := newWorld(t)
		w.cluster.AddIndex("logdata-21112026", 1, w.docs)
		gate := healthy()
		gate.Before = func(c storetest.Call) {
			if c.N == n {
				w.seal(w.client, next)
			}
		}
		if _, err := w.drill(gate); err != nil {
			t.Errorf("the drill, around call %d: %v", n, err)
		}
		chain, err := archive.Ledger{Store: w.archive, Stream: stream, Trust: keyring().trust}.Load(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		// How often a drill looks again differs: it may have made fewer calls.
		if _, ok := chain.Sealed(next); !ok && 0 < n && n <= len(gate.Calls()) {
			t.Errorf("before call %d: the next day is not sealed", n)
		}
		w.wantBare("logdata-21112026")
	}
}
