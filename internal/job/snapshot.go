package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"archiver/snapshot"
)

// snapshot takes the day's snapshot into an empty repository. Its name is in
// the state before the request leaves, so that a run that dies here is resumed
// by asking for it. A snapshot that failed, or is partial, is deleted and taken
// again under the next attempt.
func (d *day) snapshot(ctx context.Context) error {
	if d.lease.Now().Attempt == 0 {
		if err := d.lease.Update(ctx, (*State).nextAttempt); err != nil {
			return err
		}
	}
	for left := d.Retries; ; left-- {
		if err := d.countBefore(ctx); err != nil {
			return err
		}
		s, err := d.await(ctx)
		if err != nil {
			return err
		}
		problem := s.Verify(d.indexNames())
		if problem == nil {
			return d.lease.Update(ctx, func(st *State) { st.Snapshot.UUID = s.UUID })
		}
		if err := d.retake(ctx, problem); err != nil {
			return errors.Join(problem, err)
		}
		if left == 0 {
			return WithHint(fmt.Errorf("no whole snapshot in %s: %w", tries(d.Retries+1), problem),
				"see the reasons above and the cluster's log; the failed snapshot was deleted, the next run takes a new one")
		}
		d.Watch.Note("the snapshot is not whole; taking it again", slog.String("error", problem.Error()), slog.Int("attempt", d.lease.Now().Attempt))
	}
}

// await returns the attempt's snapshot once it has ended, requesting it first
// if the cluster does not know it.
func (d *day) await(ctx context.Context) (snapshot.Snapshot, error) {
	name := d.lease.Now().Snapshot.Name
	late := &marked{WithHint(fmt.Errorf("the snapshot %s did not end within %v", name, d.SnapshotTimeout), "it goes on in the cluster: run again to wait on, or raise snapshot.timeout"), ErrEndless}
	ctx, cancel := context.WithTimeoutCause(ctx, d.SnapshotTimeout, late)
	defer cancel()
	var refusal error // why the cluster did not take the last request; nil if it did
	for n := 0; ; n++ {
		s, err := d.Cluster.Snapshot(ctx, d.Repository, name)
		switch {
		case errors.Is(err, snapshot.ErrSnapshotMissing):
			if refusal, err = d.request(ctx, name); err != nil {
				return s, err
			}
		case errors.Is(err, snapshot.ErrNotFound):
			return s, WithHint(fmt.Errorf("the repository %s was unregistered while its snapshot was taken: %w", d.Repository, err),
				"find out who did it; run again, and it is registered again")

		case err != nil:
			return s, because(ctx, err)
		case s.Ended():
			return s, nil
		default:
			d.watchSnapshot(ctx, name)
		}
		if err := d.pause(ctx, n); err != nil {
			if refusal != nil && errors.Is(err, ErrEndless) {
				err = fmt.Errorf("the cluster did not take the request for snapshot %s within %v: %w", name, d.SnapshotTimeout, refusal)
			}
			return s, err
		}
	}
}

// request asks for the snapshot. What the cluster answers about a request that
// may have been made before is a refusal, and settled by looking, in await.
func (d *day) request(ctx context.Context, name string) (refusal, err error) {
	if err := d.stillSameIndices(ctx); err != nil {
		return nil, err
	}
	if err := d.discard(ctx); err != nil {
		return nil, err
	}
	if err := d.mustBeEmpty(ctx); err != nil {
		return nil, err
	}
	s := d.lease.Now()
	err = d.Cluster.Create(ctx, d.Repository, name, snapshot.CreateOptions{
		Indices:  d.indexNames(),
		Metadata: map[string]string{"stream": s.Stream, "date": s.Date, "run": s.Run},
	})
	switch {
	case errors.Is(err, snapshot.ErrAmbiguous), errors.Is(err, snapshot.ErrNameTaken), errors.Is(err, snapshot.ErrBusy):
		d.Watch.Note("the cluster did not take the snapshot request; looking again", slog.String("error", err.Error()))
		return err, nil
	case err != nil:
		return nil, err
	}
	return nil, nil
}

// watchSnapshot shows how far it is. Only the snapshot itself says how it ended.
func (d *day) watchSnapshot(ctx context.Context, name string) {
	if p, err := d.Cluster.Progress(ctx, d.Repository, name); err == nil {
		d.Watch.Progress(PhaseSnapshot, p.BytesDone, p.BytesTotal)
	}
}

func (d *day) indexNames() []string {
	var names []string
	for _, x := range d.lease.Now().Indices {
		names = append(names, x.Name)
	}
	return names
}

func tries(n int) string {
	if n == 1 {
		return "1 try"
	}
	return fmt.Sprintf("%d tries", n)
}
