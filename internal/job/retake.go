package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"archiver/snapshot"
)

// retake gives up an attempt: first in the state, so that its name can never be
// taken for the current one's, and then its snapshot in the repository.
func (d *day) retake(ctx context.Context, why error) error {
	if err := d.sameIndices(ctx); err != nil {
		return err
	}
	err := d.lease.Update(ctx, func(s *State) {
		s.nextAttempt()
		s.LastError = why.Error()
	})
	if err != nil {
		return err
	}
	return d.discard(ctx)
}

// spoiled gives up an attempt whose snapshot has a hole or a damaged blob in
// staging: that is no snapshot, whatever the cluster says of it.
func (d *day) spoiled(ctx context.Context, why error) error {
	if err := d.retake(ctx, why); err != nil {
		return errors.Join(why, err)
	}
	return WithHint(why, "nothing was sealed; run again, and the snapshot is taken anew. If it happens again, find out what deletes or "+
		"alters objects in the staging bucket: a lifecycle rule, a clean-up job, a person, the store itself")
}

// discard deletes the snapshots of ours that nobody needs any more.
func (d *day) discard(ctx context.Context) error {
	all, err := d.known(ctx)
	if err != nil {
		return err
	}
	for _, x := range all {
		if !d.disposable(x.Name) {
			continue
		}
		d.Watch.Note("deleting a snapshot that was given up", slog.String("snapshot", x.Name), slog.String("state", x.State))
		if err := d.lease.Check(ctx); err != nil {
			return err
		}
		if err := d.remove(ctx, x.Name); err != nil {
			return err
		}
		if err := d.settled(ctx); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a snapshot of ours and waits until it is gone. A deletion may
// be sent twice: names are never used again.
func (d *day) remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d.SnapshotTimeout,
		&marked{WithHint(fmt.Errorf("the snapshot %s could not be deleted within %v", name, d.SnapshotTimeout), "the deletion goes on in the cluster: run again to wait on"), ErrEndless})
	defer cancel()
	for n := 0; ; n++ {
		err := d.Cluster.Delete(ctx, d.Repository, name)
		switch {
		case errors.Is(err, snapshot.ErrSnapshotMissing):
			return nil
		case err == nil, errors.Is(err, snapshot.ErrAmbiguous), errors.Is(err, snapshot.ErrBusy):
		default:
			return because(ctx, err)
		}
		if err := d.pause(ctx, n); err != nil {
			return err
		}
	}
}
