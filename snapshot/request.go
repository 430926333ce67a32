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
	most   int64 // longest answer in bytes; 0: maxAnswer
}

// answer is what a server said, whatever it was.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (r request) escapedPath() string {
	var b strings.Builder
	for _, s := range r.path {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(s))
	}
	if b.Len() == 0 {
		return "/"
	}
	return b.String()
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

// exchange sends r and reads the whole answer. sent says whether the server
// may have seen any of it.
func (c *Cluster) exchange(ctx context.Context, r request) (a answer, sent bool, err error) {
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
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	if err != nil {
		return answer{}, fmt.Errorf("the answer broke off: %w", err)
	}
	if int64(len(body)) > most {
		return answer{}, fmt.Errorf("%w: the answer is longer than %d bytes", ErrTooLarge, most)
	}
	return answer{status: resp.StatusCode, header: resp.Header, body: body}, nil
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
	errNoAnswer  = errors.New("no answer")
	errAuthorize = errors.New("the request could not be authorized")
)
