package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"archiver/internal/job"
)

func runCommand(g *global) *cobra.Command {
	var (
		date   string
		dryRun bool
	)
	c := &cobra.Command{
		Use:   "run",
		Short: "Archive one day",
		Long: `Archive one day: snapshot its indices into staging, seal them as an encrypted,
signed archive, and empty staging. Without --date it is yesterday, in the
configured time zone.

It is safe to repeat. A date that is sealed says so and exits 0. What an earlier
run has left unfinished is finished first, whatever its date.

With --dry-run nothing is changed: it tells what would be archived, or finished,
or why it could not be, with the exit code that the run would have had.`,
		Example: `  archiver run
  archiver run --date 2026-11-20
  archiver run --date 2026-11-20 --dry-run
  archiver run --date 2026-11-20 --json --set archive.volume_size=1GiB`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("date") && date == "" {
				return usageError{errors.New("--date is empty: write YYYY-MM-DD, or leave the flag out")}
			}
			if dryRun {
				return preview(c.Context(), g, date, c.OutOrStdout(), c.ErrOrStderr())
			}
			return run(c.Context(), g, date, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&date, "date", "", "the day to archive, as YYYY-MM-DD (default: yesterday)")
	c.Flags().BoolVarP(&dryRun, "dry-run", "n", false, "tell what would be done, and change nothing")
	return c
}

// archived is what `run --json` prints.
type archived struct {
	Outcomes []job.Outcome `json:"outcomes"`
	ending
}

func run(ctx context.Context, g *global, date string, stdout, stderr io.Writer) error {
	outcomes, err := archiveDay(ctx, g, date, stderr)
	var words []string
	for _, o := range outcomes {
		words = append(words, summary(o))
	}
	return g.conclude(stdout, stderr, archived{list(outcomes), ended(err)}, strings.Join(words, "\n"), err)
}

func archiveDay(ctx context.Context, g *global, date string, stderr io.Writer) ([]job.Outcome, error) {
	s, err := g.open(ctx, stderr)
	if err != nil {
		return nil, err
	}
	defer s.close()
	day, err := s.day(date)
	if err != nil {
		return nil, err
	}
	return s.job.Run(ctx, day)
}

// summary is one outcome in words.
func summary(o job.Outcome) string {
	var b strings.Builder
	switch o.Status {
	case job.Already:
		fmt.Fprintf(&b, "%s of %s is sealed already: ", o.Stream, o.Date)
	default:
		fmt.Fprintf(&b, "%s of %s is sealed: ", o.Stream, o.Date)
	}
	fmt.Fprintf(&b, "%s; ", strings.Join(o.Indices, ", "))
	if o.Documents != nil {
		fmt.Fprintf(&b, "%s, ", count(*o.Documents, "document", "documents"))
	}
	fmt.Fprintf(&b, "%s, %s in %s of %s; ledger head %v", count(o.Objects, "file", "files"), sizeText(o.Bytes),
		count(o.Volumes, "volume", "volumes"), sizeText(o.Ciphertext), o.Head)
	if o.Resumed {
		b.WriteString(" (finished what an earlier run began)")
	}
	return b.String()
}
