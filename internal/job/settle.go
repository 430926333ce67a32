package job

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"archiver/archive"
)

// countBefore counts the writes to the indices, once for an attempt and before
// its snapshot is requested, so that the witness can tell whether they went on.
// With Settle it waits that long first, and refuses a day that is written to.
func (d *day) countBefore(ctx context.Context) error {
	indices := d.lease.Now().Indices
	counted := true
	for _, x := range indices {
		counted = counted && x.counted()
	}
	if counted {
		return nil
	}
	indices, err := d.countWrites(ctx, indices)
	if err != nil {
		return err
	}
	if d.Settle > 0 {
		if err := d.mustSettle(ctx, indices); err != nil {
			if gone := d.stillSameIndices(ctx); gone != nil {
				return gone // waiting would not bring them back
			}
			return err
		}
	}
	return d.lease.Update(ctx, func(s *State) { s.Indices = indices })
}

// countWrites gives the indices with the writes to them. One that cannot be
// counted has its reason.
func (d *day) countWrites(ctx context.Context, indices []IndexID) ([]IndexID, error) {
	counted := make([]IndexID, len(indices))
	for i, x := range indices {
		counted[i] = IndexID{Name: x.Name, UUID: x.UUID}
		n, err := d.Cluster.Writes(ctx, x.Name)
		switch {
		case err == nil:
			counted[i].Writes = &n
		case context.Cause(ctx) != nil:
			return nil, context.Cause(ctx)
		default:
			counted[i].WritesReason = reason(err)
			d.Watch.Note("the writes to an index could not be counted", slog.String("index", x.Name), slog.String("error", err.Error()))
		}
	}
	return counted, nil
}

// mustSettle watches the indices for as long as Settle says.
func (d *day) mustSettle(ctx context.Context, before []IndexID) error {
	d.Watch.Note("watching the indices: the day is taken if nothing writes to them", slog.Duration("for", d.Settle))
	watching, cancel := context.WithTimeout(ctx, d.Settle)
	defer cancel()
	for n := 0; ; n++ {
		over := d.pause(watching, n) != nil
		if context.Cause(ctx) != nil {
			return context.Cause(ctx)
		}
		now, err := d.countWrites(ctx, before)
		if err != nil {
			return err
		}
		if err := d.settledSince(before, now); err != nil || over {
			return err
		}
	}
}

// settledSince fails for an index that was written to, or cannot be watched.
func (d *day) settledSince(before, now []IndexID) error {
	const hint = "run the day later, when nothing writes to it any more, or lower snapshot.settle (0s does not watch)"
	for i, x := range before {
		was, is := x.Writes, now[i].Writes
		switch {
		case was == nil || is == nil:
			return WithHint(fmt.Errorf("%w: the index %s cannot be watched for writes: %s", errUnsettled, x.Name, firstReason(x, now[i])), hint)
		case *was != *is:
			return WithHint(fmt.Errorf("%w: the index %s is still written to: %d writes within %v", errUnsettled, x.Name, *is-*was, d.Settle.Round(time.Second)), hint)
		}
	}
	return nil
}

// mayPutOff tells that an earlier run's day waits for something that may never
// come, as for a person who opens an index, so that other days must not wait with
// it. A red index heals, as a rule, and its day is then taken by itself.
func mayPutOff(err error) bool {
	return errors.Is(err, errUnsettled) || errors.Is(err, ErrUnfit) && errors.Is(err, ErrPerson)
}

// putOff closes an earlier run whose day cannot be taken yet, so that it does not
// hold up the days after it. What it returns is to be told once these are done.
// Nothing of that run may lie in staging.
func (d *day) putOff(ctx context.Context, left State, why error) (tell, err error) {
	closed := d.giveUpIfBare(ctx, why)
	if !errors.Is(closed, errBare) || !errors.Is(closed, errGivenUp) {
		return nil, errors.Join(why, closed)
	}
	d.Watch.Note("a day that cannot be taken yet is put off, and its run closed", slog.String("date", left.Date), slog.String("run", left.Run))
	byItself := "archiver run --date " + left.Date
	var remedy interface{ Hint() string }
	if errors.Is(why, ErrUnfit) && errors.As(why, &remedy) {
		return WithHint(why, remedy.Hint()+"; then archive the day by itself: "+byItself), nil
	}
	return WithHint(why, "archive the day by itself once nothing writes to it any more: "+byItself+
		"; or lower snapshot.settle (0s does not watch)"), nil
}

// changed compares the writes before the snapshot's request with those now.
func (d *day) changed(ctx context.Context, before IndexID, i *archive.Index) error {
	if before.Writes == nil {
		i.ChangedReason = "the writes before the snapshot are not known"
		if before.WritesReason != "" {
			i.ChangedReason += ": " + before.WritesReason
		}
		return nil
	}
	now, err := d.countWrites(ctx, []IndexID{before})
	if err != nil {
		return err
	}
	if now[0].Writes == nil {
		i.ChangedReason = now[0].WritesReason
		return nil
	}
	i.Changed = new(*now[0].Writes != *before.Writes)
	if *i.Changed {
		d.Watch.Note("the index was written to while its snapshot was taken: what came late may not be in it", slog.String("index", i.Name))
	}
	return nil
}

func firstReason(a, b IndexID) string {
	if a.WritesReason != "" {
		return a.WritesReason
	}
	return b.WritesReason
}

// reason is an error's text, short enough for a line of a record.
func reason(err error) string {
	const most = 1000
	text := err.Error()
	if len(text) <= most {
		return text
	}
	cut := most
	for cut > 0 && text[cut]&0xc0 == 0x80 { // inside of a character
		cut--
	}
	return text[:cut] + "…"
}
