package main

import (
	"fmt"
	"time"

	"archiver/internal/job"
)

// pace is when a phase began, and how much was done when it was first heard of:
// a resumed phase does not begin at nothing, and has not done that just now.
type pace struct {
	phase   job.Phase
	began   time.Time
	from    int64
	started bool
}

// spent returns what was done since the phase's first report, and for how long;
// less than a second tells nothing.
func (p *pace) spent(done int64, now time.Time) (bytes int64, seconds float64, known bool) {
	if !p.started {
		p.started, p.from, p.began = true, done, now
	}
	seconds = now.Sub(p.began).Seconds()
	return done - p.from, seconds, seconds >= 1 && done > p.from
}

// left is the time that the rest will take if it goes on like this.
func (p *pace) left(done, total int64, now time.Time) (time.Duration, bool) {
	bytes, seconds, known := p.spent(done, now)
	if !known || total <= done {
		return 0, false
	}
	return time.Duration(float64(total-done) / float64(bytes) * seconds * float64(time.Second)).Round(time.Second), true
}

// text is progress in words: part, sizes, rate, time left.
func (p *pace) text(done, total int64, now time.Time) string {
	text := sizeText(done)
	if total > 0 {
		text = fmt.Sprintf("%3d%%  %s of %s", 100*done/total, sizeText(done), sizeText(total))
	}
	if bytes, seconds, known := p.spent(done, now); known {
		text += fmt.Sprintf("  %s/s", sizeText(int64(float64(bytes)/seconds)))
	}
	if left, known := p.left(done, total, now); known {
		text += "  " + left.String() + " left"
	}
	return text
}
