package acceptance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// runner is a process whose requests go through proxies that the test holds.
type runner struct {
	cmd      *exec.Cmd
	stderr   bytes.Buffer
	requests atomic.Int64 // to the cluster and to the stores together
}

// counted starts processes whose requests are counted, and which get the signal at
// request number killAt. extra is YAML.
func (w *world) counted(s syscall.Signal, extra string) func(args ...string) *runner {
	var current atomic.Pointer[runner]
	before := func(int64, *http.Request) {
		if p := current.Load(); p != nil && p.requests.Add(1) == w.killAt.Load() {
			_ = p.cmd.Process.Signal(s) // it may have ended
		}
	}
	w.configure(proxy(w.t, w.search.URL, before), proxy(w.t, w.s3.Endpoint, before), extra)
	return func(args ...string) *runner {
		w.t.Helper()
		p := &runner{cmd: w.command(args...)}
		p.cmd.Stderr = &p.stderr
		current.Store(nil)
		if err := p.cmd.Start(); err != nil {
			w.t.Fatal(err)
		}
		current.Store(p)
		return p
	}
}

// countedRuns starts runs so, of many small volumes.
func (w *world) countedRuns(s syscall.Signal) func(date string) *runner {
	start := w.counted(s, "")
	w.env = []string{"ARCHIVER_ARCHIVE_VOLUME_SIZE=64KiB"}
	return func(date string) *runner {
		w.t.Helper()
		return start("run", "--date", date)
	}
}

// code waits for the end.
func (p *runner) code() int {
	_ = p.cmd.Wait() // the state tells
	return p.cmd.ProcessState.ExitCode()
}

// TestKilledAtFortyPointsOfARealRun kills the process at requests spread over a
// run on the real OpenSearch and S3 server. The next run makes the day whole.
func TestKilledAtFortyPointsOfARealRun(t *testing.T) {
	const points = 40
	w := newWorld(t, "killed")
	total := w.requests()
	t.Logf("%d requests in an undisturbed run, volumes of 64 KiB", total)
	if total < points {
		t.Fatal("too few to spread over")
	}
	start := w.countedRuns(syscall.SIGKILL)
	killed := 0
	for i := range points {
		date := dayNumber(i + 1)
		w.logs(date, 400, 2)
		w.killAt.Store(1 + int64(i)*total/points)
		if p := start(date); p.code() == -1 {
			killed++
		}
		w.killAt.Store(-1)
		w.must(0, "unlock", "--yes")
		if r := w.run("run", "--date", date); r.code != 0 {
			t.Fatalf("killed at request %d of %d; the next run: exit code %d\n%s", 1+int64(i)*total/points, total, r.code, r.stderr)
		}
		w.wantEmpty()
		w.ok("DELETE", "/"+w.index(date), nil)
	}
	if killed < points*9/10 {
		t.Errorf("only %d of %d runs were killed in time", killed, points)
	}
	if entries := w.ledger(); len(entries) != points+1 {
		t.Errorf("%d ledger entries for %d days", len(entries), points+1)
	}
	w.must(0, "clean", "--yes")
	if r := w.must(0, "clean"); !strings.Contains(r.stdout, "Nothing is left behind") {
		t.Errorf("%s", r.stdout)
	}
	if keys := w.keys(w.staging, ".archiver/"); len(keys) != 1 {
		t.Errorf("after clean, staging has %v", keys)
	}
	for _, i := range []int{1, points / 2, points} {
		w.openByHand(dayNumber(i))
	}
}

