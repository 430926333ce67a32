package restore

import (
	"context"
	"errors"

	"archiver/archive"
	"archiver/snapshot"
)

// sampleBatch is how many sampled documents are fetched at once: one may have
// 100 MB.
const sampleBatch = 4

// compare holds what came back against what was recorded when the day was
// archived: every count, and every sampled document. All differences are in the
// result, and make an archive.ErrIntegrity.
func (w *way) compare(ctx context.Context) error {
	recorded := map[string]archive.Index{}
	for _, i := range w.record.Snapshot.Indices {
		recorded[i.Name] = i
	}
	samples := map[string][]archive.Sample{}
	for _, s := range w.record.Witness.Samples {
		samples[s.Index] = append(samples[s.Index], s)
	}
	for _, t := range w.claim.Indices {
		c := Compared{Index: t.Index, Target: t.Target}
		if err := w.compareCount(ctx, &c, recorded[t.Index]); err != nil {
			return err
		}
		if err := w.compareSamples(ctx, &c, recorded[t.Index], samples[t.Index]); err != nil {
			return err
		}
		w.noteUnsampled(t.Index)
		w.result.Indices = append(w.result.Indices, c)
	}
	w.result.conclude()
	if len(w.result.Mismatches) > 0 {
		return &MismatchError{Date: w.options.Date, Mismatches: w.result.Mismatches, kept: w.kind == KindRestore}
	}
	return nil
}

// compareCount counts an index. What was not counted when it was archived, or
// still changed then, cannot be wrong.
func (w *way) compareCount(ctx context.Context, c *Compared, was archive.Index) error {
	if err := w.Cluster.Refresh(ctx, c.Target); err != nil {
		return err
	}
	n, err := w.Cluster.Count(ctx, c.Target)
	if err != nil {
		return err
	}
	c.Documents, c.Recorded = n, was.Documents
	switch {
	case was.Documents == nil:
		w.result.note("%s: its documents were not counted when it was archived: %s", c.Index, was.DocumentsReason)
	case *was.Documents != n && changed(was):
		w.result.note("%s has %d documents, recorded were %d: the index was still written to after its snapshot", c.Target, n, *was.Documents)
	case *was.Documents != n:
		w.result.differ("%s has %d documents, recorded were %d", c.Target, n, *was.Documents)
	}
	return nil
}

// compareSamples fetches the documents whose hashes were recorded.
func (w *way) compareSamples(ctx context.Context, c *Compared, was archive.Index, samples []archive.Sample) error {
	for from := 0; from < len(samples); from += sampleBatch {
		batch := samples[from:min(from+sampleBatch, len(samples))]
		var ids []string
		for _, s := range batch {
			ids = append(ids, s.ID)
		}
		found, err := w.Cluster.Documents(ctx, c.Target, ids)
		if err != nil {
			return err
		}
		for _, s := range batch {
			c.Samples++
			switch problem := compareSample(s, found); {
			case problem == nil:
			case changed(was) || s.Derived != "":
				// Not what the snapshot held, or not what was sent: no proof.
				c.Samples--
				w.result.note("%s: document %q: %v; %s", c.Target, s.ID, problem, unproven(s))
			default:
				w.result.differ("%s: document %q: %v", c.Target, s.ID, problem)
			}
		}
	}
	return nil
}

// noteUnsampled tells of an index that has documents without a recorded hash: a
// verdict over fewer documents, or over none, must not look like one over all that
// were to be compared. One reason is told, and how often there was one.
func (w *way) noteUnsampled(index string) {
	var first archive.Unsampled
	n := 0
	for _, m := range w.record.Witness.Missing {
		if m.Index != index {
			continue
		}
		if n++; n == 1 {
			first = m
		}
	}
	switch {
	case n == 0:
	case first.ID == "":
		w.result.note("%s: the content of its documents, or of some, was not sampled when it was archived: %s", index, first.Reason)
	default:
		w.result.note("%s: the content of %d documents that were chosen was not sampled when it was archived; of %q: %s", index, n, first.ID, first.Reason)
	}
}

// changed tells that an index was written to between its snapshot and its witness.
func changed(was archive.Index) bool { return was.Changed != nil && *was.Changed }

// unproven says why a document that differs proves nothing.
func unproven(s archive.Sample) string {
	if s.Derived != "" {
		return "its content is " + s.Derived + ", and the server's own work"
	}
	return "the index was still written to after its snapshot"
}

// compareSample looks for a document among what was found, and says what is wrong
// with it. One ID may be several documents, with routings of their own.
func compareSample(s archive.Sample, found []snapshot.Document) error {
	problem := errors.New("it did not come back")
	for _, d := range found {
		if d.ID != s.ID {
			continue
		}
		text, err := snapshot.Canonical(d.Source)
		if err == nil && archive.SHA256(text) == s.SHA256 {
			return nil
		}
		if problem = err; err == nil {
			problem = errors.New("its content is not what was recorded")
		}
	}
	return problem
}
