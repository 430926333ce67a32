package job_test

import (
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
