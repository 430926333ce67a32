package job

import (
	"context"
	"log/slog"

	"archiver/archive"
	"archiver/snapshot"
)

// witness describes what the snapshot holds, once: from here on the indices are
// not needed. Documents are counted and a few of them hashed, and then the
// writes are looked at: where there were none, the counts and hashes are the
// snapshot's. What cannot be had is recorded with its reason.
func (d *day) witness(ctx context.Context) error {
	s := d.lease.Now()
	if s.Witness != nil {
		return nil
	}
	w := &archive.Witness{Time: archive.Seconds(d.Now()), Samples: []archive.Sample{}, Missing: []archive.Unsampled{}}
	for _, step := range []func(context.Context, *archive.Witness) error{d.countDocuments, d.sample, d.lookForChanges} {
		if err := step(ctx, w); err != nil {
			return err
		}
	}
	return d.lease.Update(ctx, func(s *State) { s.Witness = w })
}

// countDocuments describes the indices that are still the run's own.
func (d *day) countDocuments(ctx context.Context, w *archive.Witness) error {
	found, err := d.Cluster.Indices(ctx, d.indexNames())
	if err != nil {
		d.Watch.Note("the indices could not be described", slog.String("error", err.Error()))
	}
	details := map[string]snapshot.Index{}
	for _, x := range found {
		details[x.UUID] = x
	}
	w.Indices = []archive.Index{}
	for _, x := range d.lease.Now().Indices {
		detail, same := details[x.UUID]
		i := archive.Index{Name: x.Name, UUID: x.UUID, Shards: detail.Shards, Bytes: detail.Bytes, CreatedVersion: detail.CreatedVersion}
		if !same {
			i.DocumentsReason = "the index was deleted or replaced before it was counted"
			i.ChangedReason = i.DocumentsReason
		} else if n, err := d.Cluster.Count(ctx, x.Name); err == nil {
			i.Documents = &n
		} else if context.Cause(ctx) != nil {
			return context.Cause(ctx)
		} else {
			i.DocumentsReason = reason(err)
			d.Watch.Note("the documents could not be counted", slog.String("index", x.Name), slog.String("error", err.Error()))
		}
		w.Indices = append(w.Indices, i)
	}
	return nil
}

// lookForChanges tells of each index whether it was written to since before the
// snapshot's request.
func (d *day) lookForChanges(ctx context.Context, w *archive.Witness) error {
	before := map[string]IndexID{}
	for _, x := range d.lease.Now().Indices {
		before[x.UUID] = x
	}
	for n := range w.Indices {
		i := &w.Indices[n]
		if i.ChangedReason != "" { // it is gone
			continue
		}
		if err := d.changed(ctx, before[i.UUID], i); err != nil {
			return err
		}
	}
	return nil
}
