package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"archiver/archive"
	"archiver/internal/config"
	"archiver/internal/restore"
	"archiver/snapshot"
)

func showCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "show DATE",
		Short: "Show what is known of one day's archive",
		Long: `Show all that the ledger tells of one day: its archive with indices, volumes,
keys, retention and the versions of clusters that can read it, the runs that were
abandoned or withdrawn, and the drills that were recorded. No volume is looked at or
thawed.`,
		Example:           `  archiver show 2026-11-20`,
		ValidArgsFunction: cobra.NoFileCompletions,
		Args: func(c *cobra.Command, args []string) error {
			if len(args) != 1 {
				return usageError{fmt.Errorf("show wants one day, as in %s 2026-11-20: it was given %d", c.CommandPath(), len(args))}
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			d, err := config.ParseDate(args[0])
			if err != nil {
				return usageError{err}
			}
			r, err := g.openReader(c.Context(), c.ErrOrStderr(), 0)
			if err != nil {
				return err
			}
			chain, err := r.chain(c.Context(), "")
			if err != nil {
				return err
			}
			day := newShown(chain, d.String())
			if len(day.Archives)+len(day.Ended) == 0 {
				_, err := sealed(chain, d.String())
				return err
			}
			return g.print(c.OutOrStdout(), day, day.words())
		},
	}
}

// shown is all that a ledger tells of a day.
type shown struct {
	Stream   string          `json:"stream"`
	Head     archive.Head    `json:"head"`
	Date     string          `json:"date"`
	Archives []shownArchive  `json:"archives"` // in the order in which they were sealed
	Ended    []archive.Entry `json:"ended"`    // abandoned and withdrawn
	Drills   []archive.Entry `json:"drills"`
	ending
}

type shownArchive struct {
	Stands bool          `json:"stands"` // else it was withdrawn, or sealed again
	Head   archive.Head  `json:"head"`   // of the ledger, when it was sealed
	Entry  archive.Entry `json:"entry"`
}

func newShown(c *archive.Chain, date string) shown {
	s := shown{Stream: c.Stream, Head: c.Head(), Date: date, Archives: []shownArchive{}, Ended: []archive.Entry{}, Drills: []archive.Entry{}}
	now, _ := c.Sealed(date)
	for i := range c.Entries {
		e := c.Entries[i]
		switch {
		case e.Archive != nil && e.Archive.Date == date:
			s.Archives = append(s.Archives, shownArchive{Stands: now != nil && now.Sequence == e.Sequence, Head: c.HeadAt(e.Sequence), Entry: e})
		case e.Abandoned != nil && e.Abandoned.Date == date, e.Withdrawn != nil && e.Withdrawn.Date == date:
			s.Ended = append(s.Ended, e)
		case e.Drill != nil && e.Drill.Date == date:
			s.Drills = append(s.Drills, e)
		}
	}
	return s
}

func (s shown) words() string {
	var b strings.Builder
	for _, a := range s.Archives {
		a.write(&b)
	}
	for _, e := range s.Ended {
		end := e.Abandoned
		if end == nil {
			end = e.Withdrawn
		}
		fmt.Fprintf(&b, "run %s was %s at %s: %s\n", end.Run, e.Type, e.Time.Format(time.RFC3339), end.Reason)
	}
	for _, e := range s.Drills {
		verdict := "came back whole"
		if !e.Drill.Passed {
			verdict = "did not come back as it was: " + e.Drill.Reason
		}
		fmt.Fprintf(&b, "drilled at %s: run %s %s, within %v, into %s %s\n", e.Time.Format(time.RFC3339), e.Drill.Run, verdict,
			time.Duration(e.Drill.Seconds)*time.Second, e.Drill.Cluster.Distribution, e.Drill.Cluster.Version)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

func (a shownArchive) write(b *strings.Builder) {
	s := a.Entry.Archive
	standing := ""
	if !a.Stands {
		standing = ", which does not stand any more"
	}
	fmt.Fprintf(b, "%s of %s, run %s%s\n", a.Entry.Stream, s.Date, s.Run, standing)
	line := func(name, format string, args ...any) {
		fmt.Fprintf(b, "  %-11s %s\n", name, fmt.Sprintf(format, args...))
	}
	line("sealed", "%s by %s; ledger head %s", a.Entry.Time.Format(time.RFC3339), a.Entry.Tool, a.Head)
	line("cluster", "%s (%s %s, %s)", s.Cluster.Name, s.Cluster.Distribution, s.Cluster.Version, s.Cluster.UUID)
	line("readable by", "%s", snapshot.Readers(restore.OriginOf(s, func(string) bool { return true })))
	line("snapshot", "%s (%s)", s.Snapshot.Name, s.Snapshot.UUID)
	for _, i := range s.Snapshot.Indices {
		docs := orUnknown(i.Documents) + " documents"
		if i.Documents == nil {
			docs += " (" + i.DocumentsReason + ")"
		}
		line("index", "%s: %s, %s, %s", i.Name, docs, count(i.Shards, "primary shard", "primary shards"), sizeText(i.Bytes))
	}
	line("files", "%d, %s", s.Objects, sizeText(s.Bytes))
	for _, v := range s.Volumes {
		line("volume", "%05d: %s, %d files, SHA-256 %s, %s", v.Number, sizeText(v.Bytes), v.Objects, v.SHA256, v.Key)
	}
	line("recipients", "%s", strings.Join(s.Recipients, ", "))
	line("signer", "%s", s.Signer)
	if !s.Retention.Enforced() {
		line("retention", "to be kept until %s; not enforced", s.Retention.Until.Format(time.RFC3339))
		return
	}
	line("retention", "%s until %s", s.Retention.Mode, s.Retention.Until.Format(time.RFC3339))
}
