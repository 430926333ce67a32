package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/lease"
)

// stateObject is where the lease of runs lies.
func (j *Job) stateObject() lease.Object[State] {
	return lease.Object[State]{
		Store: j.Staging.Store, Key: archive.StateKey, What: "the run state",
		Mark: func(s *State) *lease.Mark { return &s.Mark }, Decode: decodeState,
	}
}

// seen is the state as it was read; none if there is none yet.
type seen struct{ lease.Seen[State] }

// look reads the state, and refuses one that belongs to something else.
func (j *Job) look(ctx context.Context) (seen, error) {
	was, err := j.stateObject().Look(ctx)
	if errors.Is(err, store.ErrNotFound) {
		return seen{}, nil
	}
	if err != nil {
		return seen{}, err
	}
	if s := was.Object; s.Stream != j.Stream || s.ArchiveURL != j.Archive.URL() {
		return seen{}, &marked{NeedsPerson("give every stream a staging bucket of its own, or configure the stream and archive.url that this one belongs to",
			"the staging bucket %s belongs to the stream %s with the archive %s, and not to %s with %s", j.Staging.Store.URL(), s.Stream, s.ArchiveURL, j.Stream, j.Archive.URL()), ErrOtherStream}
	}
	return seen{was}, nil
}

// none tells that no run has ever written a state here.
func (s seen) none() bool { return s.Object == nil }

// held returns the holder of a lease that has not expired.
func (s seen) held() *HeldError {
	if !s.Live() {
		return nil
	}
	x := s.Object
	return &HeldError{Holder: x.Holder, Run: x.Run, Date: x.Date, Phase: x.Phase, Since: s.Info.Time, Until: s.Until()}
}

// claim takes the lease from what was seen. The context it returns ends with
// lease.ErrLost if another takes over. Errors: ErrHeld, lease.ErrLost.
func (j *Job) claim(ctx context.Context, was seen) (context.Context, *lease.Lease[State], error) {
	if held := was.held(); held != nil {
		return nil, nil, held
	}
	s := State{Stream: j.Stream, ArchiveURL: j.Archive.URL()}
	s.reset()
	if !was.none() {
		s = *was.Object
	}
	held, l, err := j.stateObject().Take(ctx, s, was.Info.ETag, j.Holder, j.Lease)
	if errors.Is(err, lease.ErrLost) {
		// Another was faster: who it is, is worth a look.
		if now, lookErr := j.look(ctx); lookErr == nil && now.held() != nil {
			err = now.held()
		}
	}
	return held, l, err
}

// release gives the lease up, with a last change of the state.
func (j *Job) release(ctx context.Context, l *lease.Lease[State], change func(*State)) error {
	err := l.Release(ctx, change)
	if err != nil {
		j.Watch.Note("the lease could not be released; it will run out by itself", slog.String("error", err.Error()))
	}
	return err
}

// unlessLost looks, before an error calls for a person, whether the run still
// holds its lease. One that was frozen and has woken up sees a world that has
// moved on, and must not cry wolf.
func unlessLost(ctx context.Context, l *lease.Lease[State], err error) error {
	if err == nil || errors.Is(err, lease.ErrLost) || context.Cause(ctx) != nil {
		return err
	}
	if lost := l.Check(ctx); errors.Is(lost, lease.ErrLost) {
		return fmt.Errorf("%w (it saw: %v)", lost, err)
	}
	return err
}
