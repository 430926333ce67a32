package job

import (
	"context"
	"errors"
	"fmt"
	"time"

	"archiver/archive/store"
)

// Holding describes who holds the lease, and what is unfinished.
type Holding struct {
	Holder     string    `json:"holder"` // "" if nobody does
	Run        string    `json:"run"`
	Date       string    `json:"date"`
	Phase      Phase     `json:"phase"`
	Since      time.Time `json:"since,omitzero"` // last sign of life, by the store's clock; zero if nobody holds it
	Until      time.Time `json:"until,omitzero"` // when it may be taken over; zero if nobody holds it
	Expired    bool      `json:"expired"`
	LastError  string    `json:"last_error,omitempty"`
	Unfinished bool      `json:"unfinished"`
}

// Holding looks at the lease and changes nothing.
func (j *Job) Holding(ctx context.Context) (Holding, error) {
	was, err := j.look(ctx)
	if err != nil || was.state == nil {
		return Holding{}, err
	}
	return was.holding(), nil
}

// holding describes a state that is there.
func (s seen) holding() Holding {
	h := Holding{
		Holder: s.state.Holder, Run: s.state.Run, Date: s.state.Date, Phase: s.state.Phase, LastError: s.state.LastError,
		Unfinished: !s.state.idle(),
	}
	if h.Holder != "" {
		h.Since, h.Until, h.Expired = s.info.Time, s.until(), s.held() == nil
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
	if was.state == nil || was.state.Holder == "" {
		return nil
	}
	if was.state.Holder != h.Holder || was.state.Run != h.Run {
		return fmt.Errorf("%w: by now it is %s", ErrHeld, was.state.Holder)
	}
	l := &lease{store: j.Staging.Store, state: *was.state, etag: was.info.ETag, pending: map[string]bool{}}
	err = l.update(ctx, func(s *State) { s.Holder = "" })
	if errors.Is(err, ErrLeaseLost) || errors.Is(err, store.ErrChanged) {
		return fmt.Errorf("%s has just renewed its lease: it lives: %w", h.Holder, err)
	}
	return err
}
