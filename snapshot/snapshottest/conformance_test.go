package snapshottest

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const recordings = "testdata/opensearch-3.6.0"

type recording struct {
	Name    string          `json:"name"`
	Request string          `json:"request"`
	Sent    json.RawMessage `json:"sent"`
	Status  int             `json:"status"`
	Body    any             `json:"body"`
}

func readRecordings(t *testing.T, name string) []recording {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(recordings, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	var all []recording
	if err := json.Unmarshal(data, &all); err != nil {
		t.Fatal(err)
	}
	return all
}

// replay sends the recorded requests. before is done ahead of the recording
// that it is named after.
func (b *bench) replay(name string, before map[string]func()) {
	for _, r := range readRecordings(b.t, name) {
		if do := before[r.Name]; do != nil {
			do()
		}
		method, target, _ := strings.Cut(r.Request, " ")
		status, body := b.send(method, target, string(r.Sent))
		if status != r.Status {
			b.t.Errorf("%s: %s: status %d, recorded was %d: %v", name, r.Name, status, r.Status, body)
			continue
		}
		for _, d := range differences("", r.Body, body) {
			b.t.Errorf("%s: %s: %s", name, r.Name, d)
		}
	}
}

// exact are the keys whose values must be the recorded ones, and not only of
// the same type.
var exact = []string{
	"type", "reason", "state", "total", "failed", "successful", "accepted", "acknowledged",
	"found", "stage", "status", "health", "count", "snapshot", "index", "repository", "pri", "relation", "value",
	"indices", "shards", "settings", "error",
}

var (
	identifier = regexp.MustCompile(`[A-Za-z0-9_-]{22}`)
	// What the server quotes from Java or from a JSON parser cannot be the same.
	foreign = regexp.MustCompile(`^(NoSuchFileException\[|Unrecognized token|/srv/snapshots/|allowed:)`)
)

// differences tells where an answer has another shape than the recorded one.
func differences(path string, want, have any) []string {
	switch want := want.(type) {
	case map[string]any:
		have, ok := have.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is no object", path)}
		}
		return differingObjects(path, want, have)
	case []any:
		have, ok := have.([]any)
		if !ok || (len(want) == 0) != (len(have) == 0) {
			return []string{fmt.Sprintf("%s: %v, recorded was %v", path, have, want)}
		}
		var all []string
		for i := range min(len(want), len(have)) {
			all = append(all, differences(fmt.Sprintf("%s[%d]", path, i), want[i], have[i])...)
		}
		return all
	}
	if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", have) {
		return []string{fmt.Sprintf("%s: %v, recorded was %v", path, have, want)}
	}
	return differingValues(path, want, have)
}

func differingValues(path string, want, have any) []string {
	key := path[strings.LastIndexByte(path, '.')+1:]
	key, _, _ = strings.Cut(key, "[")
	if !slices.Contains(exact, key) {
		return nil
	}
	w := identifier.ReplaceAllString(fmt.Sprint(want), "ID")
	h := identifier.ReplaceAllString(fmt.Sprint(have), "ID")
	w, _, _ = strings.Cut(w, ", allowed: ")
	h, _, _ = strings.Cut(h, ", allowed: ")
	if w == h || foreign.MatchString(w) {
		return nil
	}
	return []string{fmt.Sprintf("%s: %q, recorded was %q", path, h, w)}
}

func differingObjects(path string, want, have map[string]any) []string {
	var all []string
	want, have = anonymous(want), anonymous(have)
	for _, k := range sortedKeys(want) {
		v, ok := have[k]
		if !ok {
			all = append(all, fmt.Sprintf("%s.%s is missing", path, k))
			continue
		}
		all = append(all, differences(path+"."+k, want[k], v)...)
	}
	for _, k := range sortedKeys(have) {
		if _, ok := want[k]; !ok {
			all = append(all, fmt.Sprintf("%s.%s was not recorded", path, k))
		}
	}
	return all
}

// anonymous takes the node's identifier out of keys.
func anonymous(m map[string]any) map[string]any {
	out := map[string]any{}
	for k, v := range m {
		out[identifier.ReplaceAllString(k, "ID")] = v
	}
	return out
}

func TestIndexAnswersAreLikeTheRecorded(t *testing.T) {
	newBench(t, Options{}).replay("indices", nil)
}

func TestRepositoryAnswersAreLikeTheRecorded(t *testing.T) {
	newBench(t, Options{}).replay("repositories", nil)
}