// dayNumber are days in a row, the first of them undisturbed.
func dayNumber(i int) string {
	return time.Date(2026, 9, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
}

// requests counts the requests of an undisturbed run.
func (w *world) requests() int64 {
	w.t.Helper()
	w.logs(dayNumber(0), 400, 2)
	p := w.countedRuns(syscall.SIGKILL)(dayNumber(0)) // at no request: killAt is not set
	if code := p.code(); code != 0 {
		w.t.Fatalf("exit code %d\n%s", code, p.stderr.String())
	}
	return p.requests.Load()
}

// TestSignalledAtTwentyMomentsOfARealRun sends SIGTERM in the middle. The
// process exits 5 in time, and the next run, which need not wait for any lease,
// completes the day.
func TestSignalledAtTwentyMomentsOfARealRun(t *testing.T) {
	const moments = 20
	w := newWorld(t, "signalled")
	total := w.requests()
	start := w.countedRuns(syscall.SIGTERM)
	interrupted := 0
	for i := range moments {
		date := dayNumber(i + 1)
		w.logs(date, 400, 2)
		w.killAt.Store(2 + int64(i)*(total-4)/moments)
		began := time.Now()
		p := start(date)
		code := p.code()
		if spent := time.Since(began); spent > 20*time.Second {
			t.Errorf("it took %v to end", spent)
		}
		w.killAt.Store(-1)
		switch code {
		case 5:
			interrupted++
			if !strings.Contains(p.stderr.String(), "interrupted") {
				t.Errorf("the message does not say so: %s", p.stderr.String())
			}
		case 0: // the last step was under way
		default:
			t.Errorf("signalled at request %d: exit code %d\n%s", 2+int64(i)*(total-4)/moments, code, p.stderr.String())
		}
		if r := w.run("run", "--date", date); r.code != 0 {
			t.Fatalf("the next run: exit code %d\n%s", r.code, r.stderr)
		}
		w.wantEmpty()
		w.ok("DELETE", "/"+w.index(date), nil)
	}
	if interrupted < moments*3/4 {
		t.Errorf("only %d of %d were interrupted", interrupted, moments)
	}
	if got := w.uploads(); got != 0 {
		t.Errorf("%d unfinished uploads were left", got)
	}
}

// TestDayThatDiesAfterItsSnapshotIsFinishedBeforeTheNext is the scenario that
// mixes days in a cron script.
func TestDayThatDiesAfterItsSnapshotIsFinishedBeforeTheNext(t *testing.T) {
	w := newWorld(t, "mixed")
	w.logs("2026-11-19", 1000, 2)
	w.logs("2026-11-20", 700, 2)
	var once sync.Once
	var p *runner
	ready := make(chan struct{})
	endpoint := proxy(t, w.s3.Endpoint, func(_ int64, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, ".tar.pgp") {
			once.Do(func() {
				<-ready
				_ = p.cmd.Process.Kill()
			})
		}
	})
	w.configure(w.search.URL, endpoint, "")
	p = &runner{cmd: w.command("run", "--date", "2026-11-19")}
	p.cmd.Stderr = &p.stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(ready)
	if code := p.code(); code != -1 {
		t.Fatalf("it was not killed: %d %s", code, p.stderr.String())
	}
	if r := w.must(4, "run", "--date", "2026-11-20"); !strings.Contains(r.stderr, "lease") {
		t.Errorf("%s", r.stderr)
	}
	w.must(0, "unlock", "--yes")
	o := w.must(0, "run", "--date", "2026-11-20", "--json").outcome(t)
	if len(o.Outcomes) != 2 || o.Outcomes[0].Date != "2026-11-19" || o.Outcomes[0].Documents != 1000 || o.Outcomes[1].Date != "2026-11-20" || o.Outcomes[1].Documents != 700 {
		t.Errorf("%+v", o)
	}
	w.wantEmpty()
	for date, n := range map[string]int{"2026-11-19": 1000, "2026-11-20": 700} {
		opened, _ := w.openByHand(date)
		w.wantRestorable(opened, date, n)
	}
}

// TestTenAtOnce starts ten processes on the same and on different dates: one
// works, nine exit 4.
func TestTenAtOnce(t *testing.T) {
	w := newWorld(t, "crowd")
	for name, dateOf := range map[string]func(i int) string{
		"the same date":   func(int) string { return "2026-11-01" },
		"different dates": func(i int) string { return fmt.Sprintf("2026-11-%02d", 10+i) },
	} {
		t.Run(name, func(t *testing.T) {
			for i := range 10 {
				if date := dateOf(i); i == 0 || date != dateOf(0) {
					w.logs(date, 100, 1)
				}
			}
			// The first to work stands still until the others have ended.
			others := make(chan struct{})
			var once sync.Once
			endpoint := proxy(t, w.search.URL, func(_ int64, r *http.Request) {
				once.Do(func() {
					select {
					case <-others:
					case <-time.After(30 * time.Second):
					}
				})
			})
			w.configure(endpoint, w.s3.Endpoint, "")
			codes := make(chan int, 10)
			for i := range 10 {
				cmd := w.command("run", "--date", dateOf(i))
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				go func() {
					_ = cmd.Wait()
					codes <- cmd.ProcessState.ExitCode()
				}()
			}
			for i := range 9 {
				if code := <-codes; code != 4 {
					t.Errorf("process %d exits %d, want 4", i, code)
				}
			}
			close(others)
			if code := <-codes; code != 0 {
				t.Errorf("the one that works exits %d", code)
			}
		})
	}
}

// TestUnlockShowsTheHolderAndBreaksOnlyWhenTold leaves a dead run's lease.
func TestUnlockShowsTheHolderAndBreaksOnlyWhenTold(t *testing.T) {
	w := newWorld(t, "unlock")
	w.logs("2026-11-20", 200, 1)
	w.killAt.Store(45)
	p := w.countedRuns(syscall.SIGKILL)("2026-11-20")
	p.code()
	var h struct {
		Holder     string
		Unfinished struct{ Phase, Date string }
	}
	r := w.must(0, "unlock", "--json")
	if err := json.Unmarshal([]byte(r.stdout), &h); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("process %d", p.cmd.Process.Pid); !strings.Contains(h.Holder, want) || h.Unfinished.Date != "2026-11-20" || h.Unfinished.Phase == "" {
		t.Errorf("%+v does not name %s", h, want)
	}
	w.must(4, "run", "--date", "2026-11-20")
	w.must(0, "unlock", "--yes")
	w.must(0, "run", "--date", "2026-11-20")
	if r := w.must(0, "unlock"); !strings.Contains(r.stdout, "Nobody holds the lease") {
		t.Error(r.stdout)
	}
}

// uploads counts unfinished uploads in the archive bucket.
func (w *world) uploads() int {
	w.t.Helper()
	out, err := w.client().ListMultipartUploads(w.t.Context(), &s3.ListMultipartUploadsInput{Bucket: &w.archive})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(out.Uploads)
}
