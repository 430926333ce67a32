package snapshottest

import "strconv"

// The status API: how far snapshots are, in files and bytes.

type statusStats struct {
	Incremental statusCount  `json:"incremental"`
	Processed   *statusCount `json:"processed,omitempty"` // left out when all is done
	Total       statusCount  `json:"total"`
	Start       int64        `json:"start_time_in_millis"`
	Millis      int64        `json:"time_in_millis"`
}

type statusCount struct {
	Files int   `json:"file_count"`
	Bytes int64 `json:"size_in_bytes"`
}

func (c statusCount) plus(o statusCount) statusCount {
	return statusCount{c.Files + o.Files, c.Bytes + o.Bytes}
}

// plus adds up; the times are the whole's and stay.
func (s statusStats) plus(o statusStats) statusStats {
	done, otherDone := s.processed(), o.processed()
	s.Incremental = s.Incremental.plus(o.Incremental)
	s.Total = s.Total.plus(o.Total)
	return s.withProcessed(done.plus(otherDone))
}

func (s statusStats) processed() statusCount {
	if s.Processed == nil {
		return s.Incremental
	}
	return *s.Processed
}

func (s statusStats) withProcessed(done statusCount) statusStats {
	s.Processed = nil
	if done.Files != s.Incremental.Files {
		s.Processed = &done
	}
	return s
}

type statusStages struct {
	Initializing int `json:"initializing"`
	Started      int `json:"started"`
	Finalizing   int `json:"finalizing"`
	Done         int `json:"done"`
	Failed       int `json:"failed"`
	Total        int `json:"total"`
}

func (s *statusStages) add(stage string) {
	s.Total++
	switch stage {
	case "INIT":
		s.Initializing++
	case "STARTED":
		s.Started++
	case "DONE":
		s.Done++
	case "FAILURE":
		s.Failed++
	}
}

type statusShard struct {
	Stage  string      `json:"stage"`
	Stats  statusStats `json:"stats"`
	Node   string      `json:"node,omitempty"`
	Reason string      `json:"reason,omitempty"`
}

type statusIndex struct {
	Stages statusStages           `json:"shards_stats"`
	Stats  statusStats            `json:"stats"`
	Shards map[string]statusShard `json:"shards"`
}

type statusSnapshot struct {
	Name       string                  `json:"snapshot"`
	Repository string                  `json:"repository"`
	UUID       string                  `json:"uuid"`
	State      string                  `json:"state"`
	Global     bool                    `json:"include_global_state"`
	Stages     statusStages            `json:"shards_stats"`
	Stats      statusStats             `json:"stats"`
	Indices    map[string]*statusIndex `json:"indices"`
}

func newStatus(r *repository, i info, state string) *statusSnapshot {
	return &statusSnapshot{
		Name: i.Name, Repository: r.name, UUID: i.UUID, State: state, Global: i.Global,
		Stats: statusStats{Start: i.Start, Millis: max(i.End-i.Start, 0)}, Indices: map[string]*statusIndex{},
	}
}

func (s *statusSnapshot) add(name string, n int, shard statusShard) {
	i, ok := s.Indices[name]
	if !ok {
		i = &statusIndex{Stats: statusStats{Start: s.Stats.Start, Millis: s.Stats.Millis}, Shards: map[string]statusShard{}}
		s.Indices[name] = i
	}
	i.Shards[strconv.Itoa(n)] = shard
	i.Stages.add(shard.Stage)
	i.Stats = i.Stats.plus(shard.Stats)
	s.Stages.add(shard.Stage)
	s.Stats = s.Stats.plus(shard.Stats)
}

func (c *Cluster) status(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	ended, running, err := r.selected(q.list(1), q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	all := []*statusSnapshot{}
	for _, t := range running {
		all = append(all, t.status())
	}
	now, err := r.load()
	if err != nil {
		return nil, err
	}
	for _, s := range ended {
		status, err := r.statusOfEnded(now, s)
		if err != nil {
			return nil, err
		}
		all = append(all, status)
	}
	return map[string]any{"snapshots": all}, nil
}

func (c *Cluster) statusOfRunning(*call) (any, error) {
	all := []*statusSnapshot{}
	for _, name := range sortedKeys(c.repositories) {
		for _, t := range c.repositories[name].running() {
			all = append(all, t.status())
		}
	}
	return map[string]any{"snapshots": all}, nil
}

func (t *taking) status() *statusSnapshot {
	s := newStatus(t.r, t.unfinished(), "STARTED")
	if t.shards != nil {
		for _, shard := range t.shards {
			s.add(shard.index.name, shard.n, shard.status())
		}
		return s
	}
	shard := statusShard{Stage: "INIT", Node: t.c.node}
	if t.r.queue[0].taking != t {
		shard = statusShard{Stage: "STARTED"} // so servers call what waits for others
	}
	for _, i := range t.indices {
		for n := range i.shards {
			s.add(i.name, n, shard)
		}
	}
	return s
}

func (s *shardTaking) status() statusShard {
	status := statusShard{Stage: "INIT", Node: s.t.c.node}
	if !s.began && s.failure == "" {
		return status
	}
	status.Stage = "STARTED"
	status.Stats = statusStats{Incremental: statusCount{s.newFiles, s.newBytes}, Total: total(s.files), Start: s.t.info.Start}
	switch {
	case s.failure != "":
		status.Stage, status.Reason, status.Node = "FAILURE", s.failure, ""
	case s.ended:
		status.Stage = "DONE"
	default:
		status.Stats = status.Stats.withProcessed(statusCount{s.doneFiles, s.doneBytes})
	}
	return status
}

func total(files []fileInfo) (c statusCount) {
	for _, f := range files {
		c = c.plus(statusCount{1, f.Length})
	}
	return c
}

// statusOfEnded reads each shard's own file.
func (r *repository) statusOfEnded(now *root, snapshot rootSnapshot) (*statusSnapshot, error) {
	i, err := r.readInfo(snapshot)
	if err != nil {
		return nil, err
	}
	failed := map[string]map[int]string{}
	for _, f := range i.Failures {
		if failed[f.Index] == nil {
			failed[f.Index] = map[int]string{}
		}
		failed[f.Index][f.Shard] = f.Reason
	}
	s := newStatus(r, i, i.State)
	for _, name := range i.Indices {
		in := now.Indices[name]
		for n := range in.Generations {
			if why, ok := failed[name][n]; ok {
				s.add(name, n, statusShard{Stage: "FAILURE", Reason: why})
				continue
			}
			shard, err := r.readShardSnapshot(r.place.shard(in.ID, n, in.hashed()), snapshot.UUID)
			if err != nil {
				return nil, refuse(500, "snapshot_exception", "[%s:%s/%s] failed to read shard snapshot file for [%s][%d]: %v", r.name, i.Name, i.UUID, name, n, err)
			}
			s.add(name, n, statusShard{Stage: "DONE", Stats: statusStats{
				Incremental: statusCount{shard.NewSize, shard.Bytes}, Total: total(shard.Files), Start: shard.Start, Millis: shard.Millis,
			}})
		}
	}
	return s, nil
}
