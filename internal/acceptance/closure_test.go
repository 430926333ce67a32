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
	w.flipFile(filepath.Join(w.s3.Dir, bucket, key), at)
}

func (w *world) flipFile(path string, at int64) {
	w.t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
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

// TestDamagedFirstPartOfAFileThatIsCutBetweenVolumesIsNotSealed: the file's footer
// lies in its last part, volumes away. Taken again, the day comes back whole.
func TestDamagedFirstPartOfAFileThatIsCutBetweenVolumesIsNotSealed(t *testing.T) {
	const date, documents = "2026-11-20", 10_000
	w := newWorld(t, "cut")
	w.logs(date, documents, 1)
	w.ok("POST", "/"+w.index(date)+"/_flush?force=true", nil)
	w.ok("POST", "/"+w.index(date)+"/_forcemerge?max_num_segments=1", nil)
	w.ok("POST", "/"+w.index(date)+"/_flush?force=true", nil)
	staging := w.share()
	var once sync.Once
	var damaged string
	cluster := proxy(t, w.search.URL, func(_ int64, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/_count") { // of the witness, behind SUCCESS
			once.Do(func() {
				damaged = w.largestInParts(staging, 200<<10)
				w.flipFile(filepath.Join(staging, damaged+".part0"), 40)
			})
		}
	})
	w.configure(cluster, w.s3.Endpoint, "")
	w.stageIn(staging, `ARCHIVER_STAGING_SETTINGS={"chunk_size":"20kb"}`, "ARCHIVER_ARCHIVE_VOLUME_SIZE=64KiB")
	r := w.must(1, "run", "--date", date)
	if damaged == "" || !strings.Contains(r.stderr, damaged+":") || !strings.Contains(r.stderr, "run again") {
		t.Errorf("%s and the remedy are not named: %s", damaged, r.stderr)
	}
	if entries, names := w.ledger(), w.snapshots(); len(entries) > 0 || len(names) > 0 {
		t.Errorf("sealed: %v; snapshots left: %v", entries, names)
	}
	w.must(0, "run", "--date", date)
	w.wantAtRest(staging)
	opened, _ := w.openByHand(date)
	w.wantRestorableFromFiles(opened, date, documents)
}

// largestInParts is the file with the most bytes in parts, by its key without the
// number; it has to have so many.
func (w *world) largestInParts(staging string, bytes int64) (largest string) {
	w.t.Helper()
	paths, err := filepath.Glob(filepath.Join(staging, "indices/*/*/__*.part*"))
	if err != nil {
		w.t.Fatal(err)
	}
	size := map[string]int64{}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			w.t.Fatal(err)
		}
		key, _, _ := strings.Cut(strings.TrimPrefix(path, staging+"/"), ".part")
		if size[key] += info.Size(); size[key] > size[largest] {
			largest = key
		}
	}
	if size[largest] < bytes {
		w.t.Errorf("the largest file has %d bytes: this proves too little", size[largest])
	}
	return largest
}
