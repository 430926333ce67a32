package store

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/sync/errgroup"
)

// forgetters delete versions side by side.
const forgetters = 16

// History lists versions. It may be called again.
type History func(context.Context) iter.Seq2[Version, error]

// Forget removes what a versioned store keeps of former objects, for good. The
// objects that are the newest of their keys are left alone. Superseded versions
// go first, and in a second pass the delete markers of keys that have nothing
// else: a marker that goes first would bring back what lies below it. may is
// asked before each whether to go on, and its error ends it; nil: yes.
func Forget(ctx context.Context, s Store, h History, may func(context.Context) error) error {
	found := false
	superseded := h.Only(func(v Version) bool {
		found = found || !v.Latest || v.DeleteMarker
		return !v.Latest
	})
	if err := removeVersions(ctx, s, superseded(ctx), may); err != nil || !found {
		return err
	}
	return removeVersions(ctx, s, bareMarkers(h(ctx)), may)
}

func removeVersions(ctx context.Context, s Store, versions iter.Seq2[Version, error], may func(context.Context) error) error {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(forgetters)
	for v, err := range versions {
		if err == nil && may != nil {
			err = may(gctx)
		}
		if err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			err := s.DeleteVersion(gctx, v.Key, v.Version)
			if errors.Is(err, ErrUnsupported) {
				return nil // it has become the newest
			}
			return err
		})
	}
	return group.Wait()
}

// Only is the part of a history that is wanted.
func (h History) Only(want func(Version) bool) History {
	return func(ctx context.Context) iter.Seq2[Version, error] {
		return func(yield func(Version, error) bool) {
			for v, err := range h(ctx) {
				if err == nil && !want(v) {
					continue
				}
				if !yield(v, err) || err != nil {
					return
				}
			}
		}
	}
}

// bareMarkers yields the delete markers that are the newest of their keys and
// have no version below them. Keys come in order; the versions of one in any.
func bareMarkers(versions iter.Seq2[Version, error]) iter.Seq2[Version, error] {
	return func(yield func(Version, error) bool) {
		var key string
		var marker *Version
		covers := false
		for v, err := range versions {
			if err != nil {
				yield(v, err)
				return
			}
			if v.Key != key {
				if marker != nil && !covers && !yield(*marker, nil) {
					return
				}
				key, marker, covers = v.Key, nil, false
			}
			if v.DeleteMarker && v.Latest {
				marker = &v
			} else {
				covers = true
			}
		}
		if marker != nil && !covers {
			yield(*marker, nil)
		}
	}
}
