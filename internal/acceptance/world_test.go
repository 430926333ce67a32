package acceptance

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sort"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"archiver/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

// binary is the program under test, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "archiver-acceptance-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "archiver")
	cmd := exec.Command("go", "build", "-o", path, "archiver/cmd/archiver")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// world is one stream with buckets of its own, on the shared servers.
type world struct {
	t       *testing.T
	search  *lab.SearchServer
	s3      *lab.S3Server
	stream  string
	staging string // bucket
	archive string // bucket
	base    string // base path of the repository
	vault   string // folder in which the archive's objects are files
	dir     string // holds the configuration
	env     []string
	killAt  atomic.Int64 // request at which a test ends the process
}

// newWorld prepares an empty stream. Its name keeps tests apart on the cluster.
func newWorld(t *testing.T, stream string) *world {
	t.Helper()
	return newWorldOn(t, lab.OpenSearch(t), lab.S3(t), stream)
}

// newWorldOn is newWorld on chosen servers.
func newWorldOn(t *testing.T, search *lab.SearchServer, s3 *lab.S3Server, stream string) *world {
	t.Helper()
	w := &world{t: t, search: search, s3: s3, stream: stream, base: "snapshots/", dir: t.TempDir()}
	w.staging = w.s3.Bucket(t)
	w.archiveTo(w.s3.Bucket(t))
	w.s3.Env(t)
	w.configure(w.search.URL, w.s3.Endpoint, "")
	t.Cleanup(func() {
		w.call("DELETE", "/_snapshot/archiver-"+stream, nil)
		w.call("DELETE", "/"+stream+"-*", nil)
	})
	return w
}

// archiveTo chooses the archive's bucket.
func (w *world) archiveTo(bucket string) {
	w.archive, w.vault = bucket, filepath.Join(w.s3.Dir, bucket, "prod")
}

