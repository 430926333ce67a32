package job

import (
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"archiver/archive"
	"archiver/snapshot"
)

// walk holds a listing against the repository's root metadata: everything that
// it names must be listed, and nothing may be listed that cannot be its.
type walk struct {
	required map[string]bool // key → was listed
	shards   map[string]bool // "indices/<id>/<shard>/" of the snapshot
	root     archive.Root
}

func newWalk(r snapshot.Root, at archive.Root) (*walk, error) {
	keys, err := r.Keys()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at.Key, err)
	}
	w := &walk{required: map[string]bool{at.Key: false, "index.latest": false}, shards: map[string]bool{}, root: at}
	for _, key := range keys {
		w.required[key] = false
	}
	for _, x := range r.Indices {
		for shard := range x.ShardGenerations {
			w.shards[fmt.Sprintf("indices/%s/%d/", x.ID, shard)] = true
		}
	}
	return w, nil
}

// A data blob lies in a shard's folder; which of them there are, is known to
// the shard's own metadata.
var dataBlob = regexp.MustCompile(`^(indices/[^/]+/\d+/)__[^/]+$`)

// expect fails for a blob that the metadata cannot account for.
func (w *walk) expect(b archive.Blob) error {
	if _, ok := w.required[b.Key]; ok {
		w.required[b.Key] = true
		return nil
	}
	if m := dataBlob.FindStringSubmatch(b.Key); m != nil && w.shards[m[1]] {
		return nil
	}
	if generation, ok := generationOf(b.Key); ok && generation < w.root.Generation {
		return nil // an older root that the cluster has not removed
	}
	return &archive.ForeignError{Key: b.Key, Reason: "the repository's metadata, " + w.root.Key + ", does not refer to it"}
}

// generationOf is the number of a root file.
func generationOf(key string) (int64, bool) {
	digits, ok := strings.CutPrefix(key, "index-")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil && snapshot.IsRootFile(key)
}

// missing names what the metadata refers to and the listing did not have.
func (w *walk) missing() error {
	var keys []string
	for key, seen := range w.required {
		if !seen {
			keys = append(keys, key)
		}
	}
	if len(keys) == 0 {
		return nil
	}
	sort.Strings(keys)
	return fmt.Errorf("the repository's metadata, %s, refers to %d files that are not in staging, the first is %s", w.root.Key, len(keys), keys[0])
}
