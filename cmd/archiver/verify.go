package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"archiver/archive"
	"archiver/internal/config"
	"archiver/internal/job"
)

// phaseVerify is what a watch shows.
const phaseVerify job.Phase = "verify"

// verifying is what `verify` is asked to do.
type verifying struct {
	selection
	date                string
	head                string
	ciphertext, content bool
	sample              string
	files               []string

	rotation archive.Rotation
}

func verifyCommand(g *global) *cobra.Command {
	var v verifying
	c := &cobra.Command{
		Use:   "verify [FILE...]",
		Short: "Check the ledger and what lies in the store; exit 6 on any violation",
		Long: `Check that the archives are whole and unaltered, as deep as asked for:

  always        the ledger: every signature, its form, its chain; with --head also
                that its tail was not cut. Then, without reading them, that all
                volumes are in the store with the size, checksum and retention
                that the ledger names
  --ciphertext  the volumes are read and hashed; no private key is needed
  --content     the volumes are decrypted, and every signature and file checked;
                it needs a private key of a recipient (opening.keys)

A volume in cold storage that was not thawed is "cold, not read": neither good
nor bad. With --sample 1/30 only a thirtieth of the archives is looked at, another
one every day, all of them within thirty days; the ledger always is.

With FILE, copies of volumes that were downloaded are checked instead of the
store's.

A ledger without any entry is exit code 2: it is another one than was meant, or
the stream's first day is still to come. No archive of --date is exit code 3.`,
		Example: `  archiver verify
  archiver verify --head 000007:5c0d…   # as a report or notification showed it
  archiver verify --content --sample 1/30
  archiver verify --date 2026-11-20 --ciphertext --json
  archiver verify 00000.tar.pgp 00001.tar.pgp`,
		RunE: func(c *cobra.Command, args []string) error {
			v.files = args
			if err := v.check(); err != nil {
				return err
			}
			return v.run(c.Context(), g, c.OutOrStdout(), c.ErrOrStderr())
		},
	}
	v.flags(c)
	c.Flags().StringVar(&v.date, "date", "", "only this day, as YYYY-MM-DD")
	c.Flags().StringVar(&v.head, "head", "", "head of the ledger that is known from elsewhere, as 000007:SHA256")
	c.Flags().BoolVar(&v.ciphertext, "ciphertext", false, "read the volumes and hash them")
	c.Flags().BoolVar(&v.content, "content", false, "decrypt the volumes, and check every file")
	c.Flags().StringVar(&v.sample, "sample", "", "the part that is looked at today, as 1/30")
	return c
}

// check judges the flags.
func (v *verifying) check() error {
	if len(v.files) > 0 && (v.date != "" || v.from != "" || v.to != "") {
		return usageError{errors.New("--date, --from and --to do not go with files: each is held against the entry that names it, of whatever day")}
	}
	if v.date != "" {
		if v.from != "" || v.to != "" {
			return usageError{errors.New("--date goes with neither --from nor --to")}
		}
		v.from, v.to = v.date, v.date
	}
	if len(v.files) > 0 && v.sample != "" {
		return usageError{errors.New("--sample does not go with files: all that are named are checked")}
	}
	if v.sample != "" {
		n, of, ok := strings.Cut(v.sample, "/")
		parts, err := strconv.Atoi(n)
		all, err2 := strconv.Atoi(of)
		if !ok || err != nil || err2 != nil || parts < 1 || all < parts {
			return usageError{fmt.Errorf("--sample %s: write it as 1/30: one part of thirty each day", v.sample)}
		}
		v.rotation = archive.Rotation{Parts: parts, Of: all}
	}
	return v.selection.check()
}

func (v *verifying) depth() archive.Depth {
	switch {
	case v.content:
		return archive.Content
	case v.ciphertext || len(v.files) > 0:
		return archive.Ciphertext
	}
	return archive.Stored
}

// verified is what `verify --json` prints.
type verified struct {
	Stream     string               `json:"stream"`
	Head       archive.Head         `json:"head"` // none if the ledger is not believed
	Entries    int                  `json:"ledger_entries"`
	Depth      string               `json:"depth"`
	Archives   []*archive.Audited   `json:"archives"`
	Passed     int                  `json:"not_in_todays_sample"`
	Gaps       []string             `json:"days_without_archive"` // between the first and the last; for information
	Violations []*archive.Violation `json:"violations"`
	ending                          // with an error, what is not listed was not looked at

	none  string   // says so, if no archive was selected
	files []string // what each is a copy of, in words
}

