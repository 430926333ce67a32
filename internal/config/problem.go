package config

import (
	"fmt"
	"strings"
)

// Problem is one thing that is wrong with the configuration.
type Problem struct {
	Key    string // path, such as archive.volume_size; "" if it is no single key's
	Origin Origin // "" if nobody gave a value
	What   string // is wrong; never holds a secret
	Remedy string // what to do about it; may be ""

	cause error // of a file that cannot be read
}

// Unwrap is the error behind the problem, if there is one.
func (p Problem) Unwrap() error { return p.cause }

func (p Problem) Error() string {
	var b strings.Builder
	b.WriteString(p.Key)
	if p.Origin != "" && p.Key != "" {
		fmt.Fprintf(&b, " (%s)", p.Origin)
	} else {
		b.WriteString(string(p.Origin))
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(p.What)
	if p.Remedy != "" {
		b.WriteString(": " + p.Remedy)
	}
	return b.String()
}

// Problems is all that is wrong, as one error: people want to mend a
// configuration once, not once for every mistake.
type Problems []Problem

func (p Problems) Error() string {
	if len(p) == 1 {
		return "configuration: " + p[0].Error()
	}
	var b strings.Builder
	fmt.Fprintf(&b, "configuration: %d problems", len(p))
	for _, x := range p {
		b.WriteString("\n  " + x.Error())
	}
	return b.String()
}

// Unwrap lets errors.Is find what is behind a problem.
func (p Problems) Unwrap() []error {
	out := make([]error, len(p))
	for i := range p {
		out[i] = p[i]
	}
	return out
}

// err is p as an error, nil if nothing is wrong.
func (p Problems) err() error {
	if len(p) == 0 {
		return nil
	}
	return p
}

// Warning is something odd that stops nothing.
type Warning string
