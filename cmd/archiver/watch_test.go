package main

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"archiver/internal/job"
	"archiver/internal/restore"
)

// clock is a time that a test moves.
type clock struct{ at time.Time }

func (c *clock) now() time.Time           { return c.at }
func (c *clock) advance(by time.Duration) { c.at = c.at.Add(by) }

func TestTerminalTellsStepPartRateAndTimeLeft(t *testing.T) {
	var out bytes.Buffer
	c := &clock{time.Unix(1_800_000_000, 0)}
	w := newTerminal(&out, job.Steps())
	w.now = c.now
	w.Phase("2026-11-20", job.PhasePack)
	w.Progress(job.PhasePack, 1<<30, 4<<30) // a resumed run: this was packed before
	c.advance(10 * time.Second)
	out.Reset()
	w.Progress(job.PhasePack, 2<<30, 4<<30)
	for _, want := range []string{"2026-11-20  7/10", "pack", " 50%", "2.0 GiB of 4.0 GiB", "102.4 MiB/s", "20s left"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q does not tell %q", out.String(), want)
		}
	}
	out.Reset()
	w.Phase("2026-11-20", job.PhaseDone)
	if got := out.String(); got != "  (10s)\n" {
		t.Errorf("the end of a step is %q", got)
	}
}

func TestLogsAreALineAPhaseAndALineAMinute(t *testing.T) {
	for _, c := range []struct {
		level loudness
		want  int
	}{{quiet, 0}, {normal, 1 + 3}, {verbose, 1 + 36}} {
		var out bytes.Buffer
		at := &clock{time.Unix(1_800_000_000, 0)}
		w := newLines(&out, c.level)
		w.now = at.now
		w.Phase("2026-11-20", job.PhasePack)
		for done := range int64(180) {
			at.advance(time.Second)
			w.Progress(job.PhasePack, done<<20, 180<<20)
		}
		if got := strings.Count(out.String(), "\n"); got != c.want {
			t.Errorf("loudness %d: %d lines, want %d\n%s", c.level, got, c.want, out.String())
		}
		if c.level == normal && !strings.Contains(out.String(), "seconds_left=") {
			t.Errorf("no time left: %s", out.String())
		}
	}
}

func TestTerminalCountsTheStepsOfItsOwnVerb(t *testing.T) {
	for _, c := range []struct {
		way  []job.Phase
		want string
	}{{job.Steps(), "10/10 clean"}, {restore.Steps(), "6/6   clean"}, {nil, "2026-11-20        clean"}} {
		var out bytes.Buffer
		w := newTerminal(&out, c.way)
		w.Phase("2026-11-20", restore.PhaseClean)
		if !strings.Contains(out.String(), c.want) {
			t.Errorf("%q does not tell %q", out.String(), c.want)
		}
	}
}
