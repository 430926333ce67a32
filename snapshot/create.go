package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// CreateOptions say what a snapshot takes in.
type CreateOptions struct {
	// Indices by name, at least one: a cluster takes an empty list for all.
	Indices []string
	// Metadata is kept with the snapshot and shown with it.
	Metadata map[string]string
}

// Create asks for a snapshot and returns when the cluster has accepted, long
// before it is taken: Snapshot tells how it ended, and a disabled repository
// may show only there. Missing indices are an error, and so would be shards
// that cannot be taken, were they known now.
//
// Errors a caller decides on: ErrNameTaken, ErrBusy, ErrDisabled, ErrNotFound
// (repository or index) and ErrAmbiguous. After the last, asking again for the
// same name is safe: it is refused with ErrNameTaken if the first was heard.
func (c *Cluster) Create(ctx context.Context, repository, name string, o CreateOptions) error {
	if err := checkSnapshot(repository, name); err != nil {
		return err
	}
	if len(o.Indices) == 0 {
		return errors.New("create snapshot " + name + ": no index is named")
	}
	for _, i := range o.Indices {
		if err := checkName("index", i); err != nil {
			return fmt.Errorf("create snapshot %s: %w", name, err)
		}
	}
	r := snapshotRequest("create snapshot", http.MethodPut, repository, name)
	r.query = url.Values{"wait_for_completion": {"false"}}
	r.body = struct {
		Indices            []string          `json:"indices"`
		IncludeGlobalState bool              `json:"include_global_state"`
		Partial            bool              `json:"partial"`
		IgnoreUnavailable  bool              `json:"ignore_unavailable"`
		Metadata           map[string]string `json:"metadata,omitempty"`
	}{Indices: o.Indices, Metadata: o.Metadata}
	return c.change(ctx, r)
}

func snapshotRequest(verb, method, repository, name string) request {
	return request{
		op:     verb + " " + repository + "/" + name,
		method: method,
		path:   []string{"_snapshot", repository, name},
	}
}
