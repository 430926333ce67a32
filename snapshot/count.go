package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
)

// Count counts the documents of one index. A closed index cannot be counted,
// and a count over some of the shards is an error. ErrNotFound: no such index.
func (c *Cluster) Count(ctx context.Context, index string) (int64, error) {
	if err := checkName("index", index); err != nil {
		return 0, err
	}
	var out struct {
		Count  *int64 `json:"count"`
		Shards struct {
			Total      int `json:"total"`
			Successful int `json:"successful"`
		} `json:"_shards"`
	}
	r := request{op: "count documents of " + index, method: http.MethodGet, path: []string{index, "_count"}}
	if err := c.read(ctx, r, &out); err != nil {
		return 0, err
	}
	if out.Count == nil {
		return 0, c.gibberish(r, answer{status: http.StatusOK}, errors.New("no count in it"))
	}
	if out.Shards.Successful != out.Shards.Total {
		return 0, fmt.Errorf("%s: only %d of %d shards answered", r.op, out.Shards.Successful, out.Shards.Total)
	}
	return *out.Count, nil
}
