package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"

	"archiver/archive"
	"archiver/internal/job"
	"archiver/snapshot"
)

// register tells the cluster where the files are, for reading only.
func (w *way) register(ctx context.Context) error {
	if err := w.lease.Check(ctx); err != nil {
		return err
	}
	if err := w.onlyTheArchive(ctx); err != nil {
		return err
	}
	name := w.claim.Repository
	err := w.Cluster.Register(ctx, name, w.At(w.claim.Files))
	if errors.Is(err, snapshot.ErrAmbiguous) {
		if _, lookErr := w.Cluster.Repository(ctx, name); lookErr == nil {
			err = nil
		}
	}
	if err != nil {
		return fmt.Errorf("registering the repository %s: %w", name, err)
	}
	want := w.record.Snapshot
	s, err := w.Cluster.Snapshot(ctx, name, want.Name)
	if err != nil {
		return err
	}
	if s.UUID != want.UUID {
		return fmt.Errorf("%w: snapshot %s has the UUID %s, and the record says %s", archive.ErrIntegrity, want.Name, s.UUID, want.UUID)
	}
	return nil
}

// onlyTheArchive makes sure that the cluster will find the archive's files and no
// other: a file more, such as a root file with a higher number, would be believed,
// and nobody has checked it.
func (w *way) onlyTheArchive(ctx context.Context) error {
	var objects int
	var bytes int64
	for o, err := range w.Staging.List(ctx, w.claim.Files, "") {
		if err != nil {
			return fmt.Errorf("listing the files of the restore: %w", err)
		}
		objects, bytes = objects+1, bytes+o.Size
	}
	if objects != w.result.Objects || bytes != w.result.Bytes {
		if err := w.lease.Check(ctx); err != nil {
			return err // cleaned up after, and not tampered with
		}
		return job.NeedsPerson("find out who else writes into that bucket, and run again", "%s%s holds %d files of %d bytes, and the archive has %d of %d: somebody else writes there",
			w.Staging.URL(), w.claim.Files, objects, bytes, w.result.Objects, w.result.Bytes)
	}
	return nil
}

// restore has the cluster bring the indices back, and waits until every primary
// shard of them has started.
func (w *way) restore(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, w.Timeout,
		job.WithHint(fmt.Errorf("the cluster did not restore the indices within %v", w.Timeout), "see how far it came in the lines above; raise restore.timeout"))
	defer cancel()
	if err := w.request(ctx); err != nil {
		return because(ctx, err)
	}
	if err := w.await(ctx); err != nil {
		return because(ctx, err)
	}
	if w.kind == KindDrill {
		return nil
	}
	// From here on they are whole, and not ours any more.
	return w.lease.Update(ctx, func(c *Claim) { c.Kept = true })
}

// request asks for the restore. The claim is checked right before it: who was
// frozen, and cleaned up after meanwhile, must not begin anything.
func (w *way) request(ctx context.Context) error {
	if err := w.mustBeFree(ctx); err != nil {
		return err
	}
	if err := w.lease.Check(ctx); err != nil {
		return err
	}
	prefix, suffix := w.affixes()
	o := snapshot.RestoreOptions{Prefix: prefix, Suffix: suffix, Replicas: w.options.Replicas, Detach: !w.options.KeepPolicies}
	for _, t := range w.claim.Indices {
		o.Indices = append(o.Indices, t.Index)
	}
	if o.Detach && w.kind == KindRestore {
		w.Watch.Note("lifecycle policies are left off the restored indices; --keep-policies leaves them on")
	}
	err := w.Cluster.Restore(ctx, w.claim.Repository, w.record.Snapshot.Name, o)
	switch {
	case errors.Is(err, snapshot.ErrAmbiguous):
		w.Watch.Note("the cluster's answer to the restore was lost; looking", slog.String("error", err.Error()))
		return nil
	case errors.Is(err, snapshot.ErrIndexExists):
		return existing(w.claim.names())
	case err != nil:
		return fmt.Errorf("restoring snapshot %s: %w", w.record.Snapshot.Name, err)
	}
	w.accepted = true
	return nil
}

// appear is how many looks are taken for indices whose request got no answer.
const appear = 12

// await polls until the indices are there and whole.
func (w *way) await(ctx context.Context) error {
	for n := 0; ; n++ {
		there, err := w.adopt(ctx)
		switch {
		case err != nil:
			return err
		case there:
			done, err := w.watchRecovery(ctx)
			if err != nil || done {
				return err
			}
		case !w.accepted && n >= appear:
			return fmt.Errorf("the cluster has not begun to restore snapshot %s", w.record.Snapshot.Name)
		}
		if err := w.pause(ctx, n); err != nil {
			return err
		}
	}
}

// adopt records the new indices' UUIDs once all are there: what is deleted later
// must be what was made here.
func (w *way) adopt(ctx context.Context) (bool, error) {
	found, err := w.Cluster.Indices(ctx, w.claim.names())
	if err != nil {
		return false, err
	}
	uuids := map[string]string{}
	for _, i := range found {
		uuids[i.Name] = i.UUID
	}
	targets := slices.Clone(w.lease.Now().Indices)
	recorded := targets[0].UUID != ""
	for n, t := range targets {
		uuid := uuids[t.Target]
		if recorded && uuid != t.UUID {
			return false, job.NeedsPerson("find out who did it, and run again", "the index %s was deleted or replaced while it was being restored", t.Target)
		}
		if uuid == "" {
			return false, nil
		}
		targets[n].UUID = uuid
	}
	if recorded {
		return true, nil
	}
	if err := w.areOurs(ctx); err != nil {
		return false, err
	}
	return true, w.lease.Update(ctx, func(c *Claim) { c.Indices = targets })
}

// areOurs makes sure that indices which appeared after a request without an
// answer are of this restore, and not somebody's who was faster.
func (w *way) areOurs(ctx context.Context) error {
	if w.accepted {
		return nil // the cluster would have refused
	}
	for _, name := range w.claim.names() {
		from, err := w.Cluster.RestoredFrom(ctx, name)
		if err != nil {
			return err
		}
		if from != w.claim.Repository {
			return existing([]string{name})
		}
	}
	return nil
}

// watchRecovery shows how far the shards are, and tells when all have started.
func (w *way) watchRecovery(ctx context.Context) (done bool, err error) {
	r, err := w.Cluster.Recovery(ctx, w.claim.names())
	if err != nil {
		return false, err
	}
	w.Watch.Progress(PhaseRestore, r.BytesDone, r.Bytes)
	if len(r.Failed) > 0 {
		return false, job.WithHint(fmt.Errorf("the cluster cannot restore %s", strings.Join(r.Failed, "; ")),
			"every file of the archive was verified: look for the reason in the cluster (disk space, allocation rules, versions)")
	}
	return r.Done(), nil
}
