package lab

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestOpenSearchSnapshotsIntoTheS3Server(t *testing.T) {
	search := OpenSearch(t)
	store := S3(t)
	bucket := store.Bucket(t)
	search.call(t, "PUT", "/_snapshot/s3", `{"type":"s3","settings":{"bucket":"`+bucket+`","base_path":"base","shard_path_type":"fixed"}}`)
	search.snapshot(t, "s3")
	if _, err := os.Stat(filepath.Join(store.Dir, bucket, "base", "index.latest")); err != nil {
		t.Errorf("the repository is not in the bucket: %v", err)
	}
}

// snapshot indexes a document and expects its snapshot to succeed.
func (s *SearchServer) snapshot(t *testing.T, repository string) {
	t.Helper()
	s.call(t, "PUT", "/logs-1/_doc/1?refresh=true", `{"message":"hello"}`)
	out := s.call(t, "PUT", "/_snapshot/"+repository+"/one?wait_for_completion=true", `{"indices":"logs-1"}`)
	var answer struct {
		Snapshot struct{ State string }
	}
	if err := json.Unmarshal(out, &answer); err != nil || answer.Snapshot.State != "SUCCESS" {
		t.Errorf("snapshot: %v: %s", err, out)
	}
}

func (s *SearchServer) call(t *testing.T, method, path, body string) []byte {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.Username != "" {
		req.SetBasicAuth(s.Username, s.Password)
	}
	resp, err := plainClient().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	out, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode >= 300 {
		t.Fatalf("%s %s: %s, %v: %s", method, path, resp.Status, err, out)
	}
	return out
}

// Each runs in a lab of its own, so that they do not sit in memory together.
func TestSearchVersionsSnapshotIntoFolders(t *testing.T) {
	for _, c := range []struct {
		version Version
		options SearchOptions
	}{
		{OpenSearch219, SearchOptions{}},
		{Elasticsearch717, SearchOptions{}},
		{Elasticsearch819, SearchOptions{BasicAuth: true}},
	} {
		t.Run(string(c.version), func(t *testing.T) {
			l, err := Open()
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			search, err := l.Search(t.Context(), c.version, c.options)
			settle(t, string(c.version), err)
			if c.options.BasicAuth && answers(t.Context(), search.URL+"/_cluster/health", "", "") {
				t.Error("answers without a password")
			}
			store, err := l.S3(t.Context())
			settle(t, "S3 server", err)
			inBucket := filepath.Join(store.Dir, store.Bucket(t), "base")
			for name, dir := range map[string]string{"own": search.RepoDir, "bucket": inBucket} {
				search.call(t, "PUT", "/_snapshot/"+name, fmt.Sprintf(`{"type":"fs","settings":{"location":%q}}`, dir))
				search.snapshot(t, name)
			}
		})
	}
}

func TestSearchRefusesWhatAVersionCannotDo(t *testing.T) {
	l, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.Search(t.Context(), OpenSearch36, SearchOptions{BasicAuth: true}); err == nil {
		t.Error("OpenSearch with basic authentication was started")
	}
	if _, err := l.Search(t.Context(), "opensearch-0.1", SearchOptions{}); err == nil {
		t.Error("an unknown version was started")
	}
}
