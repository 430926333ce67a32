package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"archiver/archive"
	"archiver/crypto"
	"archiver/internal/config"
	"archiver/internal/job"
	"archiver/snapshot"
)

// outsideRuntime is what the process may hold besides what the Go runtime keeps
// below its limit: the program itself (20 MiB), and what is allocated while the
// collector is late.
const outsideRuntime = 64 << 20

// session is a job that is ready to go, and what must be closed after it.
type session struct {
	config  *config.Config
	job     *job.Job
	cluster *snapshot.Cluster
	done    func() // ends the output
}

func (s *session) close() {
	s.done()
	_ = s.cluster.Close() // idle connections: nothing can be lost
}

// day is the date asked for; without one, yesterday.
func (s *session) day(text string) (string, error) {
	yesterday := config.Yesterday(time.Now(), s.config.Timezone.Location())
	if text == "" {
		return yesterday.String(), nil
	}
	d, err := config.ParseDate(text)
	switch {
	case err != nil:
		return "", usageError{fmt.Errorf("--date: %w", err)}
	case d.Compare(yesterday) > 0:
		return "", usageError{fmt.Errorf("--date: %s is not over yet in %s, and a day is archived once and whole: archive it from %s on", d, s.config.Timezone, d.AddDays(1))}
	}
	return d.String(), nil
}

// load reads the configuration. All that is wrong with it is a usage error.
func (g *global) load(stderr io.Writer, needs config.Need) (*config.Config, error) {
	overrides := map[string]string{}
	for _, pair := range g.set {
		path, text, ok := strings.Cut(pair, "=")
		if !ok {
			return nil, usageError{fmt.Errorf("--set %s: write it as key=value", pair)}
		}
		overrides[path] = text
	}
	c, warnings, err := config.Load(config.LoadOptions{Path: g.config, Env: os.Environ(), Overrides: overrides})
	for _, w := range warnings {
		fmt.Fprintf(stderr, "archiver: warning: %s\n", w)
	}
	if err == nil {
		err = c.Validate(needs)
	}
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// open builds the job from the configuration.
func (g *global) open(ctx context.Context, stderr io.Writer) (*session, error) {
	c, err := g.load(stderr, config.NeedAll)
	if err != nil {
		return nil, err
	}
	debug.SetMemoryLimit(int64(c.Limits.Memory) - outsideRuntime)
	j := newJob(c)
	if err := keys(c, j); err != nil {
		return nil, usageError{err}
	}
	if err := stores(ctx, c, j); err != nil {
		return nil, err
	}
	s := &session{config: c, job: j}
	j.Watch, s.done = newWatch(stderr, g.loudness(), job.Steps()...)
	if s.cluster, err = connect(ctx, c, func(err error) {
		j.Watch.Note("the cluster does not answer; asking again", slog.String("error", err.Error()))
	}); err != nil {
		return nil, usageError{err}
	}
	j.Cluster = s.cluster
	return s, nil
}

// newJob is a job with all that the configuration says by itself; keys, stores,
// cluster and observer are still to come.
func newJob(c *config.Config) *job.Job {
	return &job.Job{
		Stream: c.Stream, Tool: tool(), Holder: holder(), Repository: c.Staging.Repository,
		IndexPatterns: indexNames(c), IndexDates: indexDates(c),
		VolumeSize:      int64(c.Archive.VolumeSize),
		Retention:       archive.Retention{Mode: string(c.Archive.Retention.Mode), Years: c.Archive.Retention.Years},
		Budget:          archive.Budget{Memory: int64(c.Limits.Memory), Transfers: c.Limits.Transfers, Lanes: lanes(c)},
		SnapshotTimeout: time.Duration(c.Snapshot.Timeout), Retries: c.Snapshot.Retries, Now: time.Now,
		WitnessDocuments: c.Snapshot.WitnessDocuments, Settle: time.Duration(c.Snapshot.Settle),
	}
}

// indexNames expands the patterns for a date.
func indexNames(c *config.Config) func(date string) []string {
	return func(date string) (names []string) {
		d, _ := config.ParseDate(date) // it comes from day, or from a state that was written with it
		for _, p := range c.Indices {
			names = append(names, p.Expand(d))
		}
		return names
	}
}

// indexDates are the dates that an index's name may be made of.
func indexDates(c *config.Config) func(index string) []string {
	return func(index string) (dates []string) {
		for _, p := range c.Indices {
			if d, ok := p.DateOf(index); ok {
				dates = append(dates, d.String())
			}
		}
		return dates
	}
}

// holder says who takes the lease.
func holder() string {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown host"
	}
	return fmt.Sprintf("%s, process %d", host, os.Getpid())
}