// violations is why verify fails: they have been told already.
type violations struct{ count int }

func (e violations) Error() string {
	return count(e.count, "violation was", "violations were") + " found"
}

func (e violations) Unwrap() error { return archive.ErrIntegrity }

func (e violations) Hint() string { return (&archive.Violation{}).Hint() }

func (v *verifying) run(ctx context.Context, g *global, stdout, stderr io.Writer) error {
	var needs config.Need
	if v.content {
		needs = config.NeedOpening
	}
	r, err := g.openReader(ctx, stderr, needs)
	if err != nil {
		return err
	}
	found := &verified{
		Stream: r.config.Stream, Depth: [...]string{"stored", "ciphertext", "content"}[v.depth()],
		Archives: []*archive.Audited{}, Gaps: []string{}, Violations: []*archive.Violation{},
	}
	err = v.verify(ctx, r, found, stderr)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return found.answer(g, stdout, stderr, err)
}

// answer prints what was found, and is the error to end with. Violations come
// first: that something else could not be told takes nothing away from them.
func (f *verified) answer(g *global, stdout, stderr io.Writer, err error) error {
	if len(f.Violations) > 0 {
		err = errors.Join(violations{len(f.Violations)}, err)
	}
	if err != nil && len(f.Archives) == 0 && len(f.Violations) == 0 {
		return err
	}
	f.ending = ended(err)
	return g.conclude(stdout, stderr, f, f.words(), err)
}

// verify fills in what was found. Its error says what could not be told.
func (v *verifying) verify(ctx context.Context, r *reader, found *verified, stderr io.Writer) error {
	chain, err := r.chain(ctx, v.head)
	if chain != nil {
		found.Head, found.Entries = chain.Head(), len(chain.Entries)
	}
	if err != nil {
		return found.note(err)
	}
	if err := r.wantEntries(chain); err != nil {
		return err
	}
	if len(v.files) > 0 {
		return v.local(ctx, r, chain, found)
	}
	all := v.of(chain)
	if v.date != "" && len(all) == 0 {
		_, err := sealed(chain, v.date)
		return err
	}
	if len(all) == 0 {
		found.none = r.nothing(chain)
	}
	found.Gaps = append(found.Gaps, archive.Gaps(all)...)
	var today []*archive.Entry
	for _, e := range all {
		if v.rotation.Picks(e, time.Now()) {
			today = append(today, e)
		}
	}
	found.Passed = len(all) - len(today)
	watch, done := newWatch(stderr, r.level)
	defer done()
	audit := archive.Audit{
		Store: r.store, Trust: r.trust, Opener: r.opener, Budget: r.budget,
		Progress: job.Adder(watch, phaseVerify, ciphertextBytes(today...)),
	}
	var untold []error
	for _, e := range today {
		if v.depth() != archive.Stored {
			watch.Phase(e.Archive.Date, phaseVerify)
		}
		a, err := audit.Archive(ctx, e, v.depth())
		found.Archives = append(found.Archives, a)
		found.Violations = append(found.Violations, a.Violations...)
		if err != nil {
			untold = append(untold, fmt.Errorf("verifying %s: %w", e.Archive.Date, err))
		}
		if err != nil && !errors.Is(err, archive.ErrNoKey) { // others may have been sealed to a key that is at hand
			break
		}
	}
	return errors.Join(untold...)
}

// local checks downloaded volumes against their entries.
func (v *verifying) local(ctx context.Context, r *reader, chain *archive.Chain, found *verified) error {
	var untold []error
	for _, name := range v.files {
		a, err := v.file(ctx, r, chain, name)
		if a != nil {
			found.Archives = append(found.Archives, a)
			found.files = append(found.files, fmt.Sprintf("%s is a volume of %s, run %s", name, a.Date, a.Run))
		}
		if err := found.note(err); err != nil {
			untold = append(untold, fmt.Errorf("%s: %w", name, err))
		}
		if context.Cause(ctx) != nil {
			break
		}
	}
	return errors.Join(untold...)
}

