package snapshottest

import (
	"slices"
	"strings"
	"unicode"
)

// createRequest is what the simulation heeds of a snapshot's body.
type createRequest struct {
	Indices  names          `json:"indices"`
	Lenient  bool           `json:"ignore_unavailable"`
	Global   *bool          `json:"include_global_state"` // absent: true
	Partial  bool           `json:"partial"`
	Metadata map[string]any `json:"metadata"`
}

func (c *Cluster) create(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	var o createRequest
	if err := q.decode(&o); err != nil {
		return nil, err
	}
	if err := r.mayTake(q.vars[1]); err != nil {
		return nil, err
	}
	found, err := c.resolve(o.Indices, o.Lenient)
	if err != nil {
		return nil, err
	}
	t, err := c.newTaking(r, q.vars[1], o)
	if err != nil {
		return nil, err
	}
	if err := t.take(found, o.Partial); err != nil {
		return nil, err
	}
	w := t.work(c.o.SnapshotSteps)
	r.queue = append(r.queue, w)
	wait := q.yes("wait_for_completion")
	if wait || c.o.SnapshotSteps == 0 {
		r.finish(w)
	}
	switch {
	case !wait:
		return map[string]any{"accepted": true}, nil
	case t.err != nil:
		return nil, t.err
	}
	return map[string]any{"snapshot": t.info.shown(c.o.Version)}, nil
}

// mayTake refuses names that are not allowed or taken.
func (r *repository) mayTake(name string) error {
	switch {
	case strings.ContainsFunc(name, unicode.IsSpace):
		return badSnapshotName(r.name, name, "must not contain whitespace")
	case strings.ContainsAny(name, ",#"):
		return badSnapshotName(r.name, name, "must not contain ',' or '#'")
	case strings.HasPrefix(name, "_"):
		return badSnapshotName(r.name, name, "must not start with '_'")
	case strings.ToLower(name) != name:
		return badSnapshotName(r.name, name, "must be lowercase")
	case strings.ContainsAny(name, `\/*?"<>|`):
		return badSnapshotName(r.name, name, `must not contain the following characters [\, /, *, ?, ", <, >, |]`)
	case r.readonly():
		return repositoryFault(r.name, "cannot create snapshot in a readonly repository")
	}
	now, err := r.load()
	if err != nil {
		return err
	}
	if slices.ContainsFunc(r.running(), func(t *taking) bool { return t.info.Name == name }) {
		return badSnapshotName(r.name, name, "snapshot with the same name is already in-progress")
	}
	if _, taken := now.find(name); taken {
		return badSnapshotName(r.name, name, "snapshot with the same name already exists")
	}
	return nil
}

func (c *Cluster) newTaking(r *repository, name string, o createRequest) (*taking, error) {
	parts, err := r.partSize()
	if err != nil {
		return nil, err
	}
	t := &taking{c: c, r: r, parts: parts, reason: c.failReason}
	c.failReason = ""
	t.info = info{
		Name: name, UUID: c.id(), VersionID: versionID(c.o.Version), State: "IN_PROGRESS",
		Metadata: o.Metadata, Global: o.Global == nil || *o.Global, Start: c.millis(),
	}
	return t, nil
}

// take fixes what goes into the snapshot. A shard on no node is refused, unless
// the snapshot may be partial.
func (t *taking) take(found []*index, partial bool) error {
	var red []string
	for _, i := range found {
		t.indices = append(t.indices, i.freeze())
		t.info.Indices = append(t.info.Indices, i.name)
		if i.red() {
			red = append(red, i.name)
		}
	}
	if len(red) > 0 && !partial {
		return refuse(500, "snapshot_exception", "[%s:%s/%s] Indices don't have primary shards [%s]", t.r.name, t.info.Name, t.info.UUID, strings.Join(red, ", "))
	}
	return nil
}

