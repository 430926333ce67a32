package lease

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// renew writes the object anew while the lease lives. A renewal that fails is
// tried again until the lease may have run out.
func (l *Lease[T]) renew(ctx context.Context) {
	tick := time.NewTicker(l.length / 4)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		bounded, cancel := context.WithTimeout(ctx, l.length/4)
		err := l.Check(bounded)
		cancel()
		if errors.Is(err, ErrLost) {
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
func (l *Lease[T]) stale() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Since(l.fresh) > l.length*3/4
}
