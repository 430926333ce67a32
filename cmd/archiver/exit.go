package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/job"
	"archiver/snapshot"
)

// Exit codes, and what a scheduler should do about them.
const (
	exitDone        = 0 // done, or done before
	exitFailed      = 1 // failed: retry
	exitUsage       = 2 // usage, configuration, or something for a person: tell someone
	exitNothing     = 3 // nothing to archive for the date: fine
	exitHeld        = 4 // another run holds the lease: fine
	exitInterrupted = 5 // interrupted: run again, it resumes
	exitIntegrity   = 6 // tampered, truncated, unsigned: tell someone at once, never retry
)

// usageError is a wrong command line or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// reportedError has been printed already, as part of a --json answer.
type reportedError struct{ error }

func (e *reportedError) Unwrap() error { return e.error }

// exitCode maps an error to the code that it ends the process with.
func exitCode(err error) int {
	for _, rule := range []struct {
		is   error
		code int
	}{
		{archive.ErrIntegrity, exitIntegrity},
		{job.ErrInterrupted, exitInterrupted},
		{job.ErrHeld, exitHeld},
		{job.ErrNothing, exitNothing},
		{archive.ErrNoArchive, exitNothing},
		{archive.ErrNoKey, exitUsage},
		{archive.ErrNotEmpty, exitUsage},
		{store.ErrCold, exitUsage},
		{job.ErrPerson, exitUsage},
		{archive.ErrForeign, exitUsage},
		{archive.ErrUnconditional, exitUsage},
		{archive.ErrMisfit, exitUsage},
		{archive.ErrMemory, exitUsage},
		{snapshot.ErrDisabled, exitUsage},
		{snapshot.ErrConfiguration, exitUsage},
		{store.ErrConfiguration, exitUsage},
	} {
		if errors.Is(err, rule.is) {
			return rule.code
		}
	}
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailed
}

// printError says what failed, and what to do about it.
func printError(w io.Writer, err error) {
	fmt.Fprintf(w, "archiver: %v\n", err)
	if h := hint(err); h != "" {
		fmt.Fprintf(w, "  what to do: %s\n", h)
	}
}

// hint is the remedy that stands nearest to the surface of an error.
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return strings.TrimSpace(h.Hint())
	}
	return ""
}
