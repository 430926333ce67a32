// Package lease lets one process at a time work on something that several could
// reach. The claim lies in an object of a store, together with what must survive
// the process, and both are replaced as one by compare-and-swap. A lease is no
// fence: a process that was frozen for an hour wakes up and goes on writing, and
// whatever it writes then must do no harm.
package lease

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"archiver/archive/store"
)

const (
	// Length is how long a lease lasts where nothing else is asked for.
	Length = 2 * time.Minute
	// shortest is what every lease lasts at least: clocks and stores are slow.
	shortest = time.Minute
	// farewell bounds the last writes of a process whose context has ended.
	farewell = 4 * time.Second
)

// ErrLost: another process has taken over; this one must not go on.
var ErrLost = errors.New("the lease was lost to another")

// Lease is this process's hold of an object, and its only way to change it.
type Lease[T any] struct {
	of     Object[T]
	length time.Duration
	lost   context.CancelCauseFunc // ends the work
	stop   context.CancelFunc      // ends the renewal
	ended  sync.WaitGroup          // the renewal has ended

	mu      sync.Mutex
	object  T
	etag    string
	pending map[string]bool // nonces of our writes whose answers were lost
	fresh   time.Time       // start of the last write that succeeded
}

// Take writes the object under the holder's name, a new one (etag "") or one
// that is taken over, and renews it until End or Release. length 0 is Length.
// The context it returns ends with ErrLost if another takes over.
// Errors: ErrLost, archive.ErrUnconditional.
func (o Object[T]) Take(ctx context.Context, x T, etag, holder string, length time.Duration) (context.Context, *Lease[T], error) {
	if length == 0 {
		length = Length
	}
	l := o.hold(x, etag)
	l.length = max(length, shortest)
	ctx, l.lost = context.WithCancelCause(ctx)
	err := l.Update(ctx, func(x *T) {
		m := o.Mark(x)
		m.Holder, m.LeaseSeconds = holder, int(l.length/time.Second)
	})
	if err == nil {
		err = l.prove(ctx)
	}
	if err != nil {
		l.lost(err)
		return nil, nil, err
	}
	// Cleaning up goes on after the work's context has ended, and needs the lease
	// as well: only the end of the lease ends its renewal.
	renewing, stop := context.WithCancel(context.WithoutCancel(ctx))
	l.stop = stop
	l.ended.Go(func() { l.renew(renewing) })
	return ctx, l, nil
}

// prove makes sure, at every taking, that the store honours the conditions that the
// lease stands on: whoever wrote the object first may have died before he knew, or
// have been refused and gone. Without the proof it is given up at once, so that
// the next to come is told the same, and not that somebody is at work.
func (l *Lease[T]) prove(ctx context.Context) error {
	// An interrupt is for those who know how to clean up.
	ctx = context.WithoutCancel(ctx)
	trying, cancel := context.WithTimeout(ctx, l.length/4)
	defer cancel()
	text, err := Encode(l.Now())
	if err == nil {
		err = Conditional(trying, l.of.Store, l.of.Key, text)
	}
	if err == nil {
		return nil
	}
	ctx, cancel = context.WithTimeout(ctx, farewell)
	defer cancel()
	_ = l.Update(ctx, func(x *T) { l.of.Mark(x).Holder = "" }) // else it runs out
	return fmt.Errorf("taking %s: %w", l.of.What, err)
}

// Break writes the object without a holder, if it is still what was seen.
// Errors: ErrLost if it is not.
func (o Object[T]) Break(ctx context.Context, was Seen[T]) error {
	err := o.hold(*was.Object, was.Info.ETag).Update(ctx, func(x *T) { o.Mark(x).Holder = "" })
	if errors.Is(err, store.ErrChanged) {
		return fmt.Errorf("%w: %w", ErrLost, err)
	}
	return err
}

func (o Object[T]) hold(x T, etag string) *Lease[T] {
	return &Lease[T]{of: o, object: x, etag: etag, pending: map[string]bool{}}
}

// Now is a copy of the object, which shares with it what it points to.
func (l *Lease[T]) Now() T {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.object
}

