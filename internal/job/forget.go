package job

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"archiver/archive"
	"archiver/archive/store"
)

// A versioned bucket keeps what was deleted or replaced, and so the logs that
// staging should be empty of. What it keeps is removed by version, which nothing
// brings back, but which nobody can need: the archive is sealed, and the versions
// that are the newest of their keys are left alone.

// history lists versions. It may be called again.
type history func(context.Context) iter.Seq2[store.Version, error]

// forgetBlobs removes what the bucket keeps of the repository's former files.
// Errors: errCameBack.
func (d *day) forgetBlobs(ctx context.Context) error {
	g := &guard{day: d}
	return d.forget(ctx, d.Staging.History, g.lookAgain)
}

// forgetPapers removes what the bucket keeps of our own papers and states.
func (d *day) forgetPapers(ctx context.Context) error {
	var looked time.Time
	return d.forget(ctx, papers(d.Staging.Store), func(ctx context.Context) error {
		if time.Since(looked) <= sweepLook {
			return nil
		}
		looked = time.Now()
		return d.lease.check(ctx)
	})
}

// papers is the history of the runs' papers, and of the state. A state that was
// written while the bucket kept no versions is left out: such a version's name
// is taken over by whatever is written next.
func papers(s store.Store) history {
	return func(ctx context.Context) iter.Seq2[store.Version, error] {
		return func(yield func(store.Version, error) bool) {
			for _, h := range []history{states(s), func(ctx context.Context) iter.Seq2[store.Version, error] { return s.Versions(ctx, archive.RunsPrefix) }} {
				for v, err := range h(ctx) {
					if !yield(v, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

func states(s store.Store) history {
	return func(ctx context.Context) iter.Seq2[store.Version, error] {
		return only(s.Versions(ctx, archive.StateKey), func(v store.Version) bool { return v.Key == archive.StateKey && v.Version != "" })
	}
}

// forget removes superseded versions first, and in a second pass the delete
// markers of keys that have nothing else: a marker that goes first would bring
// back what lies below it. may is asked before each whether to go on.
func (d *day) forget(ctx context.Context, h history, may func(context.Context) error) error {
	found := false
	superseded := func(ctx context.Context) iter.Seq2[store.Version, error] {
		return only(h(ctx), func(v store.Version) bool {
			found = found || !v.Latest || v.DeleteMarker
			return !v.Latest
		})
	}
	if err := d.removeVersions(ctx, superseded(ctx), may); err != nil || !found {
		return err
	}
	return d.removeVersions(ctx, bareMarkers(h(ctx)), may)
}

func (d *day) removeVersions(ctx context.Context, versions iter.Seq2[store.Version, error], may func(context.Context) error) error {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(sweepers)
	for v, err := range versions {
		if err == nil {
			err = may(gctx)
		}
		if err != nil {
			return errors.Join(fmt.Errorf("removing what the versioned staging bucket keeps: %w", err), group.Wait())
		}
		group.Go(func() error {
			err := d.Staging.Store.DeleteVersion(gctx, v.Key, v.Version)
			if errors.Is(err, store.ErrUnsupported) {
				return nil // it has become the newest
			}
			return err
		})
	}
	return group.Wait()
}

// only yields the versions that are wanted.
func only(versions iter.Seq2[store.Version, error], want func(store.Version) bool) iter.Seq2[store.Version, error] {
	return func(yield func(store.Version, error) bool) {
		for v, err := range versions {
			if err == nil && !want(v) {
				continue
			}
			if !yield(v, err) || err != nil {
				return
			}
		}
	}
}

// bareMarkers yields the delete markers that are the newest of their keys and
// have no version below them. Keys come in order; the versions of one in any.
func bareMarkers(versions iter.Seq2[store.Version, error]) iter.Seq2[store.Version, error] {
	return func(yield func(store.Version, error) bool) {
		var key string
		var marker *store.Version
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

// forgetStates removes the old states that a versioned bucket keeps, after the
// last was written. It holds no lease any more, and needs none: what is not the
// newest now never will be. Best effort: the next day's clean does it again.
func (j *Job) forgetStates(ctx context.Context) {
	for v, err := range only(states(j.Staging.Store)(ctx), func(v store.Version) bool { return !v.Latest }) {
		if err == nil {
			err = j.Staging.Store.DeleteVersion(ctx, v.Key, v.Version)
		}
		if err != nil {
			j.Watch.Note("old states could not be removed from the versioned staging bucket", slog.String("error", err.Error()))
			return
		}
	}
}
