package snapshot

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// Index is an index as the cluster lists it.
type Index struct {
	Name   string
	UUID   string
	Health string // green, yellow or red
	Status string // open or close
	Shards int    // primary ones
	Bytes  int64  // of the primary shards' files; 0 for a closed index
	// CreatedVersion is that of the server that created it, such as "7.17.29",
	// or a major version alone, such as "8", where the server's number says no
	// more. Empty if it says nothing that is understood.
	CreatedVersion string
}

// maxNames bounds the names that one request asks for, in escaped bytes: the
// servers refuse request lines over 4,096 bytes, and a prefix in front of the
// path counts there too.
const maxNames = 2000

// Indices lists which of the named indices exist, hidden and closed ones
// included, sorted by name. A pattern may hold *. Names without an index are
// left out, which is no error. An alias or data stream stands for the indices
// behind it.
func (c *Cluster) Indices(ctx context.Context, patterns []string) ([]Index, error) {
	for _, p := range patterns {
		if err := checkPattern("index", p); err != nil {
			return nil, err
		}
	}
	known, err := c.indexSettings(ctx, patterns)
	if err != nil {
		return nil, err
	}
	// Two steps, since the cat API waits 30 seconds for a name without an index.
	var list []Index
	for _, names := range batch(slices.Sorted(maps.Keys(known))) {
		some, err := c.details(ctx, names)
		if err != nil {
			return nil, err
		}
		list = append(list, some...)
	}
	slices.SortFunc(list, func(a, b Index) int { return cmp.Compare(a.Name, b.Name) })
	for n := range list {
		list[n].CreatedVersion = createdVersion(known[list[n].Name].Created)
	}
	return list, settled(known, list)
}

// settled makes sure that no index was lost between the steps.
func settled(known map[string]indexSettings, list []Index) error {
	for _, i := range list {
		if known[i.Name].UUID != i.UUID {
			return fmt.Errorf("list indices: %s was created while they were listed", i.Name)
		}
	}
	if len(list) != len(known) {
		return fmt.Errorf("list indices: of %d, only %d show their details: some were deleted meanwhile, or this caller may not monitor all of them",
			len(known), len(list))
	}
	return nil
}

// batch cuts names into lists that fit into a request line.
func batch(names []string) [][]string {
	var batches [][]string
	size := maxNames // so that the first name begins a batch
	for _, name := range names {
		n := len(url.PathEscape(name)) + len("%2C")
		if size += n; size > maxNames {
			batches, size = append(batches, nil), n
		}
		last := len(batches) - 1
		batches[last] = append(batches[last], name)
	}
	return batches
}

// indexSettings is what of an index's settings matters here.
type indexSettings struct {
	UUID    string `json:"index.uuid"`
	Created string `json:"index.version.created"`
}

func (c *Cluster) indexSettings(ctx context.Context, patterns []string) (map[string]indexSettings, error) {
	known := map[string]indexSettings{}
	for _, names := range batch(patterns) {
		r := request{
			op:     "list indices " + few(names),
			method: http.MethodGet,
			path:   []string{strings.Join(names, ","), "_settings", "index.uuid,index.version.created"},
			query: url.Values{
				"flat_settings":      {"true"},
				"expand_wildcards":   {"all"},
				"ignore_unavailable": {"true"},
				"allow_no_indices":   {"true"},
			},
		}
		var out map[string]struct {
			Settings indexSettings `json:"settings"`
		}
		// A 404 stays an error: it would hide the other names of this batch.
		if err := c.read(ctx, r, &out); err != nil {
			return nil, err
		}
		for name, index := range out {
			if index.Settings.UUID == "" {
				return nil, c.gibberish(r, answer{status: http.StatusOK}, fmt.Errorf("no uuid of %q in it", name))
			}
			known[name] = index.Settings
		}
	}
	return known, nil
}

func (c *Cluster) details(ctx context.Context, names []string) ([]Index, error) {
	r := request{
		op:     "list indices " + few(names),
		method: http.MethodGet,
		path:   []string{"_cat", "indices", strings.Join(names, ",")},
		query: url.Values{
			"format":             {"json"},
			"bytes":              {"b"},
			"h":                  {"index,uuid,health,status,pri,pri.store.size"},
			"expand_wildcards":   {"all"},
			"ignore_unavailable": {"true"},
		},
	}
	var rows []struct {
		Index  string `json:"index"`
		UUID   string `json:"uuid"`
		Health string `json:"health"`
		Status string `json:"status"`
		Shards string `json:"pri"`
		Bytes  string `json:"pri.store.size"`
	}
	if err := c.read(ctx, r, &rows); err != nil {
		return nil, err
	}
	var list []Index
	for _, row := range rows {
		shards, errShards := count(row.Shards)
		bytes, errBytes := count(row.Bytes)
		if err := errors.Join(errShards, errBytes); err != nil {
			return nil, c.gibberish(r, answer{status: http.StatusOK}, err)
		}
		list = append(list, Index{
			Name: row.Index, UUID: row.UUID, Health: row.Health, Status: row.Status,
			Shards: int(shards), Bytes: bytes,
		})
	}
	return list, nil
}

// count reads a number of the cat API, which leaves out what it does not know.
func count(s string) (int64, error) {
	if s = strings.TrimSpace(s); s == "" {
		return 0, nil
	}
	return strconv.ParseInt(s, 10, 64)
}
