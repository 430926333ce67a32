package snapshottest

import (
	"bytes"
	"errors"
	"net/http"
	"path"
	"regexp"
	"slices"
	"strings"
)

// restoreRequest is what the simulation heeds of a restore's body.
type restoreRequest struct {
	Indices     names  `json:"indices"`
	Pattern     string `json:"rename_pattern"`
	Replacement string `json:"rename_replacement"`
	Lenient     bool   `json:"ignore_unavailable"`

	// Nothing else of a snapshot is simulated: no replicas, aliases, policies.
}

// restore makes indices of a snapshot, from nothing but the repository's files.
// It has ended when it is answered. A shard whose files are missing or altered
// stays empty, and its index red.
func (c *Cluster) restore(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	var o restoreRequest
	if err := q.decode(&o); err != nil {
		return nil, err
	}
	now, err := r.load()
	if err != nil {
		return nil, err
	}
	s, ok := now.find(q.vars[1])
	if !ok {
		return nil, refuse(500, "snapshot_restore_exception", "[%s:%s] snapshot does not exist", r.name, q.vars[1])
	}
	taken, err := r.readInfo(s)
	if err != nil {
		return nil, err
	}
	wanted, err := o.choose(taken.Indices)
	if err != nil {
		return nil, err
	}
	targets, err := c.targets(r, s, wanted, o)
	if err != nil {
		return nil, err
	}
	var made []*index
	for n, name := range wanted {
		i, err := c.readIndex(r, now, s, name)
		if err != nil {
			return nil, err
		}
		i.name = targets[n]
		made = append(made, i)
	}
	return c.putBack(q, s, made), nil
}

func (c *Cluster) putBack(q *call, s rootSnapshot, made []*index) any {
	var counts shardCounts
	names := []string{}
	for _, i := range made {
		c.indices[i.name] = i
		names = append(names, i.name)
		counts.Total += len(i.shards)
		for _, shard := range i.shards {
			if shard.unassigned {
				counts.Failed++
			}
		}
	}
	counts.Successful = counts.Total - counts.Failed
	if !q.yes("wait_for_completion") {
		return map[string]any{"accepted": true}
	}
	return map[string]any{"snapshot": map[string]any{"snapshot": s.Name, "indices": names, "shards": counts}}
}

func (o restoreRequest) choose(held []string) ([]string, error) {
	var wanted []string
	if len(o.Indices) == 0 {
		o.Indices = names{"*"}
	}
	for _, p := range o.Indices {
		found := false
		for _, name := range held {
			if matches(p, name) && !slices.Contains(wanted, name) {
				wanted, found = append(wanted, name), true
			}
		}
		if !found && !strings.Contains(p, "*") && !o.Lenient {
			r := refuse(http.StatusNotFound, "index_not_found_exception", "no such index [%s]", p)
			r.more = map[string]any{"index": p, "index_uuid": "_na_"}
			return nil, r
		}
	}
	return wanted, nil
}

// targets renames the indices. An open index of the name is never overwritten.
func (c *Cluster) targets(r *repository, s rootSnapshot, wanted []string, o restoreRequest) ([]string, error) {
	pattern, err := regexp.Compile(o.Pattern)
	if err != nil {
		return nil, refuse(http.StatusBadRequest, "pattern_syntax_exception", "%v", err)
	}
	replacement := goReplacement(o.Replacement)
	var targets []string
	for _, name := range wanted {
		target := name
		if o.Pattern != "" {
			target = pattern.ReplaceAllString(name, replacement)
		}
		if i, ok := c.indices[target]; ok && !i.closed {
			return nil, refuse(500, "snapshot_restore_exception", "[%s:%s/%s] cannot restore index [%s] because an open index with same name already exists in the cluster. "+
				"Either close or delete the existing index or restore the index under a different name by providing a rename pattern and replacement name", r.name, s.Name, s.UUID, target)
		}
		if slices.Contains(targets, target) {
			return nil, refuse(500, "snapshot_restore_exception", "[%s:%s/%s] indices [%s] are renamed into the same index [%s]", r.name, s.Name, s.UUID, name, target)
		}
		targets = append(targets, target)
	}
	return targets, nil
}

// goReplacement puts a replacement of Java's into Go's words: $1 ends at the
// digit in Java and takes in what follows in Go; a backslash makes the next
// character a plain one.
func goReplacement(java string) string {
	var b strings.Builder
	for n := 0; n < len(java); n++ {
		switch {
		case java[n] == '\\' && n+1 < len(java):
			n++
			b.WriteString(strings.ReplaceAll(java[n:n+1], "$", "$$"))
		case java[n] == '$' && n+1 < len(java):
			n++
			b.WriteString("${" + java[n:n+1] + "}")
		default:
			b.WriteByte(java[n])
		}
	}
	return b.String()
}

// readIndex reads an index of a snapshot. The error is for what makes the whole
// restore fail; a shard that cannot be read is left unassigned.
func (c *Cluster) readIndex(r *repository, now *root, s rootSnapshot, name string) (*index, error) {
	in := now.Indices[name]
	blob, err := r.blobs.Get(r.place.index(in.ID) + "meta-" + now.Identifiers[s.Lookup[in.ID]] + ".dat")
	var shards int
	var version string
	if err == nil {
		shards, version, err = readIndexMetadata(blob)
	}
	if err != nil {
		return nil, refuse(500, "snapshot_exception", "[%s:%s/%s] failed to read metadata of index [%s]: %v", r.name, s.Name, s.UUID, name, err)
	}
	i := &index{uuid: c.id(), created: c.millis(), version: version, shards: make([]shard, shards)}
	for n := range i.shards {
		read, err := r.readShard(r.place.shard(in.ID, n, in.hashed()), s.UUID)
		if err != nil {
			read = shard{unassigned: true}
		}
		read.restored = r.name
		i.shards[n] = read
	}
	return i, nil
}

// readShardSnapshot reads which files make up a shard.
func (r *repository) readShardSnapshot(folder, uuid string) (shardSnapshot, error) {
	var content shardSnapshot
	blob, err := r.blobs.Get(folder + "snap-" + uuid + ".dat")
	if err != nil {
		return content, err
	}
	o, err := decodeBlob(codecShard, blob)
	if err != nil {
		return content, err
	}
	return content, fill(o, &content)
}

func (r *repository) readShard(folder, uuid string) (shard, error) {
	var s shard
	content, err := r.readShardSnapshot(folder, uuid)
	if err != nil {
		return s, err
	}
	s.commits = content.Commit
	for _, f := range content.Files {
		body, err := r.readFile(folder, f)
		if err != nil {
			return s, err
		}
		if path.Ext(f.Physical) != ".cfs" {
			continue
		}
		g, err := readSegment(f.Physical, body)
		if err != nil {
			return s, err
		}
		s.segments = append(s.segments, g)
	}
	return s, nil
}

// readFile gives a Lucene file, whose length and checksum are the right ones.
func (r *repository) readFile(folder string, f fileInfo) ([]byte, error) {
	body := bytes.Clone(f.Hash)
	for _, name := range f.blobs() {
		part, err := r.blobs.Get(folder + name)
		if err != nil {
			return nil, err
		}
		body = append(body, part...)
	}
	if int64(len(body)) != f.Length {
		return nil, errors.New(f.Name + " has another length")
	}
	if _, err := cutFooter(body); err != nil {
		return nil, err
	}
	if checksum(body) != f.Checksum {
		return nil, errors.New(f.Name + " is another file")
	}
	return body, nil
}
