package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

const witnessed = "2026-11-20"

// witness runs a day until its plan is made and gives what the state holds of
// it. before is done when the snapshot has ended, ahead of the witness.
func (w *world) witness(change func(*job.Job), before func()) *archive.Witness {
	w.t.Helper()
	stopped := errors.New("seen enough")
	gate := storetest.NewGate(func(c storetest.Call) storetest.Fate {
		if before != nil && strings.HasPrefix(c.Name, "cluster Count") {
			before()
			before = nil
		}
		return storetest.Pass
	})
	j := w.process(gate)
	if change != nil {
		change(j)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	j.Watch = stopAt{phase: job.PhasePlan, stop: func() { cancel(stopped) }}
	if _, err := j.Run(ctx, witnessed); !errors.Is(err, stopped) {
		w.t.Fatal(err)
	}
	o, err := w.staging.Get(context.Background(), archive.StateKey)
	if err != nil {
		w.t.Fatal(err)
	}
	var s job.State
	if err := json.Unmarshal(o.Body, &s); err != nil || s.Witness == nil {
		w.t.Fatalf("%v in %s", err, o.Body)
	}
	return s.Witness
}

type stopAt struct {
	silent
	phase job.Phase
	stop  func()
}

func (s stopAt) Phase(_ string, p job.Phase) {
	if p == s.phase {
		s.stop()
	}
}

func (stopAt) Note(string, ...slog.Attr) {}

func TestWitnessHoldsTheHashesOfDocumentsAsTheyWere(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay(witnessed, 30)
	got := w.witness(nil, nil)
	if len(got.Samples) != 5 || len(got.Missing) != 0 {
		t.Fatalf("%+v", got)
	}
	seen := map[string]bool{}
	for _, s := range got.Samples {
		want := archive.SHA256(fmt.Appendf(nil, `{"day":%q,"n":%s}`, witnessed, s.ID))
		if s.Index != indexOf(witnessed) || s.SHA256 != want || s.Derived != "" || seen[s.ID] {
			t.Errorf("%+v", s)
		}
		seen[s.ID] = true
	}
	i := got.Indices[0]
	if *i.Documents != 30 || i.Changed == nil || *i.Changed || i.CreatedVersion != "3.6.0" {
		t.Errorf("%+v", i)
	}
}

func TestWitnessTellsThatTheDayStillChanged(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay(witnessed, 30)
	got := w.witness(nil, func() {
		if err := w.cluster.AddDocs(indexOf(witnessed), []snapshottest.Doc{{ID: "late", Source: []byte(`{}`)}}); err != nil {
			t.Error(err)
		}
	})
	if i := got.Indices[0]; i.Changed == nil || !*i.Changed {
		t.Errorf("%+v", i)
	}
}

func TestWitnessIsSpreadOverTheIndices(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay(witnessed, 30)
	few := []snapshottest.Doc{{ID: "x", Source: []byte(`{"b":1, "a":2}`)}, {ID: "twice", Source: []byte(`{"a":1,"a":2}`)}}
	names := []string{indexOf(witnessed), indexOf(witnessed) + "-few", indexOf(witnessed) + "-none"}
	w.cluster.AddIndex(names[1], 1, few)
	w.cluster.AddIndex(names[2], 1, nil)
	got := w.witness(func(j *job.Job) {
		j.WitnessDocuments = 12
		j.IndexPatterns = func(string) []string { return names }
	}, nil)
	count := map[string]int{}
	for _, s := range got.Samples {
		count[s.Index]++
		if s.ID == "x" && s.SHA256 != archive.SHA256([]byte(`{"a":2,"b":1}`)) {
			t.Errorf("%+v", s)
		}
	}
	if count[names[0]] != 10 || count[names[1]] != 1 || count[names[2]] != 0 {
		t.Errorf("%v", count)
	}
	if len(got.Missing) != 1 || got.Missing[0].ID != "twice" || !strings.Contains(got.Missing[0].Reason, "twice in one object") {
		t.Errorf("%+v", got.Missing)
	}
}

// deaf refuses what the witness would like to know.
type deaf struct{ job.Cluster }

var errDeaf = errors.New(strings.Repeat("this caller may not ask; ü", 1000))

func (deaf) Writes(context.Context, string) (int64, error)      { return 0, errDeaf }
func (deaf) SourceMode(context.Context, string) (string, error) { return "", errDeaf }

func TestWitnessThatCannotBeHadStopsNothing(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay(witnessed, 30)
	got := w.witness(func(j *job.Job) { j.Cluster = deaf{j.Cluster} }, nil)
	i := got.Indices[0]
	if len(got.Samples) != 0 || len(got.Missing) != 1 || !strings.Contains(got.Missing[0].Reason, "may not ask") {
		t.Errorf("%+v", got)
	}
	if i.Changed != nil || !strings.Contains(i.ChangedReason, "may not ask") || len(i.ChangedReason) > 1200 {
		t.Errorf("%+v", i)
	}
	if _, err := w.process(healthy()).Run(t.Context(), witnessed); err != nil { // and the day is sealed
		t.Error(err)
	}
}

// heavy gives a document at a time, and one of them never.
type heavy struct{ job.Cluster }

func (h heavy) Documents(ctx context.Context, index string, ids []string) ([]snapshot.Document, error) {
	if len(ids) > 1 || ids[0] == "7" {
		return nil, fmt.Errorf("reading: %w", snapshot.ErrTooLarge)
	}
	return h.Cluster.Documents(ctx, index, ids)
}

func TestLargeDocumentsAreReadOneByOne(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay(witnessed, 9)
	got := w.witness(func(j *job.Job) { j.Cluster, j.WitnessDocuments = heavy{j.Cluster}, 9 }, nil)
	if len(got.Samples) != 8 || len(got.Missing) != 1 || got.Missing[0].ID != "7" {
		t.Errorf("%+v", got)
	}
}

// written is an index that is written to whenever it is looked at.
type written struct {
	job.Cluster
	n *int64
}

func (x written) Writes(context.Context, string) (int64, error) {
	*x.n++
	return *x.n, nil
}

func TestDayThatIsStillWrittenToIsRefused(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.addDay(witnessed, 9)
	for name, c := range map[string]func(job.Cluster) job.Cluster{
		"still written to":  func(c job.Cluster) job.Cluster { return written{c, new(int64)} },
		"cannot be watched": func(c job.Cluster) job.Cluster { return deaf{c} },
	} {
		j := w.process(healthy())
		j.Cluster, j.Settle = c(j.Cluster), time.Hour
		_, err := j.Run(t.Context(), witnessed)
		var hint interface{ Hint() string }
		if err == nil || errors.Is(err, job.ErrPerson) || !strings.Contains(err.Error(), name) || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "snapshot.settle") {
			t.Errorf("%s: %v", name, err)
		}
		if n := w.snapshots(); n != 0 {
			t.Errorf("%s: %d snapshots were taken", name, n)
		}
	}
	j := w.process(healthy())
	j.Settle = time.Millisecond
	if _, err := j.Run(t.Context(), witnessed); err != nil {
		t.Errorf("once it has settled: %v", err)
	}
}
