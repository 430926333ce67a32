package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"archiver/archive"
	"archiver/internal/lease"
)

// day is one date on its way. Whatever must survive the process is in the
// lease's state; the rest can be had again.
type day struct {
	*Job
	lease *lease.Lease[State]
	chain *archive.Chain // the ledger, as of the claim and our own entries
	// resumed: the run began in an earlier process.
	resumed bool

	plan     *archive.Plan
	receipts []*archive.Receipt
}

// step is one phase and what it does.
type step struct {
	phase Phase
	do    func(context.Context) error
}

// steps is the way of a day. Each step is safe to repeat: a run that died in
// one begins it again.
func (d *day) steps() []step {
	return []step{
		{PhaseResolve, d.resolve},
		{PhaseSnapshot, d.snapshot},
		{PhaseWitness, d.witness},
		{PhasePlan, d.makePlan},
		{PhasePack, d.pack},
		{PhaseProve, d.prove},
		{PhaseSeal, d.seal},
		{PhaseClean, d.clean},
	}
}

// Run archives one date (YYYY-MM-DD), after finishing what an earlier run may
// have left. The outcomes are in the order in which the dates were finished;
// the last one is the date asked for. Errors: ErrNothing, ErrHeld, ErrPerson,
// ErrInterrupted, archive.ErrIntegrity, archive.ErrStagingChanged and others,
// as StepErrors.
func (j *Job) Run(ctx context.Context, date string) (outcomes []Outcome, err error) {
	defer func() { err = because(ctx, err) }()
	j.Watch.Phase(date, PhaseClaim)
	was, chain, err := j.survey(ctx)
	if err != nil {
		return nil, &StepError{PhaseClaim, date, err}
	}
	if e, ok := chain.Sealed(date); ok && (was.none() || was.Object.idle()) {
		return []Outcome{outcome(Already, e, chain.Head())}, nil
	}
	held, l, err := j.claim(ctx, was)
	if err != nil {
		return nil, &StepError{PhaseClaim, date, err}
	}
	defer func() {
		cause := err
		released := j.release(held, l, func(s *State) {
			if cause != nil {
				s.LastError = cause.Error()
			}
		})
		if err == nil && released == nil {
			j.forgetStates(ctx)
		}
	}()
	outcomes, err = j.days(held, l, chain, date)
	return outcomes, because(held, l.UnlessLost(held, err))
}

// survey reads the state and then the ledger, and holds one against the other.
// In this order: what is in the ledger was written under a state no newer than
// the one that the claim will swap.
func (j *Job) survey(ctx context.Context) (seen, *archive.Chain, error) {
	was, err := j.look(ctx)
	if err != nil {
		return was, nil, err
	}
	chain, err := j.ledger().Load(ctx)
	if err != nil {
		return was, nil, err
	}
	if !was.none() && !chain.Holds(archive.Head(was.Object.Head)) {
		return was, nil, fmt.Errorf("%w: the ledger of %s ends at %v, but it has been at %v: its tail was cut or replaced",
			archive.ErrIntegrity, j.Stream, chain.Head(), archive.Head(was.Object.Head))
	}
	return was, chain, nil
}

// days finishes the run that was left, if any, and then does the date.
func (j *Job) days(ctx context.Context, l *lease.Lease[State], chain *archive.Chain, date string) ([]Outcome, error) {
	var outcomes []Outcome
	var putOff error
	if left := l.Now(); !left.idle() {
		o, err := j.finishLeft(ctx, l, left)
		if mayPutOff(err) && left.Date != date {
			putOff, err = (&day{Job: j, lease: l, chain: chain, resumed: true}).putOff(ctx, left, err)
		}
		if errors.Is(err, ErrNothing) && left.Date != date {
			j.Watch.Note("the day that an earlier run began has no index", slog.String("date", left.Date), slog.String("run", left.Run))
			err = nil
		}
		if o != nil {
			outcomes = append(outcomes, *o)
		}
		if err != nil || left.Date == date {
			return outcomes, err
		}
		if chain, err = j.ledger().Load(ctx); err != nil {
			return outcomes, &StepError{PhaseClaim, date, err}
		}
	}
	d := &day{Job: j, lease: l, chain: chain}
	if err := d.settleEntry(ctx); err != nil {
		return outcomes, &StepError{PhaseClaim, date, err}
	}
	chain = d.chain
	if e, ok := chain.Sealed(date); ok {
		return append(outcomes, outcome(Already, e, chain.Head())), putOff
	}
	o, err := j.newDay(ctx, l, chain, date, nil)
	if o != nil {
		outcomes = append(outcomes, *o)
	}
	return outcomes, errors.Join(err, putOff)
}

