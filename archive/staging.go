package archive

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"time"

	"archiver/archive/store"
)

// Staging is where one stream's snapshots are taken: a whole bucket, because a
// repository may write outside of its base path.
type Staging struct {
	Store  store.Store
	Base   string   // the repository's base path: "", or ends in "/"
	Ignore []string // prefixes of keys that do not count
}

// Blob is one object of the repository.
type Blob struct {
	Key  string // below the base path
	Size int64  // bytes
	ETag string
	Time time.Time
}

// ForeignError names an object that nobody expected. It is an ErrForeign.
type ForeignError struct {
	Key    string
	Reason string
}

func (e *ForeignError) Error() string {
	return fmt.Sprintf("%v: %s (%s)", ErrForeign, e.Key, e.Reason)
}

func (e *ForeignError) Unwrap() error { return ErrForeign }

// Hint says what to do about it.
func (e *ForeignError) Hint() string {
	return "look at the object: if it is not needed, delete it; if it belongs there, name its prefix in staging.ignore; then run again"
}

// All yields every blob of the repository in bytewise order of key, and fails
// at the first object in the bucket that is neither a blob, nor the archiver's
// own, nor to be ignored.
func (s Staging) All(ctx context.Context) iter.Seq2[Blob, error] {
	return s.blobs(s.Store.List(ctx, "", ""))
}

// After yields the blobs with keys greater than after.
func (s Staging) After(ctx context.Context, after string) iter.Seq2[Blob, error] {
	if after != "" {
		after = s.Base + after
	}
	return s.blobs(s.Store.List(ctx, s.Base, after))
}

// History yields the versions and delete markers that a versioned store keeps of
// the repository's keys, the newest included; not of our own papers, nor of what
// is to be ignored. Without versions that is the repository as it is.
func (s Staging) History(ctx context.Context) iter.Seq2[store.Version, error] {
	return func(yield func(store.Version, error) bool) {
		for v, err := range s.Store.Versions(ctx, s.Base) {
			if err == nil && (strings.HasPrefix(v.Key, WorkPrefix) || s.named(v.Key)) {
				continue
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

func (s Staging) blobs(list iter.Seq2[store.Info, error]) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		for o, err := range list {
			if err != nil {
				yield(Blob{}, err)
				return
			}
			if s.ignored(o) {
				continue
			}
			b, err := s.blob(o)
			if !yield(b, err) || err != nil {
				return
			}
		}
	}
}

// ignored tells what does not count: our own papers, folder markers, what the
// configuration names, and leftovers of the cluster's repository verification.
func (s Staging) ignored(o store.Info) bool {
	if strings.HasPrefix(o.Key, WorkPrefix) || o.Size == 0 && strings.HasSuffix(o.Key, "/") {
		return true
	}
	if s.named(o.Key) {
		return true
	}
	below, ok := strings.CutPrefix(o.Key, s.Base)
	return ok && strings.HasPrefix(below, "tests-") && strings.Contains(below, "/")
}

// named tells a key that the configuration leaves to others.
func (s Staging) named(key string) bool {
	for _, p := range s.Ignore {
		if strings.HasPrefix(key, p) {
			return true
		}
	}
	return false
}

func (s Staging) blob(o store.Info) (Blob, error) {
	key, ok := strings.CutPrefix(o.Key, s.Base)
	if !ok {
		return Blob{}, &ForeignError{o.Key, "outside of the base path " + s.Base}
	}
	if !isBlobKey(key) {
		return Blob{}, &ForeignError{o.Key, "no repository writes such a name"}
	}
	return Blob{Key: key, Size: o.Size, ETag: o.ETag, Time: o.Time}, nil
}
