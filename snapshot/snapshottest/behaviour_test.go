package snapshottest

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
)

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

func rootFiles(generation int) []string {
	return []string{fmt.Sprint("index-", generation), "index.latest"}
}

func TestASnapshotWritesInTheServersOrder(t *testing.T) {
	b := newBench(t, Options{})
	j := b.journal()
	b.register("r", "")
	b.take("r", "s1")
	j.done = nil
	b.must(b.AddDocs("simprobe-a", docs(9)))
	b.take("r", "s2")
	var kinds []string
	for _, line := range j.done {
		verb, key, _ := strings.Cut(strings.Replace(line, "srv/snapshots/r/", "", 1), " ")
		parts := strings.Split(key, "/")
		name := parts[len(parts)-1]
		kind := verb + " " + strings.Repeat("/", len(parts)-1) + name[:min(5, len(name))]
		if strings.HasPrefix(name, "__") {
			kind = verb + " data"
		}
		kinds = append(kinds, kind)
	}
	shard := []string{"put ///index", "put data", "put data", "put ///snap-"}
	want := slices.Concat(shard, shard, []string{
		"put meta-", "put snap-", "put index", "put index", "delete index", "delete ///index", "delete ///index",
	})
	if !slices.Equal(kinds, want) {
		t.Errorf("got  %q\nwant %q", kinds, want)
	}
}

func TestASnapshotTakesItsStepsAndIsInProgressUntilThen(t *testing.T) {
	for _, steps := range []int{1, 3, 200} {
		b := newBench(t, Options{SnapshotSteps: steps})
		b.register("r", "")
		b.create("r", "s1")
		for n := 1; n < steps; n++ {
			if got := b.state("r", "s1"); got != "IN_PROGRESS" {
				t.Fatalf("of %d steps after %d: %s", steps, n, got)
			}
		}
		if got := b.state("r", "s1"); got != "SUCCESS" {
			t.Errorf("after %d steps: %s", steps, got)
		}
	}
}

// Whenever one looks, the root describes what is there: the newest index-N
// names only snapshots that can be restored.
func TestEveryMomentOfADayIsConsistent(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 25, DeleteSteps: 10, Manual: true})
	b.register("r", "")
	restorable := func() {
		root, err := (&repository{place: Place{Root: "srv/snapshots/r/"}, blobs: b.Cluster.o.Blobs}).load()
		b.must(err)
		for _, s := range root.Snapshots {
			other := newBench(t, Options{})
			b.must(os.CopyFS(filepath.Join(other.dir, "srv/snapshots/r"), os.DirFS(filepath.Join(b.dir, "srv/snapshots/r"))))
			other.register("r", `"readonly":true`)
			if !reflect.DeepEqual(other.restored("r", s.Name), b.docs("simprobe-a")) {
				t.Fatalf("%s cannot be restored", s.Name)
			}
		}
	}
	for _, name := range []string{"s1", "s2"} {
		b.create("r", name)
		for b.Step() {
			restorable()
		}
	}
	for _, name := range []string{"s1", "s2"} {
		b.ok("DELETE", "/_snapshot/r/"+name, "")
		restorable()
		for b.Step() {
			restorable()
		}
	}
	if got := b.tree("r"); !slices.Equal(got, rootFiles(3)) {
		t.Errorf("left: %v", got)
	}
}

func TestADeletionGoesOnAfterItsAnswer(t *testing.T) {
	b := newBench(t, Options{DeleteSteps: 3})
	b.register("r", "")
	b.take("r", "s1")
	b.ok("DELETE", "/_snapshot/r/s1", "")
	before := len(b.tree("r"))
	if before < 5 {
		t.Fatalf("all is gone at once: %v", b.tree("r"))
	}
	if got := b.state("r", "s1"); got != "404" {
		t.Errorf("the deleted snapshot is %s", got)
	}
	deleting := func() bool {
		answer := b.ok("GET", "/_cluster/state/customs?filter_path=cluster_uuid,snapshot_deletions", "")
		return len(answer.(map[string]any)["snapshot_deletions"].(map[string]any)["snapshot_deletions"].([]any)) > 0
	}
	if !deleting() || deleting() {
		t.Error("the deletion is not shown as long as it goes on")
	}
	if got := b.tree("r"); !slices.Equal(got, rootFiles(1)) {
		t.Errorf("left: %v", got)
	}
	latest, err := os.ReadFile(b.glob("r", "index.latest")[0])
	b.must(err)
	if string(latest) != "\x00\x00\x00\x00\x00\x00\x00\x01" {
		t.Errorf("index.latest is %x", latest)
	}
}

