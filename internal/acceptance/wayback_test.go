package acceptance

import (
	"encoding/json"
	"io/fs"
	"path/filepath"
	"strings"
)

// archived is a day with what it held.
type archived struct {
	date      string
	documents int
}

// bringBack reads the archives of a stream whose staging is a directory in every
// way there is, and brings all days back after their indices were deleted.
func (w *world) bringBack(staging string, days []archived) {
	w.t.Helper()
	w.configure(w.search.URL, w.s3.Endpoint, w.opening())
	w.wantListed(days)
	w.wantVerified(days)
	drill := w.must(0, "drill", "--latest", "--json").broughtBack(w.t)
	last := days[len(days)-1]
	if drill.Result.Verdict != "passed" || drill.Result.Documents != last.documents || drill.Result.Samples == 0 {
		w.t.Errorf("the drill: %+v", drill.Result)
	}
	w.wantNothingOfRestores(staging)

	if r := w.must(2, "restore", "--date", days[0].date); !strings.Contains(r.stderr, "--rename") {
		w.t.Errorf("over an index that is there: %s", r.stderr)
	}
	beside := "beside-" + w.index(last.date)
	w.must(0, "restore", "--date", last.date, "--rename", "beside-{index}", "--replicas", "0")
	w.wantDocuments(beside, last.date, last.documents)
	w.ok("DELETE", "/"+beside, nil)

	for _, day := range days {
		w.ok("DELETE", "/"+w.index(day.date), nil)
	}
	for _, day := range days {
		r := w.must(0, "restore", "--date", day.date, "--json").broughtBack(w.t)
		if r.Result.Verdict != "passed" || r.Result.Documents != day.documents {
			w.t.Errorf("the restore of %s: %+v", day.date, r.Result)
		}
		w.wantDocuments(w.index(day.date), day.date, day.documents)
	}
	w.wantNothingOfRestores(staging)
	w.wantAtRest(staging)
	if r := w.must(0, "clean"); !strings.Contains(r.stdout, "Nothing is left behind") {
		w.t.Error(r.stdout)
	}
}

// wantListed wants `list` and `show` to tell of these days and no others.
func (w *world) wantListed(days []archived) {
	w.t.Helper()
	var listed struct {
		Archives []struct {
			Date      string
			Documents int
		}
	}
	if err := json.Unmarshal([]byte(w.must(0, "list", "--json").stdout), &listed); err != nil {
		w.t.Fatal(err)
	}
	rows := listed.Archives
	if len(rows) != len(days) {
		w.t.Fatalf("listed are %+v", rows)
	}
	for n, day := range days {
		if rows[n].Date != day.date || rows[n].Documents != day.documents {
			w.t.Errorf("listed is %+v, want %+v", rows[n], day)
		}
		shown := w.must(0, "show", day.date).stdout
		for _, says := range []string{w.index(day.date), w.version(), "00000.tar.pgp"} {
			if !strings.Contains(shown, says) {
				w.t.Errorf("show says nothing of %s:\n%s", says, shown)
			}
		}
	}
}

// version is the cluster's.
func (w *world) version() string {
	w.t.Helper()
	for _, node := range w.ok("GET", "/_nodes/_local?filter_path=nodes.*.version", nil)["nodes"].(map[string]any) {
		return node.(map[string]any)["version"].(string)
	}
	w.t.Fatal("the cluster has no node")
	return ""
}

// wantVerified wants every file of every archive read and found good.
func (w *world) wantVerified(days []archived) {
	w.t.Helper()
	var v struct {
		Entries    int `json:"ledger_entries"`
		Archives   []struct{ Date string }
		Violations []any
	}
	if err := json.Unmarshal([]byte(w.must(0, "verify", "--content", "--json").stdout), &v); err != nil {
		w.t.Fatal(err)
	}
	if v.Entries != len(days) || len(v.Archives) != len(days) || len(v.Violations) > 0 {
		w.t.Errorf("verify: %+v", v)
	}
}

// wantNothingOfRestores wants no repository, scratch index, file or folder of a
// restore left.
func (w *world) wantNothingOfRestores(staging string) {
	w.t.Helper()
	w.wantNoScratch()
	err := filepath.WalkDir(filepath.Join(staging, ".archiver"), func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.Name() != ".archiver" && e.Name() != "state.json" {
			w.t.Errorf("left: %s", path)
		}
		return err
	})
	if err != nil {
		w.t.Error(err)
	}
}
