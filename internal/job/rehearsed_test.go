package job_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store/storetest"
	"archiver/snapshot/snapshottest"
)

// rehearse records a drill of the day through a gate.
func (w *world) rehearse(gate *storetest.Gate, date string) (archive.Head, error) {
	ctx, cancel := gate.Life()
	defer cancel()
	e, ok := w.chain().Sealed(date)
	if !ok {
		w.t.Fatalf("%s is not sealed", date)
	}
	return w.process(gate).RecordDrill(ctx, archive.Drill{Date: date, Run: e.Archive.Run, Passed: true, Cluster: e.Archive.Cluster, Documents: 60, Samples: 5, Seconds: 1})
}

func (w *world) chain() *archive.Chain {
	w.t.Helper()
	chain, err := archive.Ledger{Store: w.archive, Stream: stream, Trust: keyring().trust}.Load(context.Background())
	if err != nil {
		w.t.Fatal(err)
	}
	return chain
}

func TestDrillIsRecordedBetweenRuns(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay("2026-11-19", 60)
	w.addDay("2026-11-20", 60)
	if err := w.again("2026-11-19"); err != nil {
		t.Fatal(err)
	}
	if head, err := w.rehearse(healthy(), "2026-11-19"); err != nil || head.Sequence != 2 {
		t.Fatalf("%v, %v", head, err)
	}
	w.clock.Advance(time.Hour)
	w.dieAt("archive Upload", "2026-11-20")
	if _, err := w.rehearse(healthy(), "2026-11-19"); err == nil || !strings.Contains(err.Error(), "unfinished") {
		t.Errorf("while a run is unfinished: %v", err)
	}
	w.clock.Advance(time.Hour)
	if err := w.again("2026-11-20"); err != nil {
		t.Fatal(err)
	}
	if chain := w.chain(); chain.Entries[1].Drill == nil || len(chain.Entries) != 3 {
		t.Errorf("%d entries", len(chain.Entries))
	}
	if _, err := w.process(healthy()).RecordDrill(t.Context(), archive.Drill{Date: "2026-11-18", Run: "20261119t000000z-00000000"}); !errors.Is(err, archive.ErrNoArchive) {
		t.Errorf("of no archive: %v", err)
	}
}

// TestDrillThatDiesWhileItIsRecordedLeavesAWholeLedger kills it before and after
// every call, and delivers every mutation late, after the next day has begun.
func TestDrillThatDiesWhileItIsRecordedLeavesAWholeLedger(t *testing.T) {
	for _, fate := range []storetest.Fate{storetest.KillBefore, storetest.KillAfter, storetest.LoseAnswer, storetest.DeliverLate} {
		for n := 1; ; n++ {
			w := newWorld(t, snapshottest.Options{})
			w.addDay("2026-11-19", 60)
			w.addDay("2026-11-20", 60)
			if err := w.again("2026-11-19"); err != nil {
				t.Fatal(err)
			}
			reached := false
			gate := storetest.NewGate(func(c storetest.Call) storetest.Fate {
				if c.N != n || !c.Mutates && fate != storetest.KillBefore && fate != storetest.KillAfter {
					reached = reached || c.N == n
					return storetest.Pass
				}
				reached = true
				return fate
			})
			_, _ = w.rehearse(gate, "2026-11-19")
			if !reached {
				break
			}
			w.clock.Advance(time.Hour)
			late := storetest.NewGate(func(c storetest.Call) storetest.Fate {
				if c.Name == "archive Create "+archive.LedgerKey(stream, 2) {
					gate.Deliver() // what is on its way arrives at the worst moment
				}
				return storetest.Pass
			})
			if _, err := w.run(late, "2026-11-20"); err != nil {
				t.Fatalf("%v at call %d: the next day: %v", fate, n, err)
			}
			gate.Deliver()
			if err := w.check("2026-11-19", "2026-11-20"); err != nil {
				t.Errorf("%v at call %d: %v", fate, n, err)
			}
		}
	}
}