func TestSnapshotsShareBlobsAndInheritHoles(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.take("r", "s1")
	blobs := b.glob("r", "indices/*/*/__*")
	b.must(os.Remove(blobs[1]))
	if got := b.take("r", "s2")["state"]; got != "SUCCESS" {
		t.Errorf("the snapshot on top of a hole is %v", got)
	}
	if got := b.glob("r", "indices/*/*/__*"); len(got) != len(blobs)-1 {
		t.Errorf("%d blobs, then %d", len(blobs), len(got))
	}
	if b.restored("r", "s2") != nil {
		t.Error("a snapshot with a hole was restored")
	}
	b.AddIndex("simprobe-a", 2, docs(7))
	b.take("r", "s3")
	if !reflect.DeepEqual(b.restored("r", "s3"), b.docs("simprobe-a")) {
		t.Error("the snapshot of a replaced index does not hold its documents")
	}
	b.ok("DELETE", "/_snapshot/r/s1,s2", "")
	if !reflect.DeepEqual(b.restored("r", "s3"), b.docs("simprobe-a")) {
		t.Error("deleting others took something away")
	}
	if got := b.glob("r", "indices/*/*/__*"); len(got) != len(blobs) {
		t.Errorf("%d blobs are left, not %d", len(got), len(blobs))
	}
}

func TestTwoSnapshotsAtOnceShareBlobs(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 5})
	b.register("r", "")
	b.create("r", "s1")
	b.create("r", "s2")
	if one, two := b.state("r", "s1"), b.state("r", "s2"); one != "IN_PROGRESS" || two != "IN_PROGRESS" {
		t.Errorf("%s and %s", one, two)
	}
	for b.Step() {
	}
	if got := b.glob("r", "indices/*/*/__*"); len(got) != 4 {
		t.Errorf("%d blobs, not 4", len(got))
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	if !reflect.DeepEqual(b.restored("r", "s2"), b.docs("simprobe-a")) {
		t.Error("the second needed something of the first")
	}
}

func TestDeletingARunningSnapshotLeavesNothingOfIt(t *testing.T) {
	for steps := range 25 {
		b := newBench(t, Options{SnapshotSteps: 20, Manual: true})
		b.register("r", "")
		b.create("r", "s1")
		b.create("r", "s2")
		b.advance(steps)
		b.ok("DELETE", "/_snapshot/r/s1", "")
		if got := b.state("r", "s1"); got != "404" {
			t.Errorf("after %d steps: %s", steps, got)
		}
		for b.Step() {
		}
		if got := b.state("r", "s2"); got != "SUCCESS" {
			t.Errorf("after %d steps: the other is %s", steps, got)
		}
		if !reflect.DeepEqual(b.restored("r", "s2"), b.docs("simprobe-a")) {
			t.Errorf("after %d steps: the other does not hold the documents", steps)
		}
		b.ok("DELETE", "/_snapshot/r/s2", "")
		if got := b.tree("r"); len(got) != 2 {
			t.Errorf("after %d steps: left %v", steps, got)
		}
	}
}

