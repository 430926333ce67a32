package job_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/snapshot/snapshottest"
)

// TestADayThatVanishesWhileItIsWatchedBlocksNoOther has the index deleted while a
// run watches it for writes: a person must hear of that day, and the next day is
// taken all the same.
func TestADayThatVanishesWhileItIsWatchedBlocksNoOther(t *testing.T) {
	const gone, next = "2026-11-18", "2026-11-19"
	w := newWorld(t, snapshottest.Options{})
	w.addDay(gone, 9)
	w.addDay(next, 9)
	gate := healthy()
	looks := 0
	gate.Before = func(c storetest.Call) {
		if strings.HasPrefix(c.Name, "cluster Writes") {
			if looks++; looks == 2 {
				w.mustDelete(indexOf(gone))
			}
		}
	}
	run := func(gate *storetest.Gate, date string) error {
		j := w.process(gate)
		j.Settle = time.Hour
		if looks > 1 {
			j.Settle = time.Millisecond
		}
		_, err := j.Run(t.Context(), date)
		w.clock.Advance(time.Hour)
		return err
	}
	if err := run(gate, gone); !errors.Is(err, job.ErrPerson) || !strings.Contains(err.Error(), indexOf(gone)) {
		t.Errorf("while it was watched: %v", err)
	}
	if looks != 2 {
		t.Fatalf("it was looked at %d times", looks)
	}
	if err := run(healthy(), next); !errors.Is(err, job.ErrPerson) {
		t.Errorf("the run that finds it gone: %v", err)
	}
	if err := run(healthy(), next); err != nil {
		t.Errorf("the next day: %v", err)
	}
}

// TestADayThatNeverSettlesHoldsUpNoOther: the next day is taken, and the run tells
// of the one that was put off; it can be taken by itself later.
func TestADayThatNeverSettlesHoldsUpNoOther(t *testing.T) {
	const restless, next = "2026-11-18", "2026-11-19"
	w := newWorld(t, snapshottest.Options{})
	w.addDay(restless, 9)
	w.addDay(next, 9)
	run := func(date string, settled bool) ([]job.Outcome, error) {
		j := w.process(healthy())
		j.Settle = time.Millisecond
		if !settled {
			j.Cluster = restlessDay{j.Cluster, indexOf(restless), new(int64)}
		}
		o, err := j.Run(t.Context(), date)
		w.clock.Advance(time.Hour)
		return o, err
	}
	if _, err := run(restless, false); err == nil {
		t.Fatal("the restless day was taken")
	}
	o, err := run(next, false)
	var hint interface{ Hint() string }
	if len(o) != 1 || o[0].Date != next || o[0].Status != job.Sealed {
		t.Errorf("the next day: %+v", o)
	}
	if !errors.As(err, &hint) || !strings.Contains(err.Error(), indexOf(restless)) || !strings.Contains(hint.Hint(), "--date "+restless) {
		t.Errorf("what was put off is not told: %v", err)
	}
	if _, err := run(next, false); err != nil {
		t.Errorf("again: %v", err)
	}
	if _, err := run(restless, true); err != nil {
		t.Errorf("once it has settled: %v", err)
	}
	if err := w.check(restless, next); err != nil {
		t.Error(err)
	}
}

// TestADayWhoseIndexIsClosedHoldsUpNoOther: somebody must open it, or never does;
// the days after it are taken all the same, and the run tells of it.
func TestADayWhoseIndexIsClosedHoldsUpNoOther(t *testing.T) {
	const shut, next = "2026-11-18", "2026-11-19"
	w := newWorld(t, snapshottest.Options{})
	w.addDay(shut, 9)
	w.addDay(next, 9)
	if err := w.cluster.CloseIndex(indexOf(shut)); err != nil {
		t.Fatal(err)
	}
	run := func(date string) ([]job.Outcome, error) {
		o, err := w.process(healthy()).Run(t.Context(), date)
		w.clock.Advance(time.Hour)
		return o, err
	}
	if _, err := run(shut); !errors.Is(err, job.ErrPerson) {
		t.Fatalf("the closed day: %v", err)
	}
	o, err := run(next)
	var hint interface{ Hint() string }
	if len(o) != 1 || o[0].Date != next || o[0].Status != job.Sealed {
		t.Errorf("the next day: %+v", o)
	}
	if !errors.Is(err, job.ErrPerson) || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "_open") || !strings.Contains(hint.Hint(), "--date "+shut) {
		t.Errorf("what was put off is not told: %v", err)
	}
	if _, err := run(next); err != nil {
		t.Errorf("again: %v", err)
	}
	if err := w.check(next); err != nil {
		t.Error(err)
	}
}

// restlessDay is a cluster one of whose indices is written to whenever it is
// looked at.
type restlessDay struct {
	job.Cluster
	index string
	n     *int64
}

func (x restlessDay) Writes(ctx context.Context, index string) (int64, error) {
	if index == x.index {
		*x.n++
		return *x.n, nil
	}
	return x.Cluster.Writes(ctx, index)
}
