package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"sync"
	"time"

	"archiver/archive"
	"archiver/archive/store"
)

const (
	defaultLease = 2 * time.Minute
	shortLease   = time.Minute // no lease is shorter
	// farewell bounds the last writes of a run whose context has ended.
	farewell = 4 * time.Second
)

// seen is the state as it was read, with the store's word on its age.
type seen struct {
	state *State // nil: there is none yet
	info  store.Info
	now   time.Time
}

// look reads the state, and refuses one that belongs to something else.
func (j *Job) look(ctx context.Context) (seen, error) {
	o, err := j.Staging.Store.Get(ctx, archive.StateKey)
	if errors.Is(err, store.ErrNotFound) {
		return seen{}, nil
	}
	if err != nil {
		return seen{}, fmt.Errorf("reading the run state: %w", err)
	}
	s, err := decodeState(o.Body)
	if err != nil {
		return seen{}, err
	}
	if s.Stream != j.Stream || s.ArchiveURL != j.Archive.URL() {
		return seen{}, &marked{needsPerson("give every stream a staging bucket of its own, or configure the stream and archive.url that this one belongs to",
			"the staging bucket %s belongs to the stream %s with the archive %s, and not to %s with %s", j.Staging.Store.URL(), s.Stream, s.ArchiveURL, j.Stream, j.Archive.URL()), ErrOtherStream}
	}
	return seen{state: s, info: o.Info, now: o.Now}, nil
}

// until is when the lease runs out, by the store's clock.
func (s seen) until() time.Time {
	return s.info.Time.Add(max(shortLease, time.Duration(s.state.LeaseSeconds)*time.Second))
}

// held returns the holder of a lease that has not expired, judged on the
// store's clock alone.
func (s seen) held() *HeldError {
	if s.state == nil || s.state.Holder == "" || !s.now.Before(s.until()) {
		return nil
	}
	return &HeldError{Holder: s.state.Holder, Run: s.state.Run, Date: s.state.Date, Phase: s.state.Phase, Since: s.info.Time, Until: s.until()}
}

// lease is the claim of this process, and the only way to the state's object.
type lease struct {
	store  store.Store
	length time.Duration
	cancel context.CancelCauseFunc

	mu      sync.Mutex
	state   State
	etag    string
	pending map[string]bool // nonces of our writes whose answers were lost
	fresh   time.Time       // start of the last write that succeeded
	done    chan struct{}   // closed to end the renewal
	ended   sync.WaitGroup
}

// claim takes the lease from what was seen. The context it returns ends with
// ErrLeaseLost if another takes over.
func (j *Job) claim(ctx context.Context, was seen) (context.Context, *lease, error) {
	if held := was.held(); held != nil {
		return nil, nil, held
	}
	length := j.Lease
	if length == 0 {
		length = defaultLease
	}
	l := &lease{store: j.Staging.Store, length: max(length, shortLease), pending: map[string]bool{}, done: make(chan struct{})}
	if was.state != nil {
		l.state, l.etag = *was.state, was.info.ETag
	} else {
		l.state = State{Stream: j.Stream, ArchiveURL: j.Archive.URL()}
		l.state.reset()
	}
	ctx, l.cancel = context.WithCancelCause(ctx)
	err := l.update(ctx, func(s *State) {
		s.Holder, s.LeaseSeconds = j.Holder, int(l.length/time.Second)
	})
	if errors.Is(err, ErrLeaseLost) {
		// Another was faster: who it is, is worth a look.
		if now, lookErr := j.look(ctx); lookErr == nil && now.held() != nil {
			err = now.held()
		}
	}
	if err != nil {
		l.cancel(err)
		return nil, nil, err
	}
	l.ended.Go(func() { l.renew(ctx) })
	return ctx, l, nil
}

// now is a copy of the state.
func (l *lease) now() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.state
}

