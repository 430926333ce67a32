package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"archiver/archive"
)

func listCommand(g *global) *cobra.Command {
	var s selection
	c := &cobra.Command{
		Use:   "list",
		Short: "List the archives of the stream",
		Long: `List the archives that stand, from the ledger alone: no volume is looked at or
thawed. The ledger is believed first: its signatures, its form and its chain.`,
		Example: `  archiver list
  archiver list --from 2026-11-01 --to 2026-11-30
  archiver list --index 'logdata-b-*' --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			r, err := g.openReader(c.Context(), c.ErrOrStderr(), 0)
			if err != nil {
				return err
			}
			chain, err := r.chain(c.Context(), "")
			if err != nil {
				return err
			}
			all := listed{Stream: chain.Stream, Head: chain.Head(), Archives: []row{}}
			for _, e := range s.of(chain) {
				all.Archives = append(all.Archives, newRow(chain, e))
			}
			words := table(all.Archives)
			if len(all.Archives) == 0 {
				words = r.nothing(chain)
			}
			return g.print(c.OutOrStdout(), all, words)
		},
	}
	s.flags(c)
	c.Flags().StringVar(&s.index, "index", "", "only archives that hold an index of this name; * and ? may stand in it")
	return c
}

// nothing says what a ledger is like that holds none of what was asked for: an
// empty one is, more often than not, another one than was meant.
func (r *reader) nothing(c *archive.Chain) string {
	if len(c.Entries) == 0 {
		return fmt.Sprintf("The ledger of %s in %s is empty: nothing has been archived there. If it should not be, correct archive.url or stream.", c.Stream, r.store.URL())
	}
	return fmt.Sprintf("The ledger of %s in %s holds no such archive.", c.Stream, r.store.URL())
}

// flags are those that choose days.
func (s *selection) flags(c *cobra.Command) {
	c.Flags().StringVar(&s.from, "from", "", "the first day, as YYYY-MM-DD (default: the first in the ledger)")
	c.Flags().StringVar(&s.to, "to", "", "the last day, as YYYY-MM-DD (default: the last in the ledger)")
}

// listed is what `list --json` prints.
type listed struct {
	Stream   string       `json:"stream"`
	Head     archive.Head `json:"head"`
	Archives []row        `json:"archives"`
	ending
}

// row is one archive in a list.
type row struct {
	Date      string       `json:"date"`
	Documents *int64       `json:"documents"` // null if the cluster could not be asked
	Objects   int          `json:"objects"`
	Bytes     int64        `json:"bytes"` // of the objects
	Volumes   int          `json:"volumes"`
	Run       string       `json:"run"`
	Sealed    time.Time    `json:"sealed"`
	Head      archive.Head `json:"head"` // of the ledger, when it was sealed
}

func newRow(c *archive.Chain, e *archive.Entry) row {
	s := e.Archive
	return row{
		Date: s.Date, Documents: documents(s), Objects: s.Objects, Bytes: s.Bytes, Volumes: len(s.Volumes),
		Run: s.Run, Sealed: e.Time, Head: c.HeadAt(e.Sequence),
	}
}

// table is a list in words.
func table(rows []row) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "DATE\tDOCUMENTS\tFILES\tSIZE\tVOLUMES\tRUN\tSEALED\tHEAD")
	for _, r := range rows {
		fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%s\t%s\t%s\n", r.Date, orUnknown(r.Documents), r.Objects, sizeText(r.Bytes), r.Volumes, r.Run,
			r.Sealed.Format(time.RFC3339), r.Head)
	}
	_ = w.Flush() // a strings.Builder takes everything
	return strings.TrimSuffix(b.String(), "\n")
}

func orUnknown(n *int64) string {
	if n == nil {
		return "unknown"
	}
	return fmt.Sprint(*n)
}
