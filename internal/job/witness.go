package job

import (
	"context"
	"log/slog"

	"archiver/archive"
	"archiver/snapshot"
)

// witness counts what the snapshot holds, once: from here on the indices are
// not needed. What cannot be counted is recorded with its reason.
func (d *day) witness(ctx context.Context) error {
	s := d.lease.now()
	if s.Witness != nil {
		return nil
	}
	found, err := d.Cluster.Indices(ctx, d.indexNames())
	if err != nil {
		d.Watch.Note("the indices could not be described", slog.String("error", err.Error()))
	}
	details := map[string]snapshot.Index{}
	for _, x := range found {
		details[x.UUID] = x
	}
	w := &archive.Witness{Time: archive.Seconds(d.Now()), Indices: []archive.Index{}, Samples: []archive.Sample{}}
	for _, x := range s.Indices {
		detail, same := details[x.UUID]
		i := archive.Index{Name: x.Name, UUID: x.UUID, Shards: detail.Shards, Bytes: detail.Bytes}
		if !same {
			i.DocumentsReason = "the index was deleted or replaced before it was counted"
		} else if n, err := d.Cluster.Count(ctx, x.Name); err == nil {
			i.Documents = &n
		} else if context.Cause(ctx) != nil {
			return context.Cause(ctx)
		} else {
			i.DocumentsReason = err.Error()
			d.Watch.Note("the documents could not be counted", slog.String("index", x.Name), slog.String("error", err.Error()))
		}
		w.Indices = append(w.Indices, i)
	}
	return d.lease.update(ctx, func(s *State) { s.Witness = w })
}
