package restore

import (
	"sync/atomic"

	"archiver/internal/job"
)

// progress adds up what several goroutines report.
type progress struct {
	watch job.Observer
	phase job.Phase
	total int64
	done  atomic.Int64
}

func newProgress(w job.Observer, p job.Phase, total int64) *progress {
	return &progress{watch: w, phase: p, total: total}
}

func (p *progress) add(n int64) { p.watch.Progress(p.phase, p.done.Add(n), p.total) }
