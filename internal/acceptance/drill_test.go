package acceptance

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"archiver/crypto"
)

// TestDrillsKilledAnywhereLeaveNothingForGood kills drills at requests spread over
// one, on the real servers. Once their leases have run out, the next drill removes
// what they have left.
func TestDrillsKilledAnywhereLeaveNothingForGood(t *testing.T) {
	const points = 8
	w := newWorld(t, "drilled")
	const date = "2026-11-20"
	w.logs(date, 2000, 2)
	w.must(0, "run", "--date", date)

	start := w.counted(syscall.SIGKILL, w.opening())
	drill := func() (code int, requests int64) {
		p := start("drill", "--latest")
		if code = p.code(); code > 0 {
			t.Fatalf("exit code %d\n%s", code, p.stderr.String())
		}
		return code, p.requests.Load()
	}
	code, total := drill()
	if code != 0 {
		t.Fatal("the undisturbed drill was killed")
	}
	w.wantNoScratch()
	killed := 0
	for i := range points {
		w.killAt.Store(3 + int64(i)*(total-4)/points)
		if code, _ := drill(); code == -1 {
			killed++
		}
	}
	w.killAt.Store(-1)
	t.Logf("%d requests in an undisturbed drill; %d of %d drills were killed, and left %d things", total, killed, points, len(w.scratch()))
	if killed < points-1 || len(w.scratch()) == 0 {
		t.Errorf("only %d of %d drills were killed in time, or they left nothing", killed, points)
	}
	w.untilExpired()
	w.must(0, "drill", "--latest")
	w.wantNoScratch()
	if r := w.must(0, "clean"); !strings.Contains(r.stdout, "Nothing is left behind") {
		t.Error(r.stdout)
	}
}

// untilExpired waits until the leases of the dead have run out, two minutes at
// most, as `clean` sees them.
func (w *world) untilExpired() {
	w.t.Helper()
	for end := time.Now().Add(5 * time.Minute); time.Now().Before(end); time.Sleep(5 * time.Second) {
		var found struct{ Restores []struct{ Live bool } }
		if err := json.Unmarshal([]byte(w.must(0, "clean", "--json").stdout), &found); err != nil {
			w.t.Fatal(err)
		}
		live := false
		for _, r := range found.Restores {
			live = live || r.Live
		}
		if !live {
			return
		}
	}
	w.t.Fatal("the leases do not run out")
}

// TestADrillSeesThatTheRecordIsWrong archives a day through a proxy that lies about
// the number of its documents: what a record would be that somebody with the
// signing key has tampered with.
func TestADrillSeesThatTheRecordIsWrong(t *testing.T) {
	w := newWorld(t, "lied")
	const date = "2026-11-20"
	w.logs(date, 300, 1)
	w.configure(miscounting(t, w.search.URL), w.s3.Endpoint, w.opening())
	w.must(0, "run", "--date", date)
	w.configure(w.search.URL, w.s3.Endpoint, w.opening())
	r := w.must(6, "drill", "--date", date, "--json", "--output", "drill.json.asc").broughtBack(t)
	if r.Result.Verdict != "failed" || len(r.Result.Mismatches) != 1 || !strings.Contains(r.Result.Mismatches[0], "300") {
		t.Errorf("%+v", r.Result)
	}
	w.wantNoScratch()
	if text := w.opened("drill.json.asc"); !strings.Contains(text, `"verdict": "failed"`) {
		t.Error(text)
	}
}

// miscounting is a cluster that counts one document too many.
func miscounting(t *testing.T, target string) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Header.Del("Accept-Encoding")
		},
		ModifyResponse: func(r *http.Response) error {
			if !strings.HasSuffix(r.Request.URL.Path, "/_count") {
				return nil
			}
			var answer map[string]any
			if err := json.NewDecoder(r.Body).Decode(&answer); err != nil {
				return err
			}
			answer["count"] = answer["count"].(float64) + 1
			text, err := json.Marshal(answer)
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
			r.Header.Set("Content-Length", strconv.Itoa(len(text)))
			return err
		},
	}
	server := httptest.NewServer(pass)
	t.Cleanup(server.Close)
	return server.URL
}

// opened verifies a file that was signed in clear and returns its text.
func (w *world) opened(name string) string {
	w.t.Helper()
	block, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.t.Fatal(err)
	}
	public, err := os.ReadFile("../../testdata/keys/signer.asc")
	if err != nil {
		w.t.Fatal(err)
	}
	key, err := crypto.ParsePublic("signer.asc", public)
	if err != nil {
		w.t.Fatal(err)
	}
	text, _, _, err := crypto.NewTrust([]*crypto.Key{key}).OpenClear(block)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// TestADrillThatIsInterruptedCleansUpInTime sends SIGTERM at moments of a drill.
func TestADrillThatIsInterruptedCleansUpInTime(t *testing.T) {
	const points = 6
	w := newWorld(t, "stopped")
	const date = "2026-11-20"
	w.logs(date, 2000, 2)
	w.must(0, "run", "--date", date)
	start := w.counted(syscall.SIGTERM, w.opening())
	p := start("drill")
	if p.code() != 0 {
		t.Fatal(p.stderr.String())
	}
	total := p.requests.Load()
	for i := range points {
		w.killAt.Store(2 + int64(i)*(total-4)/points)
		p := start("drill")
		// What came after the last step is done to its end.
		if code := p.code(); code != 5 && code != 0 {
			t.Errorf("stopped at %d of %d: exit code %d\n%s", w.killAt.Load(), total, code, p.stderr.String())
		}
		w.wantNoScratch()
	}
}
