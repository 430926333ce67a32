package acceptance

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"archiver/internal/lab"
	"archiver/snapshot"
)

// opening is the configuration that reads archives need besides.
func (w *world) opening() string {
	w.t.Helper()
	key, err := filepath.Abs("../../testdata/keys/ops-private.asc")
	if err != nil {
		w.t.Fatal(err)
	}
	return "opening:\n  keys: [" + key + "]\n"
}

// broughtBack is what `restore --json` and `drill --json` answer.
type broughtBack struct {
	Result *struct {
		Verdict    string
		Documents  int
		Samples    int
		Mismatches []string
		Phases     []struct{ Phase string }
		Indices    []struct{ Target string }
	}
	Error    string
	ExitCode int `json:"exit_code"`
}

func (r result) broughtBack(t *testing.T) broughtBack {
	t.Helper()
	var b broughtBack
	if err := json.Unmarshal([]byte(r.stdout), &b); err != nil || b.Result == nil {
		t.Fatalf("answer %q: %v\n%s", r.stdout, err, r.stderr)
	}
	return b
}

// scratch names what restores and drills have left: repositories and indices in
// the cluster, objects in staging.
func (w *world) scratch() (left []string) {
	w.t.Helper()
	for name := range w.ok("GET", "/_snapshot", nil) {
		if strings.HasPrefix(name, "archiver-restore-") {
			left = append(left, "repository "+name)
		}
	}
	for name := range w.ok("GET", "/archiver-drill-*/_settings/index.uuid?expand_wildcards=all", nil) {
		left = append(left, "index "+name)
	}
	return append(left, w.keys(w.staging, ".archiver/restores/")...)
}

func (w *world) wantNoScratch() {
	w.t.Helper()
	if left := w.scratch(); len(left) > 0 {
		w.t.Errorf("left: %v", left)
	}
}

// TestThreeArchivedDaysComeBack deletes the indices of three days after they were
// archived, and restores them into the same cluster and into an empty one.
func TestThreeArchivedDaysComeBack(t *testing.T) {
	w := newWorld(t, "back")
	w.configure(w.search.URL, w.s3.Endpoint, w.opening())
	days := []struct {
		date      string
		documents int
	}{{"2026-11-18", 12_000}, {"2026-11-19", 1000}, {"2026-11-20", 3000}}
	for _, day := range days {
		w.logs(day.date, day.documents, 3)
		w.must(0, "run", "--date", day.date)
	}

	t.Run("an index that exists is never touched", func(t *testing.T) {
		r := w.must(2, "restore", "--date", days[0].date)
		if !strings.Contains(r.stderr, w.index(days[0].date)) || !strings.Contains(r.stderr, "--rename") {
			t.Error(r.stderr)
		}
		w.wantDocuments(w.index(days[0].date), days[0].date, days[0].documents)
	})
	t.Run("beside it, under another name", func(t *testing.T) {
		w.must(0, "restore", "--date", days[1].date, "--rename", "back-{index}-2", "--replicas", "0")
		w.wantDocuments("back-"+w.index(days[1].date)+"-2", days[1].date, days[1].documents)
		w.wantRestoredFrom("back-"+w.index(days[1].date)+"-2", "archiver-restore-")
		w.wantRestoredFrom(w.index(days[1].date), "")
		w.ok("DELETE", "/back-"+w.index(days[1].date)+"-2", nil)
		w.wantNoScratch()
	})
	t.Run("the drill passes", func(t *testing.T) {
		r := w.must(0, "drill", "--random", "--record", "--json", "--output", "drill.json.asc").broughtBack(t)
		if r.Result.Verdict != "passed" || r.Result.Samples == 0 || len(r.Result.Phases) != 5 {
			t.Errorf("%+v", r.Result)
		}
		w.wantNoScratch()
		w.must(2, "drill", "--latest", "--output", "drill.json.asc") // never overwritten
		if got := w.ledger(); len(got) != len(days)+1 {
			t.Errorf("the drill was not recorded: %v", got)
		}
		w.must(0, "verify")
	})
	for _, day := range days {
		w.ok("DELETE", "/"+w.index(day.date), nil)
	}
	t.Run("into the same cluster", func(t *testing.T) {
		for _, day := range days {
			r := w.must(0, "restore", "--date", day.date, "--json").broughtBack(t)
			if r.Result.Verdict != "passed" || r.Result.Documents != day.documents {
				t.Errorf("%+v", r.Result)
			}
			w.wantDocuments(w.index(day.date), day.date, day.documents)
			w.wantNoScratch()
		}
		w.wantEmpty()
	})
	t.Run("into another, empty one", func(t *testing.T) {
		other := w.elsewhere(t)
		for _, day := range days {
			other.must(0, "restore", "--date", day.date)
			other.wantDocuments(w.index(day.date), day.date, day.documents)
			other.wantNoScratch()
		}
	})
	t.Run("a day that was never archived exits 3", func(t *testing.T) {
		w.must(3, "restore", "--date", "2026-10-01")
		w.must(3, "drill", "--date", "2026-10-01")
	})
	t.Run("a tampered archive exits 6, and reaches no cluster", func(t *testing.T) {
		w.tamper(days[2].date)
		w.must(6, "restore", "--date", days[2].date, "--rename", "bad-{index}")
		w.must(6, "drill", "--date", days[2].date)
		w.wantNoScratch()
		if status, _ := w.call("GET", "/bad-"+w.index(days[2].date), nil); status != 404 {
			t.Errorf("the index is there: %d", status)
		}
	})
}

// elsewhere is another cluster, with an S3 server of its own to restore from, and
// the archive where it was.
func (w *world) elsewhere(t *testing.T) *world {
	t.Helper()
	server, store := lab.SearchAlone(t, lab.OpenSearch36, lab.SearchOptions{})
	o := &world{t: t, search: server, s3: store, stream: w.stream, staging: store.Bucket(t), archive: w.archive, base: w.base, dir: t.TempDir()}
	o.configure(server.URL, w.s3.Endpoint, fmt.Sprintf("%srestore:\n  staging:\n    url: s3://%s\n    s3: {endpoint: %q}\n", w.opening(), o.staging, store.Endpoint))
	return o
}

// tamper flips one bit of a day's last volume.
func (w *world) tamper(date string) {
	w.t.Helper()
	keys := w.keys(w.archive, "prod/archives/"+w.stream+"/"+strings.ReplaceAll(date, "-", "/")+"/")
	w.flip(w.archive, keys[len(keys)-1], 1000)
}

// wantRestoredFrom wants the cluster to remember which repository an index is from,
// by the beginning of its name: what cleaning up after the dead relies on.
func (w *world) wantRestoredFrom(index, prefix string) {
	w.t.Helper()
	c, err := snapshot.Connect(snapshot.Options{URLs: []string{w.search.URL}})
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	name, err := c.RestoredFrom(w.t.Context(), index)
	if err != nil || (name == "") != (prefix == "") || !strings.HasPrefix(name, prefix) {
		w.t.Errorf("%s is from %q, %v", index, name, err)
	}
}
