package snapshottest

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"maps"
	"path"
	"slices"
	"strings"
)

// Doc is one document.
type Doc struct {
	ID     string          `json:"_id"`
	Source json.RawMessage `json:"_source"` // a JSON object; comes back from a restore without blanks
}

type index struct {
	name    string
	uuid    string
	created int64  // milliseconds since 1970
	version string // number of the server version that created it
	closed  bool
	shards  []shard
}

// shard is a primary shard: Lucene's segments, each of which never changes.
type shard struct {
	segments   []segment
	commits    int64
	broken     bool   // its files cannot be read
	unassigned bool   // it is on no node
	restored   string // the repository that it was read from; "" if it was not
}

func (i *index) red() bool {
	return slices.ContainsFunc(i.shards, func(s shard) bool { return s.unassigned })
}

// freeze copies an index as a snapshot sees it, whatever becomes of it later.
func (i *index) freeze() *index {
	frozen := *i
	frozen.shards = slices.Clone(i.shards)
	return &frozen
}

// AddIndex creates an index. One that has the name is replaced by a new one,
// with a UUID of its own. 0 shards: one.
func (c *Cluster) AddIndex(name string, shards int, docs []Doc) {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := &index{name: name, uuid: c.id(), created: c.millis(), version: c.versionNumber(), shards: make([]shard, max(shards, 1))}
	for n := range i.shards {
		i.shards[n].commits = 2 // the first is written at creation
	}
	c.indices[name] = i
	c.index(i, docs)
}

// AddDocs adds documents to an index, in segments of their own.
func (c *Cluster) AddDocs(name string, docs []Doc) error {
	return c.withIndex(name, func(i *index) error {
		c.index(i, docs)
		return nil
	})
}

func (c *Cluster) index(i *index, docs []Doc) {
	byShard := make([][]Doc, len(i.shards))
	for _, d := range docs {
		h := fnv.New32a()
		h.Write([]byte(d.ID))
		n := h.Sum32() % uint32(len(i.shards))
		byShard[n] = append(byShard[n], d)
	}
	for n, docs := range byShard {
		if s := &i.shards[n]; len(docs) > 0 {
			s.segments = append(slices.Clone(s.segments), segment{fmt.Sprintf("_%d", len(s.segments)), c.rawID(), docs})
			s.commits++
		}
	}
}

// DeleteIndex removes an index, as a retention policy would: even while it is
// in a snapshot. The API refuses that.
func (c *Cluster) DeleteIndex(name string) error {
	return c.withIndex(name, func(*index) error {
		delete(c.indices, name)
		return nil
	})
}

// CloseIndex closes an index: it can be in a snapshot, and not be counted.
func (c *Cluster) CloseIndex(name string) error {
	return c.withIndex(name, func(i *index) error {
		i.closed = true
		return nil
	})
}

// BreakShard damages a shard's files: snapshots of it are PARTIAL.
func (c *Cluster) BreakShard(name string, n int) error {
	return c.withShard(name, n, func(s *shard) { s.broken = true })
}

// UnassignShard takes a shard off its node: the index is red, and a snapshot of
// it is refused.
func (c *Cluster) UnassignShard(name string, n int) error {
	return c.withShard(name, n, func(s *shard) { s.unassigned = true })
}

// Docs gives the documents of an index, sorted by ID.
func (c *Cluster) Docs(name string) ([]Doc, error) {
	var all []Doc
	err := c.withIndex(name, func(i *index) error {
		all = i.docs()
		slices.SortFunc(all, func(a, b Doc) int { return strings.Compare(a.ID, b.ID) })
		return nil
	})
	return all, err
}

// docs are those of the shards that can be asked, in the order of shards and
// segments.
func (i *index) docs() []Doc {
	var all []Doc
	for _, s := range i.shards {
		if s.unassigned {
			continue
		}
		for _, g := range s.segments {
			all = append(all, g.docs...)
		}
	}
	return all
}

func (c *Cluster) withIndex(name string, do func(*index) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	i, ok := c.indices[name]
	if !ok {
		return missingIndex(name)
	}
	return do(i)
}

func (c *Cluster) withShard(name string, n int, do func(*shard)) error {
	return c.withIndex(name, func(i *index) error {
		if n < 0 || n >= len(i.shards) {
			return fmt.Errorf("index %s has no shard %d", name, n)
		}
		do(&i.shards[n])
		return nil
	})
}

// resolve finds the indices that a list of names and patterns stands for, by
// name. No pattern stands for all. A plain name that is not there is an error,
// unless lenient.
func (c *Cluster) resolve(patterns []string, lenient bool) ([]*index, error) {
	if len(patterns) == 0 {
		patterns = []string{"*"}
	}
	found := map[string]*index{}
	for _, p := range patterns {
		if p == "_all" {
			p = "*"
		}
		if i, ok := c.indices[p]; ok {
			found[p] = i
			continue
		}
		if !strings.Contains(p, "*") && !lenient {
			return nil, missingIndex(p)
		}
		for name, i := range c.indices {
			if matches(p, name) {
				found[name] = i
			}
		}
	}
	var list []*index
	for _, name := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[name])
	}
	return list, nil
}

// matches takes * as the only wildcard.
func matches(pattern, name string) bool {
	ok, err := path.Match(pattern, name)
	return ok && err == nil
}
