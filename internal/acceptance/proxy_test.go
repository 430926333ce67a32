package acceptance

import (
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync/atomic"
	"testing"
)

// proxy stands between the program and a server, passes everything on, and
// calls before each request what the test wants to happen there.
func proxy(t *testing.T, target string, before func(n int64, r *http.Request)) string {
	t.Helper()
	var n atomic.Int64
	return front(t, target, func(_ http.ResponseWriter, r *http.Request) bool {
		before(n.Add(1), r)
		return false
	})
}

// answerer answers a request in a server's place; false passes it on.
type answerer func(w http.ResponseWriter, r *http.Request) bool

// front is a proxy that may answer by itself.
func front(t *testing.T, target string, answer answerer) string {
	t.Helper()
	u, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	pass := &httputil.ReverseProxy{
		ErrorLog: log.New(io.Discard, "", 0), // of processes that the test has killed
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(u)
			r.Out.Host = r.In.Host // signatures cover it
		},
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !answer(w, r) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}
