package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"archiver/archive"
	"archiver/internal/config"
	"archiver/internal/job"
)

// phaseExtract is what a watch shows.
const phaseExtract job.Phase = "extract"

func extractCommand(g *global) *cobra.Command {
	var date, output, head string
	c := &cobra.Command{
		Use:   "extract",
		Short: "Open one day's archive into a folder",
		Long: `Open one day's archive into a new or empty folder: its snapshot repository and
its papers. The volumes stream through hash, decryption and tar; nothing lies in
the folder under its own name before all of it was checked. What is extracted is
plain text.

It needs a private key of a recipient (opening.keys).`,
		Example: `  archiver extract --date 2026-11-20 --output /srv/opened`,
		Args:    noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if date == "" || output == "" {
				return usageError{errors.New("extract wants --date and --output, a new folder: `archiver list` shows what days there are")}
			}
			r, err := g.openReader(c.Context(), c.ErrOrStderr(), config.NeedOpening)
			if err != nil {
				return err
			}
			x, err := r.extract(c.Context(), c.ErrOrStderr(), date, head, output)
			if err != nil {
				return err
			}
			return g.print(c.OutOrStdout(), x,
				fmt.Sprintf("%s of %s is in %s: %d files of its repository, %s; all of it was checked", x.Stream, x.Date, output, x.Objects, sizeText(x.Bytes)))
		},
	}
	c.Flags().StringVar(&date, "date", "", "the day, as YYYY-MM-DD")
	c.Flags().StringVar(&output, "output", "", "the folder to extract into: new or empty")
	c.Flags().StringVar(&head, "head", "", "head of the ledger that is known from elsewhere, as 000007:SHA256")
	return c
}

// extracted is what `extract --json` prints.
type extracted struct {
	Stream  string       `json:"stream"`
	Head    archive.Head `json:"head"`
	Date    string       `json:"date"`
	Run     string       `json:"run"`
	Output  string       `json:"output"`
	Objects int          `json:"objects"`
	Bytes   int64        `json:"bytes"` // of the objects
	ending
}

func (r *reader) extract(ctx context.Context, stderr io.Writer, date, head, output string) (*extracted, error) {
	chain, err := r.chain(ctx, head)
	if err != nil {
		return nil, err
	}
	e, err := sealed(chain, date)
	if err != nil {
		return nil, err
	}
	folder, err := archive.FolderSink(output)
	if errors.Is(err, archive.ErrNotEmpty) {
		err = fmt.Errorf("--output: %w: name one that is new or empty", err)
	}
	if err != nil {
		return nil, err
	}
	watch, done := newWatch(stderr, r.level)
	defer done()
	watch.Phase(e.Archive.Date, phaseExtract)
	u := &archive.Unpacker{
		Store: r.store, Entry: e, Opener: r.opener, Trust: r.trust, Budget: r.budget,
		Progress: job.Adder(watch, phaseExtract, ciphertextBytes(e)),
	}
	if _, err := u.Unpack(ctx, folder); err != nil {
		return nil, errors.Join(err, folder.Discard())
	}
	a := e.Archive
	x := &extracted{Stream: e.Stream, Head: chain.Head(), Date: a.Date, Run: a.Run, Output: output, Objects: a.Objects, Bytes: a.Bytes}
	return x, folder.Release()
}

func ciphertextBytes(all ...*archive.Entry) (sum int64) {
	for _, e := range all {
		for _, v := range e.Archive.Volumes {
			sum += v.Bytes
		}
	}
	return sum
}
