package job_test

import (
	"archive/tar"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/archive/store/storetest"
	"archiver/crypto"
	"archiver/internal/job"
	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

// epoch is when the simulated worlds begin.
var epoch = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// keyring is what all worlds share: keys take long to parse and never change.
var keyring = sync.OnceValue(func() (k struct {
	sealer *crypto.Recipients
	signer *crypto.Signer
	trust  *crypto.Trust
	open   openpgp.EntityList
}) {
	must := func(err error) {
		if err != nil {
			panic(err)
		}
	}
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
	k.open, err = openpgp.ReadArmoredKeyRing(bytes.NewReader(read("ops-private.asc")))
	must(err)
	return k
})

// world is one stream on a simulated cluster and directory stores. It outlives
// the processes that a test starts in it.
type world struct {
	t       testing.TB
	root    string
	cluster *snapshottest.Cluster
	client  *snapshot.Cluster
	staging store.Store
	archive store.Store
	clock   *storetest.Clock
	days    map[string][]snapshottest.Doc
	skew    time.Duration // of the processes' clock against the store's
	hold    archive.Retention
	tune    func(*job.Job) // of every process; nil: as they are
}

func newWorld(t testing.TB, o snapshottest.Options) *world {
	t.Helper()
	w := &world{t: t, root: storetest.Folder(t), clock: storetest.NewClock(epoch), days: map[string][]snapshottest.Doc{}}
	w.hold = archive.Retention{Mode: "none", Years: 5}
	o.Blobs = snapshottest.Dir(w.root)
	w.cluster = snapshottest.New(o)
	url, stop, err := w.cluster.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if w.client, err = snapshot.Connect(snapshot.Options{URLs: []string{url}, RetryFor: -1}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.client.Close() })
	if w.staging, err = dir.Open(filepath.Join(w.root, "staging")); err != nil {
		t.Fatal(err)
	}
	if w.archive, err = dir.Open(filepath.Join(w.root, "archive")); err != nil {
		t.Fatal(err)
	}
	return w
}

const stream = "logdata"

func indexOf(date string) string { return stream + "-" + date[8:] + date[5:7] + date[:4] }

// addDay makes a day of n documents in two shards.
func (w *world) addDay(date string, n int) {
	docs := make([]snapshottest.Doc, n)
	for i := range docs {
		docs[i] = snapshottest.Doc{ID: fmt.Sprint(i), Source: json.RawMessage(fmt.Sprintf(`{"day":%q,"n":%d}`, date, i))}
	}
	w.days[date] = docs
	w.cluster.AddIndex(indexOf(date), 2, docs)
}

// process is one run of the program: everything that leaves it goes through its
// gate.
func (w *world) process(gate *storetest.Gate) *job.Job {
	k := keyring()
	j := &job.Job{
		Stream: stream, Tool: "archiver test", Holder: fmt.Sprintf("process %p", gate),
		Cluster: &gatedCluster{gate: gate, Cluster: w.client},
		Staging: archive.Staging{Store: &storetest.Faulty{Store: w.staging, Name: "staging", Gate: gate, Clock: w.clock}, Base: "snapshots/"},
		Archive: &storetest.Faulty{Store: w.archive, Name: "archive", Gate: gate},
		Sealer:  k.sealer, Signer: k.signer, Trust: k.trust,
		Repository:    "archiver-logdata",
		Register:      snapshot.Repository{Type: "s3", Settings: map[string]string{"bucket": "staging", "base_path": "snapshots"}},
		IndexPatterns: func(date string) []string { return []string{indexOf(date)} },
		VolumeSize:    2500, Retention: w.hold,
		Budget:           archive.Budget{Memory: 256 << 20, Transfers: 1, Lanes: 1},
		WitnessDocuments: 5,
		SnapshotTimeout:  time.Minute, Retries: 2, Poll: time.Millisecond, Now: func() time.Time { return w.clock.Now().Add(w.skew) }, Watch: silent{},
	}
	if w.tune != nil {
		w.tune(j)
	}
	return j
}

