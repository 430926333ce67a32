package acceptance

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"archiver/internal/lab"
	"archiver/snapshot/snapshottest"
)

// badDay is the day that every row of bad input is about.
const badDay = "2026-11-20"

// bench is one stream on a simulated cluster of its own, behind a front that a
// test may have answer in the cluster's place.
type bench struct {
	*world
	cluster *snapshottest.Cluster
	url     string // of the front
	front   atomic.Pointer[answerer]
}

// newBench is a stream with everything in directories.
func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{world: &world{t: t, stream: "logdata", dir: t.TempDir()}}
	staging := b.folder("staging")
	b.vault = b.folder("vault")
	b.start(snapshottest.Dir(staging), func(typ string, settings map[string]string) (snapshottest.Place, error) {
		if typ == "fs" && settings["location"] == b.dir+"/elsewhere" {
			return snapshottest.Place{Root: "../elsewhere/"}, nil
		}
		if typ != "fs" || settings["location"] != staging {
			return snapshottest.Place{}, fmt.Errorf("location [%s] doesn't match any of the locations specified by path.repo", settings["location"])
		}
		return snapshottest.Place{}, nil
	})
	b.write("staging", "file://"+staging, "vault", "file://"+b.vault)
	return b
}

// newBucketBench is a stream with everything in buckets.
func newBucketBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{world: &world{t: t, stream: "logdata", dir: t.TempDir(), s3: lab.S3(t)}}
	b.s3.Env(t)
	b.fill()
	return b
}

// fill gives the bench buckets and a cluster that are new.
func (b *bench) fill() {
	b.t.Helper()
	b.staging, b.base = b.s3.Bucket(b.t), "snapshots/"
	b.archiveTo(b.s3.Bucket(b.t))
	b.start(bucketBlobs{b.world, b.staging}, func(_ string, settings map[string]string) (snapshottest.Place, error) {
		if settings["bucket"] != b.staging {
			return snapshottest.Place{}, fmt.Errorf("the bucket [%s] does not exist", settings["bucket"])
		}
		return snapshottest.Place{Base: settings["base_path"] + "/"}, nil
	})
	b.configure(b.url, b.s3.Endpoint, "")
}

// start serves a cluster with the day's index in place of the one before.
func (b *bench) start(blobs snapshottest.Blobs, locate func(string, map[string]string) (snapshottest.Place, error)) {
	b.t.Helper()
	b.cluster = snapshottest.New(snapshottest.Options{Blobs: blobs, Locate: locate, SnapshotSteps: 3})
	b.day()
	handler := b.cluster.Handler()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if f := b.front.Load(); f != nil && (*f)(w, r) {
			return
		}
		handler.ServeHTTP(w, r)
	}))
	b.t.Cleanup(server.Close)
	b.url = server.URL
}

// day makes the day's index anew.
func (b *bench) day() {
	var docs []snapshottest.Doc
	for i := range 40 {
		docs = append(docs, snapshottest.Doc{ID: fmt.Sprint(i), Source: []byte(fmt.Sprintf(`{"message":"line %d"}`, i))})
	}
	b.cluster.AddIndex(b.index(badDay), 2, docs)
}

// answer has the front answer from now on; nil passes everything on.
func (b *bench) answer(f answerer) {
	if f == nil {
		b.front.Store(nil)
		return
	}
	b.front.Store(&f)
}

func (b *bench) folder(name string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// write writes the configuration with these replacements, in pairs: what stands
// in its place of the good one.
func (b *bench) write(replace ...string) {
	b.t.Helper()
	staging, archive := "file://"+b.folder("staging"), "file://"+b.vault
	for i := 0; i+1 < len(replace); i += 2 {
		switch replace[i] {
		case "staging":
			staging = replace[i+1]
		case "vault":
			archive = replace[i+1]
		}
	}
	b.text(fmt.Sprintf(`stream: logdata
indices: ["logdata-{DDMMYYYY}"]
cluster:
  urls: ["%s"]
staging:
  url: %s
archive:
  url: %s
encryption:
  recipients: [%[4]s/ops.asc, %[4]s/escrow.asc]
signing:
  key_file: %[4]s/signer-private.asc
`, b.url, staging, archive, testKeys(b.t)))
}

// text writes a configuration as it is.
func (b *bench) text(text string) {
	b.t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, "archiver.yaml"), []byte(text), 0o600); err != nil {
		b.t.Fatal(err)
	}
}

