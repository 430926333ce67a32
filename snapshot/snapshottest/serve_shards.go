package snapshottest

import (
	"net/http"
	"strconv"
	"strings"
)

// listShards is the cat API, in JSON only and with all columns that there are.
// A shard that was to be restored and is on no node has failed for good.
func (c *Cluster) listShards(q *call) (any, error) {
	found, err := c.resolve(q.list(0), q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	rows := []any{}
	for _, i := range found {
		for n, s := range i.shards {
			row := map[string]any{
				"index": i.name, "shard": strconv.Itoa(n), "prirep": "p", "state": "STARTED",
				"unassigned.reason": nil, "unassigned.details": nil,
			}
			if s.unassigned {
				row["state"] = "UNASSIGNED"
				row["unassigned.reason"], row["unassigned.details"] = s.why()
			}
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// why a shard is on no node.
func (s shard) why() (reason, details string) {
	if s.restored == "" {
		return "NODE_LEFT", "node_left [simulated]"
	}
	return "ALLOCATION_FAILED", "failed shard on node [n1]: failed recovery, failure RecoveryFailedException[simulated]; nested: " +
		"IndexShardRestoreFailedException[failed to restore snapshot]; nested: NoSuchFileException[simulated]; "
}

// recovery tells of the shards that are started. Of its two filters, one asks for
// sizes and the other for where they came from.
func (c *Cluster) recovery(q *call) (any, error) {
	found, err := c.resolve(q.list(0), q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for _, i := range found {
		shards := []any{}
		for _, s := range i.shards {
			if s.unassigned {
				continue
			}
			kind := "EMPTY_STORE"
			if s.restored != "" {
				kind = "SNAPSHOT"
			}
			if strings.Contains(q.params.Get("filter_path"), "source") {
				shards = append(shards, map[string]any{"type": kind, "source": map[string]any{"repository": s.restored}})
				continue
			}
			files, err := s.files()
			if err != nil {
				return nil, err
			}
			bytes := 0
			for _, f := range files {
				bytes += len(f.body)
			}
			shards = append(shards, map[string]any{"type": kind, "primary": true, "index": map[string]any{"size": map[string]any{
				"total_in_bytes": bytes, "reused_in_bytes": 0, "recovered_in_bytes": bytes, "percent": "100.0%",
			}}})
		}
		if len(shards) > 0 {
			all[i.name] = map[string]any{"shards": shards}
		}
	}
	return all, nil
}

// stats are the sequence numbers of primary shards: each document is one write.
func (c *Cluster) stats(q *call) (any, error) {
	found, err := c.resolve(q.list(0), q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	all := map[string]any{}
	for _, i := range found {
		shards := map[string]any{}
		for n, s := range i.shards {
			if s.unassigned {
				continue
			}
			writes := 0
			for _, g := range s.segments {
				writes += len(g.docs)
			}
			shards[strconv.Itoa(n)] = []any{map[string]any{
				"routing": map[string]any{"primary": true}, "seq_no": map[string]any{"max_seq_no": writes - 1},
			}}
		}
		all[i.name] = map[string]any{"shards": shards}
	}
	return map[string]any{"_shards": searched(found, false), "indices": all}, nil
}

// explain tells why a shard is on no node, which the cluster has given up then.
func (c *Cluster) explain(q *call) (any, error) {
	var o struct {
		Index   string `json:"index"`
		Shard   int    `json:"shard"`
		Primary bool   `json:"primary"`
	}
	if err := q.decode(&o); err != nil {
		return nil, err
	}
	i, ok := c.indices[o.Index]
	if !ok {
		return nil, missingIndex(o.Index)
	}
	if o.Shard < 0 || o.Shard >= len(i.shards) || !o.Primary {
		return nil, refuse(http.StatusBadRequest, "illegal_argument_exception", "not simulated: shard %d, primary %v", o.Shard, o.Primary)
	}
	answer := map[string]any{"index": o.Index, "shard": o.Shard, "primary": true, "current_state": "started"}
	s := i.shards[o.Shard]
	if !s.unassigned {
		return answer, nil
	}
	reason, details := s.why()
	answer["current_state"] = "unassigned"
	answer["can_allocate"] = "no"
	answer["allocate_explanation"] = "cannot allocate because allocation is not permitted to any of the nodes"
	answer["unassigned_info"] = map[string]any{
		"reason": reason, "at": "2026-01-01T00:00:00.000Z", "failed_allocation_attempts": 5, "details": details, "last_allocation_status": "no",
	}
	answer["node_allocation_decisions"] = []any{map[string]any{
		"node_id": c.node, "node_name": nodeName, "transport_address": "127.0.0.1:9300",
		"node_attributes": map[string]any{"shard_indexing_pressure_enabled": "true"},
		"node_decision":   "no", "weight_ranking": 1,
		"deciders": []any{map[string]any{"decider": "max_retry", "decision": "NO", "explanation": "shard has exceeded the maximum number of retries [5] on failed allocation attempts"}},
	}}
	return answer, nil
}
