package job_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/snapshot/snapshottest"
)

const date = "2026-11-20"

// slow makes snapshots and deletions take some steps, so that a process can die
// in the middle of them.
var slow = snapshottest.Options{SnapshotSteps: 3, DeleteSteps: 2}

// TestWholeDayOnTheSimulatedCluster is what the kill matrix stands on.
func TestWholeDayOnTheSimulatedCluster(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	gate := healthy()
	outcomes, err := w.run(gate, date)
	if err != nil {
		t.Fatal(err)
	}
	if o := outcomes[0]; o.Status != job.Sealed || o.Volumes < 3 || *o.Documents != 40 {
		t.Errorf("%+v", o)
	}
	if err := w.check(date); err != nil {
		t.Error(err)
	}
	if testing.Verbose() {
		for _, c := range gate.Calls() {
			t.Log(c.N, c.Name)
		}
	}
}

// calls counts the calls of an undisturbed run.
func calls(t *testing.T) []storetest.Call {
	t.Helper()
	w := newWorld(t, slow)
	w.addDay(date, 40)
	gate := healthy()
	if _, err := w.run(gate, date); err != nil {
		t.Fatal(err)
	}
	return gate.Calls()
}

// TestKillMatrix kills the process before and after every call that leaves it,
// and delivers every mutation late, after the next run has begun. Each time the
// next runs must make the day whole.
func TestKillMatrix(t *testing.T) {
	all := calls(t)
	t.Logf("%d calls leave the process in an undisturbed run", len(all))
	try := func(c storetest.Call, fate storetest.Fate, at int) {
		t.Run(fmt.Sprintf("call %d fate %d at %d", c.N, fate, at), func(t *testing.T) {
			t.Parallel()
			if err := killed(t, c, fate, at); err != nil {
				t.Errorf("%s: %v", c.Name, err)
			}
		})
	}
	for _, c := range all {
		try(c, storetest.KillBefore, 0)
		try(c, storetest.KillAfter, 0)
		if !c.Mutates {
			continue
		}
		try(c, storetest.LoseAnswer, 0)
		for _, at := range lateMoments(len(all)) {
			try(c, storetest.DeliverLate, at)
		}
	}
}

// lateMoments are the calls of the next run before which a late mutation
// arrives: all of them take minutes, so by default every seventh.
func lateMoments(n int) (at []int) {
	step := 7
	if soak() {
		step = 1
	}
	for i := 1; i <= n; i += step {
		at = append(at, i)
	}
	return at
}

// killed runs one cell of the matrix.
func killed(t testing.TB, c storetest.Call, fate storetest.Fate, at int) error {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	first := storetest.NewGate(func(x storetest.Call) storetest.Fate {
		if x.N == c.N {
			return fate
		}
		return storetest.Pass
	})
	if _, err := w.run(first, date); err != nil && fate != storetest.LoseAnswer && !errors.Is(err, storetest.ErrDead) && !errors.Is(err, context.Canceled) {
		return fmt.Errorf("the first run ended otherwise: %w", err)
	}
	next := healthy()
	next.Before = func(x storetest.Call) {
		if x.N == at {
			first.Deliver()
		}
	}
	if err := w.untilDone(next, date); err != nil {
		return err
	}
	first.Deliver() // if the next run was shorter than that
	if err := w.untilDone(healthy(), date); err != nil {
		return fmt.Errorf("after the late call: %w", err)
	}
	if err := w.check(date); err == nil {
		return nil
	}
	// A late snapshot may lie there until the next day's run: it is found then.
	w.addDay("2026-11-21", 10)
	if err := w.untilDone(healthy(), "2026-11-21"); err != nil {
		return fmt.Errorf("the next day: %w", err)
	}
	return w.check(date, "2026-11-21")
}

// untilDone runs the program as a scheduler would: again after a failure, never
// after what needs a person.
func (w *world) untilDone(gate *storetest.Gate, date string) error {
	for try := 1; ; try++ {
		w.clock.Advance(10 * time.Minute) // a dead holder's lease has run out
		_, err := w.run(gate, date)
		if err == nil {
			return nil
		}
		if !retriable(err) || try == 5 {
			return fmt.Errorf("run %d: %w", try, err)
		}
		gate = healthy()
	}
}