// lanes is how many volumes may be packed side by side.
func lanes(c *config.Config) int {
	if c.Limits.Volumes > 0 {
		return c.Limits.Volumes
	}
	return runtime.GOMAXPROCS(0)
}

// What to do about a key that cannot be used, by the part of the configuration
// that names it.
const (
	correctRecipients = "renew the key, or correct encryption.recipients: each is a public key that is valid and can encrypt"
	correctSigning    = "correct signing.key_file and signing.passphrase_file, or renew the key"
	correctTrusted    = "correct trusted_signers: each is the public half of a key that signed in the past"
)

// keys reads and judges all keys, before anything else happens.
func keys(c *config.Config, j *job.Job) error {
	now := time.Now()
	texts, err := c.Recipients()
	if err != nil {
		return err
	}
	recipientKeys, err := publicKeys(texts)
	if err != nil {
		return &keyError{fmt.Errorf("encryption.recipients: %w", err), correctRecipients}
	}
	recipients, err := crypto.NewRecipients(recipientKeys, now)
	if err != nil {
		return &keyError{fmt.Errorf("encryption.recipients: %w", err), correctRecipients}
	}
	signer, own, err := signingKey(c, now)
	if err != nil {
		return &keyError{fmt.Errorf("signing: %w", err), correctSigning}
	}
	if err := crypto.Apart(own, recipientKeys); err != nil {
		return &keyError{fmt.Errorf("encryption.recipients: %w", err), hint(err)}
	}
	texts, err = c.TrustedKeys()
	if err != nil {
		return err
	}
	trusted, err := publicKeys(texts)
	if err != nil {
		return &keyError{fmt.Errorf("trusted_signers: %w", err), correctTrusted}
	}
	j.Sealer, j.Signer, j.Trust = recipients, signer, crypto.NewTrust(append(trusted, own))
	for _, k := range append(recipientKeys, own) {
		j.Keys = append(j.Keys, archive.PublicKey{Fingerprint: k.Fingerprint(), Armored: k.Armored()})
	}
	return nil
}

// keyError is a key that cannot be used, and what to do about it.
type keyError struct {
	error
	remedy string
}

func (e *keyError) Unwrap() error { return e.error }

// Hint says what to do about it.
func (e *keyError) Hint() string { return e.remedy }

func signingKey(c *config.Config, now time.Time) (*crypto.Signer, *crypto.Key, error) {
	text, err := c.SigningKey()
	if err != nil {
		return nil, nil, err
	}
	passphrase, err := c.SigningPassphrase()
	if err != nil {
		return nil, nil, err
	}
	signer, err := crypto.ParseSigner(text.Name, text.Data, []byte(passphrase.Reveal()))
	if err != nil {
		return nil, nil, err
	}
	if err := signer.Check(now); err != nil {
		return nil, nil, err
	}
	own, err := crypto.ParsePublic(text.Name, signer.PublicKey())
	return signer, own, err
}

func publicKeys(texts []config.KeyMaterial) ([]*crypto.Key, error) {
	var keys []*crypto.Key
	for _, t := range texts {
		k, err := crypto.ParsePublic(t.Name, t.Data)
		if err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}
