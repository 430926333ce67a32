package snapshot

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Delete deletes a snapshot, aborting it first if it is being taken, and
// returns when its files are gone. That may take longer than Options.Timeout:
// the deletion then goes on, and the error is ErrAmbiguous. Others to decide
// on: ErrSnapshotMissing, ErrNotFound (the repository), ErrBusy, ErrDisabled.
func (c *Cluster) Delete(ctx context.Context, repository, name string) error {
	if err := checkSnapshot(repository, name); err != nil {
		return err
	}
	return c.change(ctx, snapshotRequest("delete snapshot", http.MethodDelete, repository, name))
}

// Deleting says whether the cluster is deleting snapshots of a repository. A
// deletion goes on after its request has died, when the snapshot is no longer
// listed but its files still lie there. The error is ErrUnknowable if this
// caller may not read the cluster's state.
func (c *Cluster) Deleting(ctx context.Context, repository string) (bool, error) {
	if err := checkName("repository", repository); err != nil {
		return false, err
	}
	r := request{
		op:     "look for deletions in " + repository,
		method: http.MethodGet,
		path:   []string{"_cluster", "state", "customs"},
		query:  url.Values{"filter_path": {"cluster_uuid,snapshot_deletions"}},
	}
	type deletion struct {
		Repository string `json:"repository"`
	}
	var out struct {
		// The filter would make an answer without deletions an empty object,
		// which anything could have written.
		ClusterUUID string `json:"cluster_uuid"`
		Deletions   struct {
			Running []deletion `json:"snapshot_deletions"`
		} `json:"snapshot_deletions"`
	}
	if err := c.read(ctx, r, &out); err != nil {
		return false, orUnknowable(err)
	}
	if out.ClusterUUID == "" {
		return false, c.gibberish(r, answer{status: http.StatusOK}, errors.New("no cluster_uuid in it"))
	}
	return slices.Contains(out.Deletions.Running, deletion{repository}), nil
}

// orUnknowable marks the refusals that say nothing of the question: managed
// services close this API with 401, 403 or 405, whatever the credentials.
func orUnknowable(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusMethodNotAllowed:
		return fmt.Errorf("%w: %w", ErrUnknowable, err)
	}
	return err
}

// Cleanup removes files that no snapshot of the repository refers to. The
// error is ErrBusy while any repository of the cluster takes or deletes a
// snapshot; nothing depends on it being done.
func (c *Cluster) Cleanup(ctx context.Context, repository string) error {
	if err := checkName("repository", repository); err != nil {
		return err
	}
	r := repositoryRequest("clean up repository "+repository, http.MethodPost, repository)
	r.path = append(r.path, "_cleanup")
	r.change = true
	var out struct{}
	return c.once(ctx, r, &out)
}
