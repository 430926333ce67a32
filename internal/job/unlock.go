package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"archiver/internal/lease"
)

// Holding describes who holds the lease, and what is unfinished.
type Holding struct {
	Holder     string // "" if nobody does
	Run        string
	Date       string
	Phase      Phase
	Since      time.Time // last sign of life, by the store's clock; zero if nobody holds it
	Until      time.Time // when it may be taken over; zero if nobody holds it
	Expired    bool
	LastError  string
	Unfinished bool
}

// Holding looks at the lease and changes nothing.
func (j *Job) Holding(ctx context.Context) (Holding, error) {
	was, err := j.look(ctx)
	if err != nil || was.none() {
		return Holding{}, err
	}
	return was.holding(), nil
}

// holding describes a state that is there.
func (s seen) holding() Holding {
	h := Holding{
		Holder: s.Object.Holder, Run: s.Object.Run, Date: s.Object.Date, Phase: s.Object.Phase, LastError: s.Object.LastError,
		Unfinished: !s.Object.idle(),
	}
	if h.Holder != "" {
		h.Since, h.Until, h.Expired = s.Info.Time, s.Until(), !s.Live()
	}
	return h
}

// Unlock breaks the lease of the holder that h describes: if another holds it
// by now, nothing is done. The run stays unfinished, for the next to finish.
func (j *Job) Unlock(ctx context.Context, h Holding) error {
	was, err := j.look(ctx)
	if err != nil {
		return err
	}
	if was.none() || was.Object.Holder == "" {
		return nil
	}
	if was.Object.Holder != h.Holder || was.Object.Run != h.Run {
		return fmt.Errorf("%w: by now it is %s", ErrHeld, was.Object.Holder)
	}
	err = j.stateObject().Break(ctx, was.Seen)
	if errors.Is(err, lease.ErrLost) {
		return fmt.Errorf("%s has just renewed its lease: it lives: %w", h.Holder, err)
	}
	return err
}
