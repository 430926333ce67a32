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
	s := d.lease.Now()
	if why, closed := d.chain.Closed(s.Run); closed {
		err := fmt.Errorf("%w: run %s was closed in the ledger: %s", errGivenUp, s.Run, why)
		bare, bareErr := d.bare(ctx)
		switch {
		case bareErr != nil:
			return bareErr
		case bare:
			return fmt.Errorf("%w: %w", errBare, err)
		}
		return err
	}
	switch _, sealed := d.chain.Run(s.Run); {
	case sealed:
		return d.resumeSealed(ctx)
	case s.Phase.rank() <= PhaseSnapshot.rank(), s.Phase == PhaseSeal:
		return nil
	}
	why, err := d.fallen(ctx)
	if err == nil && why == nil {
		return d.refit(ctx)
	}
	if err != nil {
		return err
	}
	if s.Phase.rank() >= PhaseProve.rank() { // its volumes may be all that is left of the day
		if err := d.sameIndices(ctx); err != nil {
			return errors.Join(err, why)
		}
	}
	if err := d.giveUpIfBare(ctx, why); err != nil {
		return err
	}
	if s.Phase.rank() < PhaseProve.rank() {
		d.Watch.Note("what an earlier run took does not stand any more; taking the snapshot again", slog.String("error", why.Error()))
		return d.retake(ctx, why)
	}
	return d.abandon(ctx, why)
}

// refit plans anew if the plan does not go with the configuration any more:
// other keys, another budget. Once all is packed, the plan stands.
func (d *day) refit(ctx context.Context) error {
	if s := d.lease.Now(); s.PlanSHA256 == "" || s.Phase.rank() > PhasePack.rank() {
		return nil
	}
	misfit := d.packer(nil).Check()
	if misfit == nil {
		return nil
	}
	d.Watch.Note("planning anew", slog.String("why", misfit.Error()))
	d.plan = nil
	return d.lease.Update(ctx, func(s *State) { s.Phase, s.PlanSHA256 = PhasePlan, "" })
}

// fallen says why what was built does not stand: the snapshot is another, or
// staging is not as it was planned. nil if it stands.
func (d *day) fallen(ctx context.Context) (why, err error) {
	s := d.lease.Now()
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
	why = archive.CheckStaging(ctx, d.Staging, d.plan)
	if !errors.Is(why, archive.ErrStagingChanged) {
		return nil, why
	}
	return why, d.onlyOurs(ctx)
}

// onlyOurs fails if staging holds something that does not belong to our
// snapshot: then a person must look, and a snapshot that is whole must not be
// deleted for it.
func (d *day) onlyOurs(ctx context.Context) error {
	root, at, err := d.parseRoot(ctx)
	if err != nil {
		return err
	}
	if len(root.Snapshots) != 1 {
		return nil // it has fallen for another reason
	}
	walk, err := newWalk(d.Staging, root, at)
	if err != nil {
		return nil
	}
	for b, err := range d.Staging.All(ctx) {
		if err != nil {
			return err
		}
		if err := walk.expect(ctx, b); err != nil {
			return err // holes are no reason: it has fallen
		}
	}
	return nil
}

// abandon closes a run that had packed everything, and whose staging then
// changed. The entry comes before anything of it is deleted, so that no late
// write can seal it any more.
func (d *day) abandon(ctx context.Context, why error) error {
	if err := d.sameIndices(ctx); err != nil {
		return errors.Join(err, why)
	}
	return d.giveUp(ctx, why)
}

// giveUp closes the run in the ledger.
func (d *day) giveUp(ctx context.Context, why error) error {
	s := d.lease.Now()
	e := d.chain.Next(d.Now(), d.Tool)
	e.Type, e.Abandoned = archive.TypeAbandoned, &archive.Ended{Date: s.Date, Run: s.Run, Reason: why.Error()}
	if err := d.commit(ctx, e); err != nil {
		return err
	}
	return fmt.Errorf("%w: run %s was abandoned: %w", errGivenUp, s.Run, why)
}

// giveUpIfBare gives up a run that an earlier process began, if nothing of it
// lies in staging any more: nothing can be lost then. nil: something does.
func (d *day) giveUpIfBare(ctx context.Context, why error) error {
	if !d.resumed {
		return nil
	}
	bare, err := d.bare(ctx)
	if err != nil || !bare {
		return err
	}
	return fmt.Errorf("%w: %w", errBare, d.giveUp(ctx, why))
}

// bare tells that the repository has no snapshot, and staging nothing but its
// root files.
func (d *day) bare(ctx context.Context) (bool, error) {
	all, err := d.Cluster.Snapshots(ctx, d.Repository)
	if err != nil || len(all) > 0 {
		return false, err
	}
	left, err := d.leftover(ctx)
	return left.first == "", err
}

// resumeSealed looks at the archive of a run that died between sealing and
// cleaning. If a volume is gone or altered while staging still holds everything,
// the archive is withdrawn and the day taken again.
func (d *day) resumeSealed(ctx context.Context) error {
	bad := d.checkSealed(ctx)
	if !errors.Is(bad, archive.ErrIntegrity) {
		return bad
	}
	if d.lease.Now().PlanSHA256 == "" {
		return bad
	}
	why, err := d.fallen(ctx)
	if err == nil && why == nil {
		err = d.sameIndices(ctx)
	}
	switch {
	case why != nil, errors.Is(err, ErrPerson), errors.Is(err, archive.ErrForeign):
		return errors.Join(bad, err, why)
	case err != nil:
		return fmt.Errorf("%v: %w", bad, err)
	}
	s := d.lease.Now()
	e := d.chain.Next(d.Now(), d.Tool)
	e.Type, e.Withdrawn = archive.TypeWithdrawn, &archive.Ended{Date: s.Date, Run: s.Run, Reason: bad.Error()}
	if err := d.commit(ctx, e); err != nil {
		return err
	}
	return fmt.Errorf("%w: the archive of run %s was withdrawn: %w", errGivenUp, s.Run, bad)
}
