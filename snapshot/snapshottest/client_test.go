package snapshottest_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

// world is a simulated cluster with the product's client at it.
type world struct {
	t       *testing.T
	sim     *snapshottest.Cluster
	cluster *snapshot.Cluster
	dir     string
}

func newWorld(t *testing.T, o snapshottest.Options) world {
	t.Helper()
	w := world{t: t, dir: t.TempDir()}
	o.Blobs = snapshottest.Dir(w.dir)
	w.sim = snapshottest.New(o)
	url, stop, err := w.sim.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if w.cluster, err = snapshot.Connect(snapshot.Options{URLs: []string{url}, RetryFor: -1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.cluster.Close() })
	w.sim.AddIndex("logdata-01112026", 3, []snapshottest.Doc{
		{ID: "a", Source: []byte(`{"m":1}`)}, {ID: "b", Source: []byte(`{"m":2}`)}, {ID: "c", Source: []byte(`{"m":3}`)},
	})
	return w
}

func (w world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w world) register() {
	w.t.Helper()
	w.must(w.cluster.Register(w.t.Context(), "r", snapshot.Repository{
		Type: "s3", Settings: map[string]string{"bucket": "staging", "base_path": "snapshots", "shard_path_type": "fixed"},
	}))
}

func (w world) create(name string) error {
	return w.cluster.Create(w.t.Context(), "r", name, snapshot.CreateOptions{
		Indices: []string{"logdata-01112026"}, Metadata: map[string]string{"stream": "logdata"},
	})
}

func (w world) await(name string) snapshot.Snapshot {
	w.t.Helper()
	for range 1000 {
		s, err := w.cluster.Snapshot(w.t.Context(), "r", name)
		w.must(err)
		if s.Ended() {
			return s
		}
		_, err = w.cluster.Progress(w.t.Context(), "r", name)
		w.must(err)
	}
	w.t.Fatal("it does not end")
	return snapshot.Snapshot{}
}

// keys lists the repository, below its base path.
func (w world) keys() []string {
	w.t.Helper()
	all, err := snapshottest.Dir(w.dir).List("staging/snapshots/")
	w.must(err)
	for i, k := range all {
		all[i] = strings.TrimPrefix(k, "staging/snapshots/")
	}
	slices.Sort(all)
	return all
}

func (w world) root() snapshot.Root {
	w.t.Helper()
	name, generation, err := snapshot.RootFile(w.keys())
	w.must(err)
	latest, err := os.ReadFile(filepath.Join(w.dir, "staging/snapshots/index.latest"))
	w.must(err)
	if n, err := snapshot.ParseLatest(latest); err != nil || n != generation {
		w.t.Errorf("index.latest says %d (%v), the root is %s", n, err, name)
	}
	data, err := os.ReadFile(filepath.Join(w.dir, "staging/snapshots", name))
	w.must(err)
	root, err := snapshot.ParseRoot(data)
	w.must(err)
	return root
}

// What the product's client and parser make of a whole day.
func TestTheClientTakesADayForReal(t *testing.T) {
	w := newWorld(t, snapshottest.Options{Name: "logs", SnapshotSteps: 20, DeleteSteps: 5})
	info, err := w.cluster.Info(t.Context())
	w.must(err)
	if info.Name != "logs" || info.Distribution != snapshot.OpenSearch || !snapshot.SupportsFixedPaths(info) {
		t.Errorf("%v", info)
	}
	indices, err := w.cluster.Indices(t.Context(), []string{"logdata-01112026", "none"})
	w.must(err)
	if len(indices) != 1 || indices[0].Shards != 3 || indices[0].Health != "green" || indices[0].Bytes == 0 {
		t.Errorf("%+v", indices)
	}
	if n, err := w.cluster.Count(t.Context(), "logdata-01112026"); n != 3 || err != nil {
		t.Errorf("%d documents (%v)", n, err)
	}
	w.register()
	w.must(w.create("s1"))
	if err := w.create("s1"); !errors.Is(err, snapshot.ErrNameTaken) {
		t.Errorf("the same name again: %v", err)
	}
	if err := w.cluster.Cleanup(t.Context(), "r"); !errors.Is(err, snapshot.ErrBusy) {
		t.Errorf("a cleanup meanwhile: %v", err)
	}
	s := w.await("s1")
	w.must(s.Verify([]string{"logdata-01112026"}))
	if s.Metadata["stream"] != "logdata" {
		t.Errorf("%+v", s)
	}
	want, err := w.root().Keys()
	w.must(err)
	var have []string
	for _, k := range w.keys() {
		if !snapshot.IsRootFile(k) && !strings.Contains(k, "/__") {
			have = append(have, k)
		}
	}
	if !slices.Equal(have, want) {
		t.Errorf("there is  %q\nthere must %q", have, want)
	}
	w.must(w.cluster.Delete(t.Context(), "r", "s1"))
	w.quiet()
	w.must(w.cluster.Cleanup(t.Context(), "r"))
	if got := w.keys(); !slices.Equal(got, []string{"index-1", "index.latest"}) {
		t.Errorf("left: %q", got)
	}
	if len(w.root().Snapshots) != 0 {
		t.Error("the root is not empty")
	}
}

