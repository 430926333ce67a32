package acceptance

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"archiver/snapshot/snapshottest"
)

// recorder notes what kinds of calls are made, and refuses one of them.
type recorder struct {
	kind func(*http.Request) string
	deny answerer

	mu     sync.Mutex
	seen   map[string]int
	denied string // the kind that is refused; "" for none
	hits   int
}

func (c *recorder) answer(w http.ResponseWriter, r *http.Request) bool {
	kind := c.kind(r)
	c.mu.Lock()
	if c.seen == nil {
		c.seen = map[string]int{}
	}
	c.seen[kind]++
	refused := kind == c.denied
	if refused {
		c.hits++
	}
	c.mu.Unlock()
	return refused && c.deny(w, r)
}

// refuse chooses the kind that is refused from now on, and gives how often the
// one before was.
func (c *recorder) refuse(kind string) (hits int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	hits, c.hits, c.denied = c.hits, 0, kind
	return hits
}

func (c *recorder) kinds() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(maps.Keys(c.seen))
}

// accessDenied is S3's refusal.
func accessDenied(w http.ResponseWriter, r *http.Request) bool {
	_, _ = io.Copy(io.Discard, r.Body)
	w.Header().Set("Content-Type", "application/xml")
	w.WriteHeader(http.StatusForbidden)
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, `<?xml version="1.0" encoding="UTF-8"?><Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>`)
	}
	return true
}

// permissionOf is the permission that IAM asks for a request.
func permissionOf(r *http.Request) string {
	q := r.URL.Query()
	bucket := strings.Count(strings.Trim(r.URL.Path, "/"), "/") == 0
	switch {
	case bucket && q.Has("uploads"):
		return "s3:ListBucketMultipartUploads"
	case bucket && q.Has("versions"):
		return "s3:ListBucketVersions"
	case bucket && q.Has("versioning"):
		return "s3:GetBucketVersioning"
	case bucket:
		return "s3:ListBucket"
	case r.Method == "DELETE" && q.Has("uploadId"):
		return "s3:AbortMultipartUpload"
	case r.Method == "DELETE":
		return "s3:DeleteObject"
	case r.Method == "PUT", r.Method == "POST":
		return "s3:PutObject"
	}
	return "s3:GetObject"
}

// changing are the parts of keys and paths that differ from run to run.
var changing = regexp.MustCompile(`^test-[a-z0-9]+$|^[0-9]{8}t[0-9]{6}z-[0-9a-f]{8}$|^[0-9a-f]{8,64}$|^keys-[0-9]{5}-[0-9a-f]+\.txt$|` +
	`^(logdata-20|__|snap-|meta-|index-).*$|^[A-Za-z0-9_-]{22}$|^[0-9A-F]{40}\.asc$|^tests-.*$`)

// generalize leaves out of a path what differs from run to run.
func generalize(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, p := range parts {
		if changing.MatchString(p) {
			parts[i] = "…"
		}
	}
	return strings.Join(parts, "/")
}

// bucketKind names an S3 request by bucket, permission and kind of key. The
// requests of a multipart upload need the same permission, and are kept apart.
func (b *bench) bucketKind(r *http.Request) string {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	kind := map[string]string{b.staging: "staging ", b.archive: "archive "}[bucket] + permissionOf(r) + " " + generalize(key)
	for _, option := range []string{"uploads", "uploadId", "partNumber"} {
		if r.URL.Query().Has(option) {
			kind += " " + r.Method + " " + option
		}
	}
	return strings.TrimSpace(kind)
}

// TestEachPermissionThatIsMissingInTheStoresIsNamed refuses every kind of S3
// request that a run makes, one after the other: each time the program says
// which permission is wanted on what, with exit code 2, and the next run, which
// has it, makes the day whole.
func TestEachPermissionThatIsMissingInTheStoresIsNamed(t *testing.T) {
	b := newBucketBench(t)
	calls := &recorder{kind: b.bucketKind, deny: accessDenied}
	fill := func() {
		b.fill()
		b.through(calls.answer)
	}
	judge := func(kind string, r result) {
		permission := strings.Fields(kind)[1]
		for _, says := range []string{" of " + badDay + ": ", "403", "s3://", "allow " + permission + " "} {
			if !strings.Contains(r.stderr, says) {
				b.t.Errorf("it does not say %q", says)
			}
		}
	}
	fill()
	b.must(0, "run", "--date", badDay)
	kinds := calls.kinds()
	if len(kinds) < 20 {
		t.Fatalf("only %d kinds of requests were seen: %q", len(kinds), kinds)
	}
	b.refuseEach(t, calls, kinds, judge, fill, nil)

	t.Run("when a run is resumed", func(t *testing.T) {
		b.t = t
		dead := func() {
			fill()
			calls.refuse("staging s3:PutObject .archiver/runs/…/…/receipt-00000.json")
			b.must(2, "run", "--date", badDay)
			calls.refuse("")
		}
		dead()
		b.must(0, "run", "--date", badDay)
		more := without(calls.kinds(), kinds)
		if len(more) == 0 {
			t.Fatal("nothing was seen that a first run does not ask")
		}
		b.refuseEach(t, calls, more, judge, dead, nil)
	})
	t.Run("when a volume has many parts", func(t *testing.T) {
		b.t = t
		large := func() {
			fill()
			b.large()
		}
		before := calls.kinds()
		large()
		b.must(0, "run", "--date", badDay)
		kinds := without(calls.kinds(), before)
		if len(kinds) < 3 {
			t.Fatalf("only %q were seen", kinds)
		}
		b.refuseEach(t, calls, kinds, judge, large, nil)
	})
}

