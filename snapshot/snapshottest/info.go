package snapshottest

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"strconv"
	"strings"
	"time"

	"archiver/snapshot/snapshottest/internal/smile"
)

// The states of a snapshot and their numbers in the root.
const (
	stateSuccess = "SUCCESS"
	stateFailed  = "FAILED"
	statePartial = "PARTIAL"
)

func stateNumber(state string) int {
	switch state {
	case stateSuccess:
		return 1
	case stateFailed:
		return 2
	}
	return 3 // PARTIAL
}

// info is the content of snap-<uuid>.dat (SnapshotInfo): what the API tells of
// a snapshot.
type info struct {
	Name       string         `json:"name"`
	UUID       string         `json:"uuid"`
	VersionID  int64          `json:"version_id"`
	Indices    []string       `json:"indices"`
	State      string         `json:"state"`
	Reason     string         `json:"reason"`
	Global     bool           `json:"include_global_state"`
	Metadata   map[string]any `json:"metadata"`
	Start      int64          `json:"start_time"` // milliseconds since 1970
	End        int64          `json:"end_time"`
	Shards     int            `json:"total_shards"`
	Successful int            `json:"successful_shards"`
	Failures   []failure      `json:"failures"`
}

// failure is a shard that could not be taken. The servers put the index's name
// into index_uuid.
type failure struct {
	Index     string `json:"index"`
	IndexUUID string `json:"index_uuid"`
	Shard     int    `json:"shard_id"`
	Reason    string `json:"reason"`
	Node      string `json:"node_id,omitempty"`
	Status    string `json:"status"`
}

func (i info) object() (smile.Object, error) {
	metadata, err := tree(i.Metadata)
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	failures := []any{}
	for _, f := range i.Failures {
		failures = append(failures, f.object())
	}
	o := smile.Object{
		{Name: "name", Value: i.Name},
		{Name: "uuid", Value: i.UUID},
		{Name: "version_id", Value: i.VersionID},
		{Name: "remote_store_index_shallow_copy", Value: false},
		{Name: "indices", Value: list(i.Indices)},
		{Name: "data_streams", Value: []any{}},
		{Name: "state", Value: i.State},
	}
	if i.Reason != "" {
		o = append(o, smile.Field{Name: "reason", Value: i.Reason})
	}
	o = append(o, smile.Object{
		{Name: "include_global_state", Value: i.Global},
		{Name: "metadata", Value: metadata},
		{Name: "start_time", Value: i.Start},
		{Name: "end_time", Value: i.End},
		{Name: "total_shards", Value: i.Shards},
		{Name: "successful_shards", Value: i.Successful},
		{Name: "failures", Value: failures},
	}...)
	return smile.Object{{Name: "snapshot", Value: o}}, nil
}

func (f failure) object() smile.Object {
	o := smile.Object{
		{Name: "index", Value: f.Index},
		{Name: "index_uuid", Value: f.IndexUUID},
		{Name: "shard_id", Value: f.Shard},
		{Name: "reason", Value: f.Reason},
	}
	if f.Node != "" {
		o = append(o, smile.Field{Name: "node_id", Value: f.Node})
	}
	return append(o, smile.Field{Name: "status", Value: f.Status})
}

func list(ss []string) []any {
	l := []any{}
	for _, s := range ss {
		l = append(l, s)
	}
	return l
}

// tree turns decoded JSON into what smile writes.
func tree(v any) (any, error) {
	switch v := v.(type) {
	case nil, string, bool:
		return v, nil
	case float64:
		if v != math.Trunc(v) || math.Abs(v) > 1<<53 {
			return nil, fmt.Errorf("the number %v is not simulated", v)
		}
		return int64(v), nil
	case []any:
		l := []any{}
		for _, e := range v {
			t, err := tree(e)
			if err != nil {
				return nil, err
			}
			l = append(l, t)
		}
		return l, nil
	case map[string]any:
		if v == nil {
			return nil, nil
		}
		o := smile.Object{}
		for _, k := range sortedKeys(v) {
			t, err := tree(v[k])
			if err != nil {
				return nil, err
			}
			o = append(o, smile.Field{Name: k, Value: t})
		}
		return o, nil
	}
	return nil, fmt.Errorf("%T", v)
}

