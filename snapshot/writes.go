package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
)

// Writes is a number that grows with every write to an index, deletions
// included: how many sequence numbers its primary shards have given out. An
// equal number means that nothing was written in between; a larger one may also
// come from a primary that moved. ErrNotFound: no such index.
func (c *Cluster) Writes(ctx context.Context, index string) (int64, error) {
	if err := checkName("index", index); err != nil {
		return 0, err
	}
	r := request{
		op:     "count the writes to " + index,
		method: http.MethodGet,
		path:   []string{index, "_stats", "docs"},
		query: url.Values{
			"level":       {"shards"},
			"filter_path": {"_shards,indices.*.shards.*.routing.primary,indices.*.shards.*.seq_no.max_seq_no"},
		},
	}
	type shardCopy struct {
		Routing struct {
			Primary bool `json:"primary"`
		} `json:"routing"`
		Sequence *struct {
			Max int64 `json:"max_seq_no"` // -1 before the first write
		} `json:"seq_no"`
	}
	var out struct {
		Shards struct {
			Failed int `json:"failed"`
		} `json:"_shards"`
		Indices map[string]struct {
			Shards map[string][]shardCopy `json:"shards"`
		} `json:"indices"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return 0, err
	}
	if out.Shards.Failed > 0 {
		return 0, fmt.Errorf("%s: %d shards did not answer", r.op, out.Shards.Failed)
	}
	found, ok := out.Indices[index]
	if !ok || len(found.Shards) == 0 {
		return 0, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("no shards of %q in it", index))
	}
	var writes int64
	for _, copies := range found.Shards {
		primary := false
		for _, s := range copies {
			if s.Routing.Primary && s.Sequence != nil {
				writes, primary = writes+s.Sequence.Max+1, true
			}
		}
		if !primary {
			return 0, c.gibberish(r, answer{status: http.StatusOK}, errors.New("a shard without its primary's sequence number in it"))
		}
	}
	return writes, nil
}
