package lease_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/archive/store/storetest"
	"archiver/internal/lease"
)

// paper is an object that a lease is held of.
type paper struct {
	lease.Mark
	Text string `json:"text"`
}

const key = "paper.json"

// desk is where the paper lies. Its clock is the store's.
type desk struct {
	t     *testing.T
	store store.Store
	clock *storetest.Clock
}

func newDesk(t *testing.T) *desk {
	t.Helper()
	s, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &desk{t, s, storetest.NewClock(time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC))}
}

// through is the paper as a process sees it behind a gate; nil: all calls pass.
func (d *desk) through(fate func(storetest.Call) storetest.Fate) lease.Object[paper] {
	return lease.Object[paper]{
		Store: &storetest.Faulty{Store: d.store, Gate: storetest.NewGate(fate), Clock: d.clock}, Key: key, What: "the paper",
		Mark: func(p *paper) *lease.Mark { return &p.Mark }, Decode: lease.Decode[paper],
	}
}

// take takes the lease of what lies there, whoever holds it.
func (d *desk) take(o lease.Object[paper], holder string) (context.Context, *lease.Lease[paper]) {
	d.t.Helper()
	was, err := d.through(nil).Look(d.t.Context())
	if errors.Is(err, store.ErrNotFound) {
		was.Object = &paper{}
	} else if err != nil {
		d.t.Fatal(err)
	}
	ctx, l, err := o.Take(d.t.Context(), *was.Object, was.Info.ETag, holder, 0)
	if err != nil {
		d.t.Fatal(err)
	}
	return ctx, l
}

func (d *desk) look() lease.Seen[paper] {
	d.t.Helper()
	was, err := d.through(nil).Look(d.t.Context())
	if err != nil {
		d.t.Fatal(err)
	}
	return was
}

func write(text string) func(*paper) { return func(p *paper) { p.Text = text } }

// once gives the n-th write its fate, and lets all others pass.
func once(n int32, fate storetest.Fate) func(storetest.Call) storetest.Fate {
	var writes atomic.Int32
	return func(c storetest.Call) storetest.Fate {
		if c.Mutates && writes.Add(1) == n {
			return fate
		}
		return storetest.Pass
	}
}

func TestALeaseLivesUntilTheStoreSaysOtherwise(t *testing.T) {
	d := newDesk(t)
	_, l := d.take(d.through(nil), "one")
	defer l.End()
	for _, step := range []struct {
		pass time.Duration
		live bool
	}{{0, true}, {lease.Length - time.Second, true}, {time.Second, false}} {
		d.clock.Advance(step.pass)
		if got := d.look(); got.Live() != step.live || !got.Until().Equal(got.Info.Time.Add(lease.Length)) {
			t.Errorf("after %v: live %v, until %v", step.pass, got.Live(), got.Until())
		}
	}
	if err := l.Release(t.Context(), write("done")); err != nil {
		t.Fatal(err)
	}
	if got := d.look(); got.Live() || got.Object.Holder != "" || got.Object.Text != "done" {
		t.Errorf("released: %+v", got.Object)
	}
}

func TestWhoeverWasTakenOverFromLearnsOfIt(t *testing.T) {
	d := newDesk(t)
	_, first := d.take(d.through(nil), "one")
	defer first.End()
	_, second := d.take(d.through(nil), "two")
	defer second.End()
	for name, do := range map[string]func() error{
		"check":  func() error { return first.Check(t.Context()) },
		"update": func() error { return first.Update(t.Context(), write("of the first")) },
	} {
		if err := do(); !errors.Is(err, lease.ErrLost) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := second.Update(t.Context(), write("of the second")); err != nil {
		t.Error(err)
	}
	if got := d.look().Object; got.Text != "of the second" || got.Holder != "two" {
		t.Errorf("%+v", got)
	}
}

// TestALostAnswerIsSettledByLooking: what was written counts as written, what was
// not as not, and the epoch never repeats.
func TestALostAnswerIsSettledByLooking(t *testing.T) {
	for name, c := range map[string]struct {
		fate storetest.Fate
		want string
		ok   bool
	}{
		"written":     {storetest.LoseAnswer, "new", true},
		"not written": {storetest.Fail, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t)
			// Taking a new paper is three writes: two of them are the probe.
			_, l := d.take(d.through(once(4, c.fate)), "one")
			defer l.End()
			before := d.look().Object.Epoch
			if err := l.Update(t.Context(), write("new")); (err == nil) != c.ok {
				t.Errorf("the update: %v", err)
			}
			if got := l.Now().Text; got != c.want {
				t.Errorf("it believes %q", got)
			}
			if err := l.Check(t.Context()); err != nil {
				t.Errorf("the next update: %v", err)
			}
			if got := d.look().Object; got.Text != c.want || got.Epoch <= before {
				t.Errorf("%+v after epoch %d", got, before)
			}
		})
	}
}