// large makes the day larger than a part of an upload.
func (b *bench) large() {
	var docs []snapshottest.Doc
	for i := range 10 {
		noise := make([]byte, 1<<20)
		_, _ = rand.Read(noise) // never fails (crypto/rand)
		docs = append(docs, snapshottest.Doc{ID: fmt.Sprint("large", i), Source: []byte(`{"noise":"` + base64.StdEncoding.EncodeToString(noise) + `"}`)})
	}
	if err := b.cluster.AddDocs(b.index(badDay), docs); err != nil {
		b.t.Fatal(err)
	}
}

func without(all, some []string) []string {
	return slices.DeleteFunc(all, func(s string) bool { return slices.Contains(some, s) })
}

// securityException is the refusal of both vendors' security.
func securityException(w http.ResponseWriter, r *http.Request) bool {
	return says(http.StatusForbidden, "application/json",
		`{"error":{"root_cause":[],"type":"security_exception","reason":"no permissions for [`+r.Method+`] and User [name=archiver]"},"status":403}`)(w, r)
}

// TestEachPermissionThatIsMissingOnTheClusterIsNamed is the same for every
// endpoint of the cluster. A run can do without those that only describe the
// day: it says so, and records what it could not learn.
func TestEachPermissionThatIsMissingOnTheClusterIsNamed(t *testing.T) {
	b := newBench(t)
	calls := &recorder{deny: securityException, kind: func(r *http.Request) string { return r.Method + " /" + generalize(r.URL.Path) }}
	b.answer(calls.answer)
	b.must(0, "run", "--date", badDay)
	kinds := calls.kinds()
	if len(kinds) < 12 {
		t.Fatalf("only %d kinds of requests were seen: %q", len(kinds), kinds)
	}
	judge := func(kind string, r result) {
		for _, says := range []string{" of " + badDay + ": ", "403 security_exception", "manage_snapshots"} {
			if !strings.Contains(r.stderr, says) {
				b.t.Errorf("it does not say %q", says)
			}
		}
	}
	b.refuseEach(t, calls, kinds, judge, func() {
		fresh := newBench(b.t)
		fresh.answer(calls.answer)
		b.world, b.cluster, b.url = fresh.world, fresh.cluster, fresh.url
	}, map[string]bool{
		"GET /…/_count": true, "POST /…/_search": true, "GET /…/_stats/docs": true, "GET /…/_mapping": true,
		"GET /…/_settings/index.mode,index.mapping.source.mode,index.derived_source.enabled": true,
		"GET /_snapshot/archiver-logdata/…/_status":                                          true, // how far it is
		"GET /_cluster/state/customs":                                                        true, // it waits longer instead
	})
}

// refuseEach tries the day on an empty stream for each kind of request.
// harmless are those that a run can do without.
func (b *bench) refuseEach(t *testing.T, calls *recorder, kinds []string, judge func(string, result), anew func(), harmless map[string]bool) {
	for _, kind := range kinds {
		t.Run(kind, func(t *testing.T) {
			b.t = t
			anew()
			calls.refuse(kind)
			r := b.run("run", "--date", badDay, "--set", "snapshot.retries=0")
			hits := calls.refuse("")
			switch {
			case hits == 0 && !harmless[kind]:
				t.Error("the request was not made again, and so not refused")
			case harmless[kind]:
				if r.code != 0 {
					t.Errorf("exit code %d\n%s", r.code, r.stderr)
				}
			case r.code != 2:
				t.Errorf("exit code %d\n%s", r.code, r.stderr)
			default:
				wantWords(t, r, "troubleshooting.md#a-permission-is-missing")
				judge(kind, r)
			}
			if n := len(b.entries()); n > 1 {
				t.Errorf("%d entries in the ledger", n)
			}
			b.wantSealed(t)
		})
	}
}
