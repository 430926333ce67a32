package snapshottest

import (
	"slices"
	"strings"
)

// deletion removes snapshots. The root comes first, then the files.
type deletion struct {
	c     *Cluster
	r     *repository
	uuids map[string]bool
	names []string
	start int64 // milliseconds since 1970
	err   error
}

func (d *deletion) work(steps int) *work {
	return &work{deletion: d, steps: steps, begin: d.begin}
}

// begin writes everything that makes the snapshots disappear, and lists the
// files that nothing refers to then.
func (d *deletion) begin() []func() {
	now, err := d.r.load()
	if err != nil {
		d.err = err
		return nil
	}
	next := now.clone()
	for uuid := range d.uuids {
		next.remove(uuid)
	}
	garbage := d.rewriteShards(now, next)
	if d.err = d.r.replace(next); d.err != nil {
		return nil
	}
	d.r.point()
	d.r.forget()
	stale, err := d.r.stale(next)
	if err != nil {
		return nil // a later cleanup finds them
	}
	var todo []func()
	for _, key := range append(stale, garbage...) {
		todo = append(todo, func() { d.r.discard(key) })
	}
	return todo
}

// rewriteShards gives the shards that other snapshots hold too a new
// generation without the deleted ones, and returns what these alone needed.
func (d *deletion) rewriteShards(now, next *root) []string {
	names := map[string]bool{}
	for _, s := range next.Snapshots {
		names[s.Name] = true
	}
	var garbage []string
	for _, name := range sortedKeys(next.Indices) {
		in := next.Indices[name]
		if len(in.Snapshots) == len(now.Indices[name].Snapshots) {
			continue
		}
		for n, generation := range in.Generations {
			if generation == nil {
				continue
			}
			folder := d.r.place.shard(in.ID, n, in.hashed())
			fresh, left, err := d.rewriteShard(folder, *generation, names)
			if err != nil {
				continue // clusters log that, and go on
			}
			in.Generations[n] = &fresh
			garbage = append(garbage, left...)
		}
	}
	return garbage
}

func (d *deletion) rewriteShard(folder, generation string, names map[string]bool) (fresh string, garbage []string, err error) {
	blob, err := d.r.blobs.Get(folder + "index-" + generation)
	if err != nil {
		return "", nil, err
	}
	before, err := readShardIndex(blob)
	if err != nil {
		return "", nil, err
	}
	after := before.keeping(names)
	fresh = d.c.id()
	if blob, err = encodeBlob(codecShards, d.r.compress(), after.object()); err != nil {
		return "", nil, err
	}
	keys, err := d.r.blobs.List(folder)
	if err != nil {
		return "", nil, err
	}
	used := map[string]bool{}
	for _, f := range after.Files {
		for _, b := range f.blobs() {
			used[b] = true
		}
	}
	for _, key := range keys {
		name := strings.TrimPrefix(key, folder)
		uuid := strings.TrimSuffix(strings.TrimPrefix(name, "snap-"), ".dat")
		switch {
		case d.uuids[uuid], strings.HasPrefix(name, "index-"), strings.HasPrefix(name, "__") && !used[name]:
			garbage = append(garbage, key)
		}
	}
	return fresh, garbage, d.r.blobs.Put(folder+"index-"+fresh, blob)
}

// stale lists what a root does not know: metadata of other snapshots, and
// folders of other indices.
func (r *repository) stale(now *root) ([]string, error) {
	keys, err := r.blobs.List(r.place.Root)
	if err != nil {
		return nil, err
	}
	uuids, ids := map[string]bool{}, map[string]bool{}
	for _, s := range now.Snapshots {
		uuids[s.UUID] = true
	}
	for _, i := range now.Indices {
		ids[i.ID] = true
	}
	var stale []string
	for _, key := range keys {
		name, below := strings.CutPrefix(key, r.place.key(""))
		if below && isMetadataOfOther(name, uuids) || isOfOtherIndex(r.place, key, ids) {
			stale = append(stale, key)
		}
	}
	slices.Sort(stale)
	return stale, nil
}

func isMetadataOfOther(name string, uuids map[string]bool) bool {
	for _, kind := range []string{"snap-", "meta-"} {
		if uuid, ok := strings.CutPrefix(name, kind); ok && strings.HasSuffix(uuid, ".dat") {
			return !uuids[strings.TrimSuffix(uuid, ".dat")]
		}
	}
	return false
}

// isOfOtherIndex looks at the classic folders, at hashed ones and at the blobs
// that tell of these. A mere file in indices/ is nothing that a cluster cleans up.
func isOfOtherIndex(p Place, key string, ids map[string]bool) bool {
	name, below := strings.CutPrefix(key, p.key(""))
	if paths, ok := strings.CutPrefix(name, "snapshot_shard_paths/snapshot_path_"); ok && below {
		id, _, _ := strings.Cut(paths, ".")
		return !ids[id]
	}
	if !below || !strings.HasPrefix(name, "indices/") {
		hash, rest, ok := strings.Cut(strings.TrimPrefix(key, p.Root), "/")
		name, below = strings.CutPrefix(rest, p.Base)
		if !ok || !below || len(hash) != 15 || strings.Trim(hash[1:], "01") != "" {
			return false
		}
	}
	rest, ok := strings.CutPrefix(name, "indices/")
	id, _, inFolder := strings.Cut(rest, "/")
	return ok && inFolder && !ids[id]
}
