package acceptance

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestStagingThatChangesBetweenPlanAndProveIsNotSealed changes staging at the
// moment when the first volume begins to be uploaded.
func TestStagingThatChangesBetweenPlanAndProveIsNotSealed(t *testing.T) {
	const date = "2026-11-20"
	for name, change := range map[string]func(w *world){
		"an object added":    func(w *world) { w.put(w.staging, w.base+"indices/added", "x") },
		"an object replaced": func(w *world) { w.put(w.staging, w.blob(), "other bytes") },
		"an object deleted":  func(w *world) { w.remove(w.staging, w.blob()) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "changing-"+strings.Fields(name)[2])
			w.logs(date, 500, 2)
			var once sync.Once
			endpoint := proxy(t, w.s3.Endpoint, func(_ int64, r *http.Request) {
				upload := r.Method == "POST" && r.URL.Query().Has("uploads") || r.Method == "PUT"
				if upload && strings.HasSuffix(r.URL.Path, ".tar.pgp") {
					once.Do(func() { change(w) })
				}
			})
			w.configure(w.search.URL, endpoint, "")
			r := w.run("run", "--date", date)
			if r.code != 1 && r.code != 2 {
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			}
			if !strings.Contains(r.stderr, "staging") {
				t.Errorf("the message does not speak of staging: %s", r.stderr)
			}
			w.wantNothingSealed()
			if names := w.snapshots(); len(names) != 1 {
				t.Errorf("the snapshot was not left alone: %v", names)
			}
		})
	}
}

// blob is the key of some data blob in staging.
func (w *world) blob() string {
	w.t.Helper()
	for _, key := range w.keys(w.staging, w.base+"indices/") {
		if strings.HasPrefix(filepath.Base(key), "__") {
			return key
		}
	}
	w.t.Fatal("no data blob in staging")
	return ""
}

// TestPartialSnapshotIsNeverSealed damages one shard's file on the node.
func TestPartialSnapshotIsNeverSealed(t *testing.T) {
	const date = "2026-11-20"
	w := newWorld(t, "partial")
	w.logs(date, 2000, 2)
	w.ok("POST", "/"+w.index(date)+"/_flush?force=true", nil)
	w.ok("POST", "/"+w.index(date)+"/_forcemerge?max_num_segments=1", nil)
	w.ok("POST", "/"+w.index(date)+"/_flush?force=true", nil)
	w.damageShard(date)

	r := w.must(1, "run", "--date", date, "--set", "snapshot.retries=1")
	if !strings.Contains(r.stderr, "PARTIAL") {
		t.Errorf("the message does not say PARTIAL: %s", r.stderr)
	}
	w.wantNothingSealed()
	if names := w.snapshots(); len(names) > 0 {
		t.Errorf("the partial snapshots were left: %v", names)
	}
	w.wantEmpty()

	t.Run("a whole index of that day is taken by the next run", func(t *testing.T) {
		w.ok("DELETE", "/"+w.index(date), nil)
		w.logs(date, 2000, 2)
		// The run that failed had begun with an index that is gone: there is
		// nothing in staging of it, so a new run may begin.
		w.must(0, "run", "--date", date)
		w.wantEmpty()
	})
}

// damageShard flips one byte of a segment file of the day's index.
func (w *world) damageShard(date string) {
	w.t.Helper()
	uuid := w.ok("GET", "/"+w.index(date)+"/_settings?flat_settings=true", nil)[w.index(date)].(map[string]any)["settings"].(map[string]any)["index.uuid"].(string)
	files, err := filepath.Glob(filepath.Join(w.search.DataDir, "nodes/0/indices", uuid, "*/index/_*"))
	if err != nil || len(files) == 0 {
		w.t.Fatalf("no segment file of %s: %v", uuid, err)
	}
	for _, file := range files {
		switch filepath.Ext(file) {
		case ".cfs", ".fdt", ".dvd":
		default:
			continue
		}
		body, err := os.ReadFile(file)
		if err != nil {
			w.t.Fatal(err)
		}
		body[len(body)/2] ^= 0x01
		f, err := os.OpenFile(file, os.O_WRONLY, 0)
		if err != nil {
			w.t.Fatal(err)
		}
		_, err = bytes.NewReader(body).WriteTo(f)
		if err := f.Close(); err != nil {
			w.t.Fatal(err)
		}
		if err != nil {
			w.t.Fatal(err)
		}
		return
	}
	w.t.Fatalf("no segment to damage in %v", files)
}

