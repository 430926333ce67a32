package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"archiver/archive/store"
	"archiver/internal/lease"
	"archiver/snapshot"
)

const (
	// grace is what cleaning up is given after the process was asked to end:
	// containers are killed after 30 seconds.
	grace = 20 * time.Second
	// sweepers delete files side by side.
	sweepers = 16
	// busyLooks bound how often a repository in use is tried again.
	busyLooks = 60
	// sweeps bound how often files that come back are deleted again.
	sweeps = 10
)

// clean removes what the restore has made. After an interrupt it has a few
// seconds left; what it does not come to, the next restore does.
func (w *way) clean(ctx context.Context, err error) error {
	ctx, cancel := lingering(ctx, grace)
	defer cancel()
	if errors.Is(err, lease.ErrLost) {
		// Another has cleaned up, or is at it. What arrived late from here bears
		// this restore's name, and may go at any time.
		w.lease.End()
		return w.removeOwn(ctx, w.lease.Now())
	}
	return w.removeAll(ctx, ctx, w.lease)
}

// lingering is a context that outlives its parent by d.
func lingering(parent context.Context, d time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(context.WithoutCancel(parent))
	stop := context.AfterFunc(parent, func() {
		t := time.AfterFunc(d, func() { cancel(context.Cause(parent)) })
		context.AfterFunc(ctx, func() { t.Stop() })
	})
	return ctx, func() {
		stop()
		cancel(nil)
	}
}

// removeAll removes what a claim names, as long as held lasts, and then the claim,
// whose lease is held. If it fails, the lease is given up, so that the next one
// need not wait.
func (r *Restorer) removeAll(ctx, held context.Context, l *lease.Lease[Claim]) error {
	err := l.Check(held)
	if err == nil {
		err = because(held, r.removeNamed(held, l.Now()))
	}
	if err == nil {
		err = l.Drop(ctx)
	}
	switch {
	case err == nil:
		r.forgetClaim(ctx, l.Now().ID)
	case errors.Is(err, lease.ErrLost):
		l.End()
	default:
		if releaseErr := l.Release(ctx, func(*Claim) {}); releaseErr != nil {
			r.Watch.Note("the lease could not be released; it will run out by itself", slog.String("error", releaseErr.Error()))
		}
	}
	return err
}

// removeNamed removes what a claim names. Unregistering the repository is what
// ends it: a restore that is requested late is refused from then on. An index
// that came to be before is there to be seen then.
func (r *Restorer) removeNamed(ctx context.Context, c Claim) error {
	if c.inCluster() {
		if err := r.removeIndices(ctx, c); err != nil {
			return err
		}
		if err := r.unregister(ctx, c); err != nil {
			return err
		}
		if err := r.removeIndices(ctx, c); err != nil {
			return err
		}
	}
	return r.removeFiles(ctx, c.ID)
}

// removeOwn removes only what bears the restore's own name, and can be nobody
// else's, whoever holds the claim by now.
func (r *Restorer) removeOwn(ctx context.Context, c Claim) error {
	if c.Kind == KindRestore {
		c.Indices = nil
	}
	return r.removeNamed(ctx, c)
}

// removeIndices deletes the indices that the restore has made, unless they are
// their user's by now.
func (r *Restorer) removeIndices(ctx context.Context, c Claim) error {
	if c.Kept || len(c.Indices) == 0 {
		return nil
	}
	found, err := r.Cluster.Indices(ctx, c.names())
	if err != nil {
		return err
	}
	for _, i := range found {
		made, err := r.madeBy(ctx, c, i)
		if err != nil {
			return err
		}
		if !made {
			r.Watch.Note("an index was left alone: this restore has not made it", slog.String("index", i.Name), slog.String("id", c.ID))
			continue
		}
		if err := r.Cluster.DeleteIndex(ctx, i.Name); err != nil && !errors.Is(err, snapshot.ErrNotFound) {
			return fmt.Errorf("removing the restored index: %w", err)
		}
	}
	return nil
}

// madeBy tells whether an index came from a restore: by its name, which is the
// drill's own, by its UUID, or by what the cluster remembers of its shards if the
// restore died before it could record that.
func (r *Restorer) madeBy(ctx context.Context, c Claim, i snapshot.Index) (bool, error) {
	for _, t := range c.Indices {
		switch {
		case t.Target != i.Name:
		case c.Kind == KindDrill:
			return true, nil
		case t.UUID != "":
			return t.UUID == i.UUID, nil
		default:
			from, err := r.Cluster.RestoredFrom(ctx, i.Name)
			if errors.Is(err, snapshot.ErrNotFound) {
				return false, nil // gone meanwhile
			}
			return err == nil && from == c.Repository, err
		}
	}
	return false, nil
}

// unregister makes the cluster forget the repository, which it refuses while
// shards are still being read from there.
func (r *Restorer) unregister(ctx context.Context, c Claim) error {
	for n := 0; ; n++ {
		err := r.Cluster.Unregister(ctx, c.Repository)
		switch {
		case err == nil, errors.Is(err, snapshot.ErrNotFound):
			return nil
		case !errors.Is(err, snapshot.ErrBusy) && !errors.Is(err, snapshot.ErrAmbiguous) || n == busyLooks:
			return err
		}
		if err := r.pause(ctx, n); err != nil {
			return err
		}
		if err := r.removeIndices(ctx, c); err != nil { // what reads from there
			return err
		}
	}
}

// removeFiles deletes the files of a restore's repository, until none is left,
// nor kept by a bucket with versions: they are plain text.
func (r *Restorer) removeFiles(ctx context.Context, id string) error {
	if err := r.abortUploads(ctx, id); err != nil {
		return err
	}
	for n := 1; ; n++ {
		left, err := r.sweep(ctx, files(id))
		if err != nil {
			return err
		}
		if !left {
			return r.forgetFiles(ctx, id)
		}
		if n == sweeps {
			return fmt.Errorf("%s%s does not stay empty: something writes there, or the store does not delete", r.Staging.URL(), files(id))
		}
	}
}

// sweep deletes what a listing shows. left: there was something, so that it takes
// another look.
func (r *Restorer) sweep(ctx context.Context, prefix string) (left bool, err error) {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(sweepers)
	for o, err := range r.Staging.List(gctx, prefix, "") {
		if err != nil {
			return true, errors.Join(err, group.Wait())
		}
		left = true
		group.Go(func() error {
			err := r.Staging.Delete(gctx, o.Key, o.ETag)
			if errors.Is(err, store.ErrChanged) {
				return nil // the next listing shows it anew
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return left, fmt.Errorf("removing the files of the restore: %w", err)
	}
	return left, nil
}

func (r *Restorer) abortUploads(ctx context.Context, id string) error {
	for u, err := range r.Staging.Uploads(ctx, files(id)) {
		if err != nil {
			return fmt.Errorf("listing unfinished uploads: %w", err)
		}
		if err := r.Staging.Abort(ctx, u); err != nil {
			return err
		}
	}
	return nil
}
