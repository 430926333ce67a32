package snapshot

import (
	"context"
	"errors"
	"net/http"
	"net/url"
)

// RestoredFrom names the repository that an index is being restored, or was
// restored, from. "": the cluster does not say so: the index came to be otherwise,
// or its nodes have been started anew since, which is when they forget.
// ErrNotFound: no such index.
func (c *Cluster) RestoredFrom(ctx context.Context, index string) (string, error) {
	if err := checkName("index", index); err != nil {
		return "", err
	}
	name, err := c.recoveredFrom(ctx, index)
	var refused *Error
	if errors.As(err, &refused) && refused.Status == http.StatusBadRequest {
		return "", nil // it is closed; a restore opens what it makes
	}
	if err != nil || name != "" {
		return name, err
	}
	return c.routedFrom(ctx, index)
}

// restoreSource is where a shard comes from.
type restoreSource struct {
	Type       string `json:"type"` // SNAPSHOT
	Repository string `json:"repository"`
}

// recoveredFrom asks the shards that have begun.
func (c *Cluster) recoveredFrom(ctx context.Context, index string) (string, error) {
	r := request{
		op: "look where " + index + " was restored from", method: http.MethodGet, path: []string{index, "_recovery"},
		query: url.Values{"filter_path": {"*.shards.type,*.shards.source.repository"}},
	}
	var out map[string]struct {
		Shards []struct {
			Type   string        `json:"type"`
			Source restoreSource `json:"source"`
		} `json:"shards"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return "", err
	}
	for _, s := range out[index].Shards {
		if s.Type == "SNAPSHOT" && s.Source.Repository != "" {
			return s.Source.Repository, nil
		}
	}
	return "", nil
}

// routedFrom asks for the shards that wait for their turn, or were given up. A
// caller that may not know is told nothing.
func (c *Cluster) routedFrom(ctx context.Context, index string) (string, error) {
	r := request{
		op: "look where " + index + " is restored from", method: http.MethodGet, path: []string{"_cluster", "state", "routing_table", index},
		query: url.Values{"filter_path": {"routing_table.indices.*.shards.*.recovery_source"}},
	}
	var out struct {
		Table struct {
			Indices map[string]struct {
				Shards map[string][]struct {
					Source restoreSource `json:"recovery_source"`
				} `json:"shards"`
			} `json:"indices"`
		} `json:"routing_table"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return "", nil //nolint:nilerr // see above
	}
	for _, copies := range out.Table.Indices[index].Shards {
		for _, s := range copies {
			if s.Source.Type == "SNAPSHOT" && s.Source.Repository != "" {
				return s.Source.Repository, nil
			}
		}
	}
	return "", nil
}
