package acceptance

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"archiver/internal/lab"
	"archiver/snapshot"
)

// TestDaysOfClustersThatSnapshotToASharedFileSystem is the whole way, there and
// back, on all clusters over repositories of type "fs", one after the other: with
// everything in directories, and with the archive in a bucket.
func TestDaysOfClustersThatSnapshotToASharedFileSystem(t *testing.T) {
	for _, c := range []struct {
		version lab.Version
		options lab.SearchOptions
	}{
		{lab.OpenSearch36, lab.SearchOptions{}},
		{lab.OpenSearch219, lab.SearchOptions{}},
		{lab.Elasticsearch717, lab.SearchOptions{BasicAuth: true}},
		{lab.Elasticsearch819, lab.SearchOptions{BasicAuth: true}},
	} {
		t.Run(string(c.version), func(t *testing.T) {
			search, s3 := onSharedFiles(t, c.version, c.options)
			t.Run("archived into a directory", func(t *testing.T) {
				w := newWorldOn(t, search, s3, "shared")
				w.vault = filepath.Join(t.TempDir(), "vault")
				w.days(w.share(), "ARCHIVER_ARCHIVE_URL=file://"+w.vault)
			})
			t.Run("archived into a bucket", func(t *testing.T) {
				w := newWorldOn(t, search, s3, "mixed")
				w.days(w.share())
			})
			t.Run("a directory that the cluster may not use is explained", func(t *testing.T) {
				w := newWorldOn(t, search, s3, "outside")
				w.logs("2026-11-20", 10, 1)
				w.stageIn(t.TempDir())
				if r := w.must(2, "run", "--date", "2026-11-20"); !strings.Contains(r.stderr, "must lie below one of the path.repo") {
					t.Errorf("%s", r.stderr)
				}
				w.stageIn(w.share())
				w.must(0, "run", "--date", "2026-11-20")
			})
		})
	}
}

// onSharedFiles starts a server for this test, unless all tests have it anyway.
func onSharedFiles(t *testing.T, v lab.Version, o lab.SearchOptions) (*lab.SearchServer, *lab.S3Server) {
	t.Helper()
	if v == lab.OpenSearch36 {
		return lab.OpenSearch(t), lab.S3(t)
	}
	return lab.SearchAlone(t, v, o)
}

// share makes a directory that the cluster may snapshot to, whoever it runs as.
func (w *world) share() string {
	w.t.Helper()
	dir := filepath.Join(w.search.RepoDir, w.stream)
	if err := os.Mkdir(dir, 0o777); err != nil {
		w.t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o777); err != nil { // whatever the umask
		w.t.Fatal(err)
	}
	return dir
}

// days archives two days from a directory, the first of them twice, opens both
// and restores the second by hand, and both by command.
func (w *world) days(staging string, env ...string) {
	w.t.Helper()
	w.stageIn(staging, env...)
	days := []archived{{"2026-11-19", 1000}, {"2026-11-20", 2000}}
	w.check(w.t, 0).wants(w.t, "staging writes", "ok")
	for n, day := range days {
		w.logs(day.date, day.documents, 2)
		o := w.must(0, "run", "--date", day.date, "--json").outcome(w.t).Outcomes[0]
		if o.Status != "sealed" || o.Documents != day.documents || o.Head.Sequence != n+1 {
			w.t.Errorf("run of %s: %+v", day.date, o)
		}
		w.wantAtRest(staging)
		if r := w.must(0, "run", "--date", days[0].date); !strings.Contains(r.stdout, "sealed already") {
			w.t.Errorf("the repeat says %s", r.stdout)
		}
	}
	w.must(3, "run", "--date", "2026-10-01")
	w.wantAtRest(staging)
	w.openByHand(days[0].date)
	opened, _ := w.openByHand(days[1].date)
	w.wantRestorableFromFiles(opened, days[1].date, days[1].documents)
	w.bringBack(staging, days)
}

// stageIn configures a directory as staging, and the cluster's user.
func (w *world) stageIn(staging string, env ...string) {
	w.env = append(env, "ARCHIVER_STAGING_URL=file://"+staging)
	if w.search.Username != "" {
		w.env = append(w.env, "ARCHIVER_CLUSTER_USERNAME="+w.search.Username, "ARCHIVER_CLUSTER_PASSWORD="+w.search.Password)
	}
}

// wantAtRest wants nothing in a staging directory but the repository's root
// files, the archiver's state and the store's private folder.
func (w *world) wantAtRest(staging string) {
	w.t.Helper()
	err := filepath.WalkDir(staging, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		key, err := filepath.Rel(staging, path)
		if key != ".archiver/state.json" && !snapshot.IsRootFile(key) && !strings.HasPrefix(key, ".archiver-tmp/") {
			w.t.Errorf("staging still holds %s", key)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	if names := w.snapshots(); len(names) > 0 {
		w.t.Errorf("the repository still holds %v", names)
	}
}

// wantRestorableFromFiles copies an opened archive below path.repo, restores
// from there as RESTORE.md says, and compares every document.
func (w *world) wantRestorableFromFiles(opened, date string, documents int) {
	w.t.Helper()
	location := filepath.Join(w.search.RepoDir, w.stream+"-by-hand")
	if err := os.CopyFS(location, os.DirFS(filepath.Join(opened, "repository"))); err != nil {
		w.t.Fatal(err)
	}
	err := filepath.WalkDir(location, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if e.IsDir() {
			return os.Chmod(path, 0o755)
		}
		return os.Chmod(path, 0o644) // open.sh leaves plain text to its owner alone
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.restoreByHand("fs", map[string]any{"location": location, "readonly": true}, date, documents)
}