// selected are the snapshots that a list of names and patterns stands for:
// those in the root, and those being taken.
func (r *repository) selected(patterns []string, lenient bool) ([]rootSnapshot, []*taking, error) {
	now, err := r.load()
	if err != nil {
		return nil, nil, err
	}
	running := r.running()
	// One that is in the root already is still being taken.
	written := slices.DeleteFunc(slices.Clone(now.Snapshots), func(s rootSnapshot) bool {
		return slices.ContainsFunc(running, func(t *taking) bool { return t.info.UUID == s.UUID })
	})
	all := slices.Contains(patterns, "_all")
	wanted := func(name string) bool {
		return all || slices.ContainsFunc(patterns, func(p string) bool { return matches(p, name) })
	}
	ended := slices.DeleteFunc(written, func(s rootSnapshot) bool { return !wanted(s.Name) })
	taking := slices.DeleteFunc(running, func(t *taking) bool { return !wanted(t.info.Name) })
	for _, p := range patterns {
		if p == "_all" || strings.Contains(p, "*") || lenient {
			continue
		}
		if !slices.ContainsFunc(ended, func(s rootSnapshot) bool { return s.Name == p }) &&
			!slices.ContainsFunc(taking, isNamed(p)) {
			return nil, nil, missingSnapshot(r.name, p)
		}
	}
	return ended, taking, nil
}

func isNamed(name string) func(*taking) bool {
	return func(t *taking) bool { return t.info.Name == name }
}

func (c *Cluster) showSnapshots(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	lenient := q.yes("ignore_unavailable")
	ended, running, err := r.selected(q.list(1), lenient)
	if err != nil {
		return nil, err
	}
	all := []shown{}
	for _, s := range ended {
		i, err := r.readInfo(s)
		if err != nil && lenient {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, i.shown(s.Version))
	}
	for _, t := range running {
		all = append(all, t.unfinished().shown(c.o.Version))
	}
	return map[string]any{"snapshots": all}, nil
}

// unfinished is what is told of a snapshot while it is being taken, even when
// all that is left are old files to be removed.
func (t *taking) unfinished() info {
	i := t.info
	i.State, i.Reason, i.End, i.Shards, i.Successful, i.Failures = "IN_PROGRESS", "", 0, 0, 0, nil
	return i
}

// deleteSnapshots aborts what is being taken, waits for all that was asked for
// earlier in this repository, and answers once the snapshots are gone from the
// root. The rest of it may go on: see Options.DeleteSteps.
func (c *Cluster) deleteSnapshots(q *call) (any, error) {
	r, err := c.repository(q.vars[0])
	if err != nil {
		return nil, err
	}
	if r.readonly() {
		return nil, repositoryFault(r.name, "cannot delete snapshot from a readonly repository")
	}
	ended, running, err := r.selected(q.list(1), false)
	if err != nil {
		return nil, err
	}
	d := &deletion{c: c, r: r, uuids: map[string]bool{}, start: c.millis()}
	for _, s := range ended {
		d.uuids[s.UUID] = true
		d.names = append(d.names, s.Name)
	}
	for _, t := range running {
		r.abort(t)
		d.uuids[t.info.UUID] = true
		d.names = append(d.names, t.info.Name)
	}
	if len(d.names) == 0 {
		return acknowledged(), nil
	}
	return d.run(c.o.DeleteSteps)
}

// abort stops a snapshot. One that has written nothing yet vanishes.
func (r *repository) abort(t *taking) {
	t.aborted = true
	r.queue = slices.DeleteFunc(r.queue, func(w *work) bool { return w.taking == t && !w.begun })
}

func (d *deletion) run(steps int) (any, error) {
	if len(d.r.queue) > 0 {
		d.r.finish(d.r.queue[len(d.r.queue)-1])
	}
	w := d.work(steps)
	w.start()
	if d.err != nil {
		return nil, d.err
	}
	d.r.queue = append(d.r.queue, w)
	if steps == 0 {
		d.r.finish(w)
	}
	return acknowledged(), nil
}
