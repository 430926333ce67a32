package job

import (
	"context"
	"fmt"
	"strings"
	"time"

	"archiver/archive"
	"archiver/archive/store"
)

// Orphan is something that a run which died has left, and that no ledger entry
// and no live or planned run refers to.
type Orphan struct {
	Where  string // URL of the store
	Key    string
	Kind   string // volume, upload or papers
	Bytes  int64  // 0 of an upload: it is not known
	Time   time.Time
	remove func(context.Context) error
}

// Orphans finds them under the lease, and removes them if asked to. What the
// ledger or the state refers to is never touched. Errors: ErrHeld,
// archive.ErrIntegrity and others.
func (j *Job) Orphans(ctx context.Context, remove bool) (found []Orphan, err error) {
	defer func() { err = because(ctx, err) }()
	was, chain, err := j.survey(ctx)
	if err != nil {
		return nil, err
	}
	held, l, err := j.claim(ctx, was)
	if err != nil {
		return nil, err
	}
	defer func() { _ = j.release(held, l, func(*State) {}) }()
	live := l.Now()
	for _, find := range []func(context.Context, *archive.Chain, State) ([]Orphan, error){j.orphanVolumes, j.orphanUploads, j.orphanPapers} {
		more, err := find(held, chain, live)
		if err != nil {
			return nil, err
		}
		found = append(found, more...)
	}
	if !remove {
		return found, nil
	}
	for _, o := range found {
		if err := o.remove(held); err != nil {
			return found, fmt.Errorf("removing %s: %w", o.Key, err)
		}
	}
	return found, nil
}

// ofRun tells whether a key lies in a prefix of the run that is unfinished.
func ofRun(key, prefix string, live State) bool {
	return !live.idle() && strings.HasPrefix(key, prefix)
}

func (j *Job) orphanVolumes(ctx context.Context, chain *archive.Chain, live State) (found []Orphan, err error) {
	referred := map[string]bool{}
	for _, e := range chain.Entries {
		if e.Archive != nil {
			for _, v := range e.Archive.Volumes {
				referred[v.Key] = true
			}
		}
	}
	for o, err := range j.Archive.List(ctx, archive.VolumesPrefix(j.Stream), "") {
		if err != nil {
			return nil, fmt.Errorf("listing the volumes: %w", err)
		}
		if referred[o.Key] || ofRun(o.Key, archive.RunPrefix(live.Stream, live.Date, live.Run), live) {
			continue
		}
		found = append(found, j.orphan(j.Archive, o, "volume"))
	}
	return found, nil
}

func (j *Job) orphanUploads(ctx context.Context, _ *archive.Chain, live State) (found []Orphan, err error) {
	for u, err := range j.Archive.Uploads(ctx, archive.VolumesPrefix(j.Stream)) {
		if err != nil {
			return nil, fmt.Errorf("listing unfinished uploads: %w", err)
		}
		if ofRun(u.Key, archive.RunPrefix(live.Stream, live.Date, live.Run), live) {
			continue
		}
		found = append(found, Orphan{Where: j.Archive.URL(), Key: u.Key, Kind: "upload", Time: u.Started,
			remove: func(ctx context.Context) error { return j.Archive.Abort(ctx, u) }})
	}
	return found, nil
}

func (j *Job) orphanPapers(ctx context.Context, _ *archive.Chain, live State) (found []Orphan, err error) {
	for o, err := range j.Staging.Store.List(ctx, archive.RunsPrefix, "") {
		if err != nil {
			return nil, fmt.Errorf("listing the papers of runs: %w", err)
		}
		if ofRun(o.Key, archive.RunWorkPrefix(live.Run), live) {
			continue
		}
		found = append(found, j.orphan(j.Staging.Store, o, "papers"))
	}
	return found, nil
}

func (j *Job) orphan(s store.Store, o store.Info, kind string) Orphan {
	return Orphan{Where: s.URL(), Key: o.Key, Kind: kind, Bytes: o.Size, Time: o.Time,
		remove: func(ctx context.Context) error { return s.Delete(ctx, o.Key, o.ETag) }}
}
