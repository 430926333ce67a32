package acceptance

import (
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"archiver/archive"
)

// TestThirtyDays archives thirty consecutive days on one repository. The last costs
// what the first did, but for the ledger, which is read from its beginning: one
// request more for every day that it holds.
func TestThirtyDays(t *testing.T) {
	const days, documents = 30, 200
	w := newWorld(t, "thirty")
	var count counter
	w.configure(proxy(t, w.search.URL, count.of("cluster")), proxy(t, w.s3.Endpoint, count.of("store")), w.opening())
	var figures []dayFigures
	for n := range days {
		date := dayNumber(n)
		w.logs(date, documents, 1)
		count.reset()
		began := time.Now()
		o := w.must(0, "run", "--date", date, "--json").outcome(t).Outcomes[0]
		took := time.Since(began)
		if o.Status != "sealed" || o.Documents != documents || o.Head.Sequence != n+1 || o.Volumes != 1 {
			t.Fatalf("run of %s: %+v", date, o)
		}
		w.wantEmpty()
		f := count.figures()
		f.left, f.entries, f.took = len(w.keys(w.staging, "")), len(w.ledger()), took
		figures = append(figures, f)
	}
	for _, n := range []int{0, 1, 14, 29} {
		f := figures[n]
		t.Logf("day %2d: %3d requests to the cluster, %3d to the stores and %d of them to the ledger; %d objects left, %d entries, %v",
			n+1, f.cluster, f.store, f.ledger, f.left, f.entries, f.took.Round(time.Millisecond))
	}
	// The first day registers the repository and writes the archive's pages, so the
	// second is the measure.
	second, last := figures[1], figures[days-1]
	if last.left != second.left || last.entries != days {
		t.Errorf("%d objects are left after the last day, %d after the second; %d entries", last.left, second.left, last.entries)
	}
	if grown := last.ledger - second.ledger; grown != days-2 {
		t.Errorf("the last day asked for the ledger %d times, the second %d times", last.ledger, second.ledger)
	}
	const polls = 12 // how often it is looked, and the lease renewed, depends on time
	if was, is := second.store-second.ledger, last.store-last.ledger; is > was+polls {
		t.Errorf("the last day asked the stores %d times, the second %d times, the ledger left out: %v, %v", is, was, last.kinds, second.kinds)
	}
	if last.cluster > second.cluster+polls {
		t.Errorf("the last day asked the cluster %d times, the second %d times: %v, %v", last.cluster, second.cluster, last.kinds, second.kinds)
	}
	w.wantThirtyInTheChain()
	if r := w.must(0, "drill", "--random", "--json").broughtBack(t); r.Result.Verdict != "passed" || r.Result.Documents != documents {
		t.Errorf("%+v", r.Result)
	}
	w.wantNoScratch()
}

// wantThirtyInTheChain wants every day verified, and none missing in the calendar.
func (w *world) wantThirtyInTheChain() {
	w.t.Helper()
	r := w.must(0, "verify", "--ciphertext")
	for _, says := range []string{"30 entries", "30 archives: 30 volumes looked at", "No violation was found."} {
		if !strings.Contains(r.stdout, says) {
			w.t.Errorf("verify does not say %q:\n%s", says, r.stdout)
		}
	}
	if strings.Contains(r.stdout, "no archive of these days") {
		w.t.Error(r.stdout)
	}
}

// dayFigures are what one day cost, and what it left.
type dayFigures struct {
	cluster, store int // requests
	ledger         int // of those to the store
	left           int // objects in staging
	entries        int // in the ledger
	took           time.Duration
	kinds          map[string]int // requests by what they are about
}

// counter counts requests by what they are about.
type counter struct {
	mu    sync.Mutex
	kinds map[string]int
}

func (c *counter) reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.kinds = map[string]int{}
}

// of is what a proxy calls before each request to a server.
func (c *counter) of(server string) func(int64, *http.Request) {
	return func(_ int64, r *http.Request) {
		kind := server + " " + r.Method
		if server == "store" {
			kind += " " + about(r)
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if c.kinds != nil {
			c.kinds[kind]++
		}
	}
}

// about tells which part of a bucket a request is for.
func about(r *http.Request) string {
	key := r.URL.Path + r.URL.Query().Get("prefix")
	for _, part := range []string{"prod/ledger/", "prod/archives/", archive.WorkPrefix, "snapshots/"} {
		if strings.Contains(key, part) {
			return part
		}
	}
	return "else"
}

func (c *counter) figures() (f dayFigures) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.kinds = maps.Clone(c.kinds)
	for kind, n := range c.kinds {
		switch {
		case strings.HasPrefix(kind, "cluster"):
			f.cluster += n
		case strings.Contains(kind, "ledger"):
			f.ledger += n
			f.store += n
		default:
			f.store += n
		}
	}
	return f
}
