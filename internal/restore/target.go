package restore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"archiver/archive"
	"archiver/internal/job"
	"archiver/snapshot"
)

// placeholder stands for the archived name in Options.Rename.
const placeholder = "{index}"

// CheckRename says what is wrong with an Options.Rename. That the result would be
// no name of an index, the cluster says only when all has been unpacked.
func CheckRename(rename string) error {
	if wrong := strings.IndexAny(rename, `\/*?"<>|,#: `); wrong >= 0 {
		return fmt.Errorf("%q: no index may have a %q in its name", rename, rename[wrong])
	}
	if rename != strings.ToLower(rename) {
		return fmt.Errorf("%q: names of indices are in lower case", rename)
	}
	if rename != "" && strings.ContainsRune("-_+", rune(rename[0])) {
		return fmt.Errorf("%q: no name of an index begins with %q", rename, rename[0])
	}
	if rename != "" && strings.Count(rename, placeholder) != 1 {
		return fmt.Errorf("%q must hold %s once, which stands for the archived name, as in restored-%s", rename, placeholder, placeholder)
	}
	return nil
}

// affixes are what stands before and behind an archived name.
func (w *way) affixes() (prefix, suffix string) {
	if w.kind == KindDrill {
		return scratchOf(w.id), ""
	}
	prefix, suffix, _ = strings.Cut(w.options.Rename, placeholder)
	return prefix, suffix
}

// targets are the indices that are asked for, with their new names.
func (w *way) targets() ([]Target, error) {
	if err := CheckRename(w.options.Rename); err != nil {
		return nil, job.NeedsPerson("restore it under another name with --rename", "%w", err)
	}
	prefix, suffix := w.affixes()
	var targets []Target
	var held []string
	wanted := map[string]bool{}
	for _, name := range w.options.Indices {
		wanted[name] = true
	}
	for _, i := range w.entry.Archive.Snapshot.Indices {
		held = append(held, i.Name)
		if len(w.options.Indices) == 0 || wanted[i.Name] {
			targets = append(targets, Target{Index: i.Name, Target: prefix + i.Name + suffix})
		}
		delete(wanted, i.Name)
	}
	for name := range wanted {
		return nil, job.NeedsPerson("name what it holds: "+strings.Join(held, ", "), "the archive of %s holds no index %s", w.options.Date, name)
	}
	if len(targets) == 0 {
		return nil, fmt.Errorf("%w: the archive of %s holds no index", job.ErrNothing, w.options.Date)
	}
	o := snapshot.RestoreOptions{Prefix: prefix, Suffix: suffix}
	for _, t := range targets {
		o.Indices = append(o.Indices, t.Index)
	}
	if err := o.Check(); err != nil {
		return nil, job.NeedsPerson(w.otherName(), "%w", err)
	}
	return targets, nil
}

// otherName is the remedy for a name that no index may have. A drill has no choice
// of names: its own, in front of a long one, are more than a cluster takes.
func (w *way) otherName() string {
	if w.kind == KindDrill {
		return "no drill can be held of this day; to prove it, `archiver restore --date " + w.options.Date + "` into a cluster that has no indices of these names"
	}
	return "restore it under another name with --rename, or under its own without"
}

// mustBeFree refuses names that are taken, be it by an index, open or closed, an
// alias or a data stream. The cluster refuses most of that too, but not before
// everything was unpacked; and it restores into a closed index.
func (w *way) mustBeFree(ctx context.Context) error {
	taken, err := w.Cluster.Indices(ctx, w.claim.names())
	if err != nil || len(taken) == 0 {
		return err
	}
	var names []string
	for _, i := range taken {
		names = append(names, i.Name)
	}
	return existing(names)
}

// existing tells that an index is in the way.
func existing(names []string) error {
	return job.NeedsPerson("restore under other names with --rename 'restored-{index}', or delete what is there if it is not needed",
		"%w: %s; what exists is never touched", snapshot.ErrIndexExists, strings.Join(names, ", "))
}

// compatible tells whether this cluster can read the snapshot and the indices in
// it, by the versions that are recorded.
func compatible(a *archive.Sealed, targets []Target, to snapshot.Info) error {
	from := OriginOf(a, func(index string) bool {
		return slices.ContainsFunc(targets, func(t Target) bool { return t.Index == index })
	})
	err := snapshot.CanRestore(from, to)
	if errors.Is(err, snapshot.ErrCannotRestore) {
		return job.NeedsPerson("restore it into a cluster of such a version: set cluster.urls, and restore.staging to where that cluster can read", "%w", err)
	}
	return err
}

// OriginOf is where an archive's indices come from, as far as it decides which
// clusters can read them. wanted chooses among the indices.
func OriginOf(a *archive.Sealed, wanted func(index string) bool) snapshot.Origin {
	from := snapshot.Origin{Distribution: a.Cluster.Distribution, Version: a.Cluster.Version}
	for _, i := range a.Snapshot.Indices {
		if wanted(i.Name) {
			from.Created = append(from.Created, i.CreatedVersion)
		}
	}
	return from
}
