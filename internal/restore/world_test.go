package restore_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/archive/store/storetest"
	"archiver/crypto"
	"archiver/internal/job"
	"archiver/internal/restore"
	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

const (
	stream = "logdata"
	date   = "2026-11-20"
	index  = "logdata-20112026"
)

// epoch is when the simulated worlds begin.
var epoch = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// keyring is what all worlds share: keys take long to parse and never change.
var keyring = sync.OnceValue(func() (k struct {
	sealer *crypto.Recipients
	signer *crypto.Signer
	trust  *crypto.Trust
	opener *crypto.Opener
}) {
	read := func(name string) []byte {
		text, err := os.ReadFile("../../testdata/keys/" + name)
		must(err)
		return text
	}
	ops, err := crypto.ParsePublic("ops.asc", read("ops.asc"))
	must(err)
	k.sealer, err = crypto.NewRecipients([]*crypto.Key{ops}, time.Now())
	must(err)
	k.signer, err = crypto.ParseSigner("signer", read("signer-private.asc"), nil)
	must(err)
	signer, err := crypto.ParsePublic("signer.asc", read("signer.asc"))
	must(err)
	k.trust = crypto.NewTrust([]*crypto.Key{signer})
	private, err := crypto.ParsePrivate("ops-private.asc", read("ops-private.asc"), nil)
	must(err)
	k.opener, err = crypto.NewOpener([]*crypto.Private{private})
	must(err)
	return k
})

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// world is one stream with an archived day, on a simulated cluster and directory
// stores. It outlives the processes that a test starts in it.
type world struct {
	t       testing.TB
	root    string
	cluster *snapshottest.Cluster
	client  *snapshot.Cluster
	staging store.Store
	archive store.Store
	clock   *storetest.Clock
	docs    []snapshottest.Doc
	told    told
}

// newWorld archives a day of 40 documents, whose index stays.
func newWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, func(*liar) {})
}

// newWorldOf archives the day with a witness that may be wrong.
func newWorldOf(t testing.TB, lie func(*liar)) *world {
	t.Helper()
	w := &world{t: t, root: storetest.Folder(t), clock: storetest.NewClock(epoch)}
	w.cluster, w.client = w.newCluster()
	var err error
	if w.staging, err = dir.Open(filepath.Join(w.root, "staging")); err != nil {
		t.Fatal(err)
	}
	if w.archive, err = dir.Open(filepath.Join(w.root, "archive")); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		w.docs = append(w.docs, snapshottest.Doc{ID: fmt.Sprint(i), Source: json.RawMessage(fmt.Sprintf(`{"n":%d,"day":%q}`, i, date))})
	}
	w.cluster.AddIndex(index, 2, w.docs)
	l := &liar{Cluster: w.client}
	lie(l)
	w.seal(l, date)
	return w
}

// liar is a cluster that counts and shows documents wrongly.
type liar struct {
	job.Cluster
	more   int64  // than there are
	source string // of every document; "": its own
	bare   bool   // it says that its indices keep no _source
}

func (l *liar) SourceMode(ctx context.Context, index string) (string, error) {
	if l.bare {
		return snapshot.SourceDisabled, nil
	}
	return l.Cluster.SourceMode(ctx, index)
}

func (l *liar) Count(ctx context.Context, index string) (int64, error) {
	n, err := l.Cluster.Count(ctx, index)
	return n + l.more, err
}

func (l *liar) Documents(ctx context.Context, index string, ids []string) ([]snapshot.Document, error) {
	docs, err := l.Cluster.Documents(ctx, index, ids)
	for n := range docs {
		if l.source != "" {
			docs[n].Source = json.RawMessage(l.source)
		}
	}
	return docs, err
}

// newCluster starts a cluster whose repositories lie in this world's folder.
func (w *world) newCluster() (*snapshottest.Cluster, *snapshot.Cluster) {
	w.t.Helper()
	return w.clusterOf("opensearch", "3.6.0")
}

func (w *world) clusterOf(distribution, version string) (*snapshottest.Cluster, *snapshot.Cluster) {
	w.t.Helper()
	c := snapshottest.New(snapshottest.Options{Blobs: snapshottest.Dir(w.root), Distribution: distribution, Version: version})
	url, stop, err := c.Start()
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(stop)
	client, err := snapshot.Connect(snapshot.Options{URLs: []string{url}, RetryFor: -1})
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = client.Close() })
	return c, client
}

