package job

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/snapshot"
)

// shardWalk is the shard in whose folder the listing is.
type shardWalk struct {
	folder
	path     string // the folder's key, with its slash
	metadata string // the key of its own file
	etag     string // of that file, as it was read
	// missing are the blobs that were not listed yet, with their lengths; nil:
	// not known, for the shard's file is a hole itself.
	missing map[string]int64
}

// enter turns to the folder of the next key; "": none. A shard's own file comes
// last in its folder, and is wanted first: it is read apart.
func (w *walk) enter(ctx context.Context, path string) error {
	if w.at != nil && w.at.path == path {
		return nil
	}
	w.leave()
	f, ok := w.shards[path]
	if !ok {
		return nil
	}
	at := &shardWalk{folder: f, path: path, metadata: path + "snap-" + f.uuid + ".dat"}
	o, err := w.store.Get(ctx, w.base+at.metadata)
	switch {
	case errors.Is(err, store.ErrNotFound):
		w.at = at // that it is missing, end tells
		return nil
	case err != nil:
		return fmt.Errorf("reading the metadata of %v: %w", f, err)
	}
	at.etag = o.ETag
	s, err := snapshot.ParseShard(o.Body)
	switch {
	case errors.Is(err, snapshot.ErrDamaged):
		w.hole("%s of %v: %v", at.metadata, f, err)
	case err != nil:
		return WithHint(fmt.Errorf("%s of %v: %w", w.base+at.metadata, f, err),
			"the cluster's version writes what this program does not know, and nothing was sealed or deleted: use a newer version of the program")

	default:
		at.missing = s.Blobs()
	}
	w.at = at
	return nil
}

// leave tells what the folder lacked.
func (w *walk) leave() {
	if w.at == nil {
		return
	}
	var names []string
	for name := range w.at.missing {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		w.hole("%s of %v is missing", w.at.path+name, w.at.folder)
	}
	w.at = nil
}

// data takes a data blob of the shard. One that no file of the shard lies in
// stops the run: it may be what a broken attempt of the cluster has left, and
// then it does no harm; but an archive holds what one snapshot needs and nothing
// else, and a snapshot that is whole is not deleted for it.
func (w *walk) data(b archive.Blob, name string) error {
	if w.at.missing == nil {
		return nil // nobody knows
	}
	length, ok := w.at.missing[name]
	switch {
	case !ok:
		return &archive.ForeignError{Key: w.base + b.Key, Reason: fmt.Sprintf(
			"no file of %v lies in it, says its metadata, %s; a shard whose snapshot was broken off and begun again may leave such", w.at.folder, w.at.metadata)}
	case length != b.Size:
		w.hole("%s of %v has %d bytes, not %d", b.Key, w.at.folder, b.Size, length)
	}
	delete(w.at.missing, name)
	return nil
}

// confirm checks that a shard's own file is listed as it was read.
func (s *shardWalk) confirm(b archive.Blob) error {
	if s == nil || b.Key != s.metadata || b.ETag == s.etag {
		return nil
	}
	return fmt.Errorf("%w: %s of %v was replaced while staging was listed", archive.ErrStagingChanged, b.Key, s.folder)
}

func (f folder) String() string { return fmt.Sprintf("index %s, shard %d", f.index, f.shard) }
