package acceptance

import (
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const clusterBlock = `{"error":{"root_cause":[],"type":"cluster_block_exception","reason":"`

func TestBadClustersAreExplained(t *testing.T) {
	html := `<html><body>Please log in</body></html>`
	register := func(b *bench, folder string) {
		b.send("PUT", "/_snapshot/archiver-logdata", `{"type":"fs","settings":{"location":"`+filepath.Join(b.dir, folder)+`","shard_path_type":"fixed"}}`)
	}
	front := func(f answerer) func(*bench) { return func(b *bench) { b.answer(f) } }
	for name, row := range map[string]badRow{
		"429 without end": {do: front(says(429, "application/json", `{"error":{"type":"circuit_breaking_exception","reason":"Data too large"},"status":429}`)),
			code: 1, says: []string{"register of " + badDay, "429 circuit_breaking_exception", "wait", "#a-server-that-is-busy-or-silent"}},
		"503 without end": {do: front(says(503, "text/html", html)), code: 1,
			says: []string{"register of " + badDay, "503", "not a cluster's answer but text/html", "Run again later", "#a-server-that-is-busy-or-silent"}},
		"a page of HTML": {do: front(says(200, "text/html", html)), code: 2,
			says: []string{"register of " + badDay, "not a cluster's answer", "check the URL", "#something-else-answers"}},
		"a login page": {do: front(func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, "https://login.example.org/", http.StatusFound)
			return true
		}), code: 2, says: []string{"redirects to https://login.example.org/", "cluster.urls", "#something-else-answers"}},
		"a store in the cluster's place": {do: front(says(403, "application/xml", `<Error><Code>AccessDenied</Code></Error>`)), code: 2,
			says: []string{"register of " + badDay, "not a cluster's answer but application/xml", "check the URL", "#something-else-answers"}},
		"a snapshot request that is always refused as too much": {do: front(when("PUT", "/_snapshot/archiver-logdata/", says(429, "application/json", `{"error":{"type":"es_rejected_execution_exception","reason":"queue is full"},"status":429}`))),
			code: 1, says: []string{"snapshot of " + badDay, "did not take the request", "within 5s", "429 es_rejected_execution_exception", "#a-server-that-is-busy-or-silent"}},
		"a full disk of the cluster": {do: front(when("PUT", "/_snapshot/archiver-logdata/", says(429, "application/json",
			clusterBlock+`index [x] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"},"status":429}`))),
			code: 1, says: []string{"snapshot of " + badDay, "flood-stage", "make room", "#a-cluster-that-is-full-or-read-only"}},
		"a cluster that is read-only": {do: front(when("PUT", "/_snapshot/archiver-logdata", says(403, "application/json",
			clusterBlock+`blocked by: [FORBIDDEN/6/cluster read-only (api)];"},"status":403}`))),
			code: 1, says: []string{"register of " + badDay, "cluster read-only", "cluster.blocks.read_only", "#a-cluster-that-is-full-or-read-only"}},
		"a wrong password": {do: front(func(w http.ResponseWriter, r *http.Request) bool {
			return says(401, "application/json", `{"error":{"root_cause":[],"type":"security_exception","reason":"unable to authenticate user [archiver]"},"status":401}`)(w, r)
		}), code: 2, says: []string{"register of " + badDay, "401 security_exception", "password", "#credentials-that-are-not-accepted"}},
		"a repository that points elsewhere": {do: func(b *bench) { register(b, "elsewhere") },
			mend: func(b *bench) { b.send("DELETE", "/_snapshot/archiver-logdata", "") }, code: 2,
			says: []string{"register of " + badDay, "archiver-logdata", "location is", "elsewhere", "configured is", "DELETE _snapshot/archiver-logdata", "#the-repository-is-registered-otherwise"}},
		"an archive folder that is a file": {do: func(b *bench) { b.env = []string{"ARCHIVER_ARCHIVE_URL=file://" + b.dir + "/archiver.yaml"} }, mend: func(b *bench) { b.env = nil }, code: 2,
			says: []string{"archiver.yaml", "not a directory", "#the-file-system"}},
		"a repository in a place that the cluster may not use": {args: set("staging.settings={\"location\":\"/elsewhere\"}"), code: 2,
			says: []string{"register of " + badDay, "doesn't match", "path.repo", "#a-repository-that-cannot-be-registered"}},
		"another's snapshot in the repository": {do: func(b *bench) {
			register(b, "staging")
			b.send("PUT", "/_snapshot/archiver-logdata/nightly", `{"indices":"logdata-*"}`)
		}, mend: func(b *bench) { b.send("DELETE", "/_snapshot/archiver-logdata/nightly", "") }, code: 2,
			says: []string{"snapshot of " + badDay, "nightly", "DELETE", "#something-foreign-in-staging"}},
		"an object of someone else": {do: func(b *bench) { b.file("staging/notes.txt", "x") }, mend: func(b *bench) { b.drop("staging/notes.txt") }, code: 2,
			says: []string{"claim of " + badDay, "notes.txt", "staging.ignore", "#something-foreign-in-staging"}},
		"an object with an odd name": {do: func(b *bench) { b.file("staging/indices/a b\tü", "x") }, mend: func(b *bench) { b.drop("staging/indices/a b\tü") }, code: 2,
			says: []string{"claim of " + badDay, "staging.ignore", "#something-foreign-in-staging"}},
	} {
		t.Run(name, func(t *testing.T) { row.try(t, newBench(t)) })
	}
}

