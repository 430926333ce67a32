package snapshottest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// bench is a cluster with its handler, and what the recordings had at hand.
type bench struct {
	t *testing.T
	*Cluster
	dir     string
	handler http.Handler
}

func newBench(t *testing.T, o Options) *bench {
	t.Helper()
	dir := t.TempDir()
	o.Blobs = Dir(dir)
	o.Locate = func(typ string, settings map[string]string) (Place, error) {
		if settings["location"] == "/nowhere" {
			return Place{}, fmt.Errorf("location [/nowhere] doesn't match any of the locations specified by path.repo")
		}
		return DefaultPlace(typ, settings)
	}
	c := New(o)
	c.AddIndex("simprobe-a", 2, docs(5))
	c.AddIndex("simprobe-e", 1, nil)
	return &bench{t: t, Cluster: c, dir: dir, handler: c.Handler()}
}

func docs(n int) []Doc {
	var all []Doc
	for i := range n {
		all = append(all, Doc{ID: fmt.Sprint(i), Source: json.RawMessage(fmt.Sprintf(`{"n":%d,"message":"line %d <&>"}`, i, i))})
	}
	return all
}

func (b *bench) send(method, target string, body string) (int, any) {
	b.t.Helper()
	req := httptest.NewRequest(method, target, strings.NewReader(body))
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, req)
	data, err := io.ReadAll(w.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	var answer any
	if err := json.Unmarshal(data, &answer); err != nil {
		b.t.Fatalf("%s %s: %v in %s", method, target, err, data)
	}
	return w.Code, answer
}

// ok wants status 200.
func (b *bench) ok(method, target, body string) any {
	b.t.Helper()
	status, answer := b.send(method, target, body)
	if status != http.StatusOK {
		b.t.Fatalf("%s %s: %d %v", method, target, status, answer)
	}
	return answer
}

func (b *bench) register(repository string, settings string) {
	b.t.Helper()
	if settings != "" {
		settings = "," + settings
	}
	b.ok("PUT", "/_snapshot/"+repository, `{"type":"fs","settings":{"location":"/srv/snapshots/`+repository+`","shard_path_type":"fixed"`+settings+`}}`)
}

// take waits for a snapshot of simprobe-a.
func (b *bench) take(repository, name string) map[string]any {
	b.t.Helper()
	answer := b.ok("PUT", "/_snapshot/"+repository+"/"+name+"?wait_for_completion=true", `{"indices":["simprobe-a"],"include_global_state":false}`)
	return answer.(map[string]any)["snapshot"].(map[string]any)
}

// glob finds files of a repository; pattern is relative to it.
func (b *bench) glob(repository, pattern string) []string {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.dir, "srv/snapshots", repository, pattern))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

func (b *bench) wipeRoot(repository string) {
	b.t.Helper()
	for _, f := range b.glob(repository, "index*") {
		if err := os.Remove(f); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *bench) must(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) largestBlob(repository string) (string, []byte) {
	b.t.Helper()
	var name string
	var content []byte
	for _, f := range b.glob(repository, "indices/*/1/__*") {
		data, err := os.ReadFile(f)
		b.must(err)
		if len(data) > len(content) {
			name, content = f, data
		}
	}
	if name == "" {
		b.t.Fatal("no blob")
	}
	return name, content
}

// renumber gives the root another generation, while nothing is registered.
func (b *bench) renumber(repository string, generation int) {
	b.t.Helper()
	for _, f := range b.glob(repository, "index-*") {
		b.must(os.Rename(f, filepath.Join(filepath.Dir(f), fmt.Sprint("index-", generation))))
	}
}

func (b *bench) advance(steps int) {
	for range steps {
		b.Step()
	}
}

// journal is a Blobs that writes down what is done.
type journal struct {
	Blobs
	mu   sync.Mutex
	done []string // "put key" and "delete key"
	fail string   // puts of keys that contain it fail
}

func (j *journal) Put(key string, body []byte) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.fail != "" && strings.Contains(key, j.fail) {
		return errors.New("no room")
	}
	j.done = append(j.done, "put "+key)
	return j.Blobs.Put(key, body)
}

func (j *journal) Delete(key string) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.done = append(j.done, "delete "+key)
	return j.Blobs.Delete(key)
}

func (b *bench) journal() *journal {
	j := &journal{Blobs: b.Cluster.o.Blobs}
	b.Cluster.o.Blobs = j
	return j
}

// tree lists a repository's files, relative to it.
func (b *bench) tree(repository string) []string {
	b.t.Helper()
	prefix := "srv/snapshots/" + repository + "/"
	keys, err := b.Cluster.o.Blobs.List(prefix)
	b.must(err)
	for i, k := range keys {
		keys[i] = strings.TrimPrefix(k, prefix)
	}
	slices.Sort(keys)
	return keys
}

func (b *bench) create(repository, name string) {
	b.t.Helper()
	b.ok("PUT", "/_snapshot/"+repository+"/"+name, `{"indices":["simprobe-a"],"include_global_state":false}`)
}

func (b *bench) state(repository, name string) string {
	b.t.Helper()
	status, answer := b.send("GET", "/_snapshot/"+repository+"/"+name, "")
	if status != 200 {
		return fmt.Sprint(status)
	}
	return answer.(map[string]any)["snapshots"].([]any)[0].(map[string]any)["state"].(string)
}

// restored restores simprobe-a under another name and gives its documents, or
// nil if a shard could not be had.
func (b *bench) restored(repository, name string) []Doc {
	b.t.Helper()
	answer := b.ok("POST", "/_snapshot/"+repository+"/"+name+"/_restore?wait_for_completion=true",
		`{"indices":"simprobe-a","rename_pattern":"(.+)","rename_replacement":"$1-back"}`)
	got, err := b.Docs("simprobe-a-back")
	b.must(err)
	b.must(b.DeleteIndex("simprobe-a-back"))
	if answer.(map[string]any)["snapshot"].(map[string]any)["shards"].(map[string]any)["failed"] != 0.0 {
		return nil
	}
	return got
}

func (b *bench) docs(index string) []Doc {
	b.t.Helper()
	all, err := b.Docs(index)
	b.must(err)
	return all
}

// wantOnlyRoot wants no file in a repository but the root's of that generation.
func (b *bench) wantOnlyRoot(repository string, generation int) {
	b.t.Helper()
	if got := b.tree(repository); !slices.Equal(got, []string{fmt.Sprint("index-", generation), "index.latest"}) {
		b.t.Errorf("left: %v", got)
	}
}
