package store

import (
	"context"
	"errors"
	"iter"

	"golang.org/x/sync/errgroup"
)

// History lists versions and delete markers, those of one key together. It may be
// called again.
type History func(context.Context) iter.Seq2[Version, error]

// Where lists only the versions that are wanted.
func (h History) Where(want func(Version) bool) History {
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

// forgetters remove versions side by side.
const forgetters = 16

// Forget removes what a store keeps of a history besides the newest object of each
// key: superseded versions first, and in a second pass the delete markers of keys
// that have nothing else. A marker that goes first would bring back what lies
// below it. may is asked before each whether to go on; nil: yes.
func Forget(ctx context.Context, s Store, h History, may func(context.Context) error) error {
	found := false
	superseded := h.Where(func(v Version) bool {
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

// bareMarkers yields the delete markers that are the newest of their keys and
// have no version below them. The versions of one key may come in any order.
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