func (w world) quiet() {
	w.t.Helper()
	for range 100 {
		busy, err := w.cluster.Deleting(w.t.Context(), "r")
		w.must(err)
		if !busy {
			return
		}
	}
	w.t.Fatal("a deletion does not end")
}

func TestTheClientSeesADisabledRepositoryAndItsRecovery(t *testing.T) {
	w := newWorld(t, snapshottest.Options{})
	w.register()
	w.must(w.create("s1"))
	w.must(w.cluster.Delete(t.Context(), "r", "s1"))
	for _, k := range w.keys() {
		w.must(os.Remove(filepath.Join(w.dir, "staging/snapshots", k)))
	}
	w.must(w.create("s2"))
	for what, err := range map[string]error{
		"reading":  second(w.cluster.Snapshot(t.Context(), "r", "s2")),
		"creating": w.create("s3"),
		"deleting": w.cluster.Delete(t.Context(), "r", "s2"),
	} {
		if !errors.Is(err, snapshot.ErrDisabled) {
			t.Errorf("%s: %v", what, err)
		}
	}
	w.register()
	if err := w.create("s3"); !errors.Is(err, snapshot.ErrDisabled) {
		t.Errorf("registering again healed it: %v", err)
	}
	w.must(w.cluster.Unregister(t.Context(), "r"))
	w.register()
	w.must(w.create("s3"))
	w.must(w.await("s3").Verify([]string{"logdata-01112026"}))
}

func second[T any](_ T, err error) error { return err }

func TestTheClientSeesPartialAndRed(t *testing.T) {
	w := newWorld(t, snapshottest.Options{Now: func() time.Time { return time.Unix(1_800_000_000, 0) }})
	w.register()
	w.must(w.sim.BreakShard("logdata-01112026", 2))
	w.must(w.create("s1"))
	s := w.await("s1")
	if err := s.Verify([]string{"logdata-01112026"}); !errors.Is(err, snapshot.ErrIncomplete) || s.State != snapshot.StatePartial || len(s.Failures) != 1 {
		t.Errorf("%+v: %v", s, err)
	}
	if !s.Start.Equal(time.Unix(1_800_000_000, 0)) {
		t.Errorf("began at %v", s.Start)
	}
	w.must(w.sim.UnassignShard("logdata-01112026", 0))
	if err := w.create("s2"); err == nil || !strings.Contains(err.Error(), "primary shards") {
		t.Errorf("a red index: %v", err)
	}
	if err := w.sim.BreakShard("none", 0); err == nil {
		t.Error("a shard of no index was broken")
	}
}

func TestTheParserSeesHashedPaths(t *testing.T) {
	for version, want := range map[string]error{"3.6.0": snapshot.ErrOutsideBase, "2.19.1": nil} {
		w := newWorld(t, snapshottest.Options{Version: version})
		w.must(w.cluster.Register(t.Context(), "r", snapshot.Repository{Type: "s3", Settings: map[string]string{"bucket": "staging", "base_path": "snapshots"}}))
		w.must(w.create("s1"))
		if _, err := w.root().Keys(); !errors.Is(err, want) {
			t.Errorf("%s: %v", version, err)
		}
	}
}

func ExampleCluster() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	c := snapshottest.New(snapshottest.Options{Blobs: snapshottest.Dir(dir), SnapshotSteps: 10})
	c.AddIndex("logdata-01112026", 1, []snapshottest.Doc{{ID: "1", Source: []byte(`{"message":"hello"}`)}})
	url, stop, err := c.Start()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer stop()
	fmt.Println(strings.HasPrefix(url, "http://127.0.0.1:"))
	// Output: true
}
