package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"archiver/archive"
	"archiver/internal/job"
	"archiver/internal/restore"
)

func cleanCommand(g *global) *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "clean",
		Short: "Show what runs and restores that died have left behind, and remove it with --yes",
		Long: `Show volumes, unfinished uploads and papers that no ledger entry and no live or
planned run refers to, and the repositories, files and scratch indices of restores
and drills whose lease has run out. With --yes they are removed. What is referred to
is never touched.

Removing volumes needs the right to delete in the archive bucket, which the
archiving role should not have: run it under an operator's role.`,
		Example: `  archiver clean          # shows
  archiver clean --yes    # removes`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			s, err := g.open(c.Context(), c.ErrOrStderr())
			if err != nil {
				return err
			}
			defer s.close()
			found, err := s.job.Orphans(c.Context(), yes)
			if err != nil {
				return err
			}
			restores, restoresErr := s.cleanRestores(c.Context(), yes)
			return g.conclude(c.OutOrStdout(), c.ErrOrStderr(), newCleaned(found, restores, yes, restoresErr), leftBehind(found, restores, yes), restoresErr)
		},
	}
	c.Flags().BoolVar(&yes, "yes", false, "remove what is shown")
	return c
}

// cleaned is what `clean --json` prints.
type cleaned struct {
	Runs     []orphan   `json:"runs"`
	Restores []leftover `json:"restores"`
	ending
}

// orphan is an object that a run has left.
type orphan struct {
	Where   string    `json:"where"` // URL of the store
	Key     string    `json:"key"`
	Kind    string    `json:"kind"`  // volume, upload or papers
	Bytes   int64     `json:"bytes"` // 0 of an upload: it is not known
	Time    time.Time `json:"time"`
	Removed bool      `json:"removed"`
}

// leftover is what a restore or a drill has left.
type leftover struct {
	restore.Leftover
	Indices []string   `json:"indices"`
	Until   *time.Time `json:"until"` // null without a claim
}

func newCleaned(runs []job.Orphan, restores []restore.Leftover, removed bool, err error) cleaned {
	c := cleaned{Runs: []orphan{}, Restores: []leftover{}, ending: ended(err)}
	for _, o := range runs {
		c.Runs = append(c.Runs, orphan{Where: o.Where, Key: o.Key, Kind: o.Kind, Bytes: o.Bytes, Time: archive.Seconds(o.Time), Removed: removed})
	}
	for _, x := range restores {
		c.Restores = append(c.Restores, leftover{Leftover: x, Indices: list(x.Indices), Until: moment(x.Until)})
	}
	return c
}

// leftBehind is both lists in words.
func leftBehind(runs []job.Orphan, restores []restore.Leftover, removed bool) string {
	text := strings.TrimSuffix(leftovers(restores, removed), "\n")
	if text == "" || len(runs) > 0 {
		text = strings.TrimPrefix(text+"\n"+orphans(runs, removed), "\n")
	}
	return text
}

// orphans is a list of orphans in words.
func orphans(found []job.Orphan, removed bool) string {
	if len(found) == 0 {
		return "Nothing is left behind."
	}
	var b strings.Builder
	var bytes int64
	for _, o := range found {
		bytes += o.Bytes
		fmt.Fprintf(&b, "%s  %-7s  %10s  %s/%s\n", o.Time.UTC().Format(time.RFC3339), o.Kind, sizeText(o.Bytes), strings.TrimSuffix(o.Where, "/"), o.Key)
	}
	verb := "Nothing was removed; --yes removes"
	if removed {
		verb = "Removed"
	}
	fmt.Fprintf(&b, "%s %s, %s.", verb, count(len(found), "object", "objects"), sizeText(bytes))
	return b.String()
}