func TestABrokenShardMakesASnapshotPartial(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.must(b.BreakShard("simprobe-a", 1))
	s := b.take("r", "s1")
	failures := s["failures"].([]any)
	if s["state"] != "PARTIAL" || len(failures) != 1 || failures[0].(map[string]any)["shard_id"] != 1.0 {
		t.Errorf("%v", s)
	}
	var root root
	data, err := os.ReadFile(b.glob("r", "index-0")[0])
	b.must(err)
	b.must(json.Unmarshal(data, &root))
	if g := root.Indices["simprobe-a"].Generations; g[0] == nil || g[1] != nil || root.Snapshots[0].State != 3 {
		t.Errorf("%s", data)
	}
	if b.restored("r", "s1") != nil {
		t.Error("a partial snapshot was restored whole")
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	if got := b.tree("r"); !slices.Equal(got, rootFiles(1)) {
		t.Errorf("left: %v", got)
	}
}

func TestAFailedSnapshotTellsItsReasonOnce(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.FailSnapshot("for a reason")
	if s := b.take("r", "s1"); s["state"] != "FAILED" || s["reason"] != "for a reason" {
		t.Errorf("%v", s)
	}
	if s := b.take("r", "s2"); s["state"] != "SUCCESS" {
		t.Errorf("%v", s)
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	b.ok("DELETE", "/_snapshot/r/s2", "")
	if got := b.tree("r"); !slices.Equal(got, rootFiles(3)) {
		t.Errorf("left: %v", got)
	}
}

func TestWritesThatFailAreTold(t *testing.T) {
	b := newBench(t, Options{})
	j := b.journal()
	b.register("r", "")
	j.fail = "/__"
	if s := b.take("r", "s1"); s["state"] != "PARTIAL" || s["shards"].(map[string]any)["failed"] != 2.0 {
		t.Errorf("%v", s)
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	j.fail = "index-2"
	if status, answer := b.send("PUT", "/_snapshot/r/s2?wait_for_completion=true", `{"indices":["simprobe-a"]}`); status != 500 {
		t.Errorf("%d %v", status, answer)
	}
	if got := b.state("r", "s2"); got != "404" {
		t.Errorf("a snapshot without a root is %s", got)
	}
	j.fail = ""
	if s := b.take("r", "s3"); s["state"] != "SUCCESS" {
		t.Errorf("%v", s)
	}
	j.fail = "tests-"
	if status, _ := b.send("PUT", "/_snapshot/q", `{"type":"fs","settings":{"location":"q"}}`); status != 500 {
		t.Errorf("verification: %d", status)
	}
	if status, _ := b.send("GET", "/_snapshot/q", ""); status != 200 {
		t.Error("a registration that failed its verification is not kept")
	}
}

func TestLongFilesBecomeParts(t *testing.T) {
	for _, settings := range []string{`"chunk_size":"100b"`, `"chunk_size":"100b","compress":"true"`} {
		b := newBench(t, Options{})
		b.register("r", settings)
		b.take("r", "s1")
		parts := b.glob("r", "indices/*/0/__*.part1")
		if len(parts) == 0 {
			t.Fatal("there are no parts")
		}
		if size, err := os.Stat(parts[0]); err != nil || size.Size() > 100 {
			t.Errorf("%v %v", size, err)
		}
		if !reflect.DeepEqual(b.restored("r", "s1"), b.docs("simprobe-a")) {
			t.Error("the documents are not the same")
		}
		b.must(os.Remove(parts[0]))
		if b.restored("r", "s1") != nil {
			t.Error("a part was not missed")
		}
		b.ok("DELETE", "/_snapshot/r/s1", "")
		if got := b.tree("r"); !slices.Equal(got, rootFiles(1)) {
			t.Errorf("left: %v", got)
		}
	}
}

func TestARestoreNoticesEveryChange(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.take("r", "s1")
	want := b.docs("simprobe-a")
	for _, name := range slices.Concat(b.glob("r", "indices/*/*/__*"), b.glob("r", "indices/*/*/snap-*")) {
		data, err := os.ReadFile(name)
		b.must(err)
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			data[at] ^= 1
			b.must(os.WriteFile(name, data, 0o600))
			if b.restored("r", "s1") != nil {
				t.Errorf("%s: a change at %d was not noticed", name, at)
			}
			data[at] ^= 1
		}
		b.must(os.WriteFile(name, data, 0o600))
	}
	if !reflect.DeepEqual(b.restored("r", "s1"), want) {
		t.Error("the documents are not the same")
	}
}

func TestACopyRestoresInAnotherCluster(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.take("r", "s1")
	other := newBench(t, Options{})
	b.must(os.CopyFS(filepath.Join(other.dir, "srv/snapshots/copy"), os.DirFS(filepath.Join(b.dir, "srv/snapshots/r"))))
	other.register("copy", `"readonly":true`)
	if got := other.restored("copy", "s1"); !reflect.DeepEqual(got, b.docs("simprobe-a")) {
		t.Errorf("%v", got)
	}
}

func TestHashedPathsLieOutsideTheBase(t *testing.T) {
	b := newBench(t, Options{})
	b.ok("PUT", "/_snapshot/r", `{"type":"s3","settings":{"bucket":"b","base_path":"x/y"}}`)
	b.take("r", "s1")
	keys, err := b.Cluster.o.Blobs.List("b/")
	b.must(err)
	outside := 0
	for _, k := range keys {
		if !strings.HasPrefix(k, "b/x/y/") {
			outside++
		}
	}
	if outside != 8 || !reflect.DeepEqual(b.restored("r", "s1"), b.docs("simprobe-a")) {
		t.Errorf("%v", keys)
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	keys, err = b.Cluster.o.Blobs.List("b/")
	b.must(err)
	if len(keys) != 2 {
		t.Errorf("left: %v", keys)
	}
}

func TestADirectoryKeepsBlobsAndNoEmptyFolders(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new")
	d := Dir(root)
	for _, key := range []string{"a/b/c", "a/b/d", "a/bb", "x"} {
		if err := d.Put(key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]int{"": 4, "a/b": 3, "a/b/": 2, "a/b/c": 1, "y/": 0} {
		if got, err := d.List(prefix); err != nil || len(got) != want {
			t.Errorf("%q: %v %v", prefix, got, err)
		}
	}
	for _, key := range []string{"a/b/c", "a/b/c", "a/b/d", "a/bb", "x", "none/at/all"} {
		if err := d.Delete(key); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Get("a/b/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
}

func TestRequestsMayComeAtOnce(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 3, DeleteSteps: 2})
	b.register("r", "")
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			path := fmt.Sprint("/_snapshot/r/s", n)
			if status, answer := b.send("PUT", path, `{"indices":["simprobe-a"]}`); status != 200 {
				t.Error(status, answer)
			}
			for range 100 {
				b.send("GET", path, "")
			}
			if status, answer := b.send("DELETE", path, ""); status != 200 {
				t.Error(status, answer)
			}
		})
	}
	group.Wait()
	for b.Step() {
	}
	if got := b.tree("r"); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
}
