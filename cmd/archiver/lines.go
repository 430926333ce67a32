package main

import (
	"io"
	"log/slog"
	"sync"
	"time"

	"archiver/internal/job"
)

// How often a long step says in a log how far it is.
const (
	reportEvery  = time.Minute
	verboseEvery = 5 * time.Second
)

// lines is an observer for logs: a line a phase, and a line a minute in a long
// one.
type lines struct {
	log   *slog.Logger
	level loudness
	now   func() time.Time

	mu   sync.Mutex
	date string
	pace pace
	told time.Time
}

func newLines(w io.Writer, l loudness) *lines {
	return &lines{log: slog.New(slog.NewTextHandler(w, nil)), level: l, now: time.Now}
}

func (l *lines) Phase(date string, p job.Phase) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.date, l.pace, l.told = date, pace{phase: p, began: l.now()}, l.now()
	if l.level != quiet {
		l.log.Info(string(p), "date", date)
	}
}

func (l *lines) Progress(p job.Phase, done, total int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	every := reportEvery
	if l.level == verbose {
		every = verboseEvery
	}
	if now := l.now(); l.level != quiet && p == l.pace.phase && now.Sub(l.told) >= every {
		l.told = now
		args := []any{"date", l.date, "done_bytes", done, "total_bytes", total}
		if left, known := l.pace.left(done, total, now); known {
			args = append(args, "seconds_left", int(left.Seconds()))
		}
		l.log.Info(string(p)+" goes on", args...)
	}
}

func (l *lines) Note(message string, attrs ...slog.Attr) { l.log.Warn(message, arguments(attrs)...) }
