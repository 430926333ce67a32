package job

import "sync/atomic"

// progress adds up what lanes report side by side.
type progress struct {
	watch Observer
	phase Phase
	total int64
	done  atomic.Int64
}

func (p *progress) add(n int64) { p.watch.Progress(p.phase, p.done.Add(n), p.total) }
