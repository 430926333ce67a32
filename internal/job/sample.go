package job

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"log/slog"
	"slices"

	"archiver/archive"
	"archiver/snapshot"
)

const (
	// fetched is how many documents are asked for at once: few, since each may
	// be as large as a request.
	fetched = 8
	// maxID bounds a document's ID in a record, in bytes. Servers of today allow
	// 512.
	maxID = 1024
)

// sample hashes documents, spread evenly over the indices. The indices with the
// fewest come first, so that what they cannot give falls to the others.
func (d *day) sample(ctx context.Context, w *archive.Witness) error {
	if d.WitnessDocuments == 0 {
		return nil
	}
	var there []archive.Index
	for _, i := range w.Indices {
		switch {
		case i.Documents == nil:
			w.Missing = append(w.Missing, archive.Unsampled{Index: i.Name, Reason: "it could not be counted: " + i.DocumentsReason})
		case *i.Documents > 0:
			there = append(there, i)
		}
	}
	slices.SortStableFunc(there, func(a, b archive.Index) int { return cmp.Compare(*a.Documents, *b.Documents) })
	left := d.WitnessDocuments
	for n, i := range there {
		share := min(left/(len(there)-n), int(min(*i.Documents, int64(left))))
		if share == 0 {
			continue
		}
		left -= share
		had := len(w.Missing)
		if err := d.sampleIndex(ctx, w, i, share); err != nil {
			return err
		}
		if lost := w.Missing[had:]; len(lost) > 0 {
			d.Watch.Note("samples could not be taken", slog.String("index", i.Name), slog.Int("count", len(lost)), slog.String("first", lost[0].Reason))
		}
	}
	return nil
}

// sampleIndex hashes some documents of one index. The error is only that of a
// context that has ended.
func (d *day) sampleIndex(ctx context.Context, w *archive.Witness, i archive.Index, n int) error {
	s := sampler{day: d, witness: w, index: i.Name}
	mode, err := d.Cluster.SourceMode(ctx, i.Name)
	switch {
	case err != nil:
		return s.missing(ctx, "", err)
	case mode == snapshot.SourceDisabled:
		return s.missing(ctx, "", errors.New("the index keeps no _source"))
	case mode != snapshot.SourceStored:
		s.derived = mode
	}
	ids, err := d.Cluster.SampleIDs(ctx, i.Name, n, seed(d.lease.Now().Run, i.UUID))
	if err != nil {
		return s.missing(ctx, "", err)
	}
	slices.Sort(ids)
	for some := range slices.Chunk(slices.Compact(ids), fetched) { // one that is there twice is found twice
		if goOn, err := s.fetch(ctx, some); err != nil || !goOn {
			return err
		}
	}
	return nil
}

// seed makes a run's choice its own, and the same when it is repeated.
func seed(run, index string) int64 {
	h := sha256.Sum256([]byte(run + "/" + index))
	return int64(binary.BigEndian.Uint32(h[:]) >> 1)
}

// sampler hashes documents of one index.
type sampler struct {
	*day
	witness *archive.Witness
	index   string
	derived string
}

// missing records what cannot be had, unless it is the run that ends.
func (s sampler) missing(ctx context.Context, id string, err error) error {
	if context.Cause(ctx) != nil {
		return context.Cause(ctx)
	}
	if len(id) > maxID {
		id = ""
	}
	s.witness.Missing = append(s.witness.Missing, archive.Unsampled{Index: s.index, ID: id, Reason: reason(err)})
	return nil
}

// fetch hashes the documents of these IDs, one by one if they are too large to
// be had together. It does not go on with an index that cannot be read.
func (s sampler) fetch(ctx context.Context, ids []string) (goOn bool, err error) {
	docs, err := s.Cluster.Documents(ctx, s.index, ids)
	tooLarge := errors.Is(err, snapshot.ErrTooLarge)
	switch {
	case tooLarge && len(ids) > 1:
		for one := range slices.Chunk(ids, 1) {
			if goOn, err := s.fetch(ctx, one); err != nil || !goOn {
				return false, err
			}
		}
		return true, nil
	case tooLarge:
		return true, s.missing(ctx, ids[0], err)
	case err != nil:
		return false, s.missing(ctx, "", err)
	}
	for _, id := range ids {
		if err := s.hash(ctx, id, docs); err != nil {
			return false, err
		}
	}
	return true, nil
}

// hash records every document of an ID.
func (s sampler) hash(ctx context.Context, id string, docs []snapshot.Document) error {
	found := false
	for _, doc := range docs {
		if doc.ID != id {
			continue
		}
		found = true
		text, err := snapshot.Canonical(doc.Source)
		if err == nil && len(id) > maxID {
			err = errors.New("its ID is too long for a record")
		}
		if err != nil {
			if err := s.missing(ctx, id, err); err != nil {
				return err
			}
			continue
		}
		s.witness.Samples = append(s.witness.Samples, archive.Sample{Index: s.index, ID: id, SHA256: archive.SHA256(text), Derived: s.derived})
	}
	if !found {
		return s.missing(ctx, id, errors.New("the document was deleted before it was read"))
	}
	return nil
}