// shown is what the API tells of a snapshot. metadata is left out if there was
// none.
type shown struct {
	Name       string         `json:"snapshot"`
	UUID       string         `json:"uuid"`
	VersionID  int64          `json:"version_id"`
	Version    string         `json:"version"`
	Shallow    bool           `json:"remote_store_index_shallow_copy"`
	Indices    []string       `json:"indices"`
	Streams    []string       `json:"data_streams"`
	Global     bool           `json:"include_global_state"`
	Metadata   map[string]any `json:"metadata,omitempty"`
	State      string         `json:"state"`
	Reason     string         `json:"reason,omitempty"`
	Start      string         `json:"start_time"`
	StartMilli int64          `json:"start_time_in_millis"`
	End        string         `json:"end_time"`
	EndMilli   int64          `json:"end_time_in_millis"`
	Millis     int64          `json:"duration_in_millis"`
	Failures   []failure      `json:"failures"`
	Shards     shardCounts    `json:"shards"`
}

type shardCounts struct {
	Total      int `json:"total"`
	Failed     int `json:"failed"`
	Successful int `json:"successful"`
}

func (i info) shown(version string) shown {
	const millis = "2006-01-02T15:04:05.000Z"
	return shown{
		Name: i.Name, UUID: i.UUID, VersionID: i.VersionID, Version: version,
		Indices: append([]string{}, i.Indices...), Streams: []string{},
		Global: i.Global, Metadata: i.Metadata, State: i.State, Reason: i.Reason,
		Start: time.UnixMilli(i.Start).UTC().Format(millis), StartMilli: i.Start,
		End: time.UnixMilli(i.End).UTC().Format(millis), EndMilli: i.End,
		Millis:   max(i.End-i.Start, 0),
		Failures: append([]failure{}, i.Failures...),
		Shards:   shardCounts{i.Shards, i.Shards - i.Successful, i.Successful},
	}
}

// versionNumber is a server version as a number: 30600 for 3.6.0. What does not
// parse counts as 0.
func versionNumber(version string) int64 {
	var major, minor, patch int64
	_, _ = fmt.Sscanf(version, "%d.%d.%d", &major, &minor, &patch)
	return major*100_00 + minor*100 + patch
}

// versionNumber is how the cluster writes its own version into an index.
func (c *Cluster) versionNumber() string {
	if c.o.Distribution != "opensearch" {
		return strconv.FormatInt(versionNumber(c.o.Version)*100+99, 10)
	}
	return strconv.FormatInt(versionID(c.o.Version), 10)
}

// versionID is how OpenSearch writes a version (Version.java).
func versionID(version string) int64 { return 0x08000000 ^ (versionNumber(version)*100 + 99) }

// readInfo reads what is written of a snapshot.
func (r *repository) readInfo(s rootSnapshot) (info, error) {
	key := r.place.key("snap-" + s.UUID + ".dat")
	blob, err := r.blobs.Get(key)
	if err != nil {
		gone := missingSnapshot(r.name, s.Name+"/"+s.UUID)
		gone.cause = &refusal{typ: "i_o_exception", reason: err.Error()}
		if errors.Is(err, fs.ErrNotExist) {
			gone.cause = &refusal{typ: "no_such_file_exception", reason: strings.TrimPrefix(key, r.place.Root)}
		}
		return info{}, gone
	}
	var content struct{ Snapshot info }
	o, err := decodeBlob(codecSnapshot, blob)
	if err == nil {
		err = fill(o, &content)
	}
	if err != nil {
		return info{}, refuse(500, "snapshot_exception", "[%s:%s/%s] failed to get snapshots: %v", r.name, s.Name, s.UUID, err)
	}
	return content.Snapshot, nil
}
