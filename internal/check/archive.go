package check

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/config"
	"archiver/internal/job"
	"archiver/snapshot"
)

// archive looks at the bucket that archives are kept in, and at the ledger.
func (r *run) archive(ctx context.Context) {
	const name = "archive"
	if r.StoresErr != nil {
		r.skip(name, "the stores must be right first")
		return
	}
	if !r.reach(ctx, name, r.Job.Archive) {
		return
	}
	r.each(ctx, r.archiveWrites, r.archiveRules, r.objectLock)
	r.ledger(ctx) // may be of many years
}

func (r *run) archiveWrites(ctx context.Context) error {
	const name = "archive writes"
	// Before the first write: a page in a repository would stop the next run.
	if _, err := r.Job.Archive.Stat(ctx, snapshot.LatestFile, ""); err == nil {
		err = fmt.Errorf("%s holds a snapshot repository (%s)", r.Job.Archive.URL(), snapshot.LatestFile)
		r.failWith(name, "give archives a place of their own; are archive.url and staging.url exchanged?", err)
		return err
	}
	err := archive.Probe(ctx, r.Job.Archive)
	if errors.Is(err, archive.ErrUnconditional) {
		r.failWith(name, "use a store that keeps to If-None-Match: without it a ledger entry could be overwritten", err)
		return err
	}
	if err != nil {
		r.fail(name, err)
		return err
	}
	// What a run needs to clear up behind an upload that failed.
	nowhere := store.Upload{Key: archive.VolumesPrefix(r.Job.Stream) + "check", ID: "00000000000000000000000000000000"}
	for _, err := range r.Job.Archive.Uploads(ctx, nowhere.Key) {
		if err != nil {
			r.fail(name, err)
			return err
		}
	}
	if _, bucket := r.Job.Archive.(store.Posture); !bucket {
		r.ok(name, "can be written to, and what exists is not overwritten")
		return nil
	}
	if err := r.Job.Archive.Abort(ctx, nowhere); err != nil {
		r.warn(name, "allow s3:AbortMultipartUpload to this role: what a failed upload has sent is paid for until it is aborted", "%v", err)
		return err
	}
	r.ok(name, "can be written to, and conditional writes are honoured")
	return nil
}

// root is the store's prefix in its bucket, which rules count from.
func root(s store.Store) string {
	if p, ok := s.(interface{ Root() string }); ok {
		return p.Root()
	}
	return ""
}

func (r *run) archiveRules(ctx context.Context) error {
	const name = "archive lifecycle"
	p, ok := r.Job.Archive.(store.Posture)
	if !ok {
		return nil
	}
	rules, err := p.Lifecycle(ctx)
	top := root(r.Job.Archive)
	if err != nil {
		r.untold(name, fmt.Sprintf("see for yourself that a rule moves %sarchives/ and none reaches %sledger/; a store that has such rules tells if s3:GetLifecycleConfiguration is allowed to this role", top, top), err)
		return err
	}
	volumes, ledger := top+archive.VolumesPrefix(r.Job.Stream), top+archive.LedgerPrefix(r.Job.Stream)
	fate, bad := fateOf(rules, volumes), ledgerRules(rules, ledger)
	years := r.Config.Archive.Retention.Years
	now := r.Now().UTC()
	switch soon := tooSoon(fate.Deletes, int(now.AddDate(years, 0, 0).Sub(now).Hours()/24)); {
	case len(bad) > 0:
		r.failWith(name, fmt.Sprintf("limit the rule to the prefix %sarchives/: every run reads the whole ledger, which must stay and stay readable", top),
			fmt.Errorf("reaches the ledger: %s", describe(bad)))
	case len(soon) > 0:
		r.failWith(name, fmt.Sprintf("let it delete after %d years or more, or not at all: archive.retention.years says so", years),
			fmt.Errorf("deletes archives before their %d years are over: %s", years, describe(soon)))
	case len(fate.Deletes) > 0:
		r.warn(name, "remove it unless you mean it: the ledger goes on to name what is gone", "deletes archives: %s", describe(fate.Deletes))
	case len(fate.Moved) > 0:
		r.ok(name, "volumes move to %s, and the ledger stays", strings.Join(fate.Moved, " and "))
	case fate.Some:
		r.warn(name, fmt.Sprintf("let the rule cover the prefix %sarchives/", top), "a rule moves some of the volumes to a colder class, and not all")
	default:
		r.warn(name, fmt.Sprintf("add a lifecycle rule with a transition to GLACIER or DEEP_ARCHIVE for the prefix %sarchives/ (and not for %sledger/)", top, top),
			"no rule moves volumes to a colder storage class: they cost as much as hot data")
	}
	return nil
}

