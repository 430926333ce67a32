package check

import (
	"context"
	"errors"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/snapshot"
)

// staging looks at the bucket that the cluster writes to.
func (r *run) staging(ctx context.Context) {
	const name = "staging"
	if r.StoresErr != nil {
		r.fail(name, r.StoresErr)
		return
	}
	if r.stagingUp = r.reach(ctx, name, r.Job.Staging.Store); !r.stagingUp {
		return
	}
	r.each(ctx, r.stagingWrites, r.stagingVacant, r.stagingRules, r.stagingVersions)
}

// reach proves that a store is there and can be listed.
func (r *run) reach(ctx context.Context, name string, s store.Store) bool {
	var region string
	err := bounded(ctx, contact, func(ctx context.Context) (err error) {
		for _, err := range s.List(ctx, "", "") {
			if err != nil {
				return err
			}
			break // the first object, or none, is proof enough
		}
		if p, ok := s.(store.Posture); ok {
			if region, err = p.Region(ctx); errors.Is(err, store.ErrUntold) {
				err = nil
			}
		}
		return err
	})
	if err != nil {
		r.fail(name, err)
		return false
	}
	where := ""
	if region != "" {
		where = " in " + region
	}
	owner := ""
	if o := r.owner(name); o != "" {
		owner = ", of account " + o
	}
	r.ok(name, "%s%s%s is there and can be listed", s.URL(), where, owner)
	return true
}

// owner is the account that the store's bucket is bound to; every call says so.
func (r *run) owner(name string) string {
	if name == "staging" {
		return r.Config.Staging.S3.ExpectedBucketOwner
	}
	return r.Config.Archive.S3.ExpectedBucketOwner
}

func (r *run) stagingWrites(ctx context.Context) error {
	const name = "staging writes"
	o, err := r.Job.ProbeStaging(ctx)
	if errors.Is(err, archive.ErrUnconditional) {
		r.failWith(name, "use a store that keeps to If-None-Match and If-Match: without them two runs could work at once", err)
		return err
	}
	if err != nil {
		r.fail(name, err)
		return err
	}
	r.ok(name, "%s can be written, read and deleted, and conditional writes are honoured", archive.WorkPrefix)
	r.clock("store clock", o.Now)
	return nil
}

// stagingVacant holds what lies there against the state. While a run is
// unfinished, only a run can tell what belongs there.
func (r *run) stagingVacant(ctx context.Context) error {
	const name = "staging contents"
	h, err := r.Job.Holding(ctx)
	switch {
	case err != nil:
		r.fail(name, err)
		return err
	case h.Unfinished && h.Holder != "" && !h.Expired:
		r.ok(name, "%s is at work, at %s of %s", h.Holder, h.Phase, h.Date)
		return nil
	case h.Unfinished:
		remedy := "run: the next run finishes it first"
		if h.LastError != "" {
			remedy += "; it ended with: " + h.LastError
		}
		r.warn(name, remedy, "run %s of %s is unfinished, at %s", h.Run, h.Date, h.Phase)
		return nil
	}
	if r.ClusterErr != nil {
		r.skip(name, "the cluster must answer first")
		return nil
	}
	_, err = r.Cluster.Repository(ctx, r.Job.Repository)
	registered := err == nil
	if err != nil && !errors.Is(err, snapshot.ErrNotFound) {
		r.skip(name, "the cluster does not tell what the repository holds: %v", err)
		return err
	}
	if err := r.Job.Vacant(ctx, registered); err != nil {
		r.fail(name, err)
		return err
	}
	r.ok(name, "nothing lies there that should not")
	return nil
}

func (r *run) stagingRules(ctx context.Context) error {
	const name = "staging lifecycle"
	p, ok := r.Job.Staging.Store.(store.Posture)
	if !ok {
		return nil // a folder has no rules
	}
	rules, err := p.Lifecycle(ctx)
	if err != nil {
		r.untold(name, "see for yourself that no rule moves or expires objects in the bucket; a store that has such rules tells if s3:GetLifecycleConfiguration is allowed to this role", err)
		return err
	}
	if bad := touching(rules, r.Job.Staging.Base, archive.WorkPrefix); len(bad) > 0 {
		r.failWith(name, "remove the rule, or limit it to a prefix that is not the repository's: search vendors forbid both transitions and expiry below a repository, and a snapshot would be lost",
			errors.New(describe(bad)))
		return nil
	}
	r.ok(name, "no rule moves or deletes snapshots")
	return nil
}

func (r *run) stagingVersions(ctx context.Context) error {
	const name = "staging versions"
	p, ok := r.Job.Staging.Store.(store.Posture)
	if !ok {
		return nil
	}
	versioned, err := p.Versioned(ctx)
	switch {
	case err != nil:
		r.untold(name, "allow s3:GetBucketVersioning to this role, or see for yourself that the bucket is not versioned", err)
	case !versioned:
		r.ok(name, "not versioned: what is deleted is gone")
	default:
		r.ok(name, "versioned: a run removes the old versions, too (s3:ListBucketVersions, s3:DeleteObjectVersion)")
	}
	return err
}
