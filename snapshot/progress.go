package snapshot

import (
	"context"
	"fmt"
	"net/http"
)

// Progress is how far a snapshot has come. It is for showing only: the status
// API has called a PARTIAL snapshot SUCCESS (elastic/elasticsearch#28692), so
// nothing may be decided on it.
type Progress struct {
	State       string // the status API's word: INIT, STARTED, SUCCESS, …
	ShardsDone  int
	ShardsTotal int
	// ShardsFailed are not among ShardsDone.
	ShardsFailed int
	BytesDone    int64
	BytesTotal   int64 // of the shards that have begun, so it grows
}

// Progress asks how far a snapshot has come.
func (c *Cluster) Progress(ctx context.Context, repository, name string) (Progress, error) {
	if err := checkSnapshot(repository, name); err != nil {
		return Progress{}, err
	}
	r := snapshotRequest("read progress of", http.MethodGet, repository, name)
	r.path = append(r.path, "_status")
	type bytes struct {
		Size int64 `json:"size_in_bytes"`
	}
	var out struct {
		Snapshots []struct {
			State  string `json:"state"`
			Shards struct {
				Done   int `json:"done"`
				Failed int `json:"failed"`
				Total  int `json:"total"`
			} `json:"shards_stats"`
			Stats struct {
				Incremental bytes  `json:"incremental"`
				Processed   *bytes `json:"processed"` // absent when all is done
			} `json:"stats"`
		} `json:"snapshots"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return Progress{}, err
	}
	if len(out.Snapshots) != 1 {
		return Progress{}, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("%d snapshots in it", len(out.Snapshots)))
	}
	s := out.Snapshots[0]
	p := Progress{
		State:      s.State,
		ShardsDone: s.Shards.Done, ShardsFailed: s.Shards.Failed, ShardsTotal: s.Shards.Total,
		BytesDone: s.Stats.Incremental.Size, BytesTotal: s.Stats.Incremental.Size,
	}
	if s.Stats.Processed != nil {
		p.BytesDone = s.Stats.Processed.Size
	}
	return p, nil
}
