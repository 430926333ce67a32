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
	exitNothing     = 3 // no index for the date, or no archive of it: fine
	exitHeld        = 4 // another run holds the lease: fine
	exitInterrupted = 5 // interrupted: run again, it resumes
	exitIntegrity   = 6 // tampered, truncated, unsigned: tell someone at once, never retry
)

// usageError is a wrong command line or configuration.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

// reportedError has been printed already, with the answer.
type reportedError struct{ error }

func (e *reportedError) Unwrap() error { return e.error }

// exitRule is a sentinel and the code that it ends the process with.
type exitRule struct {
	is   error
	code int
}

// exitRules are asked in this order: an integrity violation is one whatever
// else an error is.
func exitRules() []exitRule {
	return []exitRule{
		{archive.ErrIntegrity, exitIntegrity},
		{job.ErrInterrupted, exitInterrupted},
		{job.ErrHeld, exitHeld},
		{job.ErrNothing, exitNothing},
		{archive.ErrNoArchive, exitNothing},
		{errEmptyLedger, exitUsage},
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
	}
}

// exitCode maps an error to the code that it ends the process with.
func exitCode(err error) int {
	for _, rule := range exitRules() {
		if errors.Is(err, rule.is) {
			return rule.code
		}
	}
	if errors.As(err, new(usageError)) {
		return exitUsage
	}
	return exitFailed
}

// printError says what failed, what to do about it, and where to read more.
func printError(w io.Writer, err error) {
	fmt.Fprintf(w, "archiver: %v\n", err)
	if h := hint(err); h != "" {
		fmt.Fprintf(w, "  what to do: %s\n", h)
	}
	if s := see(err); s != "" {
		fmt.Fprintf(w, "  more: %s\n", s)
	}
}

// hint is the remedy that stands nearest to the surface of an error. An error
// that may have one and has none leaves it to those behind it.
func hint(err error) string {
	if h, ok := err.(interface{ Hint() string }); ok {
		if text := strings.TrimSpace(h.Hint()); text != "" {
			return text
		}
	}
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		return hint(u.Unwrap())
	case interface{ Unwrap() []error }:
		for _, e := range u.Unwrap() {
			if text := hint(e); text != "" {
				return text
			}
		}
	}
	return ""
}
