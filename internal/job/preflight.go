package job

import (
	"context"
	"errors"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/lease"
	"archiver/snapshot"
)

// What is asked before any run, and changes nothing that stays. A run asks it
// all again: in between, the world moves.

// Registered tells whether the repository is there, and compares it with the
// configured one. Errors: ErrPerson if they differ.
func (j *Job) Registered(ctx context.Context, info snapshot.Info) (bool, error) {
	have, err := j.Cluster.Repository(ctx, j.Repository)
	if errors.Is(err, snapshot.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, sameRepository(j.Repository, j.wanted(info), have)
}

// Ledger reads and believes the ledger, and holds it against the head that the
// state remembers, as a run does before it claims. Errors: ErrPerson if the
// staging bucket is another stream's; archive.ErrIntegrity.
func (j *Job) Ledger(ctx context.Context) (*archive.Chain, error) {
	_, chain, err := j.survey(ctx)
	return chain, err
}

// Vacant is nil if staging holds nothing but what may be there between runs. It
// is to be asked only while none is unfinished. Errors: archive.ErrForeign,
// ErrPerson.
func (j *Job) Vacant(ctx context.Context, registered bool) error {
	d := &day{Job: j}
	if registered {
		all, err := j.Cluster.Snapshots(ctx, j.Repository)
		if err != nil {
			return err
		}
		var strange []string
		for _, x := range all {
			// One of ours is of a request that came late: the next run knows.
			if _, _, _, ours := attemptOf(j.Stream, x.Name); !ours {
				strange = append(strange, x.Name)
			}
		}
		if len(strange) > 0 {
			return d.foreignSnapshots(strange)
		}
		if len(all) > 0 {
			return nil
		}
	}
	left, err := d.leftover(ctx)
	if err != nil || left.objects == 0 {
		return err
	}
	return d.foreignLeft(left.first)
}

// noStrangers refuses a staging bucket that is no repository's, before anything is
// written to it. It is for who found no state: the claim would be the first write
// into somebody else's bucket. What only a look into the repository can tell is
// left to the steps that look. Errors: archive.ErrForeign.
func (j *Job) noStrangers(ctx context.Context) error {
	for b, err := range j.Staging.All(ctx) {
		if err != nil {
			return err
		}
		if !snapshot.IsRepositoryKey(b.Key) {
			return &archive.ForeignError{Key: j.Staging.Base + b.Key, Reason: "no repository writes such a name"}
		}
	}
	return nil
}

// probesPrefix is where ProbeStaging writes.
const probesPrefix = archive.WorkPrefix + "checks/"

// ProbeStaging proves that this side may write, read and delete its own papers
// in the staging bucket, and that the store honours the conditions that the
// lease stands on. It writes one object and removes it, with those of probes
// that died. Errors: archive.ErrUnconditional.
func (j *Job) ProbeStaging(ctx context.Context) (store.Object, error) {
	s := j.Staging.Store
	key, text := probesPrefix+lease.Nonce(), []byte("written by archiver check, and to be removed by it\n")
	info, err := s.Create(ctx, key, text)
	if err != nil {
		return store.Object{}, err
	}
	o, err := s.Get(ctx, key)
	if err == nil {
		err = lease.Conditional(ctx, s, key, text)
	}
	// Also where conditions are ignored: then the ETag was changed by us.
	if now, statErr := s.Stat(ctx, key, ""); statErr == nil {
		info = now
	}
	if err := errors.Join(err, s.Delete(ctx, key, info.ETag)); err != nil {
		return o, err
	}
	return o, sweepProbes(ctx, s, o.Now)
}

// sweepProbes removes what probes left that died. One that lives takes seconds.
func sweepProbes(ctx context.Context, s store.Store, now time.Time) error {
	for left, err := range s.List(ctx, probesPrefix, "") {
		if err != nil {
			return err
		}
		if now.Sub(left.Time) < time.Hour {
			continue
		}
		if err := s.Delete(ctx, left.Key, left.ETag); err != nil && !errors.Is(err, store.ErrChanged) {
			return err
		}
	}
	return nil
}
