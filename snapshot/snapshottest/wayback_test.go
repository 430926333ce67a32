package snapshottest_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

func (w world) contents(index string) []string {
	w.t.Helper()
	docs, err := w.cluster.Documents(w.t.Context(), index, []string{"a", "b", "c", "absent"})
	w.must(err)
	var all []string
	for _, d := range docs {
		text, err := snapshot.Canonical(d.Source)
		w.must(err)
		all = append(all, d.ID+string(text))
	}
	slices.Sort(all)
	return all
}

func TestClientBringsADayBackUnderAnotherName(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.register()
	w.must(w.create("s1"))
	w.await("s1")
	const index = "logdata-01112026"
	before := w.contents(index)
	writes, err := w.cluster.Writes(t.Context(), index)
	if err != nil || writes != 3 || len(before) != 3 {
		t.Fatalf("%d writes, %v, %v", writes, before, err)
	}
	w.must(w.sim.AddDocs(index, []snapshottest.Doc{{ID: "d", Source: []byte(`{}`)}}))
	if more, err := w.cluster.Writes(t.Context(), index); err != nil || more != 4 {
		t.Errorf("%d writes, %v", more, err)
	}
	same := snapshot.RestoreOptions{Indices: []string{index}}
	if err := w.cluster.Restore(t.Context(), "r", "s1", same); !errors.Is(err, snapshot.ErrIndexExists) {
		t.Error(err)
	}
	o := snapshot.RestoreOptions{Indices: []string{index}, Prefix: "dr$1-", Suffix: "-2", Replicas: new(0), Detach: true}
	w.must(w.cluster.Restore(t.Context(), "r", "s1", o))
	r, err := w.cluster.Recovery(t.Context(), []string{o.Name(index)})
	if err != nil || !r.Done() || r.Shards != 3 || r.Bytes == 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if got := w.contents("dr$1-" + index + "-2"); !slices.Equal(got, before) {
		t.Errorf("%v, not %v", got, before)
	}
	found, err := w.cluster.Indices(t.Context(), []string{o.Name(index)})
	if err != nil || len(found) != 1 || found[0].CreatedVersion != "3.6.0" {
		t.Errorf("%+v, %v", found, err)
	}
	w.must(w.cluster.DeleteIndex(t.Context(), o.Name(index)))
	if err := w.cluster.DeleteIndex(t.Context(), o.Name(index)); !errors.Is(err, snapshot.ErrNotFound) {
		t.Error(err)
	}
}

func TestClientSamplesTheSameForTheSameSeed(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	once, err := w.cluster.SampleIDs(t.Context(), "logdata-01112026", 2, 1)
	w.must(err)
	again, err := w.cluster.SampleIDs(t.Context(), "logdata-01112026", 2, 1)
	if err != nil || len(once) != 2 || !slices.Equal(once, again) {
		t.Errorf("%v, %v, %v", once, again, err)
	}
	if all, err := w.cluster.Sample(t.Context(), "logdata-01112026", 10, 1); err != nil || len(all) != 3 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestClientHearsOfAHoleInARestore(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.register()
	w.must(w.create("s1"))
	w.await("s1")
	for _, key := range w.keys() {
		if strings.Contains(key, "/__") {
			w.must(os.Remove(filepath.Join(w.dir, "staging/snapshots", key)))
			break
		}
	}
	w.must(w.cluster.Restore(t.Context(), "r", "s1", snapshot.RestoreOptions{Indices: []string{"logdata-01112026"}, Prefix: "x-"}))
	r, err := w.cluster.Recovery(t.Context(), []string{"x-logdata-01112026"})
	if err != nil || r.Done() || len(r.Failed) != 1 || !strings.HasPrefix(r.Failed[0], "x-logdata-01112026/") || !strings.Contains(r.Failed[0], "NoSuchFile") {
		t.Errorf("%+v, %v", r, err)
	}
}
