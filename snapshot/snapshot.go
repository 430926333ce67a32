package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// The states of a snapshot.
const (
	StateInProgress = "IN_PROGRESS"
	StateSuccess    = "SUCCESS"
	StatePartial    = "PARTIAL"
	StateFailed     = "FAILED"
)

// Snapshot is a snapshot as its repository knows it, or as it is being taken.
type Snapshot struct {
	Name               string
	UUID               string
	State              string   // one of the States, or what a later server says
	Reason             string   // why it failed as a whole; mostly empty
	Indices            []string // names, in no order
	Shards             Shards   // all zero while in progress
	Failures           []Failure
	Start              time.Time // UTC
	End                time.Time // UTC; zero while in progress
	Metadata           map[string]any
	Version            string // of the server that took it
	IncludeGlobalState bool
	// References is set if the snapshot names files of a remote store in place
	// of holding them: there is nothing in the repository to keep.
	References bool
}

// Shards counts primary shards.
type Shards struct {
	Total      int `json:"total"`
	Failed     int `json:"failed"`
	Successful int `json:"successful"`
}

// Failure is one shard that could not be taken.
type Failure struct {
	Index  string `json:"index"`
	Shard  int    `json:"shard_id"`
	Node   string `json:"node_id"` // empty if it was on none
	Reason string `json:"reason"`
}

// Ended says whether the state will not change any more.
func (s Snapshot) Ended() bool { return s.State != StateInProgress }

// Snapshot reads one snapshot, in progress or ended. The error is
// ErrSnapshotMissing, ErrNotFound (the repository) or ErrDisabled among others.
func (c *Cluster) Snapshot(ctx context.Context, repository, name string) (Snapshot, error) {
	if err := checkSnapshot(repository, name); err != nil {
		return Snapshot{}, err
	}
	r := snapshotRequest("read snapshot", http.MethodGet, repository, name)
	list, err := c.snapshots(ctx, r)
	if err != nil {
		return Snapshot{}, err
	}
	if len(list) != 1 || list[0].Name != name {
		return Snapshot{}, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("%d snapshots in it, not the one asked for", len(list)))
	}
	return list[0], nil
}

// Snapshots lists all snapshots of a repository, those in progress included,
// in the server's order.
func (c *Cluster) Snapshots(ctx context.Context, repository string) ([]Snapshot, error) {
	if err := checkName("repository", repository); err != nil {
		return nil, err
	}
	return c.snapshots(ctx, request{
		op:     "list snapshots of " + repository,
		method: http.MethodGet,
		path:   []string{"_snapshot", repository, "_all"},
	})
}

func (c *Cluster) snapshots(ctx context.Context, r request) ([]Snapshot, error) {
	var out struct {
		Snapshots *[]wireSnapshot `json:"snapshots"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return nil, err
	}
	if out.Snapshots == nil {
		return nil, c.gibberish(r, answer{status: http.StatusOK}, errors.New("no list of snapshots in it"))
	}
	var list []Snapshot
	for _, w := range *out.Snapshots {
		if w.Name == "" || w.UUID == "" || w.State == "" {
			return nil, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("a snapshot %q without name, uuid or state in it", w.Name))
		}
		list = append(list, w.snapshot())
	}
	return list, nil
}

// wireSnapshot is the servers' spelling. Metadata may be of any shape: others
// than us write some.
type wireSnapshot struct {
	Name               string         `json:"snapshot"`
	UUID               string         `json:"uuid"`
	State              string         `json:"state"`
	Reason             string         `json:"reason"`
	Indices            []string       `json:"indices"`
	Shards             Shards         `json:"shards"`
	Failures           []Failure      `json:"failures"`
	StartMillis        int64          `json:"start_time_in_millis"`
	EndMillis          int64          `json:"end_time_in_millis"`
	Metadata           map[string]any `json:"metadata"`
	Version            string         `json:"version"`
	IncludeGlobalState bool           `json:"include_global_state"`
	ShallowCopy        bool           `json:"remote_store_index_shallow_copy"`
}

func (w wireSnapshot) snapshot() Snapshot {
	return Snapshot{
		Name: w.Name, UUID: w.UUID, State: w.State, Reason: w.Reason,
		Indices: w.Indices, Shards: w.Shards, Failures: w.Failures,
		Start: fromMillis(w.StartMillis), End: fromMillis(w.EndMillis),
		Metadata: w.Metadata, Version: w.Version,
		IncludeGlobalState: w.IncludeGlobalState, References: w.ShallowCopy,
	}
}

// fromMillis takes 0 for "not yet", as the servers do.
func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
