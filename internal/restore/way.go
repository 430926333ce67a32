package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"archiver/archive"
	"archiver/internal/job"
	"archiver/internal/lease"
	"archiver/snapshot"
)

// way is one restore on its way. What must survive the process is in the claim.
type way struct {
	*Restorer
	kind    Kind
	options Options

	id       string
	chain    *archive.Chain
	entry    *archive.Entry
	claim    Claim // before it is written
	lease    *lease.Lease[Claim]
	record   *archive.Record
	accepted bool // the cluster has said that it restores
	result   *Result
}

// step is one phase and what it does.
type step struct {
	phase job.Phase
	do    func(context.Context) error
}

// steps is the way back. Nothing of an archive reaches the cluster before the
// whole of it was checked, and the cluster is told of it only then.
func (w *way) steps() []step {
	return []step{
		{PhaseUnpack, w.unpack},
		{PhaseRegister, w.register},
		{PhaseRestore, w.restore},
		{PhaseCompare, w.compare},
	}
}

// run goes the way back, and removes in the end what it has made on it.
func (r *Restorer) run(ctx context.Context, w *way) (result *Result, err error) {
	defer func() { err = because(ctx, err) }()
	date := w.options.Date
	r.Watch.Phase(date, PhaseClaim)
	if err := w.prepare(ctx); err != nil {
		return nil, &job.StepError{Step: PhaseClaim, Date: date, Err: err}
	}
	held, l, err := r.take(ctx, w.claim, "")
	if err != nil {
		return nil, &job.StepError{Step: PhaseClaim, Date: date, Err: err}
	}
	w.lease = l
	err = because(held, w.goAll(held))
	began := time.Now()
	r.Watch.Phase(date, PhaseClean)
	if cleanErr := w.clean(ctx, err); cleanErr != nil {
		err = w.uncleaned(err, cleanErr)
	}
	w.result.timed(PhaseClean, began)
	r.Watch.Phase(date, job.PhaseDone)
	if !w.result.compared {
		if l.Now().Kept {
			r.Watch.Note("the indices are there, but were not compared with what was recorded")
		}
		return nil, err
	}
	return w.result, err
}

// prepare finds out what is to be done, and whether it can be, before anything
// is read but the ledger.
func (w *way) prepare(ctx context.Context) error {
	chain, err := archive.Ledger{Store: w.Archive, Stream: w.Stream, Trust: w.Trust}.Load(ctx)
	if err != nil {
		return err
	}
	if err := chain.Passes(w.KnownHead); err != nil {
		return err
	}
	entry, ok := chain.Sealed(w.options.Date)
	if !ok {
		return job.WithHint(fmt.Errorf("%w: %s of %s; the ledger ends at %v", archive.ErrNoArchive, w.options.Date, w.Stream, chain.Head()), "`archiver list` shows what there is")
	}
	w.chain, w.entry, w.id = chain, entry, archive.NewRun(w.Now())
	info, err := w.Cluster.Info(ctx)
	if err != nil {
		return err
	}
	targets, err := w.targets()
	if err != nil {
		return err
	}
	if err := compatible(entry.Archive, targets, info); err != nil {
		return err
	}
	w.claim = Claim{
		Format: claimFormat, Kind: w.kind, ID: w.id, Stream: w.Stream, Date: w.options.Date, Run: entry.Archive.Run, Phase: PhaseClaim,
		ClusterUUID: info.UUID, Repository: repositoryOf(w.id), Files: files(w.id), Indices: targets,
	}
	if err := w.clearTheWay(ctx, info); err != nil {
		return err
	}
	if err := w.mustBeFree(ctx); err != nil {
		return err
	}
	w.result = w.newResult(info)
	return nil
}

// clearTheWay removes what restores that died have left. What cannot be removed
// stops nothing; a restore that is at work on the same indices does.
func (w *way) clearTheWay(ctx context.Context, info snapshot.Info) error {
	left, err := w.leftovers(ctx, info, true)
	if err != nil {
		w.Watch.Note("what earlier restores have left could not be removed", slog.String("error", err.Error()))
	}
	for _, x := range left {
		switch {
		case x.Live && x.ClusterUUID == info.UUID && overlap(x.Indices, w.claim.names()):
			return &HeldError{ID: x.ID, Kind: x.Kind, Holder: x.Holder, Indices: x.Indices, Until: x.Until}
		case x.Removed:
			w.Watch.Note("removed what an earlier restore has left", slog.String("id", x.ID), slog.String("kind", string(x.Kind)))
		}
	}
	return context.Cause(ctx)
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(name string) bool { return slices.Contains(b, name) })
}

// goAll takes the steps, each recorded before it begins.
func (w *way) goAll(ctx context.Context) error {
	for _, step := range w.steps() {
		w.Watch.Phase(w.options.Date, step.phase)
		began := time.Now()
		err := w.lease.Update(ctx, func(c *Claim) { c.Phase = step.phase })
		if err == nil {
			err = step.do(ctx)
		}
		w.result.timed(step.phase, began)
		if err != nil {
			return &job.StepError{Step: step.phase, Date: w.options.Date, Err: err}
		}
	}
	return nil
}

// unpack streams the archive's files to where the cluster will read them, and
// checks everything. Only its nil makes them worth anything.
func (w *way) unpack(ctx context.Context) error {
	u := archive.Unpacker{
		Store: w.Archive, Entry: w.entry, Opener: w.Opener, Trust: w.Trust, Budget: w.Budget,
		Progress: job.Adder(w.Watch, PhaseUnpack, w.result.Ciphertext),
	}
	record, err := u.Unpack(ctx, archive.RepositorySink(w.Staging, w.claim.Files))
	w.record = record
	return err
}

// uncleaned joins the error of a clean-up that failed to what it followed on.
func (w *way) uncleaned(err, cleanErr error) error {
	cleanErr = &job.StepError{Step: PhaseClean, Date: w.options.Date, Err: cleanErr}
	w.Watch.Note("not everything could be removed", slog.String("error", cleanErr.Error()), slog.String("id", w.id))
	if err != nil {
		return errors.Join(err, cleanErr)
	}
	remedy := "the next restore or drill removes what is left, and so does `archiver clean --yes`"
	var known interface{ Hint() string }
	if errors.As(cleanErr, &known) && known.Hint() != "" {
		remedy = known.Hint() + "; " + remedy
	}
	return job.WithHint(cleanErr, remedy)
}
