package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/opensearch-project/opensearch-go/v4"
)

// Tried says whether the versions that this program is tested with include this
// one's major: OpenSearch 2 and 3, Elasticsearch 7 and 8.
func Tried(i Info) bool {
	major, _, _, err := opensearch.ParseVersion(i.Version)
	majors := map[string][]int64{OpenSearch: {2, 3}, Elasticsearch: {7, 8}}[i.Distribution]
	return err == nil && slices.Contains(majors, major)
}

// Clock asks the cluster for its time, to the second.
func (c *Cluster) Clock(ctx context.Context) (time.Time, error) {
	// Its answers have no Date; this is where it tells.
	r := request{op: "ask the cluster for its time", method: http.MethodGet, path: []string{"_cat", "health"},
		query: url.Values{"format": {"json"}, "h": {"epoch"}}}
	var rows []struct {
		Epoch string `json:"epoch"`
	}
	if err := c.read(ctx, r, &rows); err != nil {
		return time.Time{}, err
	}
	if len(rows) != 1 {
		return time.Time{}, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("%d rows", len(rows)))
	}
	seconds, err := strconv.ParseInt(rows[0].Epoch, 10, 64)
	if err != nil {
		return time.Time{}, c.gibberish(r, answer{status: http.StatusOK}, err)
	}
	return time.Unix(seconds, 0), nil
}

// VerifyRepository has every node of the cluster write to the repository and
// read it back, below tests-*/, and remove what it wrote.
func (c *Cluster) VerifyRepository(ctx context.Context, name string) (nodes int, err error) {
	if err := checkName("repository", name); err != nil {
		return 0, err
	}
	r := request{op: "verify repository " + name, method: http.MethodPost, path: []string{"_snapshot", name, "_verify"}, change: true}
	var out struct {
		Nodes map[string]any `json:"nodes"`
	}
	err = c.once(ctx, r, &out)
	return len(out.Nodes), err
}

// Privileges are actions, by the names that the servers give them.
type Privileges struct {
	Cluster []string
	Index   []string // on Indices
	Indices []string // patterns
}

// Lacks asks an Elasticsearch which of the privileges the caller does not have.
// ErrUnknowable where that cannot be asked: without its security, and on
// OpenSearch, which has no such question.
func (c *Cluster) Lacks(ctx context.Context, p Privileges) ([]string, error) {
	r := request{op: "ask for the caller's privileges", method: http.MethodPost, path: []string{"_security", "user", "_has_privileges"},
		body: map[string]any{
			"cluster": p.Cluster,
			"index":   []map[string]any{{"names": p.Indices, "privileges": p.Index}},
		}}
	var out struct {
		Cluster map[string]bool            `json:"cluster"`
		Index   map[string]map[string]bool `json:"index"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return nil, unanswered(err)
	}
	var lacks []string
	for name, has := range out.Cluster {
		if !has {
			lacks = append(lacks, name)
		}
	}
	for index, privileges := range out.Index {
		for name, has := range privileges {
			if !has {
				lacks = append(lacks, name+" on "+index)
			}
		}
	}
	slices.Sort(lacks)
	return lacks, nil
}

// Caller asks OpenSearch's security plugin who we are to it, and which roles
// that brings. ErrUnknowable without the plugin.
func (c *Cluster) Caller(ctx context.Context) (user string, roles []string, err error) {
	r := request{op: "ask who the caller is", method: http.MethodGet, path: []string{"_plugins", "_security", "authinfo"}}
	var out struct {
		User  string   `json:"user_name"`
		Roles []string `json:"roles"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return "", nil, unanswered(err)
	}
	return out.User, out.Roles, nil
}

// unanswered is ErrUnknowable for what a cluster says that does not know the
// question: servers without security call it a bad request, a path that is not
// there, a method that is not allowed, or an error of their own.
func unanswered(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusInternalServerError, http.StatusForbidden:
		return fmt.Errorf("%w: %w", ErrUnknowable, err)
	}
	return err
}
