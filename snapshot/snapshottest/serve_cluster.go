package snapshottest

import (
	"maps"
	"slices"
	"strings"
)

func (c *Cluster) welcome(*call) (any, error) {
	version := map[string]any{
		"number":         c.o.Version,
		"build_type":     "zip",
		"build_hash":     "simulated",
		"build_date":     "2026-01-01T00:00:00.000000000Z",
		"build_snapshot": false,
		"lucene_version": luceneVersion,
		// What these say is not simulated.
		"minimum_wire_compatibility_version":  c.o.Version,
		"minimum_index_compatibility_version": c.o.Version,
	}
	if c.o.Distribution == "opensearch" { // Elasticsearch does not name itself
		version["distribution"] = c.o.Distribution
	}
	return map[string]any{
		"name":         nodeName,
		"cluster_name": c.o.Name,
		"cluster_uuid": c.o.UUID,
		"version":      version,
		"tagline":      "A simulated cluster",
	}, nil
}

const nodeName = "n1"

func (c *Cluster) health(*call) (any, error) {
	status := "green"
	active, unassigned := 0, 0
	for _, i := range c.indices {
		for _, s := range i.shards {
			if s.unassigned {
				status = "red"
				unassigned++
			} else {
				active++
			}
		}
	}
	percent := 100.0
	if unassigned > 0 {
		percent = 100 * float64(active) / float64(active+unassigned)
	}
	return map[string]any{
		"cluster_name": c.o.Name, "status": status, "timed_out": false,
		"number_of_nodes": 1, "number_of_data_nodes": 1, "discovered_master": true, "discovered_cluster_manager": true,
		"active_primary_shards": active, "active_shards": active, "relocating_shards": 0, "initializing_shards": 0,
		"unassigned_shards": unassigned, "delayed_unassigned_shards": 0, "number_of_pending_tasks": 0,
		"number_of_in_flight_fetch": 0, "task_max_waiting_in_queue_millis": 0, "active_shards_percent_as_number": percent,
	}, nil
}

// state is the little of the cluster's state that has to do with deletions. Of
// filter_path, names at the top are understood.
func (c *Cluster) state(q *call) (any, error) {
	type running struct {
		Repository string   `json:"repository"`
		Snapshots  []string `json:"snapshots"`
		Start      int64    `json:"start_time_millis"`
		Generation int64    `json:"repository_state_id"`
	}
	deletions := []running{}
	for _, name := range sortedKeys(c.repositories) {
		r := c.repositories[name]
		for _, w := range r.queue {
			if d := w.deletion; d != nil {
				deletions = append(deletions, running{name, d.names, d.start, r.generation})
			}
		}
	}
	all := map[string]any{
		"cluster_name":       c.o.Name,
		"cluster_uuid":       c.o.UUID,
		"snapshot_deletions": map[string]any{"snapshot_deletions": deletions},
	}
	if filter := q.params.Get("filter_path"); filter != "" {
		wanted := strings.Split(filter, ",")
		maps.DeleteFunc(all, func(k string, _ any) bool { return !slices.Contains(wanted, k) })
	}
	return all, nil
}
