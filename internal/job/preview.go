package job

import (
	"context"

	"archiver/archive"
	"archiver/snapshot"
)

// Preview is what Run would do about a date.
type Preview struct {
	Stream string `json:"stream"`
	Date   string `json:"date"`
	// Sealed is the run whose archive of the date stands; then nothing would be
	// done about it.
	Sealed string `json:"sealed_by"`
	// Unfinished is the run that would be finished first; nil if there is none.
	Unfinished *Holding       `json:"-"`
	Indices    []PreviewIndex `json:"indices"`
	// Bytes is the indices' size in the cluster: about what the snapshot will
	// have, since into an empty repository it is never incremental.
	Bytes      int64        `json:"bytes"`
	Volumes    int64        `json:"volumes"` // about as many
	Repository string       `json:"repository"`
	Register   bool         `json:"register"` // the repository would be registered
	Head       archive.Head `json:"head"`
}

// PreviewIndex is an index that would be archived.
type PreviewIndex struct {
	Name      string `json:"name"`
	UUID      string `json:"uuid"`
	Shards    int    `json:"shards"`
	Bytes     int64  `json:"bytes"`
	Documents int64  `json:"documents"`
}

// Preview looks at all that Run would look at before its first change, and
// changes nothing: it takes no lease. Errors are those that Run would end with.
func (j *Job) Preview(ctx context.Context, date string) (p Preview, err error) {
	defer func() { err = because(ctx, err) }()
	p = Preview{Stream: j.Stream, Date: date, Repository: j.Repository, Indices: []PreviewIndex{}}
	was, chain, err := j.survey(ctx)
	if err != nil {
		return p, &StepError{PhaseClaim, date, err}
	}
	p.Head = chain.Head()
	if held := was.held(); held != nil {
		return p, &StepError{PhaseClaim, date, held}
	}
	if !was.none() && !was.Object.idle() {
		h := was.holding()
		p.Unfinished = &h
	}
	if e, ok := chain.Sealed(date); ok {
		p.Sealed = e.Archive.Run
		return p, nil
	}
	info, err := j.Cluster.Info(ctx)
	if err != nil {
		return p, &StepError{PhaseRegister, date, err}
	}
	registered, err := j.Registered(ctx, info)
	if err != nil {
		return p, &StepError{PhaseRegister, date, err}
	}
	p.Register = !registered
	if err := j.previewIndices(ctx, &p); err != nil {
		return p, &StepError{PhaseResolve, date, err}
	}
	return p, nil
}

// previewIndices looks at the day's indices as resolve does.
func (j *Job) previewIndices(ctx context.Context, p *Preview) error {
	found, err := j.dayIndices(ctx, p.Date)
	if err != nil {
		return err
	}
	for _, x := range found {
		n, err := j.Cluster.Count(ctx, x.Name)
		if err != nil {
			return err
		}
		p.Indices = append(p.Indices, PreviewIndex{Name: x.Name, UUID: x.UUID, Shards: x.Shards, Bytes: x.Bytes, Documents: n})
		p.Bytes += x.Bytes
	}
	p.Volumes = max(1, (p.Bytes+j.VolumeSize-1)/j.VolumeSize)
	return nil
}

// dayIndices are the indices of a date, each fit for a snapshot; ErrNothing if
// there are none.
func (j *Job) dayIndices(ctx context.Context, date string) ([]snapshot.Index, error) {
	patterns := j.IndexPatterns(date)
	found, err := j.Cluster.Indices(ctx, patterns)
	if err != nil {
		return nil, err
	}
	if len(found) == 0 {
		return nil, noIndex(patterns)
	}
	for _, x := range found {
		if err := j.fit(date, x); err != nil {
			return nil, err
		}
	}
	return found, nil
}
