package snapshot_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"archiver/internal/lab"
	"archiver/snapshot"
)

// real is a server of the lab with the product's client at it.
type real struct {
	*testing.T
	*snapshot.Cluster
	server *lab.SearchServer
}

func startReal(t *testing.T, v lab.Version) real {
	t.Helper()
	s, _ := lab.SearchAlone(t, v, lab.SearchOptions{})
	c, err := snapshot.Connect(snapshot.Options{URLs: []string{s.URL}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return real{t, c, s}
}

func (r real) must(err error) {
	r.Helper()
	if err != nil {
		r.Fatal(err)
	}
}

// call does what the product never does: it makes indices and documents.
func (r real) call(method, path, body string) {
	r.Helper()
	req, err := http.NewRequestWithContext(r.Context(), method, r.server.URL+path, strings.NewReader(body))
	r.must(err)
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	r.must(err)
	defer resp.Body.Close()
	if out, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode > 299 {
		r.Fatalf("%s %s: %s %s %v", method, path, resp.Status, out, err)
	}
}

// await asks until it is told that it is enough; the context ends it otherwise.
func (r real) await(what string, enough func(context.Context) bool) {
	r.Helper()
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Minute)
	defer cancel()
	for !enough(ctx) {
		select {
		case <-ctx.Done():
			r.Fatalf("%s: it does not end", what)
		case <-time.After(100 * time.Millisecond):
		}
	}
}

// contents are the canonical documents of an index, sorted.
func (r real) contents(index string, ids []string) []string {
	r.Helper()
	docs, err := r.Documents(r.Context(), index, ids)
	r.must(err)
	var all []string
	for _, d := range docs {
		text, err := snapshot.Canonical(d.Source)
		r.must(err)
		all = append(all, d.ID+" "+string(text))
	}
	slices.Sort(all)
	return all
}

const index = "log-2026.11.20"

func (r real) fill() (ids []string) {
	r.Helper()
	r.call("PUT", "/"+index, `{"settings":{"number_of_shards":2,"number_of_replicas":1},"aliases":{"logs":{}},"mappings":{"properties":{"raw":{"type":"object","enabled":false}}}}`)
	for n := range 40 {
		id := fmt.Sprintf("%d/ü", n)
		ids = append(ids, id)
		r.call("PUT", "/"+index+"/_doc/"+fmt.Sprintf("%d%%2F%%C3%%BC", n), fmt.Sprintf(`{ "n":%d.0, "raw":{"big":12345678901234567890}, "a":{"text":"\u00e9 \/ 😀"} }`, n))
	}
	for _, routing := range []string{"a", "b", "c", "d"} {
		r.call("PUT", "/"+index+"/_doc/same?routing="+routing, `{"routing":"`+routing+`"}`)
	}
	return append(ids, "same")
}

func (r real) take(repository, name string) {
	r.Helper()
	r.must(r.Register(r.Context(), repository, snapshot.Repository{Type: "fs", Settings: map[string]string{
		"location": filepath.Join(r.server.RepoDir, repository), "compress": "false",
	}}))
	r.must(r.Create(r.Context(), repository, name, snapshot.CreateOptions{Indices: []string{index}}))
	r.await("snapshot", func(ctx context.Context) bool {
		s, err := r.Snapshot(ctx, repository, name)
		r.must(err)
		return s.Ended() && s.Verify([]string{index}) == nil
	})
}

// TestADayComesBack goes the cluster's part of the way back on every server that
// the lab has.
func TestADayComesBack(t *testing.T) {
	for _, v := range []lab.Version{lab.OpenSearch36, lab.OpenSearch219, lab.Elasticsearch717, lab.Elasticsearch819} {
		t.Run(string(v), func(t *testing.T) {
			r := startReal(t, v)
			name, version, _ := strings.Cut(string(v), "-")
			info, err := r.Info(t.Context())
			if err != nil || info.Distribution != name || info.Version != version || len(info.UUID) != 22 || info.Name != "lab" {
				t.Errorf("%v, %v", info, err)
			}
			ids := r.fill()
			writes := r.writesGrow()
			r.sourceModes(v)
			found, err := r.Indices(t.Context(), []string{index})
			major, _, _ := strings.Cut(version, ".")
			if err != nil || len(found) != 1 || found[0].CreatedVersion != version && found[0].CreatedVersion != major {
				t.Errorf("%+v, %v", found, err)
			}
			r.take("r", "s1")
			before := r.contents(index, ids)
			if len(before) <= len(ids) {
				t.Errorf("%d documents of %d IDs: one was routed to two shards", len(before), len(ids))
			}
			r.sampled(len(before))
			if again, err := r.Writes(t.Context(), index); err != nil || again != writes {
				t.Errorf("%d writes became %d by reading, %v", writes, again, err)
			}
			r.namesThatAreTaken()
			r.must(r.DeleteIndex(t.Context(), index))
			r.comesBack(ids, before)
			r.holesAreFound()
		})
	}
}

func (r real) writesGrow() int64 {
	r.Helper()
	first, err := r.Writes(r.Context(), index)
	r.must(err)
	r.call("PUT", "/"+index+"/_doc/late", `{}`)
	second, err := r.Writes(r.Context(), index)
	r.must(err)
	r.call("DELETE", "/"+index+"/_doc/late", "")
	third, err := r.Writes(r.Context(), index)
	r.must(err)
	r.must(r.Refresh(r.Context(), index))
	if first < 44 || second != first+1 || third != first+2 {
		r.Errorf("%d, %d, %d", first, second, third)
	}
	if _, err := r.Writes(r.Context(), "nowhere"); !errors.Is(err, snapshot.ErrNotFound) {
		r.Errorf("of no index: %v", err)
	}
	return third
}

func (r real) sourceModes(v lab.Version) {
	r.Helper()
	r.call("PUT", "/source-disabled", `{"mappings":{"_source":{"enabled":false}}}`)
	r.call("PUT", "/source-filtered", `{"mappings":{"_source":{"excludes":["x"]}}}`)
	want := map[string]string{index: snapshot.SourceStored, "source-disabled": snapshot.SourceDisabled, "source-filtered": snapshot.SourceFiltered}
	switch v {
	case lab.Elasticsearch819:
		r.call("PUT", "/source-made", `{"settings":{"index.mapping.source.mode":"synthetic"}}`)
		want["source-made"] = snapshot.SourceSynthetic
	case lab.OpenSearch36:
		r.call("PUT", "/source-made", `{"settings":{"index.derived_source.enabled":true}}`)
		want["source-made"] = snapshot.SourceSynthetic
	}
	for name, mode := range want {
		if got, err := r.SourceMode(r.Context(), name); err != nil || got != mode {
			r.Errorf("%s: %s, %v", name, got, err)
		}
	}
}

func (r real) sampled(total int) {
	r.Helper()
	once, err := r.Sample(r.Context(), index, 5, 42)
	r.must(err)
	again, err := r.Sample(r.Context(), index, 5, 42)
	r.must(err)
	order := func(a, b snapshot.Document) int { return strings.Compare(a.ID+string(a.Source), b.ID+string(b.Source)) }
	slices.SortFunc(once, order)
	slices.SortFunc(again, order)
	if len(once) < 5 || !cmp.Equal(once, again) {
		r.Errorf("%v\n%v", once, again)
	}
	all, err := r.SampleIDs(r.Context(), index, 1000, 1)
	if err != nil || len(all) != total {
		r.Errorf("%d of %d IDs, %v", len(all), total, err)
	}
}

func (r real) namesThatAreTaken() {
	r.Helper()
	same := snapshot.RestoreOptions{Indices: []string{index}}
	if err := r.Restore(r.Context(), "r", "s1", same); !errors.Is(err, snapshot.ErrIndexExists) {
		r.Errorf("over an open index: %v", err)
	}
	r.call("PUT", "/old-"+index+"?wait_for_active_shards=1", `{"settings":{"number_of_replicas":0}}`)
	r.call("POST", "/old-"+index+"/_close", "")
	before, err := r.Indices(r.Context(), []string{"old-" + index})
	r.must(err)
	if err := r.Restore(r.Context(), "r", "s1", snapshot.RestoreOptions{Indices: []string{index}, Prefix: "old-"}); !errors.Is(err, snapshot.ErrIndexExists) {
		r.Errorf("over a closed index: %v", err)
	}
	after, err := r.Indices(r.Context(), []string{"old-" + index})
	if err != nil || !cmp.Equal(before, after) {
		r.Errorf("the closed index %v became %v, %v", before, after, err)
	}
	if err := r.Restore(r.Context(), "r", "s1", snapshot.RestoreOptions{Indices: []string{"absent"}, Prefix: "x-"}); !errors.Is(err, snapshot.ErrNotFound) {
		r.Errorf("an index that is not in the snapshot: %v", err)
	}
	if err := r.Restore(r.Context(), "r", "absent", snapshot.RestoreOptions{Indices: []string{index}, Prefix: "x-"}); !errors.Is(err, snapshot.ErrSnapshotMissing) {
		r.Errorf("a snapshot that is not there: %v", err)
	}
}

func (r real) comesBack(ids, before []string) {
	r.Helper()
	o := snapshot.RestoreOptions{Indices: []string{index}, Prefix: "dr$1-", Suffix: "-2", Replicas: new(0), Detach: true}
	r.must(r.Restore(r.Context(), "r", "s1", o))
	back := o.Name(index)
	var last snapshot.Recovery
	r.await("restore", func(ctx context.Context) bool {
		var err error
		last, err = r.Recovery(ctx, []string{back})
		r.must(err)
		return last.Done()
	})
	if last.Shards != 2 || len(last.Failed) > 0 || last.Bytes == 0 || last.BytesDone != last.Bytes {
		r.Errorf("%+v", last)
	}
	found, err := r.Indices(r.Context(), []string{back, "logs"})
	if err != nil || len(found) != 1 || found[0].Health != "green" {
		r.Errorf("it has replicas, or brought its alias: %+v, %v", found, err)
	}
	if d := cmp.Diff(before, r.contents(back, ids)); d != "" {
		r.Error(d)
	}
	if n, err := r.Count(r.Context(), back); err != nil || int(n) != len(before) {
		r.Errorf("%d documents, %v", n, err)
	}
	r.must(r.DeleteIndex(r.Context(), back))
	if err := r.DeleteIndex(r.Context(), back); !errors.Is(err, snapshot.ErrNotFound) {
		r.Errorf("deleted twice: %v", err)
	}
	if _, err := r.Recovery(r.Context(), []string{back}); !errors.Is(err, snapshot.ErrNotFound) {
		r.Errorf("recovery of what is gone: %v", err)
	}
}

// holesAreFound removes the largest blob from the repository.
func (r real) holesAreFound() {
	r.Helper()
	var largest string
	var size int64
	r.must(filepath.WalkDir(r.server.RepoDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasPrefix(d.Name(), "__") {
			return err
		}
		if i, err := d.Info(); err == nil && i.Size() > size {
			largest, size = path, i.Size()
		}
		return nil
	}))
	r.must(os.Remove(largest))
	r.must(r.Restore(r.Context(), "r", "s1", snapshot.RestoreOptions{Indices: []string{index}, Replicas: new(0)}))
	var last snapshot.Recovery
	r.await("failure", func(ctx context.Context) bool {
		var err error
		last, err = r.Recovery(ctx, []string{index})
		r.must(err)
		return len(last.Failed) > 0
	})
	if last.Done() || !strings.HasPrefix(last.Failed[0], index+"/") || !strings.Contains(last.Failed[0], filepath.Base(largest)) {
		r.Errorf("%+v", last)
	}
	r.must(r.DeleteIndex(r.Context(), index))
}
