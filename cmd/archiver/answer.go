package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"archiver/archive"
)

// ending is how every answer in JSON ends, whatever the verb: docs/json.md.
type ending struct {
	Error    string `json:"error,omitempty"` // absent if all went well
	Hint     string `json:"hint,omitempty"`  // what to do about it
	See      string `json:"see,omitempty"`   // where to read more
	ExitCode int    `json:"exit_code"`
}

// ended is the ending of a verb that an error has ended, or none.
func ended(err error) ending {
	if err == nil {
		return ending{}
	}
	return ending{Error: err.Error(), Hint: hint(err), See: see(err), ExitCode: exitCode(err)}
}

// print answers in JSON or in words, as asked.
func (g *global) print(w io.Writer, v any, words string) error {
	if g.json {
		return printJSON(w, v)
	}
	if words == "" {
		return nil
	}
	_, err := fmt.Fprintln(w, words)
	return err
}

func printJSON(w io.Writer, v any) error {
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}

// conclude prints what a verb found, whose JSON holds the ending of err, and
// passes err on.
func (g *global) conclude(stdout, stderr io.Writer, v any, words string, err error) error {
	if printErr := g.print(stdout, v, words); printErr != nil {
		return errors.Join(err, printErr)
	}
	if err == nil || !g.json {
		return err
	}
	printError(stderr, err)
	return &reportedError{err}
}

// moment is a time as answers have it; nil is none.
func moment(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	t = archive.Seconds(t)
	return &t
}

// list is all, also where there is nothing: [] in JSON, not null.
func list[T any](all []T) []T { return append([]T{}, all...) }
