package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"archiver/archive"
	"archiver/snapshot"
)

// resume looks whether what an earlier process built still stands, and decides
// what becomes of its run. nil: the run goes on from its phase. errGivenUp: the
// run is closed, and the day begins anew.
func (d *day) resume(ctx context.Context) error {
	if err := d.appendPending(ctx); err != nil {
		return err
	}
	s := d.lease.now()
	if why, closed := d.chain.Closed(s.Run); closed {
		return fmt.Errorf("%w: run %s was closed in the ledger: %s", errGivenUp, s.Run, why)
	}
	switch _, sealed := d.chain.Run(s.Run); {
	case sealed:
		return d.resumeSealed(ctx)
	case s.Phase.rank() <= PhaseSnapshot.rank():
		return nil
	}
	why, err := d.fallen(ctx)
	if err != nil || why == nil {
		return err
	}
	if s.Phase.rank() < PhaseProve.rank() {
		d.Watch.Note("what an earlier run took does not stand any more; taking the snapshot again", slog.String("error", why.Error()))
		return d.retake(ctx, why)
	}
	return d.abandon(ctx, why)
}

// fallen says why what was built does not stand: the snapshot is another, or
// staging is not as it was planned. nil if it stands.
func (d *day) fallen(ctx context.Context) (why, err error) {
	s := d.lease.now()
	x, err := d.Cluster.Snapshot(ctx, d.Repository, s.Snapshot.Name)
	switch {
	case errors.Is(err, snapshot.ErrSnapshotMissing):
		return fmt.Errorf("snapshot %s is gone", s.Snapshot.Name), nil
	case err != nil:
		return nil, err
	case x.UUID != s.Snapshot.UUID:
		return fmt.Errorf("snapshot %s has the UUID %s, it was %s", x.Name, x.UUID, s.Snapshot.UUID), nil
	case s.PlanSHA256 == "":
		return nil, nil
	}
	if err := d.loadPlan(ctx); err != nil {
		return nil, err
	}
	err = archive.CheckStaging(ctx, d.Staging, d.plan)
	if errors.Is(err, archive.ErrStagingChanged) {
		return err, nil
	}
	return nil, err
}

// abandon closes a run that had packed everything, and whose staging then
// changed. The entry comes before anything of it is deleted, so that no late
// write can seal it any more.
func (d *day) abandon(ctx context.Context, why error) error {
	if err := d.sameIndices(ctx); err != nil {
		return errors.Join(err, why)
	}
	s := d.lease.now()
	e := d.chain.Next(d.Now(), d.Tool)
	e.Type, e.Abandoned = archive.TypeAbandoned, &archive.Ended{Date: s.Date, Run: s.Run, Reason: why.Error()}
	if err := d.commit(ctx, e); err != nil {
		return err
	}
	return fmt.Errorf("%w: run %s was abandoned: %w", errGivenUp, s.Run, why)
}

// resumeSealed looks at the archive of a run that died between sealing and
// cleaning. If a volume is gone or altered while staging still holds everything,
// the archive is withdrawn and the day taken again.
func (d *day) resumeSealed(ctx context.Context) error {
	bad := d.checkSealed(ctx)
	if !errors.Is(bad, archive.ErrIntegrity) {
		return bad
	}
	if d.lease.now().PlanSHA256 == "" {
		return bad
	}
	if why, err := d.fallen(ctx); err != nil || why != nil {
		return errors.Join(bad, err, why)
	}
	if err := d.sameIndices(ctx); err != nil {
		return errors.Join(bad, err)
	}
	s := d.lease.now()
	e := d.chain.Next(d.Now(), d.Tool)
	e.Type, e.Withdrawn = archive.TypeWithdrawn, &archive.Ended{Date: s.Date, Run: s.Run, Reason: bad.Error()}
	if err := d.commit(ctx, e); err != nil {
		return err
	}
	return fmt.Errorf("%w: the archive of run %s was withdrawn: %w", errGivenUp, s.Run, bad)
}
