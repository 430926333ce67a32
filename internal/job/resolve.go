package job

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"archiver/snapshot"
)

// resolve turns the date into the indices that exist.
func (d *day) resolve(ctx context.Context) error {
	date := d.lease.Now().Date
	patterns := d.IndexPatterns(date)
	found, err := d.Cluster.Indices(ctx, patterns)
	if err != nil {
		return err
	}
	if err := d.stillSameIndices(ctx); err != nil { // what a closed run had taken must be there again
		return err
	}
	if len(found) == 0 && len(d.lease.Now().Indices) == 0 {
		return noIndex(patterns)
	}
	if err := covers(found, d.lease.Now().Indices); err != nil {
		return err
	}
	ids := make([]IndexID, len(found))
	for i, x := range found {
		if err := d.fit(date, x); err != nil {
			return err
		}
		ids[i] = IndexID{Name: x.Name, UUID: x.UUID}
	}
	return d.lease.Update(ctx, func(s *State) { s.Indices = ids })
}

// noIndex says that a day has nothing to archive.
func noIndex(patterns []string) error {
	return WithHint(fmt.Errorf("%w: no index matches %s", ErrNothing, strings.Join(patterns, ", ")),
		"if the day should have had data, compare the pattern in `indices` with the names on the cluster (GET _cat/indices)")
}

// covers fails unless all needed indices are among those found.
func covers(found []snapshot.Index, needed []IndexID) error {
	for _, n := range needed {
		if !slices.ContainsFunc(found, func(x snapshot.Index) bool { return x.Name == n.Name && x.UUID == n.UUID }) {
			return NeedsPerson("set `indices` so that it matches this index again; "+keepHint, "an earlier run of the day had taken the index %s, which `indices` does not match any more", n.Name)
		}
	}
	return nil
}

// fit refuses an index that is not the day's, or of which no whole snapshot can be
// taken.
func (j *Job) fit(date string, x snapshot.Index) error {
	if j.IndexDates == nil {
		return whole(x)
	}
	if of := j.IndexDates(x.Name); len(of) > 0 && !slices.Contains(of, date) {
		return &marked{NeedsPerson("remove that alias (POST _aliases), or leave it out of `indices`: an archive holds one day",
			"an alias leads from %s to the index %s, which is that of %s", date, x.Name, strings.Join(of, " or ")), ErrUnfit}
	}
	return whole(x)
}

// whole refuses an index of which no whole snapshot can be taken.
func whole(x snapshot.Index) error {
	switch {
	case x.Status == "close":
		return &marked{NeedsPerson("open the index (POST "+x.Name+"/_open), or leave it out of `indices`",
			"the index %s is closed: its documents cannot be counted", x.Name), ErrUnfit}
	case x.Elsewhere != "":
		return &marked{NeedsPerson("bring the index back to ordinary (hot) storage, or leave it out of `indices`; archive days before they are moved away",
			"the index %s lies in %s: a snapshot would not hold its files", x.Name, x.Elsewhere), ErrUnfit}
	case x.Health == "red":
		return &marked{WithHint(fmt.Errorf("the index %s is red: a primary shard is missing, so a snapshot would be partial", x.Name),
			"see GET _cluster/allocation/explain; run again once the index is yellow or green"),
			ErrUnfit}
	}
	return nil
}

// sameIndices tells whether all indices of the run are still the ones that it
// began with. It stands before anything that only they could bring back.
func (d *day) sameIndices(ctx context.Context) error {
	s := d.lease.Now()
	if len(s.Indices) == 0 {
		return nil
	}
	var names []string
	for _, x := range s.Indices {
		names = append(names, x.Name)
	}
	found, err := d.Cluster.Indices(ctx, names)
	if err != nil {
		return err
	}
	uuids := map[string]string{}
	for _, x := range found {
		uuids[x.Name] = x.UUID
		if x.Health == "red" {
			return whole(x)
		}
	}
	for _, x := range s.Indices {
		switch uuid, ok := uuids[x.Name]; {
		case !ok:
			return NeedsPerson(keepHint, "the index %s of run %s does not exist any more, so the day cannot be taken again", x.Name, s.Run)
		case uuid != x.UUID:
			return NeedsPerson(keepHint, "the index %s is not the one that run %s began with (uuid %s, was %s), so the day cannot be taken again", x.Name, s.Run, uuid, x.UUID)
		}
	}
	return nil
}

// stillSameIndices is sameIndices before anything was taken: a resumed run whose
// indices are gone, and that has left nothing, is given up.
func (d *day) stillSameIndices(ctx context.Context) error {
	gone := d.sameIndices(ctx)
	if !errors.Is(gone, ErrPerson) {
		return gone
	}
	if err := d.giveUpIfBare(ctx, gone); err != nil {
		return err
	}
	return gone
}

// keepHint: what staging holds may be the only copy of a day.
const keepHint = "staging may hold the only copy: do not empty it; look at its snapshots (GET _snapshot/<repository>/_all), restore what is needed from there, and remove the rest by hand"