// TestAWriteThatArrivesLateIsOurs: the store did it after it had answered that it
// had not.
func TestAWriteThatArrivesLateIsOurs(t *testing.T) {
	d := newDesk(t)
	late := &lateStore{Store: d.store}
	o := d.through(nil)
	o.Store = late
	_, l := d.take(o, "one")
	defer l.End()
	late.hold.Store(true)
	if err := l.Update(t.Context(), write("late")); err == nil {
		t.Fatal("an update that was not done succeeded")
	}
	late.deliver(t)
	if err := l.Update(t.Context(), write("next")); err != nil {
		t.Errorf("the next update: %v", err)
	}
	if got := d.look().Object; got.Text != "next" || got.Holder != "one" {
		t.Errorf("%+v", got)
	}
}

// lateStore holds one write back.
type lateStore struct {
	store.Store
	hold atomic.Bool
	kept func(context.Context) error
}

func (s *lateStore) Replace(ctx context.Context, key string, body []byte, etag string) (store.Info, error) {
	if s.hold.CompareAndSwap(true, false) {
		s.kept = func(ctx context.Context) error {
			_, err := s.Store.Replace(ctx, key, body, etag)
			return err
		}
		return store.Info{}, storetest.ErrLost
	}
	return s.Store.Replace(ctx, key, body, etag)
}

