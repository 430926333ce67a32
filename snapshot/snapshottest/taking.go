package snapshottest

import (
	"fmt"
	"net/http"
	"slices"
)

// taking is a snapshot that is being taken.
type taking struct {
	c       *Cluster
	r       *repository
	info    info
	indices []*index // as they were at the request
	shards  []*shardTaking
	parts   int64 // the part size in bytes
	reason  string
	aborted bool
	next    *root // that the end of it writes
	err     error // why nothing of it came into the repository
}

// work makes the list of writes. Their order is OpenSearch's: each shard's
// index file, its data, its snap file; then the metadata; then the root.
func (t *taking) work(steps int) *work {
	return &work{taking: t, steps: steps, begin: t.begin}
}

func (t *taking) begin() []func() {
	now, err := t.r.load()
	if err != nil {
		t.err = err
		return nil
	}
	t.next = now.clone()
	var todo []func()
	if t.reason == "" {
		for _, i := range t.indices {
			todo = append(todo, t.beginIndex(i)...)
		}
	}
	todo = append(todo, t.conclude, t.write("meta-"+t.info.UUID+".dat", codecGlobal, globalMetadata()))
	for _, i := range t.indices {
		todo = append(todo, func() { t.writeIndex(i) })
	}
	return append(todo,
		t.writeInfo,
		t.writeRoot,
		func() { t.ifWritten(t.r.point) },
		func() { t.ifWritten(t.r.forget) },
		func() { t.ifWritten(t.dropOldGenerations) },
	)
}

// beginIndex plans an index's shards. An index that the repository holds
// already keeps its folder there, whatever its UUID in the cluster.
func (t *taking) beginIndex(i *index) []func() {
	in, known := t.next.Indices[i.name]
	if !known {
		in = rootIndex{ID: t.c.id(), Generations: make([]*string, len(i.shards))}
		if t.r.hashed {
			in.PathType = 1
		}
	}
	for len(in.Generations) < len(i.shards) {
		in.Generations = append(in.Generations, nil)
	}
	t.next.Indices[i.name] = in
	var todo []func()
	for n := range i.shards {
		s := &shardTaking{t: t, index: i, n: n, shard: i.shards[n], folder: t.r.place.shard(in.ID, n, in.hashed()), old: in.Generations[n]}
		t.shards = append(t.shards, s)
		todo = append(todo, s.begin()...)
	}
	return todo
}

// conclude sums up once all shards are done.
func (t *taking) conclude() {
	i := &t.info
	i.End = t.c.millis()
	i.State, i.Reason = stateSuccess, t.reason
	for _, s := range t.shards {
		i.Shards++
		if s.failure == "" {
			i.Successful++
			continue
		}
		i.State = statePartial
		f := failure{Index: s.index.name, IndexUUID: s.index.name, Shard: s.n, Reason: s.failure, Node: t.c.node, Status: "INTERNAL_SERVER_ERROR"}
		if s.shard.unassigned {
			f.Node = ""
		}
		i.Failures = append(i.Failures, f)
	}
	if t.reason != "" {
		i.State = stateFailed
	}
	t.addToRoot()
}

// addToRoot enters the snapshot, and the generations of the shards that were
// taken.
func (t *taking) addToRoot() {
	entry := rootSnapshot{Name: t.info.Name, UUID: t.info.UUID, State: stateNumber(t.info.State), Lookup: map[string]string{}, Version: t.c.o.Version}
	for _, i := range t.indices {
		in, ok := t.next.Indices[i.name]
		if !ok || t.reason != "" {
			continue
		}
		in.Snapshots = append(in.Snapshots, t.info.UUID)
		t.next.Indices[i.name] = in
		entry.Lookup[in.ID] = metadataKey(i)
	}
	for _, s := range t.shards {
		if s.failure == "" {
			t.next.Indices[s.index.name].Generations[s.n] = &s.generation
		}
	}
	t.next.Snapshots = append(t.next.Snapshots, entry)
}

// write gives the write of a blob that the snapshot cannot do without.
func (t *taking) write(name, codec string, o smileObject) func() {
	return func() {
		if t.err == nil {
			t.put(t.r.place.key(name), codec, o)
		}
	}
}

func (t *taking) put(key, codec string, o smileObject) {
	blob, err := encodeBlob(codec, t.r.compress(), o)
	if err == nil {
		err = t.r.blobs.Put(key, blob)
	}
	if err != nil {
		t.fail(repositoryFault(t.r.name, "failed to write %s: %v", key, err))
	}
}

// writeIndex writes an index's metadata, unless the repository has just that.
func (t *taking) writeIndex(i *index) {
	in, ok := t.next.Indices[i.name]
	_, written := t.next.Identifiers[metadataKey(i)]
	if !ok || written || t.err != nil || t.reason != "" {
		return
	}
	blob := t.c.id()[:20]
	t.next.Identifiers[metadataKey(i)] = blob
	t.put(t.r.place.index(in.ID)+"meta-"+blob+".dat", codecIndex, indexMetadata(i))
	if in.hashed() && t.err == nil {
		t.put(t.r.place.shardPaths(in.ID, i.name, len(i.shards)), "snapshot-shard-paths", shardPaths(in.ID, i))
	}
}

func (t *taking) writeInfo() {
	if t.err != nil {
		return
	}
	o, err := t.info.object()
	if err != nil {
		t.fail(err)
		return
	}
	t.put(t.r.place.key("snap-"+t.info.UUID+".dat"), codecSnapshot, o)
}

func (t *taking) writeRoot() {
	if t.err != nil {
		return
	}
	if err := t.r.replace(t.next); err != nil {
		t.fail(err)
	}
}

// fail ends a snapshot that does not come into the repository: afterwards it is
// as if it had never been asked for, but for the files.
func (t *taking) fail(err error) {
	wrapped := refuse(http.StatusInternalServerError, "snapshot_exception", "[%s:%s/%s] failed to update snapshot in repository", t.r.name, t.info.Name, t.info.UUID)
	if cause, ok := err.(*refusal); ok {
		wrapped.cause, wrapped.causeIsRoot = cause, true
	} else {
		wrapped.cause = &refusal{typ: "i_o_exception", reason: fmt.Sprint(err)}
	}
	t.err = wrapped
}

func (t *taking) ifWritten(do func()) {
	if t.err == nil {
		do()
	}
}

// dropOldGenerations removes the shards' index files that were replaced.
func (t *taking) dropOldGenerations() {
	for _, s := range t.shards {
		if s.failure == "" && s.old != nil {
			t.r.discard(s.folder + "index-" + *s.old)
		}
	}
}

// holds says whether the snapshot takes in an index.
func (t *taking) holds(i *index) bool {
	return slices.ContainsFunc(t.indices, func(x *index) bool { return x.uuid == i.uuid })
}
