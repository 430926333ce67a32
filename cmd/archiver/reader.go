package main

import (
	"context"
	"fmt"
	"io"
	"path"
	"runtime/debug"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/crypto"
	"archiver/internal/config"
)

// reader is a session of the verbs that read archives: the archive store, the
// signers that are trusted, and the keys that open. No cluster, no staging, no
// key that signs.
type reader struct {
	config *config.Config
	store  store.Store
	trust  *crypto.Trust
	opener archive.Opener // nil without keys that open
	budget archive.Budget
	level  loudness
}

// openReader builds a reader from the configuration. Keys that open are read if
// they are needed, or there.
func (g *global) openReader(ctx context.Context, stderr io.Writer, more config.Need) (*reader, error) {
	c, err := g.load(stderr, config.NeedArchive|config.NeedTrust|more)
	if err != nil {
		return nil, err
	}
	debug.SetMemoryLimit(int64(c.Limits.Memory) - outsideRuntime)
	r := &reader{config: c, level: g.loudness(), budget: archive.Budget{Memory: int64(c.Limits.Memory), Transfers: c.Limits.Transfers, Lanes: lanes(c)}}
	if r.trust, err = trusted(c); err != nil {
		return nil, usageError{err}
	}
	if more&config.NeedOpening != 0 {
		if r.opener, err = openingKeys(c); err != nil {
			return nil, usageError{err}
		}
	}
	open := openReading
	if more&config.NeedRestore != 0 {
		open = openStore // a drill may add to the ledger
	}
	r.store, err = open(ctx, c.Archive.URL, c.Archive.S3)
	return r, err
}

// trusted are the signers that are believed: those that are named, and the one
// that signs here. Whether a key could sign today does not matter to reading.
func trusted(c *config.Config) (*crypto.Trust, error) {
	texts, err := c.TrustedKeys()
	if err != nil {
		return nil, err
	}
	keys, err := publicKeys(texts)
	if err != nil {
		return nil, &keyError{fmt.Errorf("trusted_signers: %w", err), correctTrusted}
	}
	if c.Signing.Key.IsZero() && c.Signing.KeyFile == "" {
		return crypto.NewTrust(keys), nil
	}
	text, err := c.SigningKey()
	if err != nil {
		return nil, err
	}
	passphrase, err := c.SigningPassphrase()
	if err != nil {
		return nil, err
	}
	signer, err := crypto.ParseSigner(text.Name, text.Data, []byte(passphrase.Reveal()))
	if err != nil {
		return nil, &keyError{fmt.Errorf("signing: %w", err), correctSigning}
	}
	own, err := crypto.ParsePublic(text.Name, signer.PublicKey())
	if err != nil {
		return nil, &keyError{fmt.Errorf("signing: %w", err), correctSigning}
	}
	return crypto.NewTrust(append(keys, own)), nil
}

func openingKeys(c *config.Config) (*crypto.Opener, error) {
	texts, err := c.OpeningKeys()
	if err != nil {
		return nil, err
	}
	passphrase, err := c.OpeningPassphrase()
	if err != nil {
		return nil, err
	}
	var keys []*crypto.Private
	for _, t := range texts {
		k, err := crypto.ParsePrivate(t.Name, t.Data, []byte(passphrase.Reveal()))
		if err != nil {
			return nil, &keyError{fmt.Errorf("opening.keys: %w", err), "correct opening.keys and opening.passphrase_file: each key is the private half of a recipient's"}
		}
		keys = append(keys, k)
	}
	opener, err := crypto.NewOpener(keys)
	if err != nil {
		return nil, &keyError{fmt.Errorf("opening.keys: %w", err), "correct opening.keys: each key is the private half of a recipient's"}
	}
	return opener, nil
}

// chain reads and believes the stream's ledger, which must have passed through a
// head that is known from elsewhere ("" is none).
func (r *reader) chain(ctx context.Context, head string) (*archive.Chain, error) {
	var known archive.Head
	if head != "" {
		var err error
		if known, err = archive.ParseHead(head); err != nil {
			return nil, usageError{fmt.Errorf("--head: %w", err)}
		}
	}
	ledger := archive.Ledger{Store: r.store, Stream: r.config.Stream, Trust: r.trust}
	chain, err := ledger.Load(ctx)
	if err != nil {
		return nil, err
	}
	return chain, chain.Passes(known)
}

// selection is which archives a verb is about.
type selection struct {
	from, to string // dates, inclusive; "" is open
	index    string // pattern of names; "" is any
}

// check reads the dates as the configuration would.
func (s *selection) check() error {
	for name, text := range map[string]*string{"--from": &s.from, "--to": &s.to} {
		if *text == "" {
			continue
		}
		d, err := config.ParseDate(*text)
		if err != nil {
			return usageError{fmt.Errorf("%s: %w", name, err)}
		}
		*text = d.String()
	}
	if s.from != "" && s.to != "" && s.from > s.to { // nothing could be wrong with no archive at all
		return usageError{fmt.Errorf("--from %s is after --to %s: exchange them", s.from, s.to)}
	}
	if _, err := path.Match(s.index, ""); err != nil {
		return usageError{fmt.Errorf("--index: %q: %w", s.index, err)}
	}
	return nil
}

// of are the archives of a ledger that stand and are selected.
func (s *selection) of(c *archive.Chain) []*archive.Entry {
	var all []*archive.Entry
	for _, e := range c.Archives() {
		if d := e.Archive.Date; (s.from == "" || d >= s.from) && (s.to == "" || d <= s.to) && s.holds(e) {
			all = append(all, e)
		}
	}
	return all
}

func (s *selection) holds(e *archive.Entry) bool {
	if s.index == "" {
		return true
	}
	for _, i := range e.Archive.Snapshot.Indices {
		if ok, _ := path.Match(s.index, i.Name); ok { // check has judged the pattern
			return true
		}
	}
	return false
}

// sealed is the archive of a date. Errors: archive.ErrNoArchive.
func sealed(c *archive.Chain, date string) (*archive.Entry, error) {
	d, err := config.ParseDate(date)
	if err != nil {
		return nil, usageError{err}
	}
	e, ok := c.Sealed(d.String())
	if !ok {
		return nil, fmt.Errorf("%w: %s of %s; its head is %v; `archiver list` shows what there is", archive.ErrNoArchive, d, c.Stream, c.Head())
	}
	return e, nil
}

// documents adds up what the indices of an archive hold; nil if one is unknown.
func documents(s *archive.Sealed) *int64 {
	var sum int64
	for _, i := range s.Snapshot.Indices {
		if i.Documents == nil {
			return nil
		}
		sum += *i.Documents
	}
	return &sum
}
