package restore_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/internal/lease"
	"archiver/internal/restore"
	"archiver/snapshot"
)

// way is one of the two ways back, for tests that hold for both.
type way struct {
	name  string
	start func(*world, *storetest.Gate) (*restore.Result, error)
}

const back = "back-" + index

func ways() []way {
	return []way{
		{"drill", (*world).drill},
		{"restore", restoreBeside},
	}
}

// restoreBeside restores the day beside its index.
func restoreBeside(w *world, g *storetest.Gate) (*restore.Result, error) {
	return w.restore(g, restore.Options{Rename: "back-{index}"})
}

// dieAt goes a way until a call of that name, such as "cluster Restore", and dies
// before it. Its lease runs out.
func (w *world) dieAt(call string, start func(*world, *storetest.Gate) (*restore.Result, error)) {
	w.t.Helper()
	gate := storetest.NewGate(func(c storetest.Call) storetest.Fate {
		if c.Name == call || strings.HasPrefix(c.Name, call+" ") {
			return storetest.KillBefore
		}
		return storetest.Pass
	})
	if _, err := start(w, gate); err == nil {
		w.t.Fatalf("it did not die at %q", call)
	}
	w.clock.Advance(time.Hour)
}

// each runs a test for every call that leaves an undisturbed process.
func each(t *testing.T, test func(t *testing.T, w way, c storetest.Call, all int)) {
	for _, way := range ways() {
		gate := healthy()
		if _, err := way.start(newWorld(t), gate); err != nil {
			t.Fatal(err)
		}
		all := gate.Calls()
		t.Logf("%d calls leave the process in an undisturbed %s", len(all), way.name)
		for _, c := range all {
			t.Run(fmt.Sprintf("%s call %d", way.name, c.N), func(t *testing.T) {
				t.Parallel()
				test(t, way, c, len(all))
			})
		}
	}
}

// at is a gate that gives the n-th call a fate.
func at(n int, fate storetest.Fate) *storetest.Gate {
	return storetest.NewGate(func(c storetest.Call) storetest.Fate {
		if c.N == n {
			return fate
		}
		return storetest.Pass
	})
}

// soak tells that the long tests are wanted: `make soak`.
func soak() bool { return os.Getenv("ARCHIVER_SOAK") != "" }

// TestKilledAtAnyCallTheNextDrillLeavesNothing kills the process before and after
// every call that leaves it, and delivers every mutation late, after the next
// drill has begun.
func TestKilledAtAnyCallTheNextDrillLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, way way, c storetest.Call, all int) {
		fates := map[storetest.Fate][]int{storetest.KillBefore: {0}, storetest.KillAfter: {0}}
		if c.Mutates {
			step := 13
			if soak() {
				step = 1
			}
			for moment := 1 + c.N%step; moment <= all; moment += step {
				fates[storetest.DeliverLate] = append(fates[storetest.DeliverLate], moment)
			}
		}
		for fate, moments := range fates {
			for _, moment := range moments {
				if err := killed(t, way, c.N, fate, moment); err != nil {
					t.Errorf("%s, fate %d at %d: %v", c.Name, fate, moment, err)
				}
			}
		}
	})
}

// killed runs one cell of the matrix.
func killed(t *testing.T, way way, n int, fate storetest.Fate, moment int) error {
	w := newWorld(t)
	first := at(n, fate)
	// The number of calls varies by one or two: it may have ended before.
	if _, err := way.start(w, first); err != nil && !errors.Is(err, storetest.ErrDead) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the first one ended otherwise: %w", err)
	}
	w.clock.Advance(10 * time.Minute) // its lease has run out
	next := healthy()
	next.Before = func(x storetest.Call) {
		if x.N == moment {
			first.Deliver()
		}
	}
	if _, err := w.drill(next); err != nil {
		return fmt.Errorf("the next drill: %w", err)
	}
	if fate != storetest.DeliverLate {
		return w.onlyWhole()
	}
	first.Deliver() // if the next drill was shorter than that
	w.clock.Advance(10 * time.Minute)
	return w.onlyWholeAfterClean()
}

// onlyWhole wants nothing left, or a restored index that is whole.
func (w *world) onlyWhole() error {
	if err := w.bare(back); err != nil {
		return err
	}
	docs, err := w.cluster.Docs(back)
	if err == nil && len(docs) != len(w.docs) {
		return fmt.Errorf("%s has %d documents", back, len(docs))
	}
	return nil
}

// onlyWholeAfterClean is that after `archiver clean --yes`.
func (w *world) onlyWholeAfterClean() error {
	if _, err := w.process(healthy()).Leftovers(context.Background(), true); err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	return w.onlyWhole()
}

