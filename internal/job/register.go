package job

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"

	"archiver/snapshot"
)

// register creates the snapshot repository if it is absent. One that is there
// is only compared: to change it would be to answer for whoever made it.
func (d *day) register(ctx context.Context) error {
	info, err := d.Cluster.Info(ctx)
	if err != nil {
		return err
	}
	registered, err := d.Registered(ctx, info)
	if err != nil || registered {
		return err
	}
	return d.create(ctx, d.wanted(info))
}

// wanted is the registration that this cluster should have.
func (j *Job) wanted(info snapshot.Info) snapshot.Repository {
	want := snapshot.Repository{Type: j.Register.Type, Settings: maps.Clone(j.Register.Settings)}
	if _, set := want.Settings["shard_path_type"]; !set && snapshot.SupportsFixedPaths(info) {
		want.Settings["shard_path_type"] = "fixed" // else data may lie outside of the base path
	}
	return want
}

// create registers the repository and looks whether it is there: an answer may
// be lost, and a registration whose verification failed stays registered.
func (d *day) create(ctx context.Context, want snapshot.Repository) error {
	err := d.Cluster.Register(ctx, d.Repository, want)
	if err == nil {
		return nil
	}
	if !errors.Is(err, snapshot.ErrAmbiguous) {
		return misplaced(want, err)
	}
	have, lookErr := d.Cluster.Repository(ctx, d.Repository)
	if lookErr != nil {
		return errors.Join(err, lookErr)
	}
	return sameRepository(d.Repository, want, have)
}

// misplaced adds what a shared file system needs to an error that may be for
// want of it.
func misplaced(want snapshot.Repository, err error) error {
	var e *snapshot.Error
	if want.Type != "fs" || !errors.As(err, &e) || !strings.HasPrefix(e.Type, "repository_") {
		return err
	}
	return WithHint(err, fmt.Sprintf("%s must lie below one of the path.repo of every node of the cluster, be the same file system on all of them and here, and be writable for the user that they run as",
		want.Settings["location"]))
}

// sameRepository explains how a registered repository differs from the
// configured one.
func sameRepository(name string, want, have snapshot.Repository) error {
	diff := want.Diff(have)
	if len(diff) == 0 {
		return nil
	}
	var lines []string
	for _, x := range diff {
		lines = append(lines, fmt.Sprintf("%s is %q, configured is %q", x.Key, x.Have, x.Want))
	}
	return &marked{NeedsPerson("if the registered one is right, set staging.url, staging.type and staging.settings to it; if not, give staging.repository another name, or remove the registration (its files stay) with DELETE _snapshot/"+name,
		"the repository %s is registered with other settings: %s", name, strings.Join(lines, "; ")), ErrRegistered}
}