func (s *lateStore) deliver(t *testing.T) {
	t.Helper()
	if err := s.kept(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestAPaperThatWasRemovedIsLost(t *testing.T) {
	d := newDesk(t)
	_, l := d.take(d.through(nil), "one")
	defer l.End()
	if err := d.store.Delete(t.Context(), key, d.look().Info.ETag); err != nil {
		t.Fatal(err)
	}
	if err := l.Check(t.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("%v", err)
	}
}

func TestBreakingSparesWhoLives(t *testing.T) {
	d := newDesk(t)
	_, l := d.take(d.through(nil), "one")
	defer l.End()
	was := d.look()
	if err := l.Check(t.Context()); err != nil { // a sign of life
		t.Fatal(err)
	}
	if err := d.through(nil).Break(t.Context(), was); !errors.Is(err, lease.ErrLost) {
		t.Errorf("broken although it lived: %v", err)
	}
	if err := d.through(nil).Break(t.Context(), d.look()); err != nil {
		t.Error(err)
	}
	if err := l.Check(t.Context()); !errors.Is(err, lease.ErrLost) {
		t.Errorf("the holder has not noticed: %v", err)
	}
}

func TestAStoreThatIgnoresConditionsIsRefused(t *testing.T) {
	d := newDesk(t)
	for name, s := range map[string]store.Store{
		"creates again":     careless{Store: d.store, creates: true},
		"replaces anything": careless{Store: d.store},
	} {
		o := d.through(nil)
		o.Store, o.Key = s, name
		if _, _, err := o.Take(t.Context(), paper{}, "", "one", 0); !errors.Is(err, archive.ErrUnconditional) {
			t.Errorf("%s: %v", name, err)
		}
		// The next to come finds the object, and nobody who holds it.
		was, err := o.Look(t.Context())
		if err != nil || was.Live() {
			t.Errorf("%s: the refused one holds it: %+v, %v", name, was.Object, err)
		}
		if _, _, err := o.Take(t.Context(), *was.Object, was.Info.ETag, "two", 0); !errors.Is(err, archive.ErrUnconditional) {
			t.Errorf("%s, once it is there: %v", name, err)
		}
	}
}

// TestWhoDiesBeforeTheProofLeavesItToTheNext: the object is there, and it was never
// tried whether the store honours conditions.
func TestWhoDiesBeforeTheProofLeavesItToTheNext(t *testing.T) {
	d := newDesk(t)
	if _, _, err := d.through(once(2, storetest.KillBefore)).Take(t.Context(), paper{}, "", "one", 0); err == nil {
		t.Fatal("it has not died")
	}
	d.clock.Advance(lease.Length)
	o := d.through(nil)
	o.Store = careless{Store: o.Store}
	was := d.look()
	if _, _, err := o.Take(t.Context(), *was.Object, was.Info.ETag, "two", 0); !errors.Is(err, archive.ErrUnconditional) {
		t.Errorf("%v", err)
	}
}

// TestWhatAFrozenOneSawIsNoAlarm: whatever the work says, a lost lease is all that
// is told, be it the renewal or the look afterwards that learns of it first.
func TestWhatAFrozenOneSawIsNoAlarm(t *testing.T) {
	saw := fmt.Errorf("staging: %w", archive.ErrIntegrity)
	d := newDesk(t)
	held, l := d.take(d.through(nil), "one")
	defer l.End()
	if err := l.UnlessLost(held, saw); !errors.Is(err, archive.ErrIntegrity) {
		t.Errorf("while it holds the lease: %v", err)
	}
	_, other := d.take(d.through(nil), "two")
	if err := other.Release(t.Context(), write("done")); err != nil {
		t.Fatal(err)
	}
	noticed, cancel := context.WithCancelCause(held)
	cancel(fmt.Errorf("%w: now two", lease.ErrLost))
	for name, ctx := range map[string]context.Context{"not noticed yet": held, "noticed by the renewal": noticed} {
		err := l.UnlessLost(ctx, saw)
		if !errors.Is(err, lease.ErrLost) || errors.Is(err, archive.ErrIntegrity) || !strings.Contains(err.Error(), saw.Error()) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := l.UnlessLost(held, nil); err != nil {
		t.Errorf("nothing was wrong: %v", err)
	}
}

// careless is a store that ignores one kind of condition.
type careless struct {
	store.Store
	creates bool
}

func (s careless) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	i, err := s.Store.Create(ctx, key, body)
	if s.creates && errors.Is(err, store.ErrExists) {
		return s.Stat(ctx, key, "")
	}
	return i, err
}

func (s careless) Replace(ctx context.Context, key string, body []byte, etag string) (store.Info, error) {
	i, err := s.Store.Replace(ctx, key, body, etag)
	if !s.creates && errors.Is(err, store.ErrChanged) {
		return s.Stat(ctx, key, "")
	}
	return i, err
}

func TestRenewal(t *testing.T) {
	t.Run("goes on after the work's context has ended", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			ctx, cancel := context.WithCancel(t.Context())
			_, l, err := d.through(nil).Take(ctx, paper{}, "", "one", 0)
			if err != nil {
				t.Fatal(err)
			}
			cancel()
			before := d.look().Object.Epoch
			time.Sleep(lease.Length + time.Second)
			synctest.Wait()
			if got := d.look().Object.Epoch; got != before+4 {
				t.Errorf("%d renewals in one length", got-before)
			}
			l.End()
			before = d.look().Object.Epoch
			time.Sleep(lease.Length)
			if got := d.look().Object.Epoch; got != before {
				t.Error("it was renewed after its end")
			}
		})
	})
	t.Run("ends the work when another has taken over", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			ctx, l := d.take(d.through(nil), "one")
			defer l.End()
			_, other := d.take(d.through(nil), "two")
			other.End()
			<-ctx.Done()
			if !errors.Is(context.Cause(ctx), lease.ErrLost) {
				t.Errorf("%v", context.Cause(ctx))
			}
		})
	})
	t.Run("ends the work before the lease may have run out", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			d := newDesk(t)
			began := time.Now()
			var cut atomic.Bool
			ctx, l := d.take(d.through(func(storetest.Call) storetest.Fate {
				if cut.Load() {
					return storetest.Fail
				}
				return storetest.Pass
			}), "one")
			defer l.End()
			cut.Store(true)
			<-ctx.Done()
			if cause := context.Cause(ctx); !errors.Is(cause, storetest.ErrLost) || time.Since(began) >= lease.Length+time.Second {
				t.Errorf("%v after %v", cause, time.Since(began))
			}
		})
	})
}
