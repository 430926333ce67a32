package job_test

import (
	"context"
	"errors"
	"testing"

	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/snapshot/snapshottest"
)

func TestPreviewTellsWhatARunWouldDoAndChangesNothing(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay("2026-11-19", 60)
	w.addDay("2026-11-20", 60)
	preview := func(date string) (job.Preview, error) {
		t.Helper()
		gate := storetest.NewGate(func(c storetest.Call) storetest.Fate {
			if c.Mutates {
				t.Errorf("a preview called %s", c.Name)
			}
			return storetest.Pass
		})
		return w.process(gate).Preview(context.Background(), date)
	}

	p, err := preview("2026-11-19")
	if err != nil || len(p.Indices) != 1 || p.Indices[0].Documents != 60 || !p.Register || p.Sealed != "" || p.Unfinished != nil || p.Volumes < 1 {
		t.Errorf("before the first day: %+v, %v", p, err)
	}
	if err := w.again("2026-11-19"); err != nil {
		t.Fatal(err)
	}
	if p, err = preview("2026-11-19"); err != nil || p.Sealed == "" || p.Head.Sequence != 1 {
		t.Errorf("of a sealed day: %+v, %v", p, err)
	}
	w.dieAt("archive Upload", "2026-11-20")
	if p, err = preview("2026-11-20"); err != nil || p.Unfinished == nil || p.Unfinished.Date != "2026-11-20" || p.Unfinished.Phase != job.PhasePack {
		t.Errorf("of an unfinished day: %+v, %v", p, err)
	}
	if _, err = preview("2026-11-01"); !errors.Is(err, job.ErrNothing) {
		t.Errorf("of a day without an index: %v", err)
	}
}
