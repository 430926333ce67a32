package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"archiver/archive"
	"archiver/snapshot"
)

// pack packs every volume that has no receipt yet.
func (d *day) pack(ctx context.Context) error {
	if err := d.loadPlan(ctx); err != nil {
		return err
	}
	if d.resumed {
		if err := d.abortUploads(ctx); err != nil {
			return err
		}
	}
	receipts, err := d.packer(Adder(d.Watch, PhasePack, d.plan.Bytes)).PackAll(ctx)
	d.receipts = receipts
	if err == nil {
		err = judgeCutFiles(receipts)
	}
	if errors.Is(err, archive.ErrDamaged) {
		return d.spoiled(ctx, err)
	}
	return err
}

func (d *day) packer(progress func(int64)) *archive.Packer {
	return &archive.Packer{
		Staging: d.Staging, Archive: d.Archive, Plan: d.plan, PlanSHA256: d.lease.Now().PlanSHA256,
		Sealer: d.Sealer, Signer: d.Signer, Budget: d.Budget, Now: d.Now, Progress: progress,
		Inspect: func() archive.Inspector { return new(snapshot.Footers) },
	}
}

// judgeCutFiles judges the files whose parts lie in several volumes, which no
// volume's inspector can. It belongs to packing and not to proving: a run that
// has reached that phase is given up only by an entry in the ledger.
//
// The receipts of an older program do not tell of parts. If there is one, no file
// is joined: of parts at the bounds of volumes it is known that they are as they
// were planned, and not that they are as the cluster wrote them.
func judgeCutFiles(receipts []*archive.Receipt) error {
	left := make([]json.RawMessage, len(receipts))
	for n, r := range receipts {
		if r.LeftOpen == nil {
			return nil
		}
		left[n] = r.LeftOpen
	}
	err := snapshot.JoinFooters(left)
	if errors.Is(err, snapshot.ErrDamaged) {
		return fmt.Errorf("%w: %w", archive.ErrDamaged, err)
	}
	return err
}

// abortUploads ends what a process that died was uploading: unfinished uploads
// cost money, and nobody sees them.
func (d *day) abortUploads(ctx context.Context) error {
	s := d.lease.Now()
	for u, err := range d.Archive.Uploads(ctx, archive.RunPrefix(s.Stream, s.Date, s.Run)) {
		if err != nil {
			return fmt.Errorf("listing unfinished uploads: %w", err)
		}
		if err := d.Archive.Abort(ctx, u); err != nil {
			return fmt.Errorf("aborting the unfinished upload of %s: %w", u.Key, err)
		}
	}
	return nil
}

// prove shows that the receipts make a whole archive of what lies in staging.
func (d *day) prove(ctx context.Context) error {
	if err := d.loadReceipts(ctx); err != nil {
		return err
	}
	at, err := d.findRoot(ctx)
	if err != nil {
		return err
	}
	if at != d.plan.Root {
		return fmt.Errorf("%w: the repository's root was %s, it is %s", archive.ErrStagingChanged, d.plan.Root.Key, at.Key)
	}
	return archive.Prove(ctx, d.Staging, d.Archive, d.plan, d.receipts)
}

// seal makes the archive exist: it has the store hold the volumes, signs the
// ledger entry, keeps its exact bytes, creates it, has it held too, and looks at
// everything once more.
func (d *day) seal(ctx context.Context) error {
	if _, done := d.chain.Run(d.lease.Now().Run); !done {
		if err := d.loadReceipts(ctx); err != nil {
			return err
		}
		if err := d.holdVolumes(ctx); err != nil {
			return err
		}
		body, err := archive.SealedEntry(d.plan, d.receipts)
		if err != nil {
			return err
		}
		e := d.chain.Next(d.Now(), d.Tool)
		e.Type, e.Archive = archive.TypeArchive, body
		if err := d.commit(ctx, e); err != nil {
			return err
		}
	}
	return d.checkSealed(ctx)
}

// commit appends an entry to the ledger. Its signed bytes are in the state
// before they are anywhere else: whoever comes after can only write the same.
func (d *day) commit(ctx context.Context, e archive.Entry) error {
	object, err := e.Sign(d.Signer)
	if err != nil {
		return err
	}
	if err := d.lease.Update(ctx, func(s *State) { s.EntryBytes = string(object) }); err != nil {
		return err
	}
	return d.appendPending(ctx)
}

// appendPending appends the entry that the state keeps, if there is one.
func (d *day) appendPending(ctx context.Context) error {
	kept := d.lease.Now().EntryBytes
	if kept == "" {
		return nil
	}
	head, err := d.ledger().Append(ctx, d.chain, []byte(kept))
	if err != nil {
		return err
	}
	if err := d.holdEntry(ctx, head); err != nil {
		return err
	}
	return d.lease.Update(ctx, func(s *State) { s.Head, s.EntryBytes = stateHead(head), "" })
}

// checkSealed looks at the volumes of the sealed archive, and whether they and
// the entry are held as the entry says. Nothing is deleted
// from staging before it has passed.
func (d *day) checkSealed(ctx context.Context) error {
	s := d.lease.Now()
	e, ok := d.chain.Run(s.Run)
	if !ok || e.Archive == nil {
		return fmt.Errorf("%w: the ledger has no archive of run %s, which should be sealed", archive.ErrIntegrity, s.Run)
	}
	for _, v := range e.Archive.Volumes {
		if err := archive.CheckVolume(ctx, d.Archive, v); err != nil {
			return err
		}
	}
	return d.checkHeld(ctx, e)
}

// loadReceipts reads plan and receipts, if this process has not made them.
func (d *day) loadReceipts(ctx context.Context) error {
	if err := d.loadPlan(ctx); err != nil {
		return err
	}
	if len(d.receipts) == len(d.plan.Volumes) {
		return nil
	}
	d.receipts = nil
	for n := range d.plan.Volumes {
		r, err := archive.ReadReceipt(ctx, d.Staging.Store, d.plan.Run, d.lease.Now().PlanSHA256, n)
		if err != nil {
			return fmt.Errorf("receipt of volume %05d: %w", n, err)
		}
		d.receipts = append(d.receipts, r)
	}
	return nil
}
