package snapshottest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// call is a request, taken apart.
type call struct {
	vars   []string // what stands for {} in the path
	params url.Values
	body   []byte
}

// yes is a parameter's truth: the servers take a name alone for true.
func (q *call) yes(name string) bool {
	return q.params.Has(name) && q.params.Get(name) != "false"
}

func (q *call) list(n int) []string { return strings.Split(q.vars[n], ",") }

// decode reads the body, if there is one. Unknown fields are passed over, as
// the servers do in most places.
func (q *call) decode(into any) error {
	if len(q.body) == 0 {
		return nil
	}
	if err := json.Unmarshal(q.body, into); err != nil {
		return refuse(http.StatusBadRequest, "parse_exception", "Failed to parse content to map: %v", err)
	}
	return nil
}

// strictly decodes JSON and refuses fields it does not know.
func strictly(data []byte, into any) error {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	return dec.Decode(into)
}

// names is a list of names in either form the API takes: an array, or a string
// with commas.
type names []string

func (n *names) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*n = strings.Split(one, ",")
		return nil
	}
	return json.Unmarshal(data, (*[]string)(n))
}

type route struct {
	method string
	path   string // {} stands for one segment
	handle func(*call) (any, error)
}

// routes are tried in this order.
func (c *Cluster) routes() []route {
	return []route{
		{"GET", "", c.welcome},
		{"GET", "_cluster/health", c.health},
		{"GET", "_cluster/state", c.state},
		{"GET", "_cluster/state/{}", c.state},
		{"POST", "_cluster/allocation/explain", c.explain},
		{"GET", "_cat/shards/{}", c.listShards},
		{"GET", "_cat/indices", c.listIndices},
		{"GET", "_cat/indices/{}", c.listIndices},
		{"GET", "_snapshot", c.listRepositories},
		{"GET", "_snapshot/_status", c.statusOfRunning},
		{"GET", "_snapshot/{}", c.showRepository},
		{"PUT", "_snapshot/{}", c.register},
		{"POST", "_snapshot/{}", c.register},
		{"DELETE", "_snapshot/{}", c.unregister},
		{"POST", "_snapshot/{}/_verify", c.verifyRepository},
		{"POST", "_snapshot/{}/_cleanup", c.cleanup},
		{"GET", "_snapshot/{}/{}", c.showSnapshots},
		{"PUT", "_snapshot/{}/{}", c.create},
		{"POST", "_snapshot/{}/{}", c.create},
		{"DELETE", "_snapshot/{}/{}", c.deleteSnapshots},
		{"GET", "_snapshot/{}/{}/_status", c.status},
		{"POST", "_snapshot/{}/{}/_restore", c.restore},
		{"DELETE", "{}", c.deleteIndices},
		{"POST", "{}/_close", c.closeIndices},
		{"GET", "{}/_settings/{}", c.settings},
		{"GET", "{}/_mapping", c.mapping},
		{"GET", "{}/_stats/docs", c.stats},
		{"GET", "{}/_recovery", c.recovery},
		{"GET", "{}/_count", c.count},
		{"POST", "{}/_count", c.count},
		{"POST", "{}/_refresh", c.refresh},
		{"GET", "{}/_doc/{}", c.document},
		{"GET", "{}/_search", c.search},
		{"POST", "{}/_search", c.search},
	}
}

// match takes the path apart. An API's own names begin with an underscore, and
// nothing else does.
func (r route) match(segments []string) ([]string, bool) {
	pattern := strings.Split(r.path, "/")
	if len(pattern) != len(segments) {
		return nil, false
	}
	var vars []string
	for n, p := range pattern {
		switch {
		case p == "{}" && (!strings.HasPrefix(segments[n], "_") || n > 0):
			vars = append(vars, segments[n])
		case p != segments[n]:
			return nil, false
		}
	}
	return vars, true
}

// Handler serves the API. Each GET request first advances what is going on,
// unless Options.Manual is set.
func (c *Cluster) Handler() http.Handler {
	routes := c.routes()
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return // the client is gone, and its request with it
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		if req.Method == http.MethodGet && !c.o.Manual {
			c.step()
		}
		status, answer := dispatch(routes, req, body)
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // what cannot be sent is the client's loss
	})
}

func dispatch(routes []route, req *http.Request, body []byte) (int, any) {
	var segments []string
	for _, s := range strings.Split(strings.Trim(req.URL.EscapedPath(), "/"), "/") {
		plain, err := url.PathUnescape(s)
		if err != nil {
			return http.StatusBadRequest, map[string]any{"error": "bad path"}
		}
		segments = append(segments, plain)
	}
	var allowed []string
	for _, r := range routes {
		vars, ok := r.match(segments)
		if !ok {
			continue
		}
		if r.method != req.Method {
			allowed = append(allowed, r.method)
			continue
		}
		return result(r.handle(&call{vars: vars, params: req.URL.Query(), body: body}))
	}
	if allowed != nil {
		return http.StatusMethodNotAllowed, map[string]any{
			"error":  "Incorrect HTTP method for uri [" + req.URL.Path + "] and method [" + req.Method + "], allowed: [" + strings.Join(allowed, ", ") + "]",
			"status": http.StatusMethodNotAllowed,
		}
	}
	return http.StatusBadRequest, map[string]any{"error": "no handler found for uri [" + req.URL.Path + "] and method [" + req.Method + "]"}
}

func result(answer any, err error) (int, any) {
	var r *refusal
	switch {
	case errors.As(err, &r):
		return r.status, r.body()
	case err != nil:
		return http.StatusInternalServerError, refuse(500, "exception", "%v", err).body()
	}
	if plain, ok := answer.(notFound); ok {
		return http.StatusNotFound, plain.body
	}
	return http.StatusOK, answer
}

// notFound is an answer with status 404 that is no error of the API.
type notFound struct{ body any }

func acknowledged() any { return map[string]any{"acknowledged": true} }