func TestSnapshotAndRestoreAnswersAreLikeTheRecorded(t *testing.T) {
	b := newBench(t, Options{})
	var largest string
	var content []byte
	b.replay("snapshots", map[string]func(){
		"restore-hole": func() {
			largest, content = b.largestBlob("simprobe")
			b.must(os.Remove(largest))
		},
		"snapshot-on-hole": func() { b.must(b.DeleteIndex("back-simprobe-a")) },
		"restore-altered": func() {
			b.must(b.DeleteIndex("back-simprobe-a"))
			content[100] ^= 1
			b.must(os.WriteFile(largest, content, 0o600))
		},
		"snapshot-delete-two": func() {
			b.ok("DELETE", "/_snapshot/simprobe/redp,hole", "")
		},
	})
}

func TestDisabledRepositoryAnswersAreLikeTheRecorded(t *testing.T) {
	b := newBench(t, Options{})
	b.ok("PUT", "/_snapshot/simprobe", `{"type":"fs","settings":{"location":"/srv/snapshots/simprobe","compress":true,"shard_path_type":"fixed","x":1}}`)
	b.replay("disabled", map[string]func(){
		"wiped-get": func() {
			b.take("simprobe", "x")
			b.ok("DELETE", "/_snapshot/simprobe/x", "")
			b.ok("DELETE", "/_snapshot/simprobe", "")
			// The generation is in the recorded messages.
			b.renumber("simprobe", 8)
			b.ok("PUT", "/_snapshot/simprobe", `{"type":"fs","settings":{"location":"/srv/snapshots/simprobe","compress":true,"shard_path_type":"fixed","x":1}}`)
			b.take("simprobe", "s5")
			b.wipeRoot("simprobe")
		},
		"wiped-snapshot-accepted": func() {
			b.register("simprobe7", "")
			b.take("simprobe7", "a")
			b.wipeRoot("simprobe7")
		},
		"wiped-delete": func() {
			b.ok("DELETE", "/_snapshot/simprobe7", "")
			b.register("simprobe7", "")
			b.take("simprobe7", "c")
			b.wipeRoot("simprobe7")
		},
		"root-garbage": func() {
			b.register("simprobe6", "")
			b.must(os.MkdirAll(filepath.Join(b.dir, "srv/snapshots/simprobe6"), 0o755))
			b.must(os.WriteFile(filepath.Join(b.dir, "srv/snapshots/simprobe6/index-3"), []byte("zzz"), 0o600))
		},
	})
}

func TestAnswersWhileSnapshotsRunAreLikeTheRecorded(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 100, DeleteSteps: 3, Manual: true})
	b.AddIndex("simprobe-big", 2, docs(600))
	b.register("simprobe", "")
	b.ok("PUT", "/_snapshot/simprobe4", `{"type":"fs","settings":{"location":"/srv/snapshots/simprobe4","shard_path_type":"fixed","max_snapshot_bytes_per_sec":"150kb","chunk_size":"200kb"}}`)
	var hidden string
	settle := func() {
		for b.Step() {
		}
	}
	b.replay("running", map[string]func(){
		"status-running": func() { b.advance(20) },
		"deleting": func() {
			// The recording is of another repository and snapshot.
			b.register("slow", "")
			b.take("slow", "m1")
			b.ok("DELETE", "/_snapshot/slow/m1", "")
			for r := b.repositories["simprobe4"]; len(r.queue) > 0; { // one deletion was recorded
				r.step()
			}
		},
		"all-after-abort": settle,
		"snap-blob-missing": func() {
			hidden = b.glob("simprobe4", "snap-*.dat")[0]
			b.must(os.Rename(hidden, hidden+".hidden"))
		},
		"shard-data-gone": func() {
			b.must(os.Rename(hidden+".hidden", hidden))
			b.must(os.RemoveAll(b.glob("simprobe4", "indices/*/0")[0]))
		},
	})
}

func TestAnswersAboutDocumentsAreLikeTheRecorded(t *testing.T) {
	newBench(t, Options{}).replay("witness", nil)
}

func TestAnswersAboutRestoredIndicesAreLikeTheRecorded(t *testing.T) {
	b := newBench(t, Options{})
	b.register("w", "")
	b.ok("PUT", "/_snapshot/w/w1?wait_for_completion=true", `{"indices":["simprobe-a"],"include_global_state":false}`)
	b.replay("restores", map[string]func(){
		"restore-hole": func() {
			b.must(os.Remove(b.glob("w", "indices/*/0/__*")[0]))
		},
	})
}