// seal archives a day.
func (w *world) seal(cluster job.Cluster, date string) {
	w.t.Helper()
	k := keyring()
	j := &job.Job{
		Stream: stream, Tool: "archiver test", Holder: "test", Cluster: cluster, WitnessDocuments: 10,
		Staging: archive.Staging{Store: w.staging, Base: "snapshots/"}, Archive: w.archive,
		Sealer: k.sealer, Signer: k.signer, Trust: k.trust, Repository: "archiver-logdata",
		Register:      snapshot.Repository{Type: "s3", Settings: map[string]string{"bucket": "staging", "base_path": "snapshots"}},
		IndexPatterns: func(date string) []string { return []string{stream + "-" + date[8:] + date[5:7] + date[:4] + "*"} },
		VolumeSize:    2500, Retention: archive.Retention{Mode: "none", Years: 5},
		Budget:          archive.Budget{Memory: 256 << 20, Transfers: 1, Lanes: 1},
		SnapshotTimeout: time.Minute, Poll: time.Millisecond, Now: w.clock.Now, Watch: &told{},
	}
	if _, err := j.Run(w.t.Context(), date); err != nil {
		w.t.Fatal(err)
	}
}

// process is one start of the program: everything that leaves it goes through
// its gate.
func (w *world) process(gate *storetest.Gate) *restore.Restorer {
	k := keyring()
	return &restore.Restorer{
		Stream: stream, Tool: "archiver test", Holder: fmt.Sprintf("process %p", gate),
		Cluster: &gatedCluster{Cluster: w.client, gate: gate},
		Archive: &storetest.Faulty{Store: w.archive, Name: "archive", Gate: gate},
		Staging: &storetest.Faulty{Store: w.staging, Name: "staging", Gate: gate, Clock: w.clock},
		Trust:   k.trust, Opener: k.opener,
		Budget: archive.Budget{Memory: 256 << 20, Transfers: 1, Lanes: 1},
		At: func(prefix string) snapshot.Repository {
			return snapshot.Repository{Type: "s3", Settings: map[string]string{
				"bucket": "staging", "base_path": strings.TrimSuffix(prefix, "/"), "readonly": "true"}}
		},
		Timeout: time.Minute, Poll: time.Millisecond, Now: w.clock.Now, Watch: &w.told,
	}
}

func (w *world) drill(gate *storetest.Gate) (*restore.Result, error) {
	ctx, cancel := gate.Life()
	defer cancel()
	return w.process(gate).Drill(ctx, date)
}

func (w *world) restore(gate *storetest.Gate, o restore.Options) (*restore.Result, error) {
	ctx, cancel := gate.Life()
	defer cancel()
	o.Date = date
	return w.process(gate).Restore(ctx, o)
}

// healthy is a gate that lets everything through.
func healthy() *storetest.Gate { return storetest.NewGate(nil) }

// bare says what of restores is left anywhere, besides indices that are allowed.
func (w *world) bare(allowed ...string) error {
	ctx := context.Background()
	for o, err := range w.staging.List(ctx, restore.Prefix, "") {
		if err != nil {
			return err
		}
		return fmt.Errorf("staging still holds %s", o.Key)
	}
	all, err := w.client.Repositories(ctx)
	if err != nil {
		return err
	}
	for name := range all {
		if name != "archiver-logdata" {
			return fmt.Errorf("repository %s is still registered", name)
		}
	}
	indices, err := w.client.Indices(ctx, []string{"*"})
	if err != nil {
		return err
	}
	for _, i := range indices {
		if i.Name != index && !strings.Contains(strings.Join(allowed, " "), i.Name) {
			return fmt.Errorf("index %s is still there", i.Name)
		}
	}
	return nil
}

func (w *world) wantBare(allowed ...string) {
	w.t.Helper()
	if err := w.bare(allowed...); err != nil {
		w.t.Error(err)
	}
}

// wantDocs compares an index of a cluster with the day.
func (w *world) wantDocs(c *snapshottest.Cluster, name string) {
	w.t.Helper()
	docs, err := c.Docs(name)
	if err != nil {
		w.t.Fatal(err)
	}
	was := map[string]string{}
	for _, d := range w.docs {
		was[d.ID] = string(d.Source)
	}
	for _, d := range docs {
		if was[d.ID] != string(d.Source) {
			w.t.Errorf("document %s is %s, was %s", d.ID, d.Source, was[d.ID])
		}
	}
	if len(docs) != len(was) {
		w.t.Errorf("%d documents came back, %d there were", len(docs), len(was))
	}
}