// TestThreeVolumesUnpackIntoOneFolder forces several volumes.
func TestThreeVolumesUnpackIntoOneFolder(t *testing.T) {
	const date = "2026-11-20"
	w := newWorld(t, "volumes")
	w.logs(date, 20_000, 3)
	o := w.must(0, "run", "--date", date, "--json", "--set", "archive.volume_size=512KiB").outcome(t).Outcomes[0]
	if o.Volumes < 3 {
		t.Fatalf("%d volumes; the day is too small for this test", o.Volumes)
	}
	w.wantEmpty()
	opened, _ := w.openByHand(date)
	w.wantRestorable(opened, date, 20_000)
}

// TestDisabledRepositoryIsExplained wipes the repository's root behind the
// cluster's back.
func TestDisabledRepositoryIsExplained(t *testing.T) {
	w := newWorld(t, "disabled")
	w.logs("2026-11-19", 100, 1)
	w.must(0, "run", "--date", "2026-11-19")
	for _, key := range w.keys(w.staging, w.base) {
		w.remove(w.staging, key)
	}
	w.logs("2026-11-20", 100, 1)
	var r result
	for range 2 { // the cluster notices when it writes, and refuses from then on
		r = w.run("run", "--date", "2026-11-20")
		if r.code == 0 {
			t.Fatalf("sealed on a repository without its root: %s", r.stderr)
		}
	}
	if r.code != 2 || !strings.Contains(r.stderr, "DELETE") {
		t.Errorf("exit code %d, and the recovery is not said: %s", r.code, r.stderr)
	}
	if got := len(w.ledger()); got != 1 {
		t.Errorf("%d ledger entries", got)
	}
	t.Run("after the recovery the day is taken", func(t *testing.T) {
		w.ok("DELETE", "/_snapshot/archiver-disabled", nil)
		if r := w.must(2, "run", "--date", "2026-11-20"); !strings.Contains(r.stderr, "_snapshot/archiver-disabled/_cleanup") {
			t.Errorf("the remedy for what the failed snapshot has left is not said: %s", r.stderr)
		}
		w.ok("POST", "/_snapshot/archiver-disabled/_cleanup", nil)
		w.must(0, "run", "--date", "2026-11-20")
		w.wantEmpty()
	})
}

// TestAnAliasDoesNotMixDays: an archive holds one day, whatever leads to an index.
func TestAnAliasDoesNotMixDays(t *testing.T) {
	w := newWorld(t, "alias")
	const day, next, after = "2026-11-18", "2026-11-19", "2026-11-20"
	w.logs(day, 30, 1)
	w.logs(after, 30, 1)
	w.ok("PUT", "/"+w.index(day)+"/_alias/"+w.index(next), nil)
	r := w.must(2, "run", "--date", next)
	for _, says := range []string{w.index(day), day, next, "alias", "_aliases"} {
		if !strings.Contains(r.stderr, says) {
			t.Errorf("the message does not say %s: %s", says, r.stderr)
		}
	}
	w.wantNothingSealed()
	w.must(2, "run", "--date", day) // sealed, and what was left told once more
	w.must(0, "run", "--date", after)
	w.must(0, "show", day)
	w.must(0, "show", after)
	w.must(3, "verify", "--date", next)

	w.ok("PUT", "/elsewhere/_doc/1?refresh=true", map[string]any{"n": 1})
	w.ok("DELETE", "/"+w.index(day)+"/_alias/"+w.index(next), nil)
	w.ok("PUT", "/elsewhere/_alias/"+w.index(next), nil)
	w.must(0, "run", "--date", next)
}
