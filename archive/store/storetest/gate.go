package storetest

import (
	"context"
	"errors"
	"sync"
	"time"
)

// ErrDead is what every call of a process answers after its gate has killed it.
var ErrDead = errors.New("this process is dead")

// Fate is what becomes of one call that leaves a process.
type Fate int

// The fates of a call.
const (
	Pass        Fate = iota
	Fail             // not done; the caller gets the gate's error
	LoseAnswer       // done; the caller gets the gate's error all the same
	KillBefore       // the process dies before the call is done
	KillAfter        // the process dies after it was done
	DeliverLate      // the process dies; the call is done when Deliver is called
)

// Call is one call that leaves a process, counted from 1.
type Call struct {
	N       int
	Name    string // such as "staging Create .archiver/state.json"
	Mutates bool
}

// Gate stands between a process and everything outside of it: its stores and
// its cluster. It counts the calls, in the order in which they come, and decides
// their fates. Once a process is dead, nothing of it gets through any more, as
// after kill -9.
type Gate struct {
	// Decide is asked about each call. nil: all pass.
	Decide func(Call) Fate
	// Err is what a failed call answers (500, 503, 409, 412 …); nil: a lost
	// connection. A lost answer is always a lost connection.
	Err func(Call) error
	// Before is called before each call that gets through, if set.
	Before func(Call)

	mu    sync.Mutex
	calls []Call
	dead  chan struct{} // closed by the death
	late  []func()
}

// ErrLost is the answer to a call whose connection broke.
var ErrLost = errors.New("connection lost")

// NewGate returns a gate that decides so.
func NewGate(decide func(Call) Fate) *Gate {
	return &Gate{Decide: decide, dead: make(chan struct{})}
}

// Life is a context that ends when the process dies, at the latest in a minute:
// the dead do nothing, so what still runs is told to end.
func (g *Gate) Life() (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	go func() {
		select {
		case <-g.dead:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

// Kill ends the process from outside.
func (g *Gate) Kill() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.kill()
}

func (g *Gate) kill() {
	select {
	case <-g.dead:
	default:
		close(g.dead)
	}
}

// Calls are those that were made up to now.
func (g *Gate) Calls() []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return append([]Call(nil), g.calls...)
}

// Deliver does the calls that were held back, and reports whether there were any.
func (g *Gate) Deliver() bool {
	g.mu.Lock()
	late := g.late
	g.late = nil
	g.mu.Unlock()
	for _, do := range late {
		do()
	}
	return len(late) > 0
}

// Do passes a call through. do must be able to run long after Do has returned,
// with another context.
func (g *Gate) Do(ctx context.Context, name string, mutates bool, do func(context.Context) error) error {
	g.mu.Lock()
	select {
	case <-g.dead:
		g.mu.Unlock()
		return ErrDead
	default:
	}
	c := Call{N: len(g.calls) + 1, Name: name, Mutates: mutates}
	g.calls = append(g.calls, c)
	fate := Pass
	if g.Decide != nil {
		fate = g.Decide(c)
	}
	switch fate {
	case KillBefore:
		g.kill()
	case DeliverLate:
		g.late = append(g.late, func() { _ = do(context.Background()) }) // nobody is left to hear the answer
		g.kill()
	}
	g.mu.Unlock()
	if g.Before != nil {
		g.Before(c)
	}
	return g.carryOut(ctx, c, fate, do)
}

// Ask passes a call that changes nothing through a gate.
func Ask[T any](ctx context.Context, g *Gate, name string, do func(context.Context) (T, error)) (out T, err error) {
	err = g.Do(ctx, name, false, func(ctx context.Context) (err error) {
		out, err = do(ctx)
		return err
	})
	return out, err
}

func (g *Gate) carryOut(ctx context.Context, c Call, fate Fate, do func(context.Context) error) error {
	switch {
	case fate == KillBefore, fate == DeliverLate:
		return ErrDead
	case fate == Fail && g.Err != nil:
		return g.Err(c)
	case fate == Fail:
		return ErrLost
	}
	err := do(ctx)
	switch fate {
	case KillAfter:
		g.Kill()
		return ErrDead
	case LoseAnswer:
		return ErrLost
	}
	select {
	case <-g.dead: // it died while the call was under way
		return ErrDead
	default:
		return err
	}
}
