package s3_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"archiver/archive/store/s3"
	"archiver/internal/lab"
)

// proxy stands before a real server and does harm to chosen requests.
type proxy struct {
	*httptest.Server
	real http.Handler

	mu   sync.Mutex
	harm func(w http.ResponseWriter, r *http.Request) bool // true: it answered
	seen []string                                          // method and query's first name
}

// faulty is a store whose server can be made to misbehave, its bucket as a
// store that goes past the proxy, and the proxy.
func faulty(t *testing.T) (behind, direct *s3.Store, p *proxy) {
	t.Helper()
	server := lab.S3(t)
	server.Env(t)
	target, err := url.Parse(server.Endpoint)
	if err != nil {
		t.Fatal(err)
	}
	// The signature covers Host, so that it is passed on as it came.
	p = &proxy{real: &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}}}
	p.Server = httptest.NewServer(p)
	t.Cleanup(func() {
		p.CloseClientConnections() // those that are being stalled
		p.Close()
	})
	o := s3.Options{Bucket: server.Bucket(t), Prefix: "p", Endpoint: server.Endpoint, PathStyle: true}
	direct = open(t, o)
	o.Endpoint, o.IdleTimeout = p.URL, 300*time.Millisecond
	return open(t, o), direct, p
}

func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, requestName(r))
	harm := p.harm
	p.mu.Unlock()
	if harm == nil || !harm(w, r) {
		p.real.ServeHTTP(w, r)
	}
}

// requestName is such as "GET", "POST uploads", "PUT partNumber".
func requestName(r *http.Request) string {
	for _, name := range []string{"uploads", "partNumber", "uploadId"} {
		if r.URL.Query().Has(name) {
			return r.Method + " " + name
		}
	}
	return r.Method
}

// times does harm to the first n requests of a name.
func (p *proxy) times(n int, name string, harm http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.seen = nil
	p.harm = func(w http.ResponseWriter, r *http.Request) bool {
		p.mu.Lock()
		do := n > 0 && requestName(r) == name
		if do {
			n--
		}
		p.mu.Unlock()
		if do {
			harm(w, r)
		}
		return do
	}
}

// harmAll does harm to every request from now on.
func (p *proxy) harmAll(harm http.HandlerFunc) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.harm = func(w http.ResponseWriter, r *http.Request) bool { harm(w, r); return true }
}

// count is how many requests of a name came since times was called.
func (p *proxy) count(name string) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, s := range p.seen {
		if s == name {
			n++
		}
	}
	return n
}

// cut passes on n bytes of the answer's body, and breaks the connection.
func (p *proxy) cut(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.real.ServeHTTP(&clipped{ResponseWriter: w, left: n, then: func() { panic(http.ErrAbortHandler) }}, r)
	}
}

// stall passes on n bytes of the answer's body, and then nothing.
func (p *proxy) stall(n int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p.real.ServeHTTP(&clipped{ResponseWriter: w, left: n, then: func() {
			_ = http.NewResponseController(w).Flush()
			<-r.Context().Done()
			panic(http.ErrAbortHandler)
		}}, r)
	}
}

// lose lets the real server do it, and loses its answer.
func (p *proxy) lose(_ http.ResponseWriter, r *http.Request) {
	p.real.ServeHTTP(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// say answers with one of S3's errors.
func say(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // else the connection breaks under the request
		w.WriteHeader(status)
		if r.Method != http.MethodHead {
			_, _ = strings.NewReader("<Error><Code>" + code + "</Code><Message>as the test wants it</Message></Error>").WriteTo(w)
		}
	}
}

type clipped struct {
	http.ResponseWriter
	left int
	then func()
}

func (c *clipped) Write(p []byte) (int, error) {
	n, err := c.ResponseWriter.Write(p[:min(len(p), c.left)])
	if c.left -= n; c.left == 0 {
		_ = http.NewResponseController(c.ResponseWriter).Flush()
		c.then()
	}
	return n, err
}