// ledgerRules are those that reach ledger entries, whatever their size may be.
func ledgerRules(rules []store.Rule, prefix string) (bad []store.Rule) {
	for _, x := range rules {
		if x.Acts() && x.Touches(prefix, store.MaxSmall) {
			bad = append(bad, x)
		}
	}
	return bad
}

func (r *run) objectLock(ctx context.Context) error {
	const name = "object lock"
	mode, years := r.Config.Archive.Retention.Mode, r.Config.Archive.Retention.Years
	p, ok := r.Job.Archive.(store.Posture)
	if !ok || mode == config.RetentionNone {
		r.ok(name, "not asked for (archive.retention.mode none): the %d years are recorded, not enforced", years)
		return nil
	}
	locks, err := p.Locks(ctx)
	switch {
	case err != nil:
		r.untold(name, "allow s3:GetBucketObjectLockConfiguration to this role", err)
	case !locks:
		r.failWith(name, "switch Object Lock on in the bucket, or set archive.retention.mode: none",
			fmt.Errorf("archive.retention.mode is %s, and the bucket has no Object Lock", mode))
	default:
		r.ok(name, "the bucket keeps what is retained: %s, %d years", mode, years)
	}
	return err
}

func (r *run) ledger(ctx context.Context) {
	const name = "ledger"
	if r.KeysErr != nil || r.Job.Trust == nil {
		r.skip(name, "the keys must be right first")
		return
	}
	signers := &witness{Verifier: r.Job.Trust, entries: map[string]int{}}
	j := *r.Job
	j.Trust = signers
	var chain *archive.Chain
	var err error
	if r.stagingUp {
		chain, err = j.Ledger(ctx)
	} else { // then without the head that the state remembers
		chain, err = archive.Ledger{Store: j.Archive, Stream: j.Stream, Trust: j.Trust}.Load(ctx)
	}
	if errors.Is(err, job.ErrPerson) {
		r.skip(name, "the staging bucket must be right first")
		return
	}
	if err != nil {
		r.failWith(name, "if the ledger was signed by an earlier key, name its public half in trusted_signers; if not, look at once who has written there", err)
		return
	}
	if len(chain.Entries) == 0 {
		r.ok(name, "empty: nothing has been archived yet")
		return
	}
	r.ok(name, "%d %s, all signed (%s) and linked; head %v", len(chain.Entries), plural(len(chain.Entries), "entry", "entries"), signers, chain.Head())
}

// witness takes down whose signatures were believed. The ledger opens its
// entries one after the other.
type witness struct {
	archive.Verifier
	entries map[string]int
}

// OpenClear is the verifier's.
func (w *witness) OpenClear(block []byte) ([]byte, string, time.Time, error) {
	text, fingerprint, at, err := w.Verifier.OpenClear(block)
	if err == nil {
		w.entries[fingerprint]++
	}
	return text, fingerprint, at, err
}

func (w *witness) String() string {
	var all []string
	for _, f := range slices.Sorted(maps.Keys(w.entries)) {
		all = append(all, fmt.Sprintf("%d by %s", w.entries[f], f))
	}
	return strings.Join(all, ", ")
}
