package job

import (
	"sync"
	"sync/atomic"
	"testing"
)

// furthest keeps how far a step came.
type furthest struct {
	Observer
	done atomic.Int64
}

func (f *furthest) Progress(_ Phase, done, total int64) {
	if total == 40 && done > f.done.Load() {
		f.done.Store(done)
	}
}

func TestWhatPartsReportIsAddedUp(t *testing.T) {
	o := &furthest{}
	add := Adder(o, PhasePack, 40)
	var parts sync.WaitGroup
	for range 3 {
		parts.Go(func() { add(10) })
	}
	parts.Wait()
	add(10)
	if got := o.done.Load(); got != 40 {
		t.Errorf("%d of 40 bytes were reported", got)
	}
}
