package job_test

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/internal/lease"
	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

// dieAt runs a day until a call whose name begins so, and dies before it.
func (w *world) dieAt(call, date string) {
	w.t.Helper()
	w.dieAtNth(1, call, date)
}

// dieAtNth dies before the n-th such call.
func (w *world) dieAtNth(n int, call, date string) {
	w.t.Helper()
	gate := storetest.NewGate(func(c storetest.Call) storetest.Fate {
		if strings.HasPrefix(c.Name, call) {
			if n--; n == 0 {
				return storetest.KillBefore
			}
		}
		return storetest.Pass
	})
	if _, err := w.run(gate, date); err == nil {
		w.t.Fatalf("the run did not come to %q", call)
	}
	w.clock.Advance(time.Hour)
}

// again runs a day without faults.
func (w *world) again(date string) error {
	_, err := w.run(healthy(), date)
	w.clock.Advance(time.Hour)
	return err
}

// put lays an object into staging behind everybody's back.
func (w *world) put(key string) {
	w.t.Helper()
	if _, err := w.staging.Create(context.Background(), key, []byte("stray")); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) snapshots() int {
	w.t.Helper()
	all, err := w.client.Snapshots(context.Background(), "archiver-logdata")
	if err != nil {
		w.t.Fatal(err)
	}
	return len(all)
}

func (w *world) mustDelete(index string) {
	w.t.Helper()
	if err := w.cluster.DeleteIndex(index); err != nil {
		w.t.Fatal(err)
	}
}