// file checks one downloaded volume. Nothing is told of it if it was not read.
func (v *verifying) file(ctx context.Context, r *reader, chain *archive.Chain, name string) (*archive.Audited, error) {
	// A pipe would be waited for without end, and cannot be read twice.
	if i, err := os.Stat(name); err == nil && !i.Mode().IsRegular() {
		return nil, usageError{fmt.Errorf("%s is no file: name the volumes that were downloaded", name)}
	}
	file := archive.LocalVolume(name)
	e, n, err := file.Find(ctx, chain)
	if errors.Is(err, fs.ErrNotExist) {
		err = usageError{err}
	}
	if err == nil && v.content {
		u := &archive.Unpacker{Store: file, Entry: e, Opener: r.opener, Trust: r.trust, Budget: r.budget}
		_, err = u.Check(ctx, n)
	}
	if err != nil {
		return nil, err
	}
	return &archive.Audited{
		Date: e.Archive.Date, Run: e.Archive.Run, Sequence: e.Sequence, Read: 1, Bytes: e.Archive.Volumes[n].Bytes,
		Cold: []string{}, Violations: []*archive.Violation{},
	}, nil
}

// note keeps a violation, and returns any other error.
func (f *verified) note(err error) error {
	var v *archive.Violation
	if errors.As(err, &v) {
		f.Violations = append(f.Violations, v)
		return nil
	}
	return err
}

// words says what was checked, what was not, and what is wrong.
func (f *verified) words() string {
	var b strings.Builder
	if f.Head == (archive.Head{}) {
		fmt.Fprintf(&b, "The ledger of %s is not believed: nothing else was looked at.\n", f.Stream)
	} else {
		fmt.Fprintf(&b, "ledger of %s: %s, head %s\n", f.Stream, count(f.Entries, "entry", "entries"), f.Head)
	}
	if f.none != "" {
		b.WriteString(f.none + "\n")
	}
	var looked, read, cold int
	var bytes int64
	for _, a := range f.Archives {
		looked, read, cold, bytes = looked+a.Looked, read+a.Read, cold+len(a.Cold), bytes+a.Bytes
		for _, key := range a.Cold {
			fmt.Fprintf(&b, "cold, not read: %s\n", key)
		}
	}
	for _, file := range f.files {
		b.WriteString(file + "\n")
	}
	if len(f.Archives) > 0 {
		fmt.Fprintf(&b, "%s: ", count(len(f.Archives), "archive", "archives"))
		if looked > 0 {
			fmt.Fprintf(&b, "%s looked at in the store; ", count(looked, "volume", "volumes"))
		}
		fmt.Fprintf(&b, "%s\n", f.deep(read, bytes))
	}
	if cold > 0 {
		fmt.Fprintf(&b, "%d volumes are cold and were not read: they are neither good nor bad\n", cold)
	}
	if f.Passed > 0 {
		fmt.Fprintf(&b, "not in today's sample, and not looked at: %s\n", count(f.Passed, "archive", "archives"))
	}
	if len(f.Gaps) > 0 {
		fmt.Fprintf(&b, "no archive of these days: %s\n", strings.Join(f.Gaps, ", "))
	}
	for _, v := range f.Violations {
		fmt.Fprintf(&b, "VIOLATION %s: %s: %s\n", v.Class, v.Object, v.Reason)
	}
	switch {
	case len(f.Violations) > 0:
	case f.Error != "":
		b.WriteString("No violation was found in what was looked at; not all of it could be.\n")
	default:
		b.WriteString("No violation was found.\n")
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// deep says how many volumes were read, and how closely.
func (f *verified) deep(read int, bytes int64) string {
	if read == 0 && f.Depth != "stored" { // no claim about what nobody read
		return "none was read"
	}
	switch f.Depth {
	case "ciphertext":
		return fmt.Sprintf("%d read, %s, their bytes hashed, not decrypted (--content does)", read, sizeText(bytes))
	case "content":
		return fmt.Sprintf("%d read, %s, decrypted, every file and signature checked", read, sizeText(bytes))
	}
	return "none was read (--ciphertext and --content do)"
}