// run runs the program for a date until it ends or dies.
func (w *world) run(gate *storetest.Gate, date string) ([]job.Outcome, error) {
	ctx, cancel := gate.Life()
	defer cancel()
	return w.process(gate).Run(ctx, date)
}

type silent struct{}

func (silent) Phase(string, job.Phase)          {}
func (silent) Progress(job.Phase, int64, int64) {}
func (silent) Note(string, ...slog.Attr)        {}

// healthy is a gate that lets everything through.
func healthy() *storetest.Gate { return storetest.NewGate(nil) }

// gatedCluster is the cluster as one process sees it.
type gatedCluster struct {
	job.Cluster
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

func (g *gatedCluster) Repository(ctx context.Context, name string) (snapshot.Repository, error) {
	return storetest.Ask(ctx, g.gate, "cluster Repository", func(ctx context.Context) (snapshot.Repository, error) { return g.Cluster.Repository(ctx, name) })
}

func (g *gatedCluster) Indices(ctx context.Context, p []string) ([]snapshot.Index, error) {
	return storetest.Ask(ctx, g.gate, "cluster Indices", func(ctx context.Context) ([]snapshot.Index, error) { return g.Cluster.Indices(ctx, p) })
}

func (g *gatedCluster) Count(ctx context.Context, index string) (int64, error) {
	return storetest.Ask(ctx, g.gate, "cluster Count", func(ctx context.Context) (int64, error) { return g.Cluster.Count(ctx, index) })
}

func (g *gatedCluster) Writes(ctx context.Context, index string) (int64, error) {
	return storetest.Ask(ctx, g.gate, "cluster Writes", func(ctx context.Context) (int64, error) { return g.Cluster.Writes(ctx, index) })
}

func (g *gatedCluster) SourceMode(ctx context.Context, index string) (string, error) {
	return storetest.Ask(ctx, g.gate, "cluster SourceMode", func(ctx context.Context) (string, error) { return g.Cluster.SourceMode(ctx, index) })
}

func (g *gatedCluster) SampleIDs(ctx context.Context, index string, n int, seed int64) ([]string, error) {
	return storetest.Ask(ctx, g.gate, "cluster SampleIDs", func(ctx context.Context) ([]string, error) { return g.Cluster.SampleIDs(ctx, index, n, seed) })
}

func (g *gatedCluster) Documents(ctx context.Context, index string, ids []string) ([]snapshot.Document, error) {
	return storetest.Ask(ctx, g.gate, "cluster Documents", func(ctx context.Context) ([]snapshot.Document, error) { return g.Cluster.Documents(ctx, index, ids) })
}

func (g *gatedCluster) Snapshots(ctx context.Context, r string) ([]snapshot.Snapshot, error) {
	return storetest.Ask(ctx, g.gate, "cluster Snapshots", func(ctx context.Context) ([]snapshot.Snapshot, error) { return g.Cluster.Snapshots(ctx, r) })
}

func (g *gatedCluster) Snapshot(ctx context.Context, r, name string) (snapshot.Snapshot, error) {
	return storetest.Ask(ctx, g.gate, "cluster Snapshot "+name, func(ctx context.Context) (snapshot.Snapshot, error) { return g.Cluster.Snapshot(ctx, r, name) })
}

func (g *gatedCluster) Progress(ctx context.Context, r, name string) (snapshot.Progress, error) {
	return storetest.Ask(ctx, g.gate, "cluster Progress", func(ctx context.Context) (snapshot.Progress, error) { return g.Cluster.Progress(ctx, r, name) })
}

func (g *gatedCluster) Deleting(ctx context.Context, r string) (bool, error) {
	return storetest.Ask(ctx, g.gate, "cluster Deleting", func(ctx context.Context) (bool, error) { return g.Cluster.Deleting(ctx, r) })
}

func (g *gatedCluster) Register(ctx context.Context, name string, r snapshot.Repository) error {
	return g.change(ctx, "Register", func(ctx context.Context) error { return g.Cluster.Register(ctx, name, r) })
}

func (g *gatedCluster) Create(ctx context.Context, r, name string, o snapshot.CreateOptions) error {
	return g.change(ctx, "Create "+name, func(ctx context.Context) error { return g.Cluster.Create(ctx, r, name, o) })
}

func (g *gatedCluster) Delete(ctx context.Context, r, name string) error {
	return g.change(ctx, "Delete "+name, func(ctx context.Context) error { return g.Cluster.Delete(ctx, r, name) })
}

func (g *gatedCluster) Cleanup(ctx context.Context, r string) error {
	return g.change(ctx, "Cleanup", func(ctx context.Context) error { return g.Cluster.Cleanup(ctx, r) })
}

// check holds the world against what must be true once everything is finished:
// exactly one archive for each of the dates, with exactly that day in it;
// staging clean; nothing orphaned after `clean`.
func (w *world) check(dates ...string) error {
	ctx := context.Background()
	chain, err := archive.Ledger{Store: w.archive, Stream: stream, Trust: keyring().trust}.Load(ctx)
	if err != nil {
		return err
	}
	standing := map[string]int{}
	withdrawn := map[string]bool{}
	for _, e := range chain.Entries {
		if e.Withdrawn != nil {
			withdrawn[e.Withdrawn.Run] = true
		}
	}
	for _, e := range chain.Entries {
		if e.Archive != nil && !withdrawn[e.Archive.Run] {
			standing[e.Archive.Date]++
		}
	}
	for _, date := range dates {
		e, ok := chain.Sealed(date)
		if !ok || standing[date] != 1 {
			return fmt.Errorf("%s has %d archives", date, standing[date])
		}
		if err := w.checkContent(e.Archive); err != nil {
			return fmt.Errorf("archive of %s: %w", date, err)
		}
	}
	if len(standing) != len(dates) {
		return fmt.Errorf("archives of %v, want of %v", standing, dates)
	}
	if err := w.checkStaging(ctx, false); err != nil {
		return err
	}
	if _, err := w.process(healthy()).Orphans(ctx, true); err != nil {
		return fmt.Errorf("clean: %w", err)
	}
	return w.checkNothingOrphaned(ctx, chain)
}

// checkStaging wants root files and the state; with papers allowed or not.
func (w *world) checkStaging(ctx context.Context, bare bool) error {
	for o, err := range w.staging.List(ctx, "", "") {
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(o.Key, "snapshots/")
		if snapshot.IsRootFile(name) || o.Key == archive.StateKey || !bare && strings.HasPrefix(o.Key, archive.RunsPrefix) {
			continue
		}
		return fmt.Errorf("staging holds %s", o.Key)
	}
	all, err := w.client.Snapshots(ctx, "archiver-logdata")
	if err != nil || len(all) > 0 {
		return fmt.Errorf("the repository holds %v: %w", all, err)
	}
	return nil
}

func (w *world) checkNothingOrphaned(ctx context.Context, chain *archive.Chain) error {
	if err := w.checkStaging(ctx, true); err != nil {
		return fmt.Errorf("after clean: %w", err)
	}
	referred := map[string]bool{}
	for _, e := range chain.Entries {
		if e.Archive != nil {
			for _, v := range e.Archive.Volumes {
				referred[v.Key] = true
			}
		}
	}
	for o, err := range w.archive.List(ctx, "archives/", "") {
		if err != nil {
			return err
		}
		if !referred[o.Key] {
			return fmt.Errorf("after clean: %s is an orphan", o.Key)
		}
		delete(referred, o.Key)
	}
	for key := range referred {
		return fmt.Errorf("after clean: %s is missing", key)
	}
	for u, err := range w.archive.Uploads(ctx, "archives/") {
		return fmt.Errorf("after clean: unfinished upload %v: %w", u, err)
	}
	return nil
}

// checkContent opens an archive and restores it into a cluster of its own.
func (w *world) checkContent(a *archive.Sealed) error {
	root, err := os.MkdirTemp(w.root, "opened-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(root)
	for _, v := range a.Volumes {
		if err := w.unpack(v, filepath.Join(root, "bucket")); err != nil {
			return fmt.Errorf("volume %d: %w", v.Number, err)
		}
	}
	fresh := snapshottest.New(snapshottest.Options{Blobs: snapshottest.Dir(root)})
	url, stop, err := fresh.Start()
	if err != nil {
		return err
	}
	defer stop()
	if err := send(url, "PUT", "/_snapshot/r", `{"type":"s3","settings":{"bucket":"bucket","base_path":"repository","readonly":true}}`); err != nil {
		return err
	}
	if err := send(url, "POST", "/_snapshot/r/"+a.Snapshot.Name+"/_restore?wait_for_completion=true", `{}`); err != nil {
		return err
	}
	for _, i := range a.Snapshot.Indices {
		if i.Name != indexOf(a.Date) {
			return fmt.Errorf("it holds %s", i.Name)
		}
		docs, err := fresh.Docs(i.Name)
		if err != nil {
			return err
		}
		if !sameDocs(docs, w.days[a.Date]) {
			return fmt.Errorf("%s came back with %d documents that are not the day's %d", i.Name, len(docs), len(w.days[a.Date]))
		}
	}
	return nil
}

func sameDocs(a, b []snapshottest.Doc) bool {
	index := func(docs []snapshottest.Doc) map[string]string {
		m := map[string]string{}
		for _, d := range docs {
			m[d.ID] = string(d.Source)
		}
		return m
	}
	return len(a) == len(b) && reflect.DeepEqual(index(a), index(b))
}

func send(url, method, path, body string) error {
	req, err := http.NewRequest(method, url+path, strings.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err == nil && res.StatusCode/100 != 2 {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return err
}

// unpack decrypts a volume, compares it with its manifest, and lays its blobs
// below a folder.
func (w *world) unpack(v archive.Volume, folder string) error {
	r, err := w.archive.Open(context.Background(), v.Key, 0, -1, store.Pin{Version: v.Version})
	if err != nil {
		return err
	}
	defer r.Close()
	ciphertext, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	if archive.SHA256(ciphertext) != v.SHA256 {
		return errors.New("its ciphertext is not what the entry says")
	}
	message, err := openpgp.ReadMessage(bytes.NewReader(ciphertext), keyring().open, nil, nil)
	if err != nil {
		return err
	}
	sums := map[string]string{}
	var manifest string
	for t := tar.NewReader(message.UnverifiedBody); ; {
		h, err := t.Next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
		body, err := io.ReadAll(t)
		if err != nil {
			return err
		}
		switch {
		case strings.HasSuffix(h.Name, ".asc"):
		case strings.HasPrefix(h.Name, "SHA256SUMS."):
			manifest = string(body)
		default:
			sums[h.Name] = archive.SHA256(body)
		}
		if strings.HasPrefix(h.Name, "repository/") {
			path := filepath.Join(folder, filepath.FromSlash(h.Name))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				return err
			}
			if err := os.WriteFile(path, body, 0o644); err != nil {
				return err
			}
		}
	}
	lines := strings.Split(strings.TrimSuffix(manifest, "\n"), "\n")
	if len(lines) != len(sums) || len(lines) != v.Files {
		return fmt.Errorf("%d lines in the manifest, %d files, the entry says %d", len(lines), len(sums), v.Files)
	}
	for _, line := range lines {
		if sum, name, _ := strings.Cut(line, "  "); sums[name] != sum {
			return fmt.Errorf("%s is not what the manifest says", name)
		}
	}
	return nil
}
