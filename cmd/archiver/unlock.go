package main

import (
	"encoding/json"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"archiver/internal/job"
)

func unlockCommand(g *global) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "unlock",
		Short: "Show who holds the lease, and break it with --yes",
		Long: `Show who holds the lease on this stream, since when, at which phase and until
when. With --yes the lease is broken, so that the next run need not wait for it
to run out. A holder that still lives notices, and stops.

A lease runs out by itself some minutes after its holder has died: break it only
if you know that it has, and cannot wait.`,
		Example: `  archiver unlock
  archiver unlock --yes`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := g.open(c.Context(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			defer s.close()
			h, err := s.job.Holding(c.Context())
			if err != nil {
				return err
			}
			if err := g.print(c.OutOrStdout(), h, holding(h)); err != nil || !yes || h.Holder == "" {
				return err
			}
			if err := s.job.Unlock(c.Context(), h); err != nil {
				return err
			}
			if !g.json {
				fmt.Fprintln(c.OutOrStdout(), "The lease is broken. The next run finishes what this one has left.")
			}
			return nil
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "break the lease")
	return c
}

// holding is a lease in words.
func holding(h job.Holding) string {
	unfinished := "No run is unfinished."
	if h.Unfinished {
		unfinished = fmt.Sprintf("Run %s of %s is unfinished, at %s.", h.Run, h.Date, h.Phase)
		if h.LastError != "" {
			unfinished += " Its last error: " + h.LastError
		}
	}
	if h.Holder == "" {
		return "Nobody holds the lease. " + unfinished
	}
	state := "until " + h.Until.UTC().Format(time.RFC3339)
	if h.Expired {
		state = "expired since " + h.Until.UTC().Format(time.RFC3339)
	}
	return fmt.Sprintf("%s holds the lease, last seen %s, %s. %s", h.Holder, h.Since.UTC().Format(time.RFC3339), state, unfinished)
}

// print answers in JSON or in words, as asked.
func (g *global) print(w io.Writer, v any, words string) error {
	if !g.json {
		_, err := fmt.Fprintln(w, words)
		return err
	}
	text, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "%s\n", text)
	return err
}
