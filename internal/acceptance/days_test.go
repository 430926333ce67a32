package acceptance

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsconfig "github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"archiver/archive"
)

// outcome is what `run --json` tells about a date.
type outcome struct {
	Outcomes []struct {
		Status    string
		Date      string
		Documents int
		Volumes   int
		Head      archive.Head
	}
}

func (r result) outcome(t *testing.T) outcome {
	t.Helper()
	var o outcome
	if err := json.Unmarshal([]byte(r.stdout), &o); err != nil || len(o.Outcomes) == 0 {
		t.Fatalf("answer %q: %v", r.stdout, err)
	}
	return o
}

// TestThreeDaysGoIntoSealedArchivesThatOpenByHand is the main job.
func TestThreeDaysGoIntoSealedArchivesThatOpenByHand(t *testing.T) {
	w := newWorld(t, "logdata")
	days := []struct {
		date      string
		documents int
	}{{"2026-11-18", 50_000}, {"2026-11-19", 1000}, {"2026-11-20", 3000}}
	for n, day := range days {
		w.logs(day.date, day.documents, 3)
		o := w.must(0, "run", "--date", day.date, "--json").outcome(t).Outcomes[0]
		if o.Status != "sealed" || o.Documents != day.documents || o.Head.Sequence != n+1 {
			t.Errorf("run of %s: %+v", day.date, o)
		}
		w.wantEmpty()
	}
	var opened string
	for _, day := range days {
		opened, _ = w.openByHand(day.date)
	}

	t.Run("a repeat says that it is sealed", func(t *testing.T) {
		if r := w.must(0, "run", "--date", days[0].date); !strings.Contains(r.stdout+r.stderr, "sealed already") {
			t.Errorf("%s%s", r.stdout, r.stderr)
		}
	})
	t.Run("also after the index was deleted", func(t *testing.T) {
		w.ok("DELETE", "/"+w.index(days[0].date), nil)
		w.must(0, "run", "--date", days[0].date)
	})
	t.Run("also while the cluster is away", func(t *testing.T) {
		w.must(0, "run", "--date", days[0].date, "--set", "cluster.urls=http://127.0.0.1:9")
	})
	t.Run("a date without an index exits 3", func(t *testing.T) {
		w.must(3, "run", "--date", "2026-10-01")
		w.wantEmpty()
	})
	t.Run("a snapshot of someone else stops the run", func(t *testing.T) {
		w.ok("PUT", "/_snapshot/archiver-logdata/theirs?wait_for_completion=true", map[string]any{"indices": w.index(days[1].date)})
		defer w.ok("DELETE", "/_snapshot/archiver-logdata/theirs", nil)
		before := w.keys(w.staging, w.base)
		w.logs("2026-11-17", 10, 1)
		if r := w.must(2, "run", "--date", "2026-11-17"); !strings.Contains(r.stderr, "theirs") || !strings.Contains(r.stderr, "what to do") {
			t.Errorf("%s", r.stderr)
		}
		w.wantUntouched(before, 3)
	})
	t.Run("a foreign object in staging stops the run", func(t *testing.T) {
		for _, key := range []string{"elsewhere/thing", w.base + "indices/unknown/0/__x", w.base + "thing"} {
			w.put(w.staging, key, "foreign")
			before := w.keys(w.staging, "")
			if r := w.must(2, "run", "--date", "2026-11-17"); !strings.Contains(r.stderr, key) {
				t.Errorf("%s", r.stderr)
			}
			if after := w.keys(w.staging, ""); !reflect.DeepEqual(before, after) {
				t.Errorf("staging was touched: %v, then %v", before, after)
			}
			if got := len(w.ledger()); got != 3 {
				t.Errorf("%d ledger entries", got)
			}
			w.remove(w.staging, key)
		}
		w.must(0, "run", "--date", "2026-11-17")
		w.wantEmpty()
	})
	t.Run("what was opened restores into the cluster", func(t *testing.T) {
		w.wantRestorable(opened, days[2].date, days[2].documents)
	})
}

