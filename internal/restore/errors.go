package restore

import (
	"context"
	"fmt"
	"strings"
	"time"

	"archiver/archive"
	"archiver/internal/job"
)

// HeldError tells that another restore is at work on the same indices. It is a
// job.ErrHeld.
type HeldError struct {
	ID      string
	Kind    Kind
	Holder  string
	Indices []string
	Until   time.Time // when it counts as dead
}

func (e *HeldError) Error() string {
	return fmt.Sprintf("%s %s is bringing back %s: %s holds its lease until %s",
		e.Kind, e.ID, strings.Join(e.Indices, ", "), e.Holder, e.Until.UTC().Format(time.RFC3339))
}

func (e *HeldError) Unwrap() error { return job.ErrHeld }

// Hint says what to do about it.
func (e *HeldError) Hint() string {
	return "nothing, if it is at work; if it has died, run again after that time: what it has left is removed first"
}

// MismatchError lists what came back otherwise than it was recorded. It is an
// archive.ErrIntegrity.
type MismatchError struct {
	Date       string
	Mismatches []string
	kept       bool
}

func (e *MismatchError) Error() string {
	const shown = 5
	text := strings.Join(e.Mismatches[:min(shown, len(e.Mismatches))], "; ")
	if more := len(e.Mismatches) - shown; more > 0 {
		text += fmt.Sprintf("; and %d more", more)
	}
	return fmt.Sprintf("%v: what came back of %s is not what was recorded: %s", archive.ErrIntegrity, e.Date, text)
}

func (e *MismatchError) Unwrap() error { return archive.ErrIntegrity }

// Hint says what to do about it.
func (e *MismatchError) Hint() string {
	hint := "every file of the archive was verified, so either the record was wrong when it was made or the cluster reads the files otherwise: try another cluster of the recorded version"
	if e.kept {
		hint += "; the indices were kept, do not rely on them"
	}
	return hint
}

// because is job.Because for a restore.
func because(ctx context.Context, err error) error {
	return job.Because(ctx, err, "run again: it begins anew")
}
