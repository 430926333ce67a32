package job

import (
	"context"
	"fmt"

	"archiver/archive"
)

// RecordDrill appends to the ledger that a restore of an archive was rehearsed.
// It takes the lease, so that nobody else writes to the ledger meanwhile, and
// wants no run unfinished. Errors: ErrHeld; archive.ErrNoArchive if the archive
// does not stand.
func (j *Job) RecordDrill(ctx context.Context, body archive.Drill) (head archive.Head, err error) {
	defer func() { err = because(ctx, err) }()
	was, chain, err := j.survey(ctx)
	if err != nil {
		return head, err
	}
	held, l, err := j.claim(ctx, was)
	if err != nil {
		return head, err
	}
	defer func() { _ = j.release(held, l, func(*State) {}) }()
	head, err = j.recordDrill(held, &day{Job: j, lease: l, chain: chain}, body)
	return head, because(held, unlessLost(held, l, err))
}

func (j *Job) recordDrill(ctx context.Context, d *day, body archive.Drill) (archive.Head, error) {
	if s := d.lease.Now(); !s.idle() {
		return archive.Head{}, WithHint(fmt.Errorf("run %s of %s is unfinished, and its place in the ledger comes first", s.Run, s.Date),
			"let `archiver run` finish it, and drill again")
	}
	if err := d.settleEntry(ctx); err != nil {
		return archive.Head{}, err
	}
	if e, ok := d.chain.Sealed(body.Date); !ok || e.Archive.Run != body.Run {
		return archive.Head{}, fmt.Errorf("%w: that of %s by run %s does not stand any more", archive.ErrNoArchive, body.Date, body.Run)
	}
	e := d.chain.Next(d.Now(), d.Tool)
	e.Type, e.Drill = archive.TypeDrill, &body
	err := d.commit(ctx, e)
	return d.chain.Head(), err
}

// settleEntry appends the entry that a process has signed and left when no run
// was unfinished: it may still arrive, and whoever took its place would find the
// ledger written by another.
func (d *day) settleEntry(ctx context.Context) error {
	if d.lease.Now().EntryBytes == "" {
		return nil
	}
	chain, err := d.ledger().Load(ctx) // its sender may have been faster than our survey
	if err != nil {
		return err
	}
	d.chain = chain
	if err := d.appendPending(ctx); err != nil {
		return fmt.Errorf("appending the ledger entry that an earlier process has signed: %w", err)
	}
	return nil
}
