package job

import (
	"context"
	"fmt"
	"regexp"
	"sort"
	"strconv"
	"strings"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/snapshot"
)

// walk holds a listing against the repository's metadata: everything that the
// root names must be listed, and everything that each shard's own file names;
// and nothing may be listed that cannot be theirs.
//
// The listing comes in bytewise order, so that a shard's folder is one stretch
// of it: only the names of one shard are held at a time.
type walk struct {
	store    store.Store
	base     string
	root     archive.Root
	required map[string]bool   // key → was listed
	shards   map[string]folder // "indices/<id>/<shard>/" of the snapshot
	at       *shardWalk        // the shard in whose folder the listing is; nil: in none
	holes    []string          // the first few
	lacking  int               // how many holes there are
}

// folder is one shard of the snapshot.
type folder struct {
	index string // its name
	shard int
	uuid  string // of the snapshot
}

func newWalk(s archive.Staging, r snapshot.Root, at archive.Root) (*walk, error) {
	keys, err := r.Keys()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", at.Key, err)
	}
	w := &walk{
		store: s.Store, base: s.Base, root: at,
		required: map[string]bool{at.Key: false, "index.latest": false}, shards: map[string]folder{},
	}
	for _, key := range keys {
		w.required[key] = false
	}
	for _, x := range r.Indices {
		if len(x.Snapshots) != 1 {
			return nil, fmt.Errorf("%s: index %s is in %d snapshots, not in one", at.Key, x.Name, len(x.Snapshots))
		}
		for shard := range x.ShardGenerations {
			w.shards[fmt.Sprintf("indices/%s/%d/", x.ID, shard)] = folder{x.Name, shard, x.Snapshots[0]}
		}
	}
	return w, nil
}

// shardFile is anything in a shard's folder.
var shardFile = regexp.MustCompile(`^(indices/[^/]+/\d+/)([^/]+)$`)

// expect takes the next blob of the listing. It fails for one that the metadata
// cannot account for, and if the metadata cannot be read; what lacks is told by
// end.
func (w *walk) expect(ctx context.Context, b archive.Blob) error {
	path, name := "", b.Key
	if m := shardFile.FindStringSubmatch(b.Key); m != nil {
		path, name = m[1], m[2]
	}
	if err := w.enter(ctx, path); err != nil {
		return err
	}
	if _, ok := w.required[b.Key]; ok {
		w.required[b.Key] = true
		return w.at.confirm(b)
	}
	if w.at != nil && strings.HasPrefix(name, "__") {
		return w.data(b, name)
	}
	switch generation, ok := generationOf(b.Key); {
	case ok && generation < w.root.Generation:
		return nil // an older root that the cluster has not removed
	case ok && generation > w.root.Generation: // a request that came late
		return fmt.Errorf("%w: the repository's root was %s, and %s was written while staging was listed", archive.ErrStagingChanged, w.root.Key, b.Key)
	}
	return &archive.ForeignError{Key: w.base + b.Key, Reason: "the repository's metadata, " + w.root.Key + ", does not refer to it"}
}

// end tells what the metadata refers to and the listing did not have as it
// should. It is an ErrHole.
func (w *walk) end() error {
	w.leave()
	var keys []string
	for key, seen := range w.required {
		if !seen {
			keys = append(keys, key)
		}
	}
	sort.Strings(keys)
	for _, key := range keys {
		w.hole("%s is missing", key)
	}
	if w.lacking == 0 {
		return nil
	}
	said := strings.Join(w.holes, "; ")
	if more := w.lacking - len(w.holes); more > 0 {
		said += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Errorf("%w: of what its metadata, %s, refers to: %s", ErrHole, w.root.Key, said)
}

// shownHoles is how many holes are named.
const shownHoles = 5

func (w *walk) hole(format string, args ...any) {
	w.lacking++
	if len(w.holes) < shownHoles {
		w.holes = append(w.holes, fmt.Sprintf(format, args...))
	}
}

// generationOf is the number of a root file.
func generationOf(key string) (int64, bool) {
	digits, ok := strings.CutPrefix(key, "index-")
	n, err := strconv.ParseInt(digits, 10, 64)
	return n, ok && err == nil && snapshot.IsRootFile(key)
}
