package job

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"

	"archiver/archive"
	"archiver/archive/store"
)

// holders ask for retention side by side.
const holders = 16

// canHold refuses, before a day begins, an archive store that could not hold it
// in the end.
func (d *day) canHold(ctx context.Context) error {
	if !d.Retention.Enforced() {
		return nil
	}
	return d.unheld(archive.CanHold(ctx, d.Archive))
}

// holdVolumes has the store hold every volume until the time that the plan has
// fixed. It comes before the entry: what the ledger names is held. A run that is
// resumed does it again, which changes nothing.
func (d *day) holdVolumes(ctx context.Context) error {
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(holders)
	for _, r := range d.receipts {
		group.Go(func() error {
			return archive.Hold(gctx, d.Archive, r.Volume.Key, r.Volume.Version, d.plan.Retention)
		})
	}
	return d.unheld(group.Wait())
}

// holdEntry has the store hold the ledger entry that was just appended: that of
// an archive as long as its volumes, any other as long as it would hold an
// archive.
func (d *day) holdEntry(ctx context.Context, head archive.Head) error {
	e := d.chain.Entries[head.Sequence-1]
	r := d.Retention
	r.Until = archive.Seconds(e.Time.AddDate(r.Years, 0, 0))
	if e.Archive != nil {
		r = e.Archive.Retention
	}
	return d.unheld(d.ledger().Hold(ctx, head, r))
}

// checkHeld looks whether an archive is held as its entry says, and its entry
// too.
func (d *day) checkHeld(ctx context.Context, e *archive.Entry) error {
	r := e.Archive.Retention
	if !r.Enforced() {
		return nil
	}
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(holders)
	for _, v := range e.Archive.Volumes {
		group.Go(func() error { return archive.CheckHeld(gctx, d.Archive, v.Key, v.Version, r) })
	}
	group.Go(func() error {
		key := archive.LedgerKey(d.Stream, e.Sequence)
		info, err := d.Archive.Stat(gctx, key, "")
		if err != nil {
			return fmt.Errorf("looking at the ledger entry: %w", err)
		}
		return archive.CheckHeld(gctx, d.Archive, key, info.Version, r)
	})
	return d.unheld(group.Wait())
}

// unheld says what to do about a store that does not hold what it should.
func (d *day) unheld(err error) error {
	switch {
	case errors.Is(err, store.ErrUnsupported):
		return NeedsPerson("archive into a bucket that was created with Object Lock, or set archive.retention.mode to none",
			"archive.retention.mode needs a bucket with Object Lock, and %s has none: %w", d.Archive.URL(), err)
	case errors.Is(err, archive.ErrNotHeld):
		return NeedsPerson("find out who lifted the retention, and whether the store keeps Object Lock at all; staging still holds the day, so run again once it does",
			"%w", err)
	}
	return err
}
