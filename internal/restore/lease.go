package restore

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/job"
)

const (
	defaultLease = 2 * time.Minute
	shortLease   = time.Minute // no lease is shorter
	// farewell bounds reading back what a write whose answer was lost has done.
	farewell = 4 * time.Second
)

// seen is a claim as it was read, with the store's word on its age.
type seen struct {
	claim *Claim
	info  store.Info
	now   time.Time
}

// look reads a claim. Errors: store.ErrNotFound.
func (r *Restorer) look(ctx context.Context, id string) (seen, error) {
	o, err := r.Staging.Get(ctx, claimKey(id))
	if err != nil {
		return seen{}, fmt.Errorf("reading the claim of restore %s: %w", id, err)
	}
	c, err := decodeClaim(id, o.Body)
	return seen{claim: c, info: o.Info, now: o.Now}, err
}

// until is when the lease runs out, by the store's clock.
func (s seen) until() time.Time {
	return s.info.Time.Add(max(shortLease, time.Duration(s.claim.LeaseSeconds)*time.Second))
}

// live tells that its holder counts as alive, judged on the store's clock alone.
func (s seen) live() bool { return s.claim.Holder != "" && s.now.Before(s.until()) }

// lease is this process's hold of a claim, and its only way to change it.
type lease struct {
	store  store.Store
	length time.Duration
	lost   context.CancelCauseFunc // ends the work

	mu      sync.Mutex
	claim   Claim
	etag    string
	pending map[string]bool // nonces of our writes whose answers were lost
	fresh   time.Time       // start of the last write that succeeded
	done    chan struct{}   // closed to end the renewal
	ended   sync.WaitGroup
}

// take writes the claim, a new one (etag "") or one that is taken over, and
// renews it until end. The context it returns ends with job.ErrLeaseLost if
// another takes over.
func (r *Restorer) take(ctx context.Context, c Claim, etag string) (context.Context, *lease, error) {
	length := r.Lease
	if length == 0 {
		length = defaultLease
	}
	l := &lease{store: r.Staging, length: max(length, shortLease), claim: c, etag: etag, pending: map[string]bool{}, done: make(chan struct{})}
	ctx, l.lost = context.WithCancelCause(ctx)
	err := l.update(ctx, func(c *Claim) {
		c.Holder, c.LeaseSeconds = r.Holder, int(l.length/time.Second)
	})
	if err != nil {
		l.lost(err)
		return nil, nil, err
	}
	// Cleaning up goes on after the work's context has ended, and needs the
	// lease as well: end ends the renewal, and nothing else does.
	l.ended.Go(func() { l.renew(context.WithoutCancel(ctx)) })
	return ctx, l, nil
}

// now is a copy of the claim.
func (l *lease) now() Claim {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.claim
	c.Indices = slices.Clone(c.Indices)
	return c
}

// update changes the claim by compare-and-swap. After an error it is as it was,
// here; if its answer was lost it may have been written all the same, which the
// next update finds out. Errors: job.ErrLeaseLost.
func (l *lease) update(ctx context.Context, change func(*Claim)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.claim
	next.Indices = slices.Clone(next.Indices)
	change(&next)
	began := time.Now()
	for {
		next.Epoch = l.claim.Epoch + int64(len(l.pending)) + 1
		next.Nonce = nonce()
		etag, err := l.write(ctx, &next)
		if err == nil {
			l.claim, l.etag, l.fresh = next, etag, began
			clear(l.pending)
			return nil
		}
		if errors.Is(err, archive.ErrUnconditional) {
			return err
		}
		l.pending[next.Nonce] = true
		adopted, lookErr := l.adopt(ctx)
		switch {
		case errors.Is(lookErr, job.ErrLeaseLost):
			return lookErr
		case adopted == next.Nonce: // it was written: only the answer was lost
			l.claim, l.fresh = next, began
			clear(l.pending)
			return nil
		case lookErr == nil && adopted != "" && isConflict(err):
			continue // an earlier write of ours arrived late: swap against that
		}
		return fmt.Errorf("writing the claim of restore %s: %w", next.ID, err)
	}
}

// write creates or replaces the object.
func (l *lease) write(ctx context.Context, c *Claim) (etag string, err error) {
	text, err := c.encode()
	if err != nil {
		return "", err
	}
	key := claimKey(c.ID)
	if l.etag != "" {
		info, err := l.store.Replace(ctx, key, text, l.etag)
		return info.ETag, err
	}
	info, err := l.store.Create(ctx, key, text)
	if err != nil {
		return "", err
	}
	// A store that ignores conditions cannot hold a lease.
	if _, err := l.store.Replace(ctx, key, text, `"not-its-etag"`); !errors.Is(err, store.ErrChanged) {
		if err == nil {
			err = archive.ErrUnconditional
		}
		return "", fmt.Errorf("%s: %w", l.store.URL(), err)
	}
	return info.ETag, nil
}

// adopt reads the claim back after a write that failed or whose answer was lost,
// and returns the nonce of ours that it carries, taking its ETag; "" if it is
// still as before. Errors: job.ErrLeaseLost.
func (l *lease) adopt(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	o, err := l.store.Get(ctx, claimKey(l.claim.ID))
	if errors.Is(err, store.ErrNotFound) && l.etag != "" {
		return "", fmt.Errorf("%w: its claim was removed", job.ErrLeaseLost)
	}
	if err != nil {
		return "", err
	}
	c, err := decodeClaim(l.claim.ID, o.Body)
	switch {
	case err != nil:
		return "", err
	case l.pending[c.Nonce]:
		l.etag = o.ETag
		return c.Nonce, nil
	case c.Nonce == l.claim.Nonce && l.etag == o.ETag:
		return "", nil
	}
	return "", fmt.Errorf("%w: now %s", job.ErrLeaseLost, c.Holder)
}

// isConflict tells that a write was refused because the object had changed.
func isConflict(err error) bool {
	return errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrExists)
}

// renew writes the claim anew while the restore lives. A renewal that fails is
// tried again until the lease may have run out.
func (l *lease) renew(ctx context.Context) {
	tick := time.NewTicker(l.length / 4)
	defer tick.Stop()
	for {
		select {
		case <-l.done:
			return
		case <-tick.C:
		}
		bounded, cancel := context.WithTimeout(ctx, l.length/4)
		err := l.check(bounded)
		cancel()
		if errors.Is(err, job.ErrLeaseLost) {
			l.lost(err)
			return
		}
		if err != nil && l.stale() {
			l.lost(fmt.Errorf("the lease could not be renewed in time: %w", err))
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
	return l.update(ctx, func(*Claim) {})
}

// end ends the renewal. The claim stays as it is.
func (l *lease) end() {
	close(l.done)
	l.lost(nil)
	l.ended.Wait()
}

// drop removes the claim: nothing of the restore is left. The renewal must have
// ended.
func (l *lease) drop(ctx context.Context) error {
	err := l.store.Delete(ctx, claimKey(l.claim.ID), l.etag)
	if err != nil { // the answer may have been lost: deleting what is gone succeeds
		err = l.store.Delete(ctx, claimKey(l.claim.ID), l.etag)
	}
	return err
}

// nonce returns 16 random hex digits.
func nonce() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