// Update changes the object by compare-and-swap. change may set fields, but must
// not write into slices, maps and what pointers point to: after an error the
// object is as it was, here. If the answer was lost it may have been written all
// the same, which the next update finds out. Errors: ErrLost.
func (l *Lease[T]) Update(ctx context.Context, change func(*T)) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.object
	change(&next)
	mark, before := l.of.Mark(&next), *l.of.Mark(&l.object)
	began := time.Now()
	for {
		mark.Epoch = before.Epoch + int64(len(l.pending)) + 1
		mark.Nonce = Nonce()
		etag, err := l.write(ctx, &next)
		if err == nil {
			l.object, l.etag, l.fresh = next, etag, began
			clear(l.pending)
			return nil
		}
		l.pending[mark.Nonce] = true
		adopted, lookErr := l.adopt(ctx)
		switch {
		case errors.Is(lookErr, ErrLost):
			return lookErr
		case adopted == mark.Nonce: // it was written: only the answer was lost
			l.object, l.fresh = next, began
			clear(l.pending)
			return nil
		case lookErr == nil && adopted != "" && isConflict(err):
			continue // an earlier write of ours arrived late: swap against that
		}
		return fmt.Errorf("writing %s: %w", l.of.What, err)
	}
}

// write creates or replaces the object.
func (l *Lease[T]) write(ctx context.Context, x *T) (etag string, err error) {
	text, err := Encode(x)
	if err != nil {
		return "", err
	}
	if l.etag != "" {
		info, err := l.of.Store.Replace(ctx, l.of.Key, text, l.etag)
		return info.ETag, err
	}
	info, err := l.of.Store.Create(ctx, l.of.Key, text)
	return info.ETag, err
}

// adopt reads the object back after a write that failed or whose answer was lost,
// and returns the nonce of ours that it carries, taking its ETag; "" if it is
// still as before. Errors: ErrLost.
func (l *Lease[T]) adopt(ctx context.Context) (nonce string, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	now, err := l.of.Look(ctx)
	switch {
	case errors.Is(err, store.ErrNotFound) && l.etag != "":
		return "", fmt.Errorf("%w: %s was removed", ErrLost, l.of.What)
	case err != nil:
		return "", err
	case l.pending[now.mark.Nonce]:
		l.etag = now.Info.ETag
		return now.mark.Nonce, nil
	case l.etag == now.Info.ETag && now.mark.Nonce == l.of.Mark(&l.object).Nonce:
		return "", nil
	}
	if now.mark.Holder == "" {
		return "", fmt.Errorf("%w, who has given it up since", ErrLost)
	}
	return "", fmt.Errorf("%w: now %s", ErrLost, now.mark.Holder)
}

// isConflict tells that a write was refused because the object had changed.
func isConflict(err error) bool {
	return errors.Is(err, store.ErrChanged) || errors.Is(err, store.ErrExists)
}

// Check makes sure of the lease before something that cannot be undone.
// Errors: ErrLost.
func (l *Lease[T]) Check(ctx context.Context) error {
	return l.Update(ctx, func(*T) {})
}

// End ends the renewal and the work's context. The object stays as it is.
func (l *Lease[T]) End() {
	l.stop()
	l.ended.Wait()
	l.lost(nil)
}

// UnlessLost is an error of the work, unless the lease was lost meanwhile: then it
// is that alone, and calls for nobody. A process that was frozen and has woken up
// sees a world that has moved on, and must not cry wolf. ctx is the one that Take
// returned.
func (l *Lease[T]) UnlessLost(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, ErrLost) {
		return err
	}
	lost := context.Cause(ctx) // the renewal may have noticed it first
	if lost == nil {
		lost = l.Check(ctx)
	}
	if errors.Is(lost, ErrLost) {
		return fmt.Errorf("%w (it saw: %v)", lost, err)
	}
	return err
}

// Release ends the lease and gives the object up, with a last change. The work's
// context may have ended: the write has one of its own.
func (l *Lease[T]) Release(ctx context.Context, change func(*T)) error {
	l.End()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	return l.Update(ctx, func(x *T) {
		change(x)
		l.of.Mark(x).Holder = ""
	})
}

// Drop ends the lease and removes the object: nobody has to know of it any more.
func (l *Lease[T]) Drop(ctx context.Context) error {
	l.End()
	err := l.of.Store.Delete(ctx, l.of.Key, l.etag)
	if err != nil { // the answer may have been lost: deleting what is gone succeeds
		err = l.of.Store.Delete(ctx, l.of.Key, l.etag)
	}
	return err
}