// update changes the state by compare-and-swap. After an error the state is as
// it was, here; if its answer was lost it may have been written all the same,
// which the next update finds out. Errors: ErrLeaseLost.
func (l *lease) update(ctx context.Context, change func(*State)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.state
	change(&next)
	began := time.Now()
	for {
		next.Epoch = l.state.Epoch + int64(len(l.pending)) + 1
		next.Nonce = nonce()
		etag, err := l.write(ctx, &next)
		if err == nil {
			l.state, l.etag, l.fresh = next, etag, began
			clear(l.pending)
			return nil
		}
		if errors.Is(err, archive.ErrUnconditional) {
			return err
		}
		l.pending[next.Nonce] = true
		adopted, lookErr := l.adopt(ctx)
		switch {
		case errors.Is(lookErr, ErrLeaseLost):
			return lookErr
		case adopted == next.Nonce: // it was written: only the answer was lost
			l.state, l.fresh = next, began
			clear(l.pending)
			return nil
		case lookErr == nil && adopted != "" && isConflict(err):
			continue // an earlier write of ours arrived late: swap against that
		}
		return fmt.Errorf("writing the run state: %w", err)
	}
}

// write creates or replaces the object.
func (l *lease) write(ctx context.Context, s *State) (etag string, err error) {
	text, err := s.encode()
	if err != nil {
		return "", err
	}
	if l.etag != "" {
		info, err := l.store.Replace(ctx, archive.StateKey, text, l.etag)
		return info.ETag, err
	}
	info, err := l.store.Create(ctx, archive.StateKey, text)
	if err != nil {
		return "", err
	}
	// The first write of all is made twice: a store that ignores conditions
	// cannot hold a lease.
	if err := conditional(ctx, l.store, archive.StateKey, text); err != nil {
		return "", err
	}
	return info.ETag, nil
}

// adopt reads the state back after a write that failed or whose answer was
// lost, and returns the nonce of ours that it carries, taking its ETag; "" if it
// is still as before. Errors: ErrLeaseLost.
func (l *lease) adopt(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	o, err := l.store.Get(ctx, archive.StateKey)
	if err != nil {
		return "", err
	}
	s, err := decodeState(o.Body)
	switch {
	case err != nil:
		return "", err
	case l.pending[s.Nonce]:
		l.etag = o.ETag
		return s.Nonce, nil
	case s.Nonce == l.state.Nonce && l.etag == o.ETag:
		return "", nil
	}
	return "", fmt.Errorf("%w: now %s", ErrLeaseLost, s.Holder)
}

// isConflict tells that a write was refused because the object had changed.
func isConflict(err error) bool {
	return errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrExists)
}

// renew writes the state anew while the run lives. A renewal that fails is
// tried again until the lease may have run out.
func (l *lease) renew(ctx context.Context) {
	tick := time.NewTicker(l.length / 4)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		err := l.update(ctx, func(*State) {})
		if errors.Is(err, ErrLeaseLost) {
			l.cancel(err)
			return
		}
		if err != nil && l.stale() {
			l.cancel(fmt.Errorf("the lease could not be renewed in time: %w", err))
			return
		}
	}
}

// stale tells that the lease may have run out by now. The length is reckoned
// from the start of the last write that succeeded, so it errs on the safe side.
func (l *lease) stale() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.fresh) > l.length*3/4
}

// check reads the lease again before something that cannot be undone.
func (l *lease) check(ctx context.Context) error {
	return l.update(ctx, func(*State) {})
}

// unlessLost looks, before an error calls for a person, whether the run still
// holds its lease. One that was frozen and has woken up sees a world that has
// moved on, and must not cry wolf.
func (l *lease) unlessLost(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, ErrLeaseLost) || context.Cause(ctx) != nil {
		return err
	}
	if lost := l.check(ctx); errors.Is(lost, ErrLeaseLost) {
		return fmt.Errorf("%w (it saw: %v)", lost, err)
	}
	return err
}

// release gives the lease up, with a last change of the state. The run's
// context may have ended: the write has one of its own.
func (l *lease) release(ctx context.Context, change func(*State)) error {
	close(l.done)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	err := l.update(ctx, func(s *State) {
		change(s)
		s.Holder = ""
	})
	l.cancel(nil)
	l.ended.Wait()
	return err
}

// nonce returns 16 random hex digits.
func nonce() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
