package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Recovery is how far restored indices are, over their primary shards.
type Recovery struct {
	Shards     int
	ShardsDone int   // that are started
	Bytes      int64 // of the shards that have begun, so it grows
	BytesDone  int64
	// Failed are the shards that the cluster has given up: "index/shard:
	// reason". They stay so until the index is deleted. At most a few are
	// explained at a time, so that there may be more.
	Failed []string
}

// Done says whether every primary shard is started.
func (r Recovery) Done() bool { return r.Shards > 0 && r.ShardsDone == r.Shards }

// maxExplained bounds how many shards are asked about in one look.
const maxExplained = 5

// Recovery asks how far the recovery of indices is, by their exact names.
// ErrNotFound: one of them does not exist (any more).
func (c *Cluster) Recovery(ctx context.Context, indices []string) (Recovery, error) {
	var r Recovery
	if len(indices) == 0 {
		return r, errors.New("look at recovery: no index is named")
	}
	for _, i := range indices {
		if err := checkName("index", i); err != nil {
			return r, err
		}
	}
	var waiting []copyOfShard
	moving := false
	for _, names := range batch(indices) {
		copies, err := c.shards(ctx, names)
		if err != nil {
			return r, err
		}
		for _, s := range copies {
			switch {
			case s.Kind != "p":
				continue
			case s.State == "STARTED", s.State == "RELOCATING":
				r.ShardsDone++
			case s.State == "UNASSIGNED":
				waiting = append(waiting, s)
			default:
				moving = true
			}
			r.Shards++
		}
		if err := c.addBytes(ctx, names, &r); err != nil {
			return r, err
		}
	}
	err := c.explain(ctx, waiting, moving, &r)
	return r, err
}

// copyOfShard is a line of the cat API.
type copyOfShard struct {
	Index   string `json:"index"`
	Shard   string `json:"shard"`
	Kind    string `json:"prirep"` // p or r
	State   string `json:"state"`
	Reason  string `json:"unassigned.reason"`
	Details string `json:"unassigned.details"`
}

func (c *Cluster) shards(ctx context.Context, names []string) ([]copyOfShard, error) {
	r := request{
		op:     "look at the shards of " + few(names),
		method: http.MethodGet,
		path:   []string{"_cat", "shards", strings.Join(names, ",")},
		query: url.Values{
			"format": {"json"},
			"h":      {"index,shard,prirep,state,unassigned.reason,unassigned.details"},
		},
	}
	var copies []copyOfShard
	if err := c.read(ctx, r, &copies); err != nil {
		return nil, err
	}
	for _, name := range names {
		if !slices.ContainsFunc(copies, func(s copyOfShard) bool { return s.Index == name && s.Kind == "p" }) {
			return nil, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("no primary shard of %q in it", name))
		}
	}
	return copies, nil
}

// addBytes adds what has been read of the repository. Shards that have not
// begun are not listed.
func (c *Cluster) addBytes(ctx context.Context, names []string, sum *Recovery) error {
	r := request{
		op:     "look at the recovery of " + few(names),
		method: http.MethodGet,
		path:   []string{strings.Join(names, ","), "_recovery"},
		query:  url.Values{"filter_path": {"*.shards.type,*.shards.primary,*.shards.index.size"}},
	}
	var out map[string]struct {
		Shards []struct {
			Type    string `json:"type"`
			Primary bool   `json:"primary"`
			Index   struct {
				Size struct {
					Total     int64 `json:"total_in_bytes"`
					Recovered int64 `json:"recovered_in_bytes"`
				} `json:"size"`
			} `json:"index"`
		} `json:"shards"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return err
	}
	for _, index := range out {
		for _, s := range index.Shards {
			if s.Primary && s.Type == "SNAPSHOT" {
				sum.Bytes += max(s.Index.Size.Total, 0)
				sum.BytesDone += s.Index.Size.Recovered
			}
		}
	}
	return nil
}

// explain asks why shards are on no node. A cluster tries a failed restore a
// few times, so that a failure alone says nothing; and a shard that never
// failed need not be asked about while others move, since it waits its turn.
func (c *Cluster) explain(ctx context.Context, waiting []copyOfShard, moving bool, sum *Recovery) error {
	asked := 0
	for _, s := range waiting {
		if asked == maxExplained {
			return nil
		}
		if moving && s.Reason != "ALLOCATION_FAILED" {
			continue
		}
		asked++
		why, final, err := c.allocation(ctx, s)
		if err != nil {
			return err
		}
		if final {
			sum.Failed = append(sum.Failed, s.Index+"/"+s.Shard+": "+why)
		}
	}
	return nil
}
