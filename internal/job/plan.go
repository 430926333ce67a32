package job

import (
	"context"
	"errors"
	"fmt"

	"archiver/archive"
	"archiver/snapshot"
)

// makePlan lists staging, holds the repository's metadata against the listing,
// cuts it into volumes and writes all this down before anything is packed.
func (d *day) makePlan(ctx context.Context) error {
	if d.lease.Now().PlanSHA256 != "" {
		return d.loadPlan(ctx)
	}
	root, at, err := d.readRoot(ctx)
	if err != nil {
		return err
	}
	record, err := d.record(ctx)
	if err != nil {
		return err
	}
	walk, err := newWalk(d.Staging, root, at)
	if err != nil {
		return err
	}
	plan, err := archive.MakePlan(ctx, d.Staging, archive.PlanOptions{
		Record: record, Attempt: d.lease.Now().Attempt, Root: at, VolumeSize: d.VolumeSize,
		Recipients: d.Sealer.Fingerprints(), Signer: d.Signer.Fingerprint(), Retention: d.Retention,
		Expect: func(b archive.Blob) error { return walk.expect(ctx, b) },
	})
	if err != nil {
		return err
	}
	if err := walk.end(); err != nil {
		return d.spoiled(ctx, err)
	}
	d.plan = plan
	if err := d.packer(nil).Check(); err != nil { // before anything is fixed
		return err
	}
	sum, err := plan.Deposit(ctx, d.Staging.Store)
	if err != nil {
		return err
	}
	return d.lease.Update(ctx, func(s *State) { s.PlanSHA256 = sum })
}

// loadPlan reads the plan that the state names.
func (d *day) loadPlan(ctx context.Context) error {
	if d.plan != nil {
		return nil
	}
	s := d.lease.Now()
	o, err := d.Staging.Store.Get(ctx, archive.PlanKey(s.Run, s.PlanSHA256))
	if err != nil {
		return fmt.Errorf("reading the plan: %w", err)
	}
	d.plan, err = archive.DecodePlan(o.Body, s.PlanSHA256)
	return err
}

// record describes the archive, but for what the listing will count.
func (d *day) record(ctx context.Context) (archive.Record, error) {
	info, err := d.Cluster.Info(ctx)
	if err != nil {
		return archive.Record{}, err
	}
	s := d.lease.Now()
	return archive.Record{
		Format: archive.Format, Stream: s.Stream, Date: s.Date, Run: s.Run, Time: archive.Seconds(d.Now()), Tool: d.Tool,
		Cluster:  archive.Cluster{Name: info.Name, UUID: info.UUID, Distribution: info.Distribution, Version: info.Version},
		Snapshot: archive.Snapshot{Name: s.Snapshot.Name, UUID: s.Snapshot.UUID, Indices: s.Witness.Indices},
		Witness:  archive.RecordWitness{Time: s.Witness.Time, Samples: orEmpty(s.Witness.Samples), Missing: orEmpty(s.Witness.Missing)},
	}, nil
}

// orEmpty makes an array of what an older state may not have.
func orEmpty[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}

// readRoot reads the repository's root file and checks that it lists our
// snapshot and no other.
func (d *day) readRoot(ctx context.Context) (snapshot.Root, archive.Root, error) {
	root, at, err := d.parseRoot(ctx)
	if err != nil {
		return root, at, err
	}
	return root, at, d.alone(ctx, root)
}

// parseRoot reads the repository's newest root file.
func (d *day) parseRoot(ctx context.Context) (snapshot.Root, archive.Root, error) {
	at, err := d.findRoot(ctx)
	if err != nil {
		return snapshot.Root{}, at, err
	}
	o, err := d.Staging.Store.Get(ctx, d.Staging.Base+at.Key)
	if err != nil {
		return snapshot.Root{}, at, fmt.Errorf("reading the repository's root: %w", err)
	}
	root, err := snapshot.ParseRoot(o.Body)
	if err != nil {
		return root, at, fmt.Errorf("%s: %w", d.Staging.Base+at.Key, err)
	}
	return root, at, nil
}

// alone checks that the repository holds our snapshot and no other. One of ours
// that has come late shares blobs with it: then both are given up, and the day
// is taken again.
func (d *day) alone(ctx context.Context, root snapshot.Root) error {
	s := d.lease.Now()
	var others []string
	found := false
	for _, x := range root.Snapshots {
		if x.UUID == s.Snapshot.UUID {
			found = true
			continue
		}
		others = append(others, x.Name)
		if !d.disposable(x.Name) {
			return d.foreignSnapshots([]string{x.Name})
		}
	}
	if found && len(others) == 0 {
		return nil
	}
	err := fmt.Errorf("the repository should hold the snapshot %s alone; found it: %v, others: %v", s.Snapshot.Name, found, others)
	return errors.Join(err, d.retake(ctx, err))
}

// findRoot finds the newest root file by listing, as the cluster does.
func (d *day) findRoot(ctx context.Context) (archive.Root, error) {
	var names []string
	prefix := d.Staging.Base + "index-"
	for o, err := range d.Staging.Store.List(ctx, prefix, "") {
		if err != nil {
			return archive.Root{}, fmt.Errorf("looking for the repository's root: %w", err)
		}
		names = append(names, o.Key[len(d.Staging.Base):])
	}
	key, generation, err := snapshot.RootFile(names)
	if err != nil {
		return archive.Root{}, fmt.Errorf("%s: %w", d.Staging.Store.URL(), err)
	}
	return archive.Root{Key: key, Generation: generation}, nil
}