// configure writes the configuration file; extra is YAML.
func (w *world) configure(cluster, endpoint, extra string) {
	w.t.Helper()
	keys, err := filepath.Abs("../../testdata/keys")
	if err != nil {
		w.t.Fatal(err)
	}
	text := fmt.Sprintf(`stream: %[1]s
indices: ["%[1]s-{DDMMYYYY}"]
cluster:
  urls: ["%[2]s"]
staging:
  url: s3://%[3]s/snapshots
archive:
  url: s3://%[4]s/prod
s3:
  region: us-east-1
  endpoint: %[5]s
  path_style: true
encryption:
  recipients: [%[6]s/ops.asc, %[6]s/escrow.asc]
signing:
  key_file: %[6]s/signer-private.asc
%[7]s`, w.stream, cluster, w.staging, w.archive, endpoint, keys, extra)
	if err := os.WriteFile(filepath.Join(w.dir, "archiver.yaml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// result is what a process left.
type result struct {
	code           int
	stdout, stderr string
	state          *os.ProcessState
}

// command prepares the program.
func (w *world) command(args ...string) *exec.Cmd {
	w.t.Helper()
	path, err := binary()
	if err != nil {
		w.t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = w.dir
	cmd.Env = append(os.Environ(), w.env...)
	return cmd
}

// run runs the program to its end.
func (w *world) run(args ...string) result {
	w.t.Helper()
	cmd := w.command(args...)
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err := cmd.Run()
	if cmd.ProcessState == nil {
		w.t.Fatal(err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String(), cmd.ProcessState}
}

// must runs the program and wants an exit code.
func (w *world) must(code int, args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.code != code {
		w.t.Fatalf("archiver %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), r.code, code, r.stdout, r.stderr)
	}
	return r
}

// call asks the cluster and returns the status and the answer.
func (w *world) call(method, path string, body any) (int, map[string]any) {
	w.t.Helper()
	url := w.search.URL
	if w.search.Username != "" {
		url = strings.Replace(url, "://", "://"+w.search.Username+":"+w.search.Password+"@", 1)
	}
	return call(w.t, url, method, path, body)
}

// ok asks the cluster and wants success.
func (w *world) ok(method, path string, body any) map[string]any {
	w.t.Helper()
	status, answer := w.call(method, path, body)
	if status/100 != 2 {
		w.t.Fatalf("%s %s: %d %v", method, path, status, answer)
	}
	return answer
}

func call(t *testing.T, url, method, path string, body any) (int, map[string]any) {
	t.Helper()
	var r io.Reader
	kind := "application/json"
	switch b := body.(type) {
	case nil:
	case []byte: // a bulk request
		r, kind = bytes.NewReader(b), "application/x-ndjson"
	default:
		text, err := json.Marshal(b)
		if err != nil {
			t.Fatal(err)
		}
		r = bytes.NewReader(text)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Minute)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, url+path, r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil && err != io.EOF {
		t.Fatalf("%s %s: %v", method, path, err)
	}
	return res.StatusCode, answer
}

// index is the day's index. date is YYYY-MM-DD.
func (w *world) index(date string) string {
	return w.stream + "-" + date[8:10] + date[5:7] + date[:4]
}

// logs makes a day of n documents.
func (w *world) logs(date string, n, shards int) {
	w.t.Helper()
	index := w.index(date)
	w.ok("PUT", "/"+index, map[string]any{"settings": map[string]any{"number_of_shards": shards, "number_of_replicas": 0}})
	const batch = 5000
	for from := 0; from < n; from += batch {
		var b bytes.Buffer
		for i := from; i < min(n, from+batch); i++ {
			source, _ := json.Marshal(document(date, i))
			fmt.Fprintf(&b, "{\"index\":{\"_id\":\"%d\"}}\n%s\n", i, source)
		}
		if answer := w.ok("POST", "/"+index+"/_bulk", b.Bytes()); answer["errors"] != false {
			w.t.Fatalf("bulk: %v", answer)
		}
	}
	w.ok("POST", "/"+index+"/_refresh", nil)
}

// document is number i of a day.
func document(date string, i int) map[string]any {
	return map[string]any{
		"@timestamp": fmt.Sprintf("%sT%02d:%02d:%02dZ", date, i/3600%24, i/60%60, i%60),
		"level":      []string{"INFO", "WARN", "ERROR"}[i%3],
		"message":    fmt.Sprintf("request %d of user %d took %d ms — ✓", i, i*7919%1009, i*31%977),
	}
}

// keys lists a bucket by its files, below a prefix, without the server's own.
func (w *world) keys(bucket, prefix string) []string {
	w.t.Helper()
	root := filepath.Join(w.s3.Dir, bucket)
	var keys []string
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(root, path)
		if strings.HasPrefix(key, prefix) && !strings.HasPrefix(key, ".sgwtmp") {
			keys = append(keys, key)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	sort.Strings(keys)
	return keys
}

// wantEmpty wants nothing in staging but the repository's root files and the
// archiver's state, and no snapshot in the repository.
func (w *world) wantEmpty() {
	w.t.Helper()
	for _, key := range w.keys(w.staging, "") {
		if name := filepath.Base(key); key != ".archiver/state.json" && filepath.Dir(key)+"/" != w.base || strings.HasPrefix(name, "snap-") || strings.HasPrefix(name, "meta-") {
			w.t.Errorf("staging still holds %s", key)
		}
	}
	if names := w.snapshots(); len(names) > 0 {
		w.t.Errorf("the repository still holds %v", names)
	}
}

// snapshots names what the repository holds.
func (w *world) snapshots() []string {
	w.t.Helper()
	var names []string
	for _, s := range w.ok("GET", "/_snapshot/archiver-"+w.stream+"/_all", nil)["snapshots"].([]any) {
		names = append(names, s.(map[string]any)["snapshot"].(string))
	}
	return names
}

// ledger lists the stream's entries.
func (w *world) ledger() []string { return w.keys(w.archive, "prod/ledger/"+w.stream+"/") }

// wantNothingSealed wants no entry.
func (w *world) wantNothingSealed() {
	w.t.Helper()
	if entries := w.ledger(); len(entries) > 0 {
		w.t.Errorf("sealed: %v", entries)
	}
}