func TestClusterThatRecoversIsWaitedFor(t *testing.T) {
	for name, sick := range map[string]answerer{
		"429": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(429); return true },
		"503": func(w http.ResponseWriter, _ *http.Request) bool { w.WriteHeader(503); return true },
		"502 in HTML": func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", "text/html")
			w.WriteHeader(502)
			_, _ = io.WriteString(w, "<html>bad gateway</html>")
			return true
		},
		"nothing": func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			var mu sync.Mutex
			tried := map[string]bool{}
			b.answer(func(w http.ResponseWriter, r *http.Request) bool { // every first try of a read
				mu.Lock()
				again := r.Method != "GET" || tried[r.URL.Path] || len(tried) >= 4
				tried[r.URL.Path] = true
				mu.Unlock()
				return !again && sick(w, r)
			})
			if r := b.must(0, "run", "--date", badDay); !strings.Contains(r.stderr, "asking again") {
				t.Errorf("it does not say that it waits: %s", r.stderr)
			}
			b.wantSealed(t)
		})
	}
}

func TestClusterThatNeverAnswersIsExplained(t *testing.T) {
	t.Parallel() // reads are repeated for two minutes
	b := newBench(t)
	badRow{do: func(b *bench) {
		b.answer(func(http.ResponseWriter, *http.Request) bool { panic(http.ErrAbortHandler) })
	}, code: 1, says: []string{"register of " + badDay, "no answer", "hung up", "#a-server-that-is-busy-or-silent"}}.try(t, b)
}

func TestCertificateThatIsNotTrustedIsExplained(t *testing.T) {
	b := newBench(t)
	server := httptest.NewTLSServer(b.cluster.Handler())
	t.Cleanup(server.Close)
	b.url = server.URL
	badRow{do: func(b *bench) { b.write() }, code: 2,
		says: []string{"register of " + badDay, "certificate", "cluster.ca_file", "#a-certificate-that-is-not-trusted"},
		mend: func(b *bench) {
			ca := b.file("ca.pem", string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})))
			b.env = []string{"ARCHIVER_CLUSTER_CA_FILE=" + ca}
		}}.try(t, b)
}

