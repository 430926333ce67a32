package main

import (
	"fmt"
	"io"
	"log/slog"
	"os"

	"golang.org/x/term"

	"archiver/internal/job"
)

// loudness is how much is told on the way. What a command was asked for, and
// errors, are told at any.
type loudness int

const (
	normal  loudness = iota
	quiet            // neither progress nor phases, only notes of what is wrong
	verbose          // also how far a long step is, often, in logs
)

// newWatch shows progress on a terminal, and structured lines anywhere else. way
// are the steps that there will be, if there is more than one.
func newWatch(w io.Writer, l loudness, way ...job.Phase) (watch job.Observer, done func()) {
	if l != quiet && drawable(w) {
		t := newTerminal(w, way)
		return t, t.end
	}
	return newLines(w, l), func() {}
}

// drawable tells a terminal that can move its cursor.
func drawable(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd())) && os.Getenv("TERM") != "dumb"
}

// arguments are attributes as slog's methods take them.
func arguments(attrs []slog.Attr) []any {
	args := make([]any, len(attrs))
	for i, a := range attrs {
		args[i] = a
	}
	return args
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
