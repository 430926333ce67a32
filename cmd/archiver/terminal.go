package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"archiver/internal/job"
)

// redraw is how often a terminal's line is drawn anew.
const redraw = 200 * time.Millisecond

// terminal is an observer for a person: a line a phase, the last one alive. It
// uses no colour.
type terminal struct {
	w   io.Writer
	now func() time.Time
	way []job.Phase // the steps in their order; empty: they are not counted

	mu    sync.Mutex
	head  string // what leads the line
	began time.Time
	pace  pace
	drawn time.Time
	open  bool // the last line has not ended yet
}

func newTerminal(w io.Writer, way []job.Phase) *terminal {
	return &terminal{w: w, now: time.Now, way: way}
}

func (t *terminal) Phase(date string, p job.Phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close()
	if p == job.PhaseDone {
		return
	}
	t.began, t.drawn, t.open = t.now(), time.Time{}, true
	t.pace = pace{phase: p, began: t.began}
	t.head = fmt.Sprintf("%s  %-5s %-9s", date, t.step(p), p)
	fmt.Fprint(t.w, t.head)
}

// step counts the steps of a way, so that one look tells how far it is.
func (t *terminal) step(p job.Phase) string {
	if n := slices.Index(t.way, p); n >= 0 {
		return fmt.Sprintf("%d/%d", n+1, len(t.way))
	}
	return ""
}

func (t *terminal) Progress(p job.Phase, done, total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if p != t.pace.phase || !t.open || now.Sub(t.drawn) < redraw && done != total {
		return
	}
	t.drawn = now
	fmt.Fprintf(t.w, "\r%s%s\x1b[K", t.head, t.pace.text(done, total, now))
}

func (t *terminal) Note(message string, attrs ...slog.Attr) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close()
	var b strings.Builder
	for _, a := range attrs {
		fmt.Fprintf(&b, "  %s: %s", a.Key, a.Value)
	}
	fmt.Fprintf(t.w, "note: %s%s\n", message, b.String())
}

func (t *terminal) end() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close()
}

// close ends the line that is alive.
func (t *terminal) close() {
	if t.open {
		fmt.Fprintf(t.w, "  (%v)\n", t.now().Sub(t.began).Round(time.Millisecond*100))
	}
	t.open = false
}
