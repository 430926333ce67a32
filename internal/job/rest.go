package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"archiver/archive"
	"archiver/snapshot"
)

// mustBeEmpty refuses a repository that holds any snapshot, or anything but its
// root files: a snapshot taken on top of something inherits its holes, and would
// mix what must stay apart.
func (d *day) mustBeEmpty(ctx context.Context) error {
	all, err := d.Cluster.Snapshots(ctx, d.Repository)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		return d.onlyKnown(all) // nil: an earlier request of ours has arrived after all: creating tells
	}
	if d.lease.Now().Attempt > 1 { // what an attempt of ours has left is ours to clear away
		if err := d.settled(ctx); err != nil {
			return err
		}
	}
	left, err := d.atRest(ctx)
	if err != nil || left == "" {
		return err
	}
	// It may be of a request of ours that arrived between the two looks.
	if all, err = d.Cluster.Snapshots(ctx, d.Repository); err != nil || len(all) > 0 {
		return errors.Join(err, d.onlyKnown(all))
	}
	return d.foreignLeft(left)
}

// foreignLeft explains an object that is left in a repository without snapshots.
func (d *day) foreignLeft(left string) error {
	foreign := &archive.ForeignError{Key: d.Staging.Base + left, Reason: "the repository has no snapshot, so nothing but its root files should be there"}
	return WithHint(foreign, foreign.Hint()+"; what a failed snapshot has left goes away with POST _snapshot/"+d.Repository+"/_cleanup")
}

// known lists the repository's snapshots, and refuses any that this program did
// not make.
func (d *day) known(ctx context.Context) ([]snapshot.Snapshot, error) {
	all, err := d.Cluster.Snapshots(ctx, d.Repository)
	if err != nil {
		return nil, err
	}
	return all, d.onlyKnown(all)
}

// onlyKnown refuses snapshots that this program did not make.
func (d *day) onlyKnown(all []snapshot.Snapshot) error {
	if names := d.strangers(all); len(names) > 0 {
		return d.foreignSnapshots(names)
	}
	return nil
}

// foreignSnapshots explains that the repository is not this stream's alone.
func (d *day) foreignSnapshots(names []string) error {
	return &marked{NeedsPerson("find out who made them (GET _snapshot/"+d.Repository+"/_all); the repository must be this stream's alone. If they are not needed, DELETE them, and run again",
		"the repository %s holds snapshots that this run did not make: %s", d.Repository, strings.Join(names, ", ")), ErrForeignSnapshot}
}

// quiet is how often in a row staging must look the same to count as at rest.
const quiet = 3

// quietUnknown is the same where the cluster does not say whether a deletion
// runs: with the pauses growing to five seconds, about half a minute.
const quietUnknown = 12

// settled waits after a deletion until none is in progress and staging has come
// to rest, and asks the cluster to clear away what it left: best effort, because
// clusters refuse that while any of their repositories snapshots.
func (d *day) settled(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, d.SnapshotTimeout, fmt.Errorf("a deletion did not end within %v", d.SnapshotTimeout))
	defer cancel()
	for asked := false; ; asked = true {
		left, err := d.atRest(ctx)
		if err != nil || left == "" || asked {
			return err
		}
		if err := d.Cluster.Cleanup(ctx, d.Repository); err != nil {
			d.Watch.Note("the cluster did not clean the repository up", slog.String("error", err.Error()))
		}
	}
}

// atRest waits until no deletion runs and nothing changes, and returns the
// first key that is not a root file; "" if there is none.
func (d *day) atRest(ctx context.Context) (string, error) {
	var last remains
	for n, same := 0, 0; ; n++ {
		busy, err := d.Cluster.Deleting(ctx, d.Repository)
		wanted := quiet
		if errors.Is(err, snapshot.ErrUnknowable) { // then only the listing tells
			err, wanted = nil, quietUnknown
		}
		if err != nil {
			return "", err
		}
		left, err := d.leftover(ctx)
		if err != nil {
			return "", err
		}
		if !busy && left.first == "" {
			return "", nil
		}
		if busy || left != last {
			same = 0
		}
		if last, same = left, same+1; same >= wanted {
			return left.first, nil
		}
		if err := d.pause(ctx, n); err != nil {
			return "", err
		}
	}
}

// remains is what lies in staging besides root files.
type remains struct {
	first   string // key
	objects int
}

// leftover lists staging for what is not a root file.
func (d *day) leftover(ctx context.Context) (left remains, err error) {
	for b, err := range d.Staging.All(ctx) {
		if err != nil {
			return left, err
		}
		if snapshot.IsRootFile(b.Key) {
			continue
		}
		if left.objects++; left.first == "" {
			left.first = b.Key
		}
	}
	return left, nil
}