func TestBadBucketsAreExplained(t *testing.T) {
	data := func(r *http.Request) bool { return r.Method == "GET" && strings.Contains(r.URL.Path, "/__") }
	// reading changes a blob of the day just before it is read.
	reading := func(change func(b *bench, key string)) func(*bench) {
		return func(b *bench) {
			var once sync.Once
			b.through(func(_ http.ResponseWriter, r *http.Request) bool {
				if data(r) {
					once.Do(func() { change(b, strings.TrimPrefix(r.URL.Path, "/"+b.staging+"/")) })
				}
				return false
			})
		}
	}
	straight := func(b *bench) { b.configure(b.url, b.s3.Endpoint, "") }
	for name, row := range map[string]badRow{
		"a staging bucket that is not there": {args: set("staging.url=s3://no-such-bucket/snapshots", "staging.repository=other"), code: 2,
			says: []string{"claim of " + badDay, "s3://no-such-bucket", "NoSuchBucket", "create the bucket", "#the-bucket"}},
		"an archive bucket that is not there": {args: set("archive.url=s3://no-such-bucket/prod"), code: 2,
			says: []string{"claim of " + badDay, "s3://no-such-bucket", "NoSuchBucket", "create the bucket", "#the-bucket"}},
		"a bucket of another owner": {do: func(b *bench) {
			b.through(func(w http.ResponseWriter, r *http.Request) bool {
				owner := r.Header.Get("X-Amz-Expected-Bucket-Owner")
				return owner == "444455556666" && accessDenied(w, r)
			})
			b.env = []string{"ARCHIVER_S3_EXPECTED_BUCKET_OWNER=444455556666"}
		}, mend: func(b *bench) { b.env = nil }, code: 2,
			says: []string{"claim of " + badDay, "403 AccessDenied", "s3.expected_bucket_owner", "#a-permission-is-missing"}},
		"a wrong secret": {do: func(b *bench) { b.env = []string{"AWS_SECRET_ACCESS_KEY=wrong"} }, mend: func(b *bench) { b.env = nil }, code: 2,
			says: []string{"claim of " + badDay, "SignatureDoesNotMatch", "secret", "#credentials-that-are-not-accepted"}},
		"an access key that nobody knows": {do: func(b *bench) { b.env = []string{"AWS_ACCESS_KEY_ID=nobody"} }, mend: func(b *bench) { b.env = nil }, code: 2,
			says: []string{"claim of " + badDay, "the access key or its secret is wrong", "#credentials-that-are-not-accepted"}},
		"no credentials": {do: func(b *bench) { b.env = []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY="} }, mend: func(b *bench) { b.env = nil }, code: 2,
			says: []string{"claim of " + badDay, "no AWS credentials were found", "AWS_ACCESS_KEY_ID", "#credentials-that-are-not-accepted"}},
		"a cluster in the store's place": {args: set("s3.endpoint=http://127.0.0.1:9"), code: 1, says: []string{"claim of " + badDay, "127.0.0.1:9", "#a-server-that-is-busy-or-silent"}},
		"an object that is replaced while it is read": {do: reading(func(b *bench, key string) { b.put(b.staging, key, "other bytes") }), mend: straight, code: 1,
			says: []string{"pack of " + badDay, "__", "changed", "run again", "#staging-changed"}},
		"an object that vanishes before it is read": {do: reading(func(b *bench, key string) { b.remove(b.staging, key) }), mend: straight, code: 1,
			says: []string{"pack of " + badDay, "__", "run again", "#staging-changed"}},
	} {
		t.Run(name, func(t *testing.T) { row.try(t, newBucketBench(t)) })
	}
}

// send sends a request past the front, and waits until what it began has ended.
func (b *bench) send(method, path, body string) {
	b.t.Helper()
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	w := httptest.NewRecorder()
	b.cluster.Handler().ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		b.t.Errorf("%s %s: %d %s", method, path, w.Code, w.Body)
	}
	for b.cluster.Step() {
	}
}

// file writes one below the bench's folder, and gives its path.
func (b *bench) file(name, text string) string {
	b.t.Helper()
	path := filepath.Join(b.dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

func (b *bench) drop(name string) {
	b.t.Helper()
	if err := os.Remove(filepath.Join(b.dir, filepath.FromSlash(name))); err != nil {
		b.t.Fatal(err)
	}
}