func (w *world) wantUntouched(before []string, entries int) {
	w.t.Helper()
	if after := w.keys(w.staging, w.base); !reflect.DeepEqual(before, after) {
		w.t.Errorf("staging was touched: %v, then %v", before, after)
	}
	if got := len(w.ledger()); got != entries {
		w.t.Errorf("%d ledger entries, want %d", got, entries)
	}
}

// wantRestorable copies an opened archive into a fresh bucket, restores from
// there as RESTORE.md says, and compares every document.
func (w *world) wantRestorable(opened, date string, documents int) {
	w.t.Helper()
	bucket := w.s3.Bucket(w.t)
	root := filepath.Join(opened, "repository")
	err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		body, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		key, err := filepath.Rel(root, path)
		w.put(bucket, "restore/"+key, string(body))
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.restoreByHand("s3", map[string]any{"bucket": bucket, "base_path": "restore", "readonly": true}, date, documents)
}

// restoreByHand restores a day from a repository that holds nothing else, and
// compares every document.
func (w *world) restoreByHand(kind string, settings map[string]any, date string, documents int) {
	w.t.Helper()
	w.ok("PUT", "/_snapshot/by-hand", map[string]any{"type": kind, "settings": settings})
	defer w.call("DELETE", "/_snapshot/by-hand", nil)
	snapshots := w.ok("GET", "/_snapshot/by-hand/_all", nil)["snapshots"].([]any)
	if len(snapshots) != 1 {
		w.t.Fatalf("%d snapshots in the archive", len(snapshots))
	}
	name := snapshots[0].(map[string]any)["snapshot"].(string)
	w.ok("POST", "/_snapshot/by-hand/"+name+"/_restore?wait_for_completion=true", map[string]any{
		"indices": w.index(date), "include_global_state": false,
		"rename_pattern": "(.+)", "rename_replacement": "restored-$1", "index_settings": map[string]any{"index.number_of_replicas": 0},
	})
	restored := "restored-" + w.index(date)
	defer w.call("DELETE", "/"+restored, nil)
	w.wantDocuments(restored, date, documents)
}

// wantDocuments compares an index with what logs has made, all of it: at most
// 86,400 documents, whose timestamps differ.
func (w *world) wantDocuments(index, date string, n int) {
	w.t.Helper()
	seen := map[string]bool{}
	after := []any{}
	for {
		query := map[string]any{"size": 5000, "sort": []any{map[string]any{"@timestamp": "asc"}}}
		if len(after) > 0 {
			query["search_after"] = after
		}
		hits := w.ok("POST", "/"+index+"/_search", query)["hits"].(map[string]any)["hits"].([]any)
		if len(hits) == 0 {
			break
		}
		for _, h := range hits {
			hit := h.(map[string]any)
			var i int
			fmt.Sscan(hit["_id"].(string), &i)
			if !reflect.DeepEqual(hit["_source"], document(date, i)) {
				w.t.Fatalf("document %v is %v", hit["_id"], hit["_source"])
			}
			seen[hit["_id"].(string)] = true
			after = hit["sort"].([]any)
		}
	}
	if len(seen) != n {
		w.t.Errorf("%s has %d documents, want %d", index, len(seen), n)
	}
}

// client speaks to the S3 server directly.
func (w *world) client() *s3.Client {
	w.t.Helper()
	c, err := awsconfig.LoadDefaultConfig(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	return s3.NewFromConfig(c, func(o *s3.Options) {
		o.BaseEndpoint = aws.String(w.s3.Endpoint)
		o.UsePathStyle = true
	})
}

func (w *world) put(bucket, key, body string) {
	w.t.Helper()
	if _, err := w.client().PutObject(w.t.Context(), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(body)}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) remove(bucket, key string) {
	w.t.Helper()
	if _, err := w.client().DeleteObject(w.t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}); err != nil {
		w.t.Fatal(err)
	}
}
