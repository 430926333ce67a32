package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"archiver/internal/job"
)

// newWatch shows progress on a terminal, and one structured line per phase
// anywhere else.
func newWatch(w io.Writer) (watch job.Observer, done func()) {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		t := &terminal{w: w, now: time.Now}
		return t, t.end
	}
	return &lines{log: slog.New(slog.NewTextHandler(w, nil)), now: time.Now}, func() {}
}

// lines is an observer for logs.
type lines struct {
	log *slog.Logger
	now func() time.Time
}

func (l *lines) Phase(date string, p job.Phase) { l.log.Info(string(p), "date", date) }

func (l *lines) Progress(job.Phase, int64, int64) {}

func (l *lines) Note(message string, attrs ...slog.Attr) {
	args := make([]any, len(attrs))
	for i, a := range attrs {
		args[i] = a
	}
	l.log.Warn(message, args...)
}

// redraw is how often a terminal's line is drawn anew.
const redraw = 200 * time.Millisecond

// terminal is an observer for a person: a line a phase, the last one alive.
type terminal struct {
	w   io.Writer
	now func() time.Time

	mu    sync.Mutex
	phase job.Phase
	began time.Time
	drawn time.Time
	open  bool // the last line has not ended yet
}

func (t *terminal) Phase(date string, p job.Phase) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.close()
	if p == job.PhaseDone {
		return
	}
	t.phase, t.began, t.drawn, t.open = p, t.now(), time.Time{}, true
	fmt.Fprintf(t.w, "%s  %-9s", date, p)
}

func (t *terminal) Progress(p job.Phase, done, total int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	if p != t.phase || !t.open || now.Sub(t.drawn) < redraw && done != total {
		return
	}
	t.drawn = now
	text := sizeText(done)
	if total > 0 {
		text = fmt.Sprintf("%3d%%  %s of %s", 100*done/total, sizeText(done), sizeText(total))
	}
	if spent := now.Sub(t.began).Seconds(); spent > 1 {
		text += fmt.Sprintf("  %s/s", sizeText(int64(float64(done)/spent)))
		if left := total - done; left > 0 && done > 0 {
			text += "  " + time.Duration(float64(left)/float64(done)*spent*float64(time.Second)).Round(time.Second).String() + " left"
		}
	}
	// Column 24 is behind date and phase; the rest of the line is wiped.
	fmt.Fprintf(t.w, "\r\x1b[23C%s\x1b[K", text)
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

// sizeText prints bytes in binary units.
func sizeText(n int64) string {
	const units = "KMGTPE"
	if n < 1024 {
		return fmt.Sprintf("%d B", n)
	}
	v, u := float64(n)/1024, 0
	for v >= 1024 && u < len(units)-1 {
		v, u = v/1024, u+1
	}
	return fmt.Sprintf("%.1f %ciB", v, units[u])
}
