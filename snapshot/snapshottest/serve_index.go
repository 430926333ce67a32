package snapshottest

import (
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// listIndices is the cat API, in JSON only. Sizes are in bytes.
func (c *Cluster) listIndices(q *call) (any, error) {
	var patterns []string
	if len(q.vars) > 0 {
		patterns = q.list(0)
	}
	found, err := c.resolve(patterns, q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	columns := []string{"health", "status", "index", "uuid", "pri", "rep", "docs.count", "docs.deleted", "store.size", "pri.store.size"}
	if h := q.params.Get("h"); h != "" {
		columns = strings.Split(h, ",")
	}
	rows := []any{}
	for _, i := range found {
		all, err := i.row()
		if err != nil {
			return nil, err
		}
		row := map[string]any{}
		for _, column := range columns {
			if v, ok := all[column]; ok {
				row[column] = v
			}
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// settings are the few index settings that there are, in flat form. An index
// that has none of those asked for is left out.
func (c *Cluster) settings(q *call) (any, error) {
	found, err := c.resolve(q.list(0), q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	settings := map[string]any{}
	for _, i := range found {
		all := map[string]any{"index.uuid": i.uuid, "index.version.created": i.version}
		maps.DeleteFunc(all, func(name string, _ any) bool { return !slices.Contains(q.list(1), name) })
		if len(all) > 0 {
			settings[i.name] = map[string]any{"settings": all}
		}
	}
	return settings, nil
}

// mapping has nothing to say: documents are kept as they come.
func (c *Cluster) mapping(q *call) (any, error) {
	_, err := c.resolve(q.list(0), q.yes("ignore_unavailable"))
	return map[string]any{}, err
}

func (i *index) row() (map[string]any, error) {
	row := map[string]any{
		"index": i.name, "uuid": i.uuid, "health": "green", "status": "open",
		"pri": strconv.Itoa(len(i.shards)), "rep": "0", "docs.deleted": "0",
	}
	if i.closed {
		row["health"], row["status"] = "red", "close"
		row["docs.count"], row["docs.deleted"], row["store.size"], row["pri.store.size"] = nil, nil, nil, nil
		return row, nil
	}
	if i.red() {
		row["health"] = "red"
	}
	var bytes int
	for _, s := range i.shards {
		files, err := s.files()
		if err != nil {
			return nil, err
		}
		for _, f := range files {
			bytes += len(f.body)
		}
	}
	row["docs.count"] = strconv.Itoa(len(i.docs()))
	row["store.size"] = strconv.Itoa(bytes)
	row["pri.store.size"] = row["store.size"]
	return row, nil
}

// open resolves the path's index names, for what needs open indices.
func (c *Cluster) open(q *call) ([]*index, error) {
	found, err := c.resolve(q.list(0), q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		if i.closed {
			return nil, closedIndex(i)
		}
	}
	return found, nil
}

// searched counts the shards for an answer: those on no node do not answer.
func searched(found []*index, skipped bool) map[string]any {
	total, successful := 0, 0
	for _, i := range found {
		for _, s := range i.shards {
			total++
			if !s.unassigned {
				successful++
			}
		}
	}
	shards := map[string]any{"total": total, "successful": successful, "failed": 0}
	if skipped {
		shards["skipped"] = 0
	}
	return shards
}

func (c *Cluster) count(q *call) (any, error) {
	found, err := c.open(q)
	if err != nil {
		return nil, err
	}
	n := 0
	for _, i := range found {
		n += len(i.docs())
	}
	return map[string]any{"count": n, "_shards": searched(found, true)}, nil
}

func (c *Cluster) refresh(q *call) (any, error) {
	found, err := c.open(q)
	if err != nil {
		return nil, err
	}
	return map[string]any{"_shards": searched(found, false)}, nil
}

func (c *Cluster) closeIndices(q *call) (any, error) {
	found, err := c.resolve(q.list(0), false)
	if err != nil {
		return nil, err
	}
	closed := map[string]any{}
	for _, i := range found {
		i.closed = true
		closed[i.name] = map[string]any{"closed": true}
	}
	return map[string]any{"acknowledged": true, "shards_acknowledged": true, "indices": closed}, nil
}

func (c *Cluster) deleteIndices(q *call) (any, error) {
	found, err := c.resolve(q.list(0), q.yes("ignore_unavailable"))
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		for _, r := range c.repositories {
			for _, t := range r.running() {
				if t.holds(i) {
					return nil, refuse(http.StatusBadRequest, "snapshot_in_progress_exception",
						"Cannot delete indices that are being snapshotted: [[%s/%s]]. Try again after snapshot finishes or cancel the currently running snapshot.", i.name, i.uuid)
				}
			}
		}
	}
	for _, i := range found {
		delete(c.indices, i.name)
	}
	return acknowledged(), nil
}

func (c *Cluster) document(q *call) (any, error) {
	found, err := c.open(q)
	if err != nil {
		return nil, err
	}
	for _, i := range found {
		for _, d := range i.docs() {
			if d.ID == q.vars[1] {
				return map[string]any{
					"_index": i.name, "_id": d.ID, "_version": 1, "_seq_no": 0, "_primary_term": 1,
					"found": true, "_source": d.Source,
				}, nil
			}
		}
	}
	return notFound{map[string]any{"_index": q.vars[0], "_id": q.vars[1], "found": false}}, nil
}
