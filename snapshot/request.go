package snapshot

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
)

// maxAnswer bounds an answer in bytes. The largest is a list of snapshots:
// about 1 KiB each, a few MiB for many years.
const maxAnswer = 64 << 20

// request is one call of the API.
type request struct {
	op     string   // what is being done to what, for errors
	method string   // HTTP
	path   []string // segments, unescaped
	query  url.Values
	body   any // sent as JSON, unless nil
	change bool
	// greeting asks who is there: what no cluster has answered was sent to the
	// wrong address.
	greeting bool
	most     int64 // longest answer in bytes; 0: maxAnswer
}

// answer is what a server said, whatever it was.
type answer struct {
	status int
	header http.Header
	body   []byte
	token  string // a session token that the request carried
}

// redact takes the session token out of what the server says: the front of
// Amazon's service repeats a request whose signature it cannot follow.
func (a answer) redact(s string) string {
	if a.token == "" {
		return s
	}
	return strings.ReplaceAll(s, a.token, "(hidden)")
}

func (r request) escapedPath() string {
	var b strings.Builder
	for _, s := range r.path {
		b.WriteByte('/')
		b.WriteString(escape(s))
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
}

// escape encodes everything that is not an unreserved character of RFC 3986.
// More than a path needs: but what signs a path and what checks the signature
// agree about those characters only when they are encoded.
func escape(segment string) string {
	return strings.ReplaceAll(url.QueryEscape(segment), "+", "%20")
}

func (r request) http(ctx context.Context) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		data, err := json.Marshal(r.body)
		if err != nil {
			return nil, err
		}
		body = bytes.NewReader(data)
	}
	u := url.URL{Path: "/" + strings.Join(r.path, "/"), RawPath: r.escapedPath(), RawQuery: r.query.Encode()}
	req, err := http.NewRequestWithContext(ctx, r.method, "/", body)
	if err != nil {
		return nil, err
	}
	req.URL = &u
	req.Header.Set("Accept", "application/json")
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, nil
}

// once sends r a single time and decodes a 2xx answer into out.
func (c *Cluster) once(ctx context.Context, r request, out any) error {
	a, sent, err := c.exchange(ctx, r)
	if err != nil {
		return c.silence(r, sent, err)
	}
	if a.status < 200 || a.status > 299 {
		return c.refusal(r, a)
	}
	if err := json.Unmarshal(a.body, out); err != nil {
		return c.gibberish(r, a, err)
	}
	return nil
}

// exchange sends r and reads the whole answer. sent says whether a server may
// have seen any of it: until then, the next address is tried.
func (c *Cluster) exchange(ctx context.Context, r request) (a answer, sent bool, err error) {
	for range c.addresses {
		a, sent, err = c.attempt(ctx, r)
		if err == nil || sent || hopeless(err) || ctx.Err() != nil {
			break
		}
	}
	return a, sent, err
}

// attempt is exchange with one of the addresses. The transport leaves one that
// cannot be reached out for a while.
func (c *Cluster) attempt(ctx context.Context, r request) (a answer, sent bool, err error) {
	var connected atomic.Bool
	limited, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	traced := httptrace.WithClientTrace(limited, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	})
	req, err := r.http(traced)
	if err != nil {
		return answer{}, false, err
	}
	a, err = c.send(req, r.limit())
	if err != nil && ctx.Err() == nil && limited.Err() != nil {
		err = fmt.Errorf("%w within %s", errNoAnswer, c.timeout)
	}
	return a, connected.Load(), err
}

func (r request) limit() int64 {
	if r.most > 0 {
		return r.most
	}
	return maxAnswer
}

func (c *Cluster) send(req *http.Request, most int64) (answer, error) {
	resp, err := c.transport.Stream(req)
	if resp != nil {
		defer resp.Body.Close()
	}
	if err != nil {
		return answer{}, err
	}
	if resp.Header.Get("X-Amzn-Requestid") != "" {
		c.amazon.Store(true)
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return answer{}, fmt.Errorf("the answer broke off: %w", err)
	}
	if int64(len(body)) > most {
		return answer{}, fmt.Errorf("%w: the answer is longer than %d bytes", ErrTooLarge, most)
	}
	return answer{
		status: resp.StatusCode, header: resp.Header, body: body,
		token: req.Header.Get("X-Amz-Security-Token"),
	}, nil
}

// change sends a change once and wants the cluster's acknowledgement: without
// it the change was decided, but not every node has said that it knows.
func (c *Cluster) change(ctx context.Context, r request) error {
	r.change = true
	var out struct{ Acknowledged, Accepted bool }
	if err := c.once(ctx, r, &out); err != nil {
		return err
	}
	if !out.Acknowledged && !out.Accepted {
		return c.failure(r, http.StatusOK, "", "the cluster did not acknowledge it", ErrAmbiguous)
	}
	return nil
}

var (
	errNoAnswer = errors.New("no answer")
)
