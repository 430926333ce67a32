package acceptance

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// TestSnapshotThatIsNotWholeInStagingIsNotSealed spoils a data blob behind a
// snapshot that the cluster calls SUCCESS, before the plan lists anything.
func TestSnapshotThatIsNotWholeInStagingIsNotSealed(t *testing.T) {
	const date = "2026-11-20"
	for name, spoil := range map[string]func(w *world, key string){
		"deleted": func(w *world, key string) { w.remove(w.staging, key) },
		"flipped": func(w *world, key string) { w.flip(w.staging, key, 40) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, "hole-"+name)
			w.logs(date, 500, 2)
			var once sync.Once
			var key string
			endpoint := proxy(t, w.s3.Endpoint, func(_ int64, r *http.Request) {
				if r.Method == "GET" && r.URL.Query().Get("prefix") == w.base+"index-" {
					once.Do(func() {
						key = w.blob()
						spoil(w, key)
					})
				}
			})
			w.configure(w.search.URL, endpoint, "")
			r := w.must(1, "run", "--date", date)
			if key == "" || !strings.Contains(r.stderr, strings.TrimPrefix(key, w.base)) {
				t.Errorf("the blob %s is not named: %s", key, r.stderr)
			}
			if !strings.Contains(r.stderr, "run again") {
				t.Errorf("the remedy is not told: %s", r.stderr)
			}
			w.wantNothingSealed()
			if names := w.snapshots(); len(names) > 0 {
				t.Errorf("the snapshot was not given up: %v", names)
			}
			w.must(0, "run", "--date", date)
			w.wantEmpty()
			if entries := w.ledger(); len(entries) != 1 {
				t.Errorf("the next run left %v", entries)
			}
		})
	}
}

// flip changes one bit of an object's byte at that offset in place, as a disk
// would: its ETag stays.
func (w *world) flip(bucket, key string, at int64) {
	w.t.Helper()
	f, err := os.OpenFile(filepath.Join(w.s3.Dir, bucket, key), os.O_RDWR, 0)
	if err != nil {
		w.t.Fatal(err)
	}
	defer f.Close()
	one := make([]byte, 1)
	if _, err := f.ReadAt(one, at); err != nil {
		w.t.Fatal(err)
	}
	one[0] ^= 1
	if _, err := f.WriteAt(one, at); err != nil {
		w.t.Fatal(err)
	}
}