func testKeys(t *testing.T) string {
	t.Helper()
	keys, err := filepath.Abs("../../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// through puts the answerer before the S3 server.
func (b *bench) through(answer answerer) {
	b.t.Helper()
	b.configure(b.url, front(b.t, b.s3.Endpoint, answer), "")
}

// entries are the ledger's, wherever the archive is.
func (b *bench) entries() []string {
	b.t.Helper()
	found, err := filepath.Glob(filepath.Join(b.vault, "ledger", b.stream, "*"))
	if err != nil {
		b.t.Fatal(err)
	}
	return found
}

// wantNothingSealed wants no archive.
func (b *bench) wantNothingSealed(t *testing.T) {
	t.Helper()
	if got := b.entries(); len(got) > 0 {
		t.Errorf("sealed: %v", got)
	}
}

// wantSealed runs the day and wants it to be an archive of its own, whole by the
// program's own verification, and staging to be empty.
func (b *bench) wantSealed(t *testing.T, args ...string) {
	t.Helper()
	args = append([]string{"--date", badDay}, args...)
	if r := b.run(append([]string{"run"}, args...)...); r.code != 0 {
		t.Fatalf("after it was mended: exit code %d\n%s", r.code, r.stderr)
	}
	if r := b.run("verify", "--ciphertext"); r.code != 0 {
		t.Errorf("what was sealed does not verify: exit code %d\n%s%s", r.code, r.stdout, r.stderr)
	}
	r := b.run("list", "--json")
	if n := strings.Count(r.stdout, `"date": "`+badDay+`"`); n != 1 {
		t.Errorf("the day has %d archives\n%s%s", n, r.stdout, r.stderr)
	}
}

// wantWords wants a message that says all this, in a form that a person can act
// on: one remedy, and where more is to be read.
func wantWords(t *testing.T, r result, says ...string) {
	t.Helper()
	t.Logf("exit code %d\n%s%s", r.code, lastError(r.stderr), r.stdout)
	for _, s := range says {
		if !strings.Contains(r.stderr, s) {
			t.Errorf("it does not say %q", s)
		}
	}
	if !strings.Contains(r.stderr, "\n  more: docs/troubleshooting.md#") {
		t.Error("it does not say where to read more")
	}
	n := strings.Count(r.stderr, "what to do: ")
	if n == 0 && !strings.Contains(r.stderr, "#configuration-and-command-line") || n > 1 {
		t.Errorf("it says %d times what to do", n)
	}
}

// lastError is what a person reads at the end, without the lines of progress.
func lastError(stderr string) string {
	if i := strings.LastIndex(stderr, "\narchiver: "); i >= 0 {
		return stderr[i+1:]
	}
	return stderr
}

// bucketBlobs is a bucket for the simulated cluster.
type bucketBlobs struct {
	w      *world
	bucket string
}

func (b bucketBlobs) Put(key string, body []byte) error {
	b.w.put(b.bucket, key, string(body))
	return nil
}

func (b bucketBlobs) Get(key string) ([]byte, error) {
	return os.ReadFile(filepath.Join(b.w.s3.Dir, b.bucket, filepath.FromSlash(key)))
}

func (b bucketBlobs) Delete(key string) error {
	b.w.remove(b.bucket, key)
	return nil
}

func (b bucketBlobs) List(prefix string) ([]string, error) {
	return b.w.keys(b.bucket, prefix), nil
}

// says answers with a status, a type and a body.
func says(status int, kind, body string) answerer {
	return func(w http.ResponseWriter, r *http.Request) bool {
		w.Header().Set("Content-Type", kind)
		w.Header().Set("Retry-After", "600") // longer than reads are repeated for
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
		return true
	}
}

// when answers only what is asked in this way; path is a part of the path.
func when(method, path string, f answerer) answerer {
	return func(w http.ResponseWriter, r *http.Request) bool {
		return r.Method == method && strings.Contains(r.URL.Path, path) && f(w, r)
	}
}
