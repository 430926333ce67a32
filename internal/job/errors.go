package job

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Errors that callers decide on.
var (
	// ErrNothing: no index of the date exists.
	ErrNothing = errors.New("nothing to archive")
	// ErrHeld: another run holds the lease.
	ErrHeld = errors.New("another run holds the lease")
	// ErrPerson: going on could lose or mix data; a person must look.
	ErrPerson = errors.New("stopped: this needs a person")
	// ErrInterrupted: the process was asked to end; the next run resumes.
	ErrInterrupted = errors.New("interrupted")
	// ErrHole: staging lacks something of a snapshot that the cluster calls
	// whole. It is taken again by the next run.
	ErrHole = errors.New("the snapshot is not whole in staging")
	// ErrUnfit: an index is in a state in which no whole snapshot can be taken.
	ErrUnfit = errors.New("the index cannot be taken")
	// ErrRegistered: the repository is registered with other settings.
	ErrRegistered = errors.New("the repository is registered otherwise")
	// ErrForeignSnapshot: the repository holds a snapshot of someone else.
	ErrForeignSnapshot = errors.New("foreign snapshot")
	// ErrEndless: a snapshot, or its deletion, did not end in time.
	ErrEndless = errors.New("it did not end in time")
	// ErrOtherStream: the staging bucket is another stream's.
	ErrOtherStream = errors.New("staging belongs to another stream")

	// errGivenUp: the ledger has closed the run, and its day begins anew.
	errGivenUp = errors.New("given up")
	// errUnsettled: the day's indices are still written to.
	errUnsettled = errors.New("the day has not settled")
	// errBare: and nothing of it lies in staging.
	errBare = errors.New("staging is bare")
)

// StepError says at which step of which day something failed.
type StepError struct {
	Step Phase
	Date string
	Err  error
}

func (e *StepError) Error() string { return fmt.Sprintf("%s of %s: %v", e.Step, e.Date, e.Err) }
func (e *StepError) Unwrap() error { return e.Err }

// HeldError tells who holds the lease. It is an ErrHeld.
type HeldError struct {
	Holder string
	Run    string
	Date   string
	Phase  Phase
	Since  time.Time // of the last sign of life, by the store's clock
	Until  time.Time // when it may be taken over
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%v: %s, at %s of %s, last seen %s, until %s", ErrHeld, e.Holder, e.Phase, e.Date,
		e.Since.UTC().Format(time.RFC3339), e.Until.UTC().Format(time.RFC3339))
}

func (e *HeldError) Unwrap() error { return ErrHeld }

// Hint says what to do about it.
func (e *HeldError) Hint() string {
	return "nothing, if it is at work; if it has died, run again after that time, or break the lease with `archiver unlock`: the next run finishes what it began"
}

// hinted is an error with a remedy.
type hinted struct {
	error
	hint string
}

func (h *hinted) Unwrap() error { return h.error }

// Hint says what to do about the error.
func (h *hinted) Hint() string { return h.hint }

// WithHint joins a remedy to an error.
func WithHint(err error, hint string) error { return &hinted{err, hint} }

// NeedsPerson is an ErrPerson with what was found and what to do about it.
func NeedsPerson(hint, format string, args ...any) error {
	return WithHint(fmt.Errorf("%w: %w", ErrPerson, fmt.Errorf(format, args...)), hint)
}

// marked is an error that is also a sentinel, without its words.
type marked struct {
	error
	is error
}

func (m *marked) Unwrap() []error { return []error{m.error, m.is} }

// because is Because for a run.
func because(ctx context.Context, err error) error {
	return Because(ctx, err, "run again: it goes on from there")
}

// Because says why the context ended, if it did: that matters more than what was
// under way. again is the remedy for an interrupt.
func Because(ctx context.Context, err error, again string) error {
	cause := context.Cause(ctx)
	if err == nil || cause == nil || errors.Is(err, cause) {
		return err
	}
	err = fmt.Errorf("%w: %w", cause, err)
	if errors.Is(cause, ErrInterrupted) {
		return WithHint(err, again)
	}
	return err
}