// TestInterruptedAtAnyCallItCleansUpItself asks the process to end.
func TestInterruptedAtAnyCallItCleansUpItself(t *testing.T) {
	each(t, func(t *testing.T, way way, c storetest.Call, _ int) {
		w := newWorld(t)
		gate := healthy()
		ctx, cancel := context.WithCancelCause(context.Background())
		defer cancel(nil)
		gate.Before = func(x storetest.Call) {
			if x.N == c.N {
				cancel(job.ErrInterrupted)
			}
		}
		var err error
		if way.name == "drill" {
			_, err = w.process(gate).Drill(ctx, date)
		} else {
			_, err = w.process(gate).Restore(ctx, restore.Options{Date: date, Rename: "back-{index}"})
		}
		if err != nil && !errors.Is(err, job.ErrInterrupted) {
			t.Errorf("%s: %v", c.Name, err)
		}
		// Not that of the call that it has ended.
		if h, ok := errors.AsType[interface {
			error
			Hint() string
		}](err); err != nil && (!ok || !strings.HasPrefix(h.Hint(), "run again")) {
			t.Errorf("%s: the remedy for %v is %v", c.Name, err, h)
		}
		if err := w.onlyWhole(); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	})
}

// TestAFailureAtAnyCallLeavesNothing fails one call, or loses its answer.
func TestAFailureAtAnyCallLeavesNothing(t *testing.T) {
	each(t, func(t *testing.T, way way, c storetest.Call, _ int) {
		for _, fate := range []storetest.Fate{storetest.Fail, storetest.LoseAnswer} {
			w := newWorld(t)
			_, err := way.start(w, at(c.N, fate))
			if errors.Is(err, archive.ErrIntegrity) || errors.Is(err, job.ErrPerson) || errors.Is(err, job.ErrHeld) {
				t.Errorf("%s: a lost connection is called %v", c.Name, err)
			}
			if w.bare(back) != nil { // only if cleaning up met it
				err = w.onlyWholeAfterClean()
			} else {
				err = w.onlyWhole()
			}
			if err != nil {
				t.Errorf("%s, fate %d: %v", c.Name, fate, err)
			}
		}
	})
}

// TestFrozenAtAnyCallAndCleanedUpAfterItStops has a process sleep for an hour
// before each of its calls, and another clean up after it meanwhile.
func TestFrozenAtAnyCallAndCleanedUpAfterItStops(t *testing.T) {
	each(t, func(t *testing.T, way way, c storetest.Call, _ int) {
		w := newWorld(t)
		gate := healthy()
		gate.Before = func(x storetest.Call) {
			if x.N == c.N {
				w.clock.Advance(time.Hour)
				if _, err := w.process(healthy()).Leftovers(context.Background(), true); err != nil {
					t.Errorf("%s: clean: %v", c.Name, err)
				}
			}
		}
		if _, err := way.start(w, gate); errors.Is(err, archive.ErrIntegrity) || errors.Is(err, job.ErrHeld) || errors.Is(err, job.ErrPerson) {
			t.Errorf("%s: it cries wolf: %v", c.Name, err)
		}
		w.clock.Advance(time.Hour)
		if err := w.onlyWholeAfterClean(); err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	})
}

// TestFrozenBetweenTwoLooksItStops: the shards were still coming, and when it looks
// again the index is gone. Who removed it is known.
func TestFrozenBetweenTwoLooksItStops(t *testing.T) {
	for _, way := range []struct {
		name  string
		start func(*restore.Restorer) error
	}{
		{"drill", func(r *restore.Restorer) error { _, err := r.Drill(t.Context(), date); return err }},
		{"restore", func(r *restore.Restorer) error {
			_, err := r.Restore(t.Context(), restore.Options{Date: date, Rename: "back-{index}"})
			return err
		}},
	} {
		w := newWorld(t)
		r := w.process(healthy())
		r.Cluster = &slow{Cluster: r.Cluster, after: func() {
			w.clock.Advance(time.Hour)
			if _, err := w.process(healthy()).Leftovers(t.Context(), true); err != nil {
				t.Errorf("%s: clean: %v", way.name, err)
			}
		}}
		if err := way.start(r); !errors.Is(err, lease.ErrLost) || errors.Is(err, job.ErrPerson) {
			t.Errorf("%s: %v", way.name, err)
		}
		w.wantBare()
	}
}

// slow is a cluster that is not done at the first look, after which something
// happens.
type slow struct {
	restore.Cluster
	after func()
}

func (s *slow) Recovery(ctx context.Context, indices []string) (snapshot.Recovery, error) {
	if s.after == nil {
		return s.Cluster.Recovery(ctx, indices)
	}
	s.after()
	s.after = nil
	return snapshot.Recovery{Shards: 1}, nil
}
