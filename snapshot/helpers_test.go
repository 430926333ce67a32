package snapshot

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

func recording(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", "opensearch-3.6.0", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// replay answers as the server did: errors repeat their status in the body.
func replay(t testing.TB, name string) http.HandlerFunc {
	t.Helper()
	body := recording(t, name+".json")
	var said struct{ Status int }
	_ = json.Unmarshal(body, &said) // the cat API answers with a list
	return say(max(said.Status, http.StatusOK), "application/json; charset=UTF-8", string(body))
}

func say(status int, contentType, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

// hangUp reads the request and closes the connection.
func hangUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// wait answers never.
func wait(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }

// inTurn answers the first request with the first handler, and so on; the last
// one answers the rest.
func inTurn(hs ...http.HandlerFunc) http.HandlerFunc {
	n := 0
	return func(w http.ResponseWriter, r *http.Request) {
		h := hs[min(n, len(hs)-1)]
		n++
		h(w, r)
	}
}

// counted keeps the requests that a handler was called with.
type counted struct {
	http.HandlerFunc
	mu       sync.Mutex
	requests []*http.Request
	bodies   []string
}

// ServeHTTP reads the body first: else a server does not notice that the
// client hangs up.
func (c *counted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	c.mu.Lock()
	c.requests = append(c.requests, r)
	c.bodies = append(c.bodies, string(body))
	c.mu.Unlock()
	c.HandlerFunc(w, r)
}

// calls is how often the handler was called since the last time.
func (c *counted) calls() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.requests)
	c.requests, c.bodies = nil, nil
	return n
}

func (c *counted) seen() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.requests)
}

// last is the newest request, as method, path and query, and its body.
func (c *counted) last() (call, body string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.requests) - 1
	return c.requests[n].Method + " " + c.requests[n].RequestURI, c.bodies[n]
}

func connect(t testing.TB, h http.Handler) *Cluster {
	t.Helper()
	return connectWith(t, h, Options{})
}

// connectWith connects to a server of its own, and repeats reads without much
// of a pause.
func connectWith(t testing.TB, h http.Handler, o Options) *Cluster {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	if o.URLs == nil {
		o.URLs = []string{srv.URL}
	}
	c, err := Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	c.pause = time.Millisecond
	return c
}