// finishLeft finishes the run that an earlier process left.
func (j *Job) finishLeft(ctx context.Context, l *lease.Lease[State], left State) (*Outcome, error) {
	// Its holder may have written to the ledger after our survey.
	chain, err := j.ledger().Load(ctx)
	if err != nil {
		return nil, &StepError{PhaseClaim, left.Date, err}
	}
	about := []slog.Attr{slog.String("run", left.Run), slog.String("date", left.Date), slog.String("phase", string(left.Phase))}
	if left.LastError != "" {
		about = append(about, slog.String("last_error", left.LastError))
	}
	j.Watch.Note("finishing what an earlier run began", about...)
	d := &day{Job: j, lease: l, chain: chain, resumed: true}
	o, err := d.finish(ctx)
	if !errors.Is(err, errGivenUp) {
		return o, err
	}
	j.Watch.Note("the earlier run was closed; beginning anew", slog.String("run", left.Run), slog.String("why", err.Error()))
	if errors.Is(err, errBare) {
		o, err = j.newDay(ctx, l, chain, left.Date, nil)
		if errors.Is(err, ErrNothing) {
			err = &StepError{PhaseResolve, left.Date, NeedsPerson("see what deletes indices before they are archived: if the day is needed, bring it back from elsewhere; other days go on",
				"the indices of %s were there when run %s began, and are gone; nothing of them was archived", left.Date, left.Run)}
		}
		return o, err
	}
	// Staging holds what the closed run took: it may go only if the same indices
	// can be taken again.
	return j.newDay(ctx, l, chain, left.Date, left.Indices)
}

// newDay runs a date from its beginning, with indices that must be among the
// day's.
func (j *Job) newDay(ctx context.Context, l *lease.Lease[State], chain *archive.Chain, date string, needed []IndexID) (*Outcome, error) {
	d := &day{Job: j, lease: l, chain: chain}
	if err := d.begin(ctx, date, needed); err != nil {
		return nil, &StepError{PhaseClaim, date, err}
	}
	return d.finish(ctx)
}

// begin records a new run.
func (d *day) begin(ctx context.Context, date string, needed []IndexID) error {
	if err := archive.Furnish(ctx, d.Archive, d.Keys); err != nil {
		return err
	}
	if err := d.canHold(ctx); err != nil {
		return err
	}
	return d.lease.Update(ctx, func(s *State) {
		s.reset()
		s.Run, s.Date, s.Phase = archive.NewRun(d.Now()), date, PhaseRegister
		s.Indices = append(s.Indices, needed...)
	})
}

// finish goes the way of a day from the recorded phase to its end.
func (d *day) finish(ctx context.Context) (*Outcome, error) {
	s := d.lease.Now()
	fail := func(p Phase, err error) (*Outcome, error) { return nil, &StepError{p, s.Date, err} }
	d.Watch.Phase(s.Date, PhaseRegister)
	if err := d.register(ctx); err != nil {
		return fail(PhaseRegister, err)
	}
	if d.resumed {
		if err := d.resume(ctx); err != nil {
			return fail(s.Phase, err)
		}
	}
	for _, step := range d.steps() {
		if d.lease.Now().Phase.rank() > step.phase.rank() {
			continue
		}
		if err := d.enter(ctx, step.phase); err != nil {
			return fail(step.phase, err)
		}
		if err := step.do(ctx); err != nil {
			if errors.Is(err, ErrNothing) {
				err = errors.Join(err, d.lease.Update(ctx, (*State).reset))
			}
			return fail(step.phase, err)
		}
	}
	e, ok := d.chain.Run(s.Run)
	if !ok || e.Archive == nil {
		return fail(PhaseClean, fmt.Errorf("%w: the ledger has no archive of run %s", archive.ErrIntegrity, s.Run))
	}
	o := outcome(Sealed, e, d.chain.Head())
	o.Resumed = d.resumed
	d.Watch.Phase(s.Date, PhaseDone)
	return &o, nil
}

// enter records that a phase begins.
func (d *day) enter(ctx context.Context, p Phase) error {
	d.Watch.Phase(d.lease.Now().Date, p)
	if d.lease.Now().Phase == p {
		return nil
	}
	return d.lease.Update(ctx, func(s *State) { s.Phase = p })
}