// spoil removes the first volume from the archive store.
func (w *world) spoil() {
	w.t.Helper()
	for o, err := range w.archive.List(context.Background(), "archives/", "") {
		if err != nil {
			w.t.Fatal(err)
		}
		if err := w.archive.Delete(context.Background(), o.Key, o.ETag); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.t.Fatal("no volume")
}

func TestVolumeLostBeforeStagingWasEmptiedIsTakenAgain(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	w.dieAt("cluster Delete ", date)
	w.spoil()
	if err := w.again(date); err != nil {
		t.Fatal(err)
	}
	chain, err := archive.Ledger{Store: w.archive, Stream: stream, Trust: keyring().trust}.Load(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	var types []string
	for _, e := range chain.Entries {
		types = append(types, e.Type)
	}
	if got := strings.Join(types, " "); got != "archive withdrawn archive" {
		t.Errorf("the ledger has %s", got)
	}
	if e, ok := chain.Sealed(date); !ok {
		t.Error("the day has no archive that stands")
	} else if err := w.checkContent(e.Archive); err != nil {
		t.Error(err)
	}
}

func TestOnlyCopyOfAWithdrawnDayIsKeptWhenItsIndexIsGone(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	w.addDay("2026-11-21", 5)
	w.dieAt("cluster Delete ", date)
	w.spoil()
	w.dieAtNth(2, "cluster Indices", date) // the archive is withdrawn, and the new run has begun
	w.mustDelete(indexOf(date))
	for _, d := range []string{date, "2026-11-21", date} {
		if err := w.again(d); !errors.Is(err, job.ErrPerson) {
			t.Errorf("run of %s: %v, want a call for a person", d, err)
		}
	}
	if w.snapshots() != 1 {
		t.Error("the only copy was deleted")
	}
}

func TestSnapshotOfAnotherIsNotDeletedWhenStagingIsEmptied(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	w.dieAt("cluster Delete ", date)
	o := snapshot.CreateOptions{Indices: []string{indexOf(date)}}
	if err := w.client.Create(context.Background(), "archiver-logdata", "theirs", o); err != nil {
		t.Fatal(err)
	}
	if err := w.again(date); !errors.Is(err, job.ErrForeignSnapshot) {
		t.Errorf("%v, want the foreign snapshot named", err)
	}
	if n := w.snapshots(); n != 2 {
		t.Errorf("%d snapshots are left, not both", n)
	}
}

func TestStrayObjectDoesNotCostASnapshotThatIsWhole(t *testing.T) {
	for _, call := range []string{"archive Upload ", "archive Stat archives/"} {
		w := newWorld(t, slow)
		w.addDay(date, 40)
		w.dieAt(call, date)
		w.put("snapshots/stray.txt")
		if err := w.again(date); !errors.Is(err, archive.ErrForeign) {
			t.Errorf("%s: %v, want the stray object named", call, err)
		}
		if w.snapshots() != 1 {
			t.Errorf("%s: the snapshot was deleted", call)
		}
		info, err := w.staging.Stat(context.Background(), "snapshots/stray.txt", "")
		if err != nil {
			t.Fatal(err)
		}
		if err := w.staging.Delete(context.Background(), info.Key, info.ETag); err != nil {
			t.Fatal(err)
		}
		if err := w.again(date); err != nil {
			t.Errorf("%s: after it was removed: %v", call, err)
		}
		if err := w.check(date); err != nil {
			t.Errorf("%s: %v", call, err)
		}
	}
}

func TestDayWhoseIndexVanishedBeforeItsSnapshotIsReportedOnce(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	w.addDay("2026-11-21", 5)
	w.dieAt("cluster Create ", date)
	w.mustDelete(indexOf(date))
	if err := w.again("2026-11-21"); !errors.Is(err, job.ErrPerson) || errors.Is(err, job.ErrNothing) {
		t.Errorf("%v, want a call for a person", err)
	}
	if err := w.again("2026-11-21"); err != nil {
		t.Errorf("other days do not go on: %v", err)
	}
	if err := w.check("2026-11-21"); err != nil {
		t.Error(err)
	}
}

func TestRunGoesOnAfterAPersonHasClearedStaging(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	w.addDay("2026-11-21", 5)
	w.dieAt("archive Upload ", date)
	w.mustDelete(indexOf(date))
	all, err := w.client.Snapshots(context.Background(), "archiver-logdata")
	if err != nil || len(all) != 1 {
		t.Fatal(all, err)
	}
	if err := w.client.Delete(context.Background(), "archiver-logdata", all[0].Name); err != nil {
		t.Fatal(err)
	}
	for range 10 { // the deletion goes on for some looks
		w.snapshots()
	}
	if err := w.again("2026-11-21"); !errors.Is(err, job.ErrPerson) {
		t.Errorf("%v, want the lost day reported", err)
	}
	if err := w.again("2026-11-21"); err != nil {
		t.Errorf("other days do not go on: %v", err)
	}
}

func TestHeldLeaseNamesItsHolder(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	w.dieAt("cluster Create ", date)
	w.clock.Advance(-time.Hour + time.Second)
	_, err := w.run(healthy(), date)
	var held *job.HeldError
	if !errors.As(err, &held) || held.Phase != job.PhaseSnapshot || held.Date != date {
		t.Errorf("%v", err)
	}
	if text := (&job.HeldError{Holder: "box, process 7", Phase: job.PhaseDone}).Error(); !strings.Contains(text, "box, process 7, last seen") {
		t.Errorf("at work on no day: %s", text)
	}
}

// TestTheRemedyAfterAnInterruptIsToRunAgain, and not that of the call that it has
// ended, which would send people to look at the network.
func TestTheRemedyAfterAnInterruptIsToRunAgain(t *testing.T) {
	for _, call := range []string{"archive Versions", "cluster Create", "archive Upload"} {
		w := newWorld(t, slow)
		w.addDay(date, 40)
		gate := healthy()
		ctx, cancel := context.WithCancelCause(t.Context())
		gate.Before = func(c storetest.Call) {
			if strings.HasPrefix(c.Name, call) {
				cancel(job.ErrInterrupted)
			}
		}
		_, err := w.process(gate).Run(ctx, date)
		var h interface{ Hint() string }
		if !errors.Is(err, job.ErrInterrupted) || !errors.As(err, &h) || !strings.HasPrefix(h.Hint(), "run again") {
			t.Errorf("%s: %v: %v", call, err, h)
		}
	}
}

// TestWhoHasLostTheLeaseSpeaksOfNoOtherTrouble: frozen, taken over from, and awake
// again, it has nothing to release.
func TestWhoHasLostTheLeaseSpeaksOfNoOtherTrouble(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	gate := healthy()
	gate.Before = func(c storetest.Call) {
		if strings.HasPrefix(c.Name, "cluster Create") {
			w.clock.Advance(time.Hour)
			if _, err := w.run(healthy(), date); err != nil {
				t.Error(err)
			}
		}
	}
	j, said := w.process(gate), &notes{}
	j.Watch = said
	if _, err := j.Run(t.Context(), date); !errors.Is(err, lease.ErrLost) {
		t.Errorf("%v", err)
	}
	if len(said.all) > 0 {
		t.Errorf("it says: %q", said.all)
	}
}

// notes keeps what an observer was told besides.
type notes struct {
	silent
	all []string
}

func (n *notes) Note(message string, _ ...slog.Attr) { n.all = append(n.all, message) }

// careless ignores the conditions of writes, as some S3-compatibles do.
type careless struct{ store.Store }

func (c careless) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	if o, err := c.Store.Stat(ctx, key, ""); err == nil {
		return c.Store.Replace(ctx, key, body, o.ETag)
	}
	return c.Store.Create(ctx, key, body)
}

func (c careless) Replace(ctx context.Context, key string, body []byte, _ string) (store.Info, error) {
	return c.Create(ctx, key, body)
}

func TestStoreThatIgnoresConditionsIsRefused(t *testing.T) {
	for name, spoil := range map[string]func(j *job.Job){
		"staging": func(j *job.Job) { j.Staging.Store = careless{j.Staging.Store} },
		"archive": func(j *job.Job) { j.Archive = careless{j.Archive} },
	} {
		w := newWorld(t, snapshottest.Options{})
		w.addDay(date, 10)
		j := w.process(healthy())
		spoil(j)
		if _, err := j.Run(context.Background(), date); !errors.Is(err, archive.ErrUnconditional) {
			t.Errorf("%s: %v", name, err)
		}
		if len(w.days) != 1 || w.hasLedger() {
			t.Errorf("%s: something was sealed", name)
		}
	}
}

func (w *world) hasLedger() bool {
	for range w.archive.List(context.Background(), "ledger/", "") {
		return true
	}
	return false
}

// TestAStrangersBucketIsNotWrittenTo: staging that holds what no repository
// writes, such as an archive under swapped URLs, is refused before anything is
// written to either store.
func TestAStrangersBucketIsNotWrittenTo(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay("2026-11-19", 9)
	w.put("prod/README.md")
	gate := storetest.NewGate(func(c storetest.Call) storetest.Fate {
		if c.Mutates {
			t.Errorf("it called %s", c.Name)
		}
		return storetest.Pass
	})
	if _, err := w.run(gate, "2026-11-19"); !errors.Is(err, archive.ErrForeign) {
		t.Errorf("a run: %v", err)
	}
	for _, remove := range []bool{false, true} { // else it would be a run's bucket from then on
		if _, err := w.process(gate).Orphans(t.Context(), remove); !errors.Is(err, archive.ErrForeign) {
			t.Errorf("clean: %v", err)
		}
	}
	if _, err := w.process(gate).RecordDrill(t.Context(), archive.Drill{}); !errors.Is(err, archive.ErrForeign) {
		t.Errorf("the record of a drill: %v", err)
	}
}

// TestAnotherDaysIndexIsNotTaken: an alias leads to it.
func TestAnotherDaysIndexIsNotTaken(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay("2026-11-19", 9)
	w.tune = func(j *job.Job) {
		j.IndexPatterns = func(string) []string { return []string{stream + "-*"} }
		j.IndexDates = func(index string) []string {
			d := strings.TrimPrefix(index, stream+"-")
			return []string{"0101-01-01", d[4:] + "-" + d[2:4] + "-" + d[:2]}
		}
	}
	if err := w.again("2026-11-20"); !errors.Is(err, job.ErrUnfit) || !errors.Is(err, job.ErrPerson) || w.hasLedger() || w.snapshots() != 0 {
		t.Errorf("%v", err)
	}
	if _, err := w.process(healthy()).Preview(t.Context(), "2026-11-20"); !errors.Is(err, job.ErrUnfit) {
		t.Errorf("the preview: %v", err)
	}
	if err := w.again("2026-11-19"); !errors.Is(err, job.ErrUnfit) { // of the day that was left
		t.Errorf("%v", err)
	}
	if err := w.check("2026-11-19"); err != nil {
		t.Error(err)
	}
}
