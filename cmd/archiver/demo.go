package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"archiver/internal/demo"
	"archiver/internal/job"
)

// doomedVerb is what the demonstration starts this program with, to kill it.
const doomedVerb = "demo-run"

func demoCommand() *cobra.Command {
	var keep string
	c := &cobra.Command{
		Use:   "demo",
		Short: "Show everything on a simulated cluster, with nothing needed but this program",
		Long: `Archive two days of a simulated cluster into a folder, kill a run in the middle,
let the next one mend it, and open both archives by hand. It needs no
configuration, no cluster and no bucket, and takes a few seconds.

Everything lies in one temporary folder, keys that are worthless included, and
is removed at the end. With --keep it stays, and the printed gpg, tar and
sha256sum commands can be pasted into a shell.`,
		Example: `  archiver demo
  archiver demo --keep /tmp/archives`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if c.Flags().Changed("keep") && keep == "" {
				return usageError{errors.New("--keep: name a folder")}
			}
			return demonstrate(c.Context(), keep, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	c.Flags().StringVar(&keep, "keep", "", "leave everything in this folder, which must be absent or empty")
	return c
}

func demonstrate(ctx context.Context, keep string, stdout, stderr io.Writer) error {
	program, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program, to start it again: %w", err)
	}
	err = demo.Run(ctx, demo.Options{
		Keep: keep, Tool: tool(), Doomed: []string{program, doomedVerb},
		Out: stdout, Err: stderr, Pretty: isTerminal(stdout),
		Watch:   func() (job.Observer, func()) { return newWatch(stderr, normal, job.Steps()...) },
		Outcome: summary, Holding: holding,
	})
	if errors.Is(err, demo.ErrFolder) {
		return usageError{fmt.Errorf("--keep: %w", err)}
	}
	return err
}

// doomedCommand is hidden: only the demonstration has a use for it.
func doomedCommand() *cobra.Command {
	return &cobra.Command{
		Use:    doomedVerb,
		Short:  "The run that the demonstration kills",
		Hidden: true,
		Args:   noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			watch, done := newWatch(c.ErrOrStderr(), normal, job.Steps()...)
			defer done()
			return demo.Doomed(c.Context(), c.InOrStdin(), c.OutOrStdout(), watch)
		},
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}
