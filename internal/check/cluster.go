package check

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"archiver/internal/config"
	"archiver/snapshot"
)

// cluster asks the search cluster for all that a run asks of it, but for a
// snapshot.
func (r *run) cluster(ctx context.Context) {
	const name = "cluster"
	if r.ClusterErr != nil {
		r.fail(name, r.ClusterErr)
		return
	}
	var info snapshot.Info
	err := bounded(ctx, contact, func(ctx context.Context) (err error) {
		info, err = r.Cluster.Info(ctx)
		return err
	})
	if err != nil {
		r.ClusterErr = err
		r.fail(name, err)
		r.skip("repository", "the cluster must answer first")
		return
	}
	if snapshot.Tried(info) {
		r.ok(name, "%s", info)
	} else {
		r.warn(name, "try a whole day and its restore before you rely on it", "%s: this program was not tested with this version", info)
	}
	r.each(ctx, r.clusterClock, r.indices,
		func(ctx context.Context) error { return r.privileges(ctx, info) },
		func(ctx context.Context) error { return r.repository(ctx, info) })
}

func (r *run) clusterClock(ctx context.Context) error {
	const name = "cluster clock"
	at, err := r.Cluster.Clock(ctx)
	if err != nil {
		r.skip(name, "%v", err)
		return err
	}
	r.clock(name, at)
	return nil
}

// needed are the actions of a run, by the servers' own names for them.
func needed(patterns []string) snapshot.Privileges {
	return snapshot.Privileges{
		Cluster: []string{
			"cluster:monitor/main", "cluster:admin/repository/get", "cluster:admin/repository/put", "cluster:admin/repository/verify",
			"cluster:admin/repository/_cleanup", "cluster:admin/snapshot/create", "cluster:admin/snapshot/get", "cluster:admin/snapshot/status",
			"cluster:admin/snapshot/delete",
		},
		Index:   []string{"indices:monitor/settings/get", "indices:monitor/stats", "indices:data/read/search"},
		Indices: patterns,
	}
}

// privileges asks whether the caller may do what cannot be tried without being
// done: above all, take a snapshot.
func (r *run) privileges(ctx context.Context, info snapshot.Info) error {
	const name = "privileges"
	var patterns []string
	for _, p := range r.Config.Indices {
		patterns = append(patterns, wildcard(p))
	}
	if r.Config.Cluster.Auth == config.AuthNone {
		r.skip(name, "the cluster asks nobody who they are (cluster.auth none); a snapshot cannot be tried without taking one")
		return nil
	}
	if info.Distribution == snapshot.OpenSearch {
		return r.roles(ctx, name)
	}
	p := needed(patterns)
	p.Index = []string{"monitor", "read", "view_index_metadata"}
	lacks, err := r.Cluster.Lacks(ctx, p)
	switch {
	case err != nil:
		r.skip(name, "whether it may take snapshots was not tried: %v", err)
	case len(lacks) > 0:
		r.failWith(name, "give the caller's role these privileges (cluster: manage, or the actions by name; index: monitor, read, view_index_metadata)",
			fmt.Errorf("the caller lacks %s", strings.Join(lacks, ", ")))
	default:
		r.ok(name, "the caller has all that a run needs")
	}
	return err
}

// roles can only tell who we are: OpenSearch does not say what that allows.
func (r *run) roles(ctx context.Context, name string) error {
	user, roles, err := r.Cluster.Caller(ctx)
	if err != nil {
		r.skip(name, "whether it may take snapshots was not tried: %v", err)
		return err
	}
	for _, role := range roles {
		if role == "all_access" || role == "manage_snapshots" {
			r.ok(name, "%s has the role %s", user, role)
			return nil
		}
	}
	r.warn(name, "map the caller to manage_snapshots and to a role that reads the indices",
		"%s has the roles %s; whether these allow snapshots, the cluster does not tell", user, strings.Join(roles, ", "))
	return nil
}

// wildcard is a pattern for any date.
func wildcard(p config.Pattern) string {
	s := string(p)
	for _, token := range []string{"{DDMMYYYY}", "{YYYYMMDD}", "{YYYY.MM.DD}", "{DD}", "{MM}", "{YYYY}"} {
		s = strings.ReplaceAll(s, token, "*")
	}
	return s
}

// indices looks at yesterday's, and counts the first, which proves that they can
// be read.
func (r *run) indices(ctx context.Context) error {
	const name = "indices"
	yesterday := config.Yesterday(r.Now(), r.Config.Timezone.Location())
	patterns := r.Job.IndexPatterns(yesterday.String())
	found, err := r.Cluster.Indices(ctx, patterns)
	if err != nil {
		r.fail(name, err)
		return err
	}
	if len(found) == 0 {
		r.warn(name, "if the day should have data, compare `indices` with the names on the cluster (GET _cat/indices)",
			"none of yesterday, %s, matches %s: a run would end with exit code 3", yesterday, strings.Join(patterns, ", "))
		return nil
	}
	var names []string
	for _, x := range found {
		names = append(names, x.Name)
		if x.Status == "close" || x.Health == "red" {
			r.warn(name, "open it, or see GET _cluster/allocation/explain, or leave it out of `indices`",
				"%s of yesterday is %s and %s: a run would refuse it", x.Name, x.Status, x.Health)
			return nil
		}
	}
	n, err := r.Cluster.Count(ctx, found[0].Name)
	if err != nil {
		r.fail(name, err)
		return err
	}
	r.ok(name, "yesterday's can be read: %s; the first has %d %s", strings.Join(names, ", "), n, plural(int(n), "document", "documents"))
	return nil
}

func (r *run) repository(ctx context.Context, info snapshot.Info) error {
	const name = "repository"
	if r.StoresErr != nil {
		r.skip(name, "the stores must be right first")
		return nil
	}
	present, err := r.Job.Registered(ctx, info)
	if err != nil {
		r.fail(name, err)
		return err
	}
	if !present {
		r.ok(name, "%s is not there yet: the first run registers it, and proves that the cluster can write there", r.Job.Repository)
		return nil
	}
	nodes, err := r.Cluster.VerifyRepository(ctx, r.Job.Repository)
	if errors.Is(err, snapshot.ErrDisabled) {
		r.fail(name, err)
		return err
	}
	if err != nil {
		r.failWith(name, "the cluster's own credentials for the staging bucket, or its path, are not right: see the reason", err)
		return err
	}
	r.ok(name, "%s is registered as configured, and every node can write to it (%d %s)", r.Job.Repository, nodes, plural(nodes, "node", "nodes"))
	return nil
}
