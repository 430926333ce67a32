package dir

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// Between two looks at a lock that another process holds.
const (
	lockPause    = time.Millisecond
	lockPauseMax = 50 * time.Millisecond
)

// lockPatience bounds the wait for it: whoever has it needs it for a few calls. One
// that is frozen (SIGSTOP, a container that is paused) keeps it, and nobody could
// ever tell that his lease has run out.
const lockPatience = time.Minute

// errLocked: another process does not give up the lock.
var errLocked = fmt.Errorf("another process has held the lock of this directory (%s/lock) for %v", private, lockPatience)

// lock keeps everyone else who uses this package out of comparing and swapping
// in this root, until unlock. Goroutines take turns; processes exclude each
// other by flock on one file, which ends with its holder, however that ends.
// (A search cluster takes no part in it: what it writes is only ever deleted
// by us once it is done.)
func (s *Store) lock(ctx context.Context) (unlock func(), err error) {
	select {
	case s.turn <- struct{}{}:
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	f, err := s.flock(ctx)
	if err != nil {
		<-s.turn
		return nil, err
	}
	return func() {
		// Closing alone would not do while a child that is being started still
		// has a copy of the descriptor.
		_ = unix.Flock(int(f.Fd()), unix.LOCK_UN)
		f.Close()
		<-s.turn
	}, nil
}

// flock waits by asking again, since a call that blocks knows no context. Errors:
// errLocked.
func (s *Store) flock(ctx context.Context) (*os.File, error) {
	name, err := s.enterPrivate("lock")
	if err != nil {
		return nil, err
	}
	// NFS locks exclusively only what is open for writing.
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return nil, err
	}
	patience := time.After(lockPatience)
	for pause := lockPause; ; pause = min(2*pause, lockPauseMax) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if err == nil {
			return f, nil
		}
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			f.Close()
			return nil, &os.PathError{Op: "lock", Path: name, Err: err}
		}
		select {
		case <-ctx.Done():
			f.Close()
			return nil, context.Cause(ctx)
		case <-patience:
			f.Close()
			return nil, errLocked
		case <-time.After(pause):
		}
	}
}
