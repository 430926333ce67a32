package main

import (
	"fmt"
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

A lease runs out by itself two minutes after its holder has died: break it only
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
			if !g.json { // before it is broken
				if _, err := fmt.Fprintln(c.OutOrStdout(), holding(h)); err != nil {
					return err
				}
			}
			a, words := newLeased(h), ""
			if yes && h.Holder != "" {
				if err = s.job.Unlock(c.Context(), h); err == nil {
					a.Broken, words = true, "The lease is broken. The next run finishes what this one has left."
				}
			}
			a.ending = ended(err)
			return g.conclude(c.OutOrStdout(), c.ErrOrStderr(), a, words, err)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "break the lease")
	return c
}

// leased is what `unlock --json` prints.
type leased struct {
	Holder     string      `json:"holder"` // "" if nobody holds the lease
	Since      *time.Time  `json:"since"`  // last sign of life; null if nobody holds it
	Until      *time.Time  `json:"until"`
	Expired    bool        `json:"expired"`
	Broken     bool        `json:"broken"`     // by this command
	Unfinished *unfinished `json:"unfinished"` // null if no run is
	ending
}

// unfinished is a run that has begun and that the next run will finish.
type unfinished struct {
	Run       string    `json:"run"`
	Date      string    `json:"date"`
	Phase     job.Phase `json:"phase"`
	LastError string    `json:"last_error"`
}

func newLeased(h job.Holding) leased {
	return leased{Holder: h.Holder, Since: moment(h.Since), Until: moment(h.Until), Expired: h.Expired, Unfinished: newUnfinished(h)}
}

// newUnfinished is nil if no run is.
func newUnfinished(h job.Holding) *unfinished {
	if !h.Unfinished {
		return nil
	}
	return &unfinished{Run: h.Run, Date: h.Date, Phase: h.Phase, LastError: h.LastError}
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
