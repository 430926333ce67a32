package acceptance

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"archiver/internal/lab"
	"archiver/snapshot"
)

// TestRepositoriesOfEveryServerAreUnderstood takes snapshots with each server
// into folders, reads every shard's own file, compares what it names with the
// files that lie there, and holds every file against its footer.
func TestRepositoriesOfEveryServerAreUnderstood(t *testing.T) {
	for _, v := range []lab.Version{lab.OpenSearch36, lab.OpenSearch219, lab.Elasticsearch819, lab.Elasticsearch717} {
		t.Run(string(v), func(t *testing.T) {
			r := newRepositories(t, v)
			for name, settings := range map[string]map[string]any{
				"plain":        {"compress": false},
				"packed":       {"compress": true},
				"parts":        {"compress": false, "chunk_size": "1kb"},
				"packed-parts": {"compress": true, "chunk_size": "300b"},
			} {
				r.check(name, r.take(name, settings))
			}
		})
	}
}

// repositories are fs repositories of one server that runs for this test alone:
// four at once would take too much memory.
type repositories struct {
	t      *testing.T
	server *lab.SearchServer
	fixed  bool // the server has to be told where shards shall lie
}

func newRepositories(t *testing.T, v lab.Version) *repositories {
	t.Helper()
	s, _ := lab.SearchAlone(t, v, lab.SearchOptions{})
	r := &repositories{t: t, server: s, fixed: strings.HasPrefix(string(v), "opensearch")}
	r.index("many", 2)
	r.index("empty", 1)
	for segment := range 4 {
		var b bytes.Buffer
		for i := range 50 {
			fmt.Fprintf(&b, "{\"index\":{\"_id\":\"%d\"}}\n{\"message\":\"request %d\",\"took\":%d}\n", segment*50+i, i, i*i)
		}
		r.ok("POST", "/many/_bulk", b.Bytes())
		r.ok("POST", "/many/_flush?force=true", nil)
	}
	for id := range 20 {
		r.ok("DELETE", fmt.Sprintf("/many/_doc/%d", id*9), nil)
	}
	r.ok("POST", "/many/_flush?force=true", nil)
	return r
}

func (r *repositories) index(name string, shards int) {
	r.t.Helper()
	r.ok("PUT", "/"+name, map[string]any{"settings": map[string]any{"number_of_shards": shards, "number_of_replicas": 0, "refresh_interval": "-1"}})
}

func (r *repositories) ok(method, path string, body any) map[string]any {
	r.t.Helper()
	status, answer := call(r.t, r.server.URL, method, path, body)
	if status/100 != 2 {
		r.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

// take registers a repository, takes a snapshot and returns the folder.
func (r *repositories) take(name string, settings map[string]any) string {
	r.t.Helper()
	folder := filepath.Join(r.server.RepoDir, name)
	settings["location"] = folder
	if r.fixed {
		settings["shard_path_type"] = "fixed"
	}
	r.ok("PUT", "/_snapshot/"+name, map[string]any{"type": "fs", "settings": settings})
	answer := r.ok("PUT", "/_snapshot/"+name+"/s1?wait_for_completion=true", map[string]any{"indices": "many,empty", "include_global_state": false})
	if state := answer["snapshot"].(map[string]any)["state"]; state != "SUCCESS" {
		r.t.Fatalf("%s: %v", name, answer)
	}
	return folder
}

func (r *repositories) check(name, folder string) {
	r.t.Helper()
	shards, err := filepath.Glob(filepath.Join(folder, "indices/*/*/snap-*.dat"))
	if err != nil || len(shards) != 3 {
		r.t.Fatalf("%s: %v (%v)", name, shards, err)
	}
	empty, inParts := 0, 0
	for _, path := range shards {
		s, err := snapshot.ParseShard(r.read(path))
		if err != nil {
			r.t.Errorf("%s: %s: %v", name, path, err)
			continue
		}
		named, beside := s.Blobs(), r.beside(path)
		if !maps.Equal(named, beside) {
			r.t.Errorf("%s: %s names\n%v\nbeside it lie\n%v", name, path, named, beside)
		}
		if len(named) == 0 {
			empty++
		}
		for blob := range named {
			if strings.HasSuffix(blob, ".part1") {
				inParts++
			}
		}
	}
	if wantParts := strings.Contains(name, "parts"); empty != 1 || (inParts > 0) != wantParts {
		r.t.Errorf("%s: %d empty shards, %d files in parts: this proves too little", name, empty, inParts)
	}
	r.footers(name, folder)
}

// beside are the data blobs in the folder of a shard's own file.
func (r *repositories) beside(path string) map[string]int64 {
	r.t.Helper()
	files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "__*"))
	if err != nil {
		r.t.Fatal(err)
	}
	blobs := map[string]int64{}
	for _, f := range files {
		info, err := os.Stat(f)
		if err != nil {
			r.t.Fatal(err)
		}
		blobs[filepath.Base(f)] = info.Size()
	}
	return blobs
}

// footers streams the repository by: files lie in the order of their keys, for
// no folder has a sibling whose name begins with its own.
func (r *repositories) footers(name, folder string) {
	r.t.Helper()
	var f snapshot.Footers
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(folder, path)
		if err != nil {
			return err
		}
		if err := f.Next(filepath.ToSlash(key)); err != nil {
			return err
		}
		_, err = f.Write(r.read(path))
		return err
	})
	left, endErr := f.End()
	if err := cmp.Or(err, endErr, snapshot.JoinFooters([]json.RawMessage{left})); err != nil {
		r.t.Errorf("%s: %v", name, err)
	}
}

func (r *repositories) read(path string) []byte {
	r.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		r.t.Fatal(err)
	}
	return data
}