// told collects what an observer was told.
type told struct {
	mu     sync.Mutex
	phases []job.Phase
	notes  []string
}

func (o *told) Phase(_ string, p job.Phase) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.phases = append(o.phases, p)
}

func (o *told) Progress(job.Phase, int64, int64) {}

func (o *told) Note(message string, attrs ...slog.Attr) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.notes = append(o.notes, fmt.Sprint(message, attrs))
}

func (o *told) noted(text string) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	return strings.Contains(strings.Join(o.notes, "\n"), text)
}

// gatedCluster is the cluster as one process sees it.
type gatedCluster struct {
	restore.Cluster
	gate *storetest.Gate
}

func (g *gatedCluster) change(ctx context.Context, name string, do func(context.Context) error) error {
	err := g.gate.Do(ctx, "cluster "+name, true, do)
	if errors.Is(err, storetest.ErrLost) { // as package snapshot calls it
		return fmt.Errorf("%w: %w", snapshot.ErrAmbiguous, err)
	}
	return err
}

func (g *gatedCluster) Info(ctx context.Context) (snapshot.Info, error) {
	return storetest.Ask(ctx, g.gate, "cluster Info", g.Cluster.Info)
}

func (g *gatedCluster) Indices(ctx context.Context, p []string) ([]snapshot.Index, error) {
	return storetest.Ask(ctx, g.gate, "cluster Indices", func(ctx context.Context) ([]snapshot.Index, error) { return g.Cluster.Indices(ctx, p) })
}

func (g *gatedCluster) Repositories(ctx context.Context) (map[string]snapshot.Repository, error) {
	return storetest.Ask(ctx, g.gate, "cluster Repositories", g.Cluster.Repositories)
}

func (g *gatedCluster) Repository(ctx context.Context, name string) (snapshot.Repository, error) {
	return storetest.Ask(ctx, g.gate, "cluster Repository", func(ctx context.Context) (snapshot.Repository, error) { return g.Cluster.Repository(ctx, name) })
}

func (g *gatedCluster) Snapshot(ctx context.Context, r, name string) (snapshot.Snapshot, error) {
	return storetest.Ask(ctx, g.gate, "cluster Snapshot", func(ctx context.Context) (snapshot.Snapshot, error) { return g.Cluster.Snapshot(ctx, r, name) })
}

func (g *gatedCluster) Recovery(ctx context.Context, indices []string) (snapshot.Recovery, error) {
	return storetest.Ask(ctx, g.gate, "cluster Recovery", func(ctx context.Context) (snapshot.Recovery, error) { return g.Cluster.Recovery(ctx, indices) })
}

func (g *gatedCluster) RestoredFrom(ctx context.Context, index string) (string, error) {
	return storetest.Ask(ctx, g.gate, "cluster RestoredFrom", func(ctx context.Context) (string, error) { return g.Cluster.RestoredFrom(ctx, index) })
}

func (g *gatedCluster) Count(ctx context.Context, index string) (int64, error) {
	return storetest.Ask(ctx, g.gate, "cluster Count", func(ctx context.Context) (int64, error) { return g.Cluster.Count(ctx, index) })
}

func (g *gatedCluster) Documents(ctx context.Context, index string, ids []string) ([]snapshot.Document, error) {
	return storetest.Ask(ctx, g.gate, "cluster Documents", func(ctx context.Context) ([]snapshot.Document, error) { return g.Cluster.Documents(ctx, index, ids) })
}

func (g *gatedCluster) Register(ctx context.Context, name string, r snapshot.Repository) error {
	return g.change(ctx, "Register", func(ctx context.Context) error { return g.Cluster.Register(ctx, name, r) })
}

func (g *gatedCluster) Unregister(ctx context.Context, name string) error {
	return g.change(ctx, "Unregister", func(ctx context.Context) error { return g.Cluster.Unregister(ctx, name) })
}

func (g *gatedCluster) Restore(ctx context.Context, r, name string, o snapshot.RestoreOptions) error {
	return g.change(ctx, "Restore", func(ctx context.Context) error { return g.Cluster.Restore(ctx, r, name, o) })
}

func (g *gatedCluster) Refresh(ctx context.Context, index string) error {
	return g.change(ctx, "Refresh", func(ctx context.Context) error { return g.Cluster.Refresh(ctx, index) })
}

func (g *gatedCluster) DeleteIndex(ctx context.Context, name string) error {
	return g.change(ctx, "DeleteIndex", func(ctx context.Context) error { return g.Cluster.DeleteIndex(ctx, name) })
}
