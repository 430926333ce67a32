package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/snapshot"
)

const (
	// sweepers delete side by side.
	sweepers = 16
	// sweepLook is how often the sweep looks whether it may still go on.
	sweepLook = 3 * time.Second
	// cleanTries bound how often late requests may fill the repository again.
	cleanTries = 5
)

// errCameBack: a snapshot of ours came to be during a sweep.
var errCameBack = errors.New("the repository came into use")

// clean empties staging, now that the archive is sealed: the snapshot through
// the API, then what is left of this run's own blobs one by one, what a versioned
// bucket keeps of all these, and last the run's papers. The repository's root
// files stay.
func (d *day) clean(ctx context.Context) error {
	if err := d.checkSealed(ctx); err != nil {
		return err
	}
	for n := 1; ; n++ {
		again, err := d.empty(ctx)
		if err != nil {
			return err
		}
		if !again {
			break
		}
		if n == cleanTries {
			return NeedsPerson("find out who takes snapshots into this repository", "the repository %s does not stay empty", d.Repository)
		}
		d.Watch.Note("a snapshot of ours came to be while staging was emptied; emptying it again")
	}
	if err := d.removePapers(ctx, d.lease.Now().Run); err != nil {
		return err
	}
	if err := d.forgetPapers(ctx); err != nil {
		return err
	}
	return d.lease.Update(ctx, (*State).reset)
}

// empty empties staging once. again: a snapshot request of ours has arrived
// late, after its sender had lost the lease, and made a snapshot anew.
func (d *day) empty(ctx context.Context) (again bool, err error) {
	if err := d.removeOwn(ctx); err != nil {
		return false, err
	}
	if err := d.settled(ctx); err != nil {
		return false, err
	}
	switch err := d.sweep(ctx); {
	case errors.Is(err, errCameBack):
		return true, nil
	case err != nil:
		return false, err
	}
	left, err := d.leftover(ctx)
	if err != nil {
		return false, err
	}
	if left.first == "" {
		err := d.forgetBlobs(ctx)
		if errors.Is(err, errCameBack) {
			return true, nil
		}
		return false, err
	}
	all, err := d.Cluster.Snapshots(ctx, d.Repository)
	if err != nil || len(all) > 0 {
		return true, err
	}
	return false, NeedsPerson("the archive is sealed; find out who wrote it, and delete it if it is not needed; then run again",
		"staging still holds %s, which this run did not archive", d.Staging.Base+left.first)
}

// removeOwn deletes the run's snapshot, and others of ours that nobody needs,
// and stops at any other.
func (d *day) removeOwn(ctx context.Context) error {
	all, err := d.known(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		if err := d.lease.Check(ctx); err != nil {
			return err
		}
		if err := d.remove(ctx, x.Name); err != nil {
			return err
		}
	}
	return nil
}

// sweep deletes what the cluster left of the blobs that this run has archived,
// each only as long as it is the object that was archived.
func (d *day) sweep(ctx context.Context) error {
	if left, err := d.leftover(ctx); err != nil || left.first == "" {
		return err
	}
	switch err := d.loadReceipts(ctx); {
	case errors.Is(err, store.ErrNotFound):
		return nil // swept before, and the papers removed: the last look names what lies there
	case err != nil:
		return err
	}
	guard := &guard{day: d}
	if err := guard.look(ctx); err != nil {
		return err
	}
	for _, r := range d.receipts {
		blobs, err := archive.KeyList(ctx, d.Staging.Store, r)
		if errors.Is(err, store.ErrNotFound) {
			continue // as above
		}
		if err != nil {
			return err
		}
		if err := d.sweepBlobs(ctx, blobs, guard); err != nil {
			return err
		}
	}
	return nil
}

func (d *day) sweepBlobs(ctx context.Context, blobs []archive.Blob, g *guard) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(sweepers)
	for _, b := range blobs {
		if snapshot.IsRootFile(b.Key) {
			continue
		}
		if err := g.lookAgain(ctx); err != nil {
			return errors.Join(err, group.Wait())
		}
		group.Go(func() error {
			err := d.Staging.Store.Delete(ctx, d.Staging.Base+b.Key, b.ETag)
			if errors.Is(err, store.ErrChanged) {
				d.Watch.Note("not swept: it is not the object that was archived", slog.String("key", d.Staging.Base+b.Key))
				return nil // the last look at staging will name it
			}
			return err
		})
	}
	return group.Wait()
}

// guard tells whether a sweep may go on: this run still holds the lease, no
// snapshot has come to be, and the repository's root is as it was.
type guard struct {
	day    *day
	looked time.Time
	root   archive.Root
}

// lookAgain looks if the last look is some seconds old.
func (g *guard) lookAgain(ctx context.Context) error {
	if time.Since(g.looked) <= sweepLook {
		return nil
	}
	return g.look(ctx)
}

func (g *guard) look(ctx context.Context) error {
	if err := g.day.lease.Check(ctx); err != nil {
		return err
	}
	all, err := g.day.Cluster.Snapshots(ctx, g.day.Repository)
	if err != nil {
		return err
	}
	root, err := g.day.findRoot(ctx)
	if err != nil {
		return err
	}
	if err := g.day.onlyKnown(all); err != nil {
		return err
	}
	if len(all) > 0 || g.root.Key != "" && root != g.root {
		return fmt.Errorf("%w: %d snapshots, root %s", errCameBack, len(all), root.Key)
	}
	g.root, g.looked = root, time.Now()
	return nil
}

// removePapers deletes plan, receipts and key lists of the run.
func (d *day) removePapers(ctx context.Context, run string) error {
	for o, err := range d.Staging.Store.List(ctx, archive.RunWorkPrefix(run), "") {
		if err != nil {
			return err
		}
		if err := d.Staging.Store.Delete(ctx, o.Key, o.ETag); err != nil {
			return fmt.Errorf("removing the run's papers: %w", err)
		}
	}
	return nil
}
