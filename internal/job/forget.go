package job

import (
	"context"
	"fmt"
	"iter"
	"log/slog"
	"strings"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/snapshot"
)

// A versioned bucket keeps what was deleted or replaced, and so the logs that
// staging should be empty of. What it keeps is removed by version, which nothing
// brings back, but which nobody can need: the archive is sealed, and the versions
// that are the newest of their keys are left alone.

// forgetBlobs removes what the bucket keeps of the repository's former files.
// Errors: errCameBack.
func (d *day) forgetBlobs(ctx context.Context) error {
	g := &guard{day: d}
	return d.forget(ctx, d.blobs(), g.lookAgain)
}

// blobs is the history of what a repository may have written. The past of any
// other key is somebody else's, wherever it lies.
func (d *day) blobs() store.History {
	return store.History(d.Staging.History).Only(func(v store.Version) bool {
		key, below := strings.CutPrefix(v.Key, d.Staging.Base)
		return below && snapshot.IsRepositoryKey(key)
	})
}

// forgetPapers removes what the bucket keeps of our own papers and states.
func (d *day) forgetPapers(ctx context.Context) error {
	var looked time.Time
	return d.forget(ctx, papers(d.Staging.Store), func(ctx context.Context) error {
		if time.Since(looked) <= sweepLook {
			return nil
		}
		looked = time.Now()
		return d.lease.Check(ctx)
	})
}

// papers is the history of the runs' papers, and of the state. A state that was
// written while the bucket kept no versions is left out: such a version's name
// is taken over by whatever is written next.
func papers(s store.Store) store.History {
	runs := func(ctx context.Context) iter.Seq2[store.Version, error] { return s.Versions(ctx, archive.RunsPrefix) }
	return func(ctx context.Context) iter.Seq2[store.Version, error] {
		return func(yield func(store.Version, error) bool) {
			for _, h := range []store.History{states(s), runs} {
				for v, err := range h(ctx) {
					if !yield(v, err) || err != nil {
						return
					}
				}
			}
		}
	}
}

func states(s store.Store) store.History {
	all := store.History(func(ctx context.Context) iter.Seq2[store.Version, error] { return s.Versions(ctx, archive.StateKey) })
	return all.Only(func(v store.Version) bool { return v.Key == archive.StateKey && v.Version != "" })
}

// forget removes what a history shows besides the newest objects. may is asked
// before each whether to go on.
func (d *day) forget(ctx context.Context, h store.History, may func(context.Context) error) error {
	if err := store.Forget(ctx, d.Staging.Store, h, may); err != nil {
		return fmt.Errorf("removing what the versioned staging bucket keeps: %w", err)
	}
	return nil
}

// forgetStates removes the old states that a versioned bucket keeps, after the
// last was written. It holds no lease any more, and needs none: what is not the
// newest now never will be. Best effort: the next day's clean does it again.
func (j *Job) forgetStates(ctx context.Context) {
	old := states(j.Staging.Store).Only(func(v store.Version) bool { return !v.Latest })
	for v, err := range old(ctx) {
		if err == nil {
			err = j.Staging.Store.DeleteVersion(ctx, v.Key, v.Version)
		}
		if err != nil {
			j.Watch.Note("old states could not be removed from the versioned staging bucket", slog.String("error", err.Error()))
			return
		}
	}
}
