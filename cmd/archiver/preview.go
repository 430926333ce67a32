package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"archiver/internal/job"
)

// previewed is what `run --dry-run --json` prints.
type previewed struct {
	job.Preview
	Unfinished *unfinished `json:"unfinished"` // null if no run is
	ending
}

// preview tells what a run would do.
func preview(ctx context.Context, g *global, date string, stdout, stderr io.Writer) error {
	s, err := g.open(ctx, stderr)
	if err != nil {
		return err
	}
	defer s.close()
	day, err := s.day(date)
	if err != nil {
		return err
	}
	p, err := s.job.Preview(ctx, day)
	if err != nil {
		return err
	}
	a := previewed{Preview: p}
	if p.Unfinished != nil {
		a.Unfinished = newUnfinished(*p.Unfinished)
	}
	return g.print(stdout, a, previewText(p))
}

// previewText is a preview in words.
func previewText(p job.Preview) string {
	var b strings.Builder
	if u := p.Unfinished; u != nil {
		fmt.Fprintf(&b, "First, run %s of %s would be finished: it is at %s.\n", u.Run, u.Date, u.Phase)
		if u.LastError != "" {
			fmt.Fprintf(&b, "Its last error: %s\n", u.LastError)
		}
	}
	if p.Sealed != "" {
		fmt.Fprintf(&b, "%s of %s is sealed already, by run %s: nothing would be done about it.\n", p.Stream, p.Date, p.Sealed)
	} else {
		fmt.Fprintf(&b, "%s of %s would be archived:\n", p.Stream, p.Date)
		for _, x := range p.Indices {
			fmt.Fprintf(&b, "  %s: %s, %s, %s\n", x.Name, count(x.Documents, "document", "documents"), sizeText(x.Bytes), count(x.Shards, "primary shard", "primary shards"))
		}
		fmt.Fprintf(&b, "About %s; volumes: about %d.\n", sizeText(p.Bytes), p.Volumes)
		if p.Register {
			fmt.Fprintf(&b, "The snapshot repository %s would be registered.\n", p.Repository)
		}
	}
	fmt.Fprintf(&b, "The ledger's head is %v. Nothing was changed.", p.Head)
	return b.String()
}
