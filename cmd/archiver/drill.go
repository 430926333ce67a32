package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"archiver/archive"
	"archiver/internal/lease"
	"archiver/internal/restore"
)

// drilling is what `drill` is asked to do.
type drilling struct {
	date           string
	random, latest bool
	output, head   string
	record         bool
}

func drillCommand(g *global) *cobra.Command {
	var d drilling
	c := &cobra.Command{
		Use:   "drill",
		Short: "Prove that a day can be brought back: restore it, compare it, remove it again",
		Long: `Restore one day into scratch indices without replicas, compare document counts
and sampled documents with what was recorded when the day was archived, and remove
everything again, also after a failure or an interrupt. Each phase is timed: their
sum is the time that a recovery takes.

Exit code 6 says that what came back is not what was archived; 2, without --date,
that the ledger is empty: it is another one than was meant, or the stream's first
day is still to come.

With --output the result is written as JSON, signed in clear if a signing key is
configured; gpgv verifies it. With --record the ledger gets a signed entry about it,
which needs all that a run needs: the signing key, and the lease on the stream.

It needs a private key of a recipient (opening.keys): run it where archives are
read, not where they are made.`,
		Example: `  archiver drill --random --output drill.json.asc
  archiver drill --date 2026-11-20 --json`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if err := d.check(); err != nil {
				return err
			}
			return d.run(c.Context(), g, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	f := c.Flags()
	f.StringVar(&d.date, "date", "", "the day, as YYYY-MM-DD")
	f.BoolVar(&d.random, "random", false, "any sealed day, each as likely as the other")
	f.BoolVar(&d.latest, "latest", false, "the latest sealed day (default)")
	f.StringVar(&d.output, "output", "", "file to write the result into; it must not exist")
	f.BoolVar(&d.record, "record", false, "append a signed entry about the drill to the ledger")
	f.StringVar(&d.head, "head", "", "head of the ledger that is known from elsewhere, as 000007:SHA256")
	return c
}

func (d *drilling) check() error {
	chosen := 0
	for _, is := range []bool{d.date != "", d.random, d.latest} {
		if is {
			chosen++
		}
	}
	if chosen > 1 {
		return usageError{errors.New("choose one of --date, --random and --latest")}
	}
	if d.date == "" {
		return nil
	}
	date, err := parseDate(d.date)
	d.date = date
	return err
}

func (d *drilling) run(ctx context.Context, g *global, stdout, stderr io.Writer) error {
	r, err := g.openRestorer(ctx, stderr)
	if err != nil {
		return err
	}
	defer r.end()
	if err := r.knownHead(d.head); err != nil {
		return err
	}
	chain, err := r.chain(ctx, d.head)
	if err != nil {
		return err
	}
	date, err := d.choose(r.reader, chain)
	if err != nil {
		return err
	}
	write, err := d.writer(r)
	if err != nil {
		return err
	}
	record, done, err := d.recorder(ctx, g, stderr)
	if err != nil {
		return err
	}
	defer done()
	result, err := r.Drill(ctx, date)
	err = errors.Join(err, record(result)) // first: what is written names the entry
	unwritten := write(result)
	err = r.answer(g, result, errors.Join(err, unwritten), stdout, stderr)
	if d.output != "" && result != nil && unwritten == nil && !g.json {
		fmt.Fprintf(stdout, "The result is in %s.\n", d.output)
	}
	return err
}

// recorder prepares, before the drill begins, what appends its result to the
// ledger.
func (d *drilling) recorder(ctx context.Context, g *global, stderr io.Writer) (record func(*restore.Result) error, done func(), err error) {
	if !d.record {
		return func(*restore.Result) error { return nil }, func() {}, nil
	}
	s, err := g.open(ctx, stderr)
	if err != nil {
		return nil, nil, err
	}
	return func(result *restore.Result) error {
		if result == nil {
			return nil
		}
		body := result.Drill()
		head, err := s.job.RecordDrill(ctx, body)
		if err != nil {
			return fmt.Errorf("recording the drill: %w", err)
		}
		result.Recorded = head
		return nil
	}, s.close, nil
}

// choose is the date that is asked for.
func (d *drilling) choose(r *reader, chain *archive.Chain) (string, error) {
	if d.date != "" {
		return d.date, nil
	}
	if err := r.wantEntries(chain); err != nil {
		return "", err
	}
	all := chain.Archives()
	if len(all) == 0 {
		return "", fmt.Errorf("%w: %s has none", archive.ErrNoArchive, chain.Stream)
	}
	if d.random {
		return all[rand.IntN(len(all))].Archive.Date, nil
	}
	latest := all[0].Archive.Date
	for _, e := range all {
		latest = max(latest, e.Archive.Date)
	}
	return latest, nil
}

// writer makes sure, before the drill begins, that the file can be written, and
// returns what writes the result into it: signed, if there is a key that signs.
func (d *drilling) writer(r *restorer) (func(*restore.Result) error, error) {
	if d.output == "" {
		return func(*restore.Result) error { return nil }, nil
	}
	var signer archive.Signer
	if s := r.config.Signing; !s.Key.IsZero() || s.KeyFile != "" {
		own, _, err := signingKey(r.config, time.Now())
		if err != nil {
			return nil, usageError{fmt.Errorf("signing: %w", err)}
		}
		signer = own
	} else {
		r.Watch.Note("no signing key is configured: the result will not be signed")
	}
	if _, err := os.Lstat(d.output); err == nil {
		return nil, usageError{fmt.Errorf("--output: %s is there already, and nothing is overwritten: name another file, or remove it", d.output)}
	}
	draft, err := newDraft(d.output)
	if err != nil {
		return nil, usageError{fmt.Errorf("--output: %w", err)}
	}
	// Nothing is left there meanwhile: a drill may be killed.
	if err := errors.Join(draft.Close(), os.Remove(draft.Name())); err != nil {
		return nil, fmt.Errorf("--output: %w", err)
	}
	return func(result *restore.Result) error {
		if result == nil {
			return nil
		}
		if err := writeResult(d.output, result, signer); err != nil {
			return fmt.Errorf("writing the result: %w", err)
		}
		return nil
	}, nil
}

// newDraft creates a file beside the one that it is to become.
func newDraft(path string) (*os.File, error) {
	name := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+"."+lease.Nonce())
	return os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
}

// writeResult writes a new file, whole or not at all.
func writeResult(path string, result *restore.Result, signer archive.Signer) error {
	text, err := result.Text()
	if err == nil && signer != nil {
		text, err = signer.Clear(text, archive.Seconds(time.Now()))
	}
	if err != nil {
		return err
	}
	f, err := newDraft(path)
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err := errors.Join(err, f.Close()); err != nil {
		return err
	}
	err = os.Link(f.Name(), path)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return err
	}
	// A file system without hard links.
	if _, there := os.Lstat(path); there == nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
