package restore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"archiver/archive/store"
	"archiver/internal/lease"
	"archiver/snapshot"
)

// Leftover is a restore that is under way, or what one that died has left.
type Leftover struct {
	ID         string    `json:"id"`
	Kind       Kind      `json:"kind"` // "" without a claim
	Date       string    `json:"date"`
	Holder     string    `json:"holder"`
	Live       bool      `json:"live"`
	Until      time.Time `json:"until"` // when its lease runs out, or ran out
	Repository string    `json:"repository"`
	// ClusterUUID is where its indices are.
	ClusterUUID string   `json:"cluster_uuid"`
	Indices     []string `json:"indices"` // that it was to make
	Objects     int      `json:"objects"` // files in staging
	Bytes       int64    `json:"bytes"`
	Removed     bool     `json:"removed"`
	// Stays says why it is not removed.
	Stays string `json:"stays"`
}

// Leftovers finds the restores that staging, or the cluster, still knows of.
// With remove, all of them are removed that are not at work any more.
func (r *Restorer) Leftovers(ctx context.Context, remove bool) (found []Leftover, err error) {
	defer func() { err = because(ctx, err) }()
	info, err := r.Cluster.Info(ctx)
	if err != nil {
		return nil, err
	}
	return r.leftovers(ctx, info, remove)
}

func (r *Restorer) leftovers(ctx context.Context, info snapshot.Info, remove bool) ([]Leftover, error) {
	found, err := r.inStaging(ctx)
	if err != nil {
		return nil, err
	}
	strays, err := r.strayRepositories(ctx, found)
	if err != nil {
		return nil, err
	}
	found = append(found, strays...)
	var failed []error
	for n := range found {
		if err := r.judge(ctx, &found[n], info, remove); err != nil {
			failed = append(failed, fmt.Errorf("%s: %w", found[n].ID, err))
		}
	}
	return found, errors.Join(failed...)
}

// inStaging lists the restores by what lies in staging.
func (r *Restorer) inStaging(ctx context.Context) ([]Leftover, error) {
	var found []Leftover
	for o, err := range r.Staging.List(ctx, Prefix, "") {
		if err != nil {
			return nil, fmt.Errorf("listing restores: %w", err)
		}
		id, name, ok := strings.Cut(strings.TrimPrefix(o.Key, Prefix), "/")
		if !ok || !idPattern.MatchString(id) {
			continue // not ours
		}
		if len(found) == 0 || found[len(found)-1].ID != id {
			found = append(found, Leftover{ID: id, Repository: repositoryOf(id)})
		}
		if home(id)+name != claimKey(id) {
			x := &found[len(found)-1]
			x.Objects, x.Bytes = x.Objects+1, x.Bytes+o.Size
		}
	}
	return found, nil
}

// strayRepositories finds registrations of restores that staging does not know:
// a request that reached the cluster after everything had been cleaned up.
func (r *Restorer) strayRepositories(ctx context.Context, known []Leftover) ([]Leftover, error) {
	all, err := r.Cluster.Repositories(ctx)
	if err != nil {
		return nil, err
	}
	for _, x := range known {
		delete(all, x.Repository)
	}
	var strays []Leftover
	for name, is := range all {
		id, ok := strings.CutPrefix(name, repositoryPrefix)
		// Another stream's restores lie in another place.
		if ok && idPattern.MatchString(id) && len(r.At(files(id)).Diff(is)) == 0 {
			strays = append(strays, Leftover{ID: id, Repository: name})
		}
	}
	return strays, nil
}

// judge reads a restore's claim, and removes what it has left if that is asked
// for and it is dead.
func (r *Restorer) judge(ctx context.Context, x *Leftover, info snapshot.Info, remove bool) error {
	was, err := r.claimObject(x.ID).Look(ctx)
	if errors.Is(err, store.ErrNotFound) {
		// The claim goes last: what is still there, or again, came late.
		if !remove {
			return nil
		}
		err = r.removeNamed(ctx, Claim{ID: x.ID, Kind: KindDrill, Phase: PhaseRegister, Repository: x.Repository})
		x.Removed = err == nil
		return err
	}
	if err != nil {
		x.Stays = err.Error()
		return err
	}
	c := was.Object
	x.Kind, x.Date, x.Holder, x.Live, x.Until = c.Kind, c.Date, c.Holder, was.Live(), was.Until()
	x.ClusterUUID = c.ClusterUUID
	if !c.Kept {
		x.Indices = c.names()
	}
	switch {
	case x.Live:
		x.Stays = "it is at work"
	case c.ClusterUUID != info.UUID && c.inCluster():
		x.Stays = fmt.Sprintf("its indices are in another cluster (%s): run clean with that one's configuration", c.ClusterUUID)
	case remove:
		err := r.bury(ctx, was)
		x.Removed = err == nil
		return err
	}
	return nil
}

// bury takes a dead restore's claim over, so that it can never go on, and
// removes what it names.
func (r *Restorer) bury(ctx context.Context, was lease.Seen[Claim]) error {
	held, l, err := r.take(ctx, *was.Object, was.Info.ETag)
	if err != nil {
		return err
	}
	return r.removeAll(ctx, held, l)
}
