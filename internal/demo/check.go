package demo

import (
	"context"
	"fmt"

	"archiver/archive"
	"archiver/snapshot"
)

// check holds what lies there against what was told.
func (s *show) check(ctx context.Context) error {
	s.head("Looking at everything once more")
	for _, c := range []struct {
		told string
		is   func(context.Context) error
	}{
		{"the ledger's chain verifies, and both days are sealed in it", s.bothSealed},
		{"the archives hold what the killed run had finished, and nothing lies beside them", s.nothingBeside},
		{"staging holds the repository's root files and no snapshot", s.stagingClean},
	} {
		if err := c.is(ctx); err != nil {
			return fmt.Errorf("it is not true that %s: %w", c.told, err)
		}
		s.line("ok: %s", c.told)
	}
	return nil
}

func (s *show) chain(ctx context.Context) (*archive.Chain, error) {
	return archive.Ledger{Store: s.job.Archive, Stream: stream, Trust: s.job.Trust}.Load(ctx)
}

func (s *show) bothSealed(ctx context.Context) error {
	chain, err := s.chain(ctx)
	if err != nil {
		return err
	}
	if len(chain.Entries) != len(s.dates) {
		return fmt.Errorf("the ledger has %d entries, not %d", len(chain.Entries), len(s.dates))
	}
	for _, date := range s.dates {
		e, ok := chain.Sealed(date)
		if !ok {
			return fmt.Errorf("%s is not sealed", date)
		}
		if n := e.Archive.Snapshot.Indices[0].Documents; n == nil || *n != batches*batchDocs {
			return fmt.Errorf("the archive of %s does not have all %d documents", date, batches*batchDocs)
		}
		for _, v := range e.Archive.Volumes {
			if err := archive.CheckVolume(ctx, s.job.Archive, v); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *show) nothingBeside(ctx context.Context) error {
	chain, err := s.chain(ctx)
	if err != nil {
		return err
	}
	named := map[string]bool{}
	for _, e := range chain.Entries {
		for _, v := range e.Archive.Volumes {
			named[v.Key] = true
		}
	}
	for key := range s.kept {
		if !named[key] {
			return fmt.Errorf("%s was finished before the kill and is in no archive", key)
		}
	}
	found, err := s.job.Orphans(ctx, false)
	if err == nil && len(found) > 0 {
		err = fmt.Errorf("the %s %s was left behind", found[0].Kind, found[0].Key)
	}
	return err
}

func (s *show) stagingClean(ctx context.Context) error {
	all, err := s.job.Cluster.Snapshots(ctx, repository)
	if err != nil {
		return err
	}
	if len(all) > 0 {
		return fmt.Errorf("the repository holds the snapshot %s", all[0].Name)
	}
	for o, err := range s.job.Staging.Store.List(ctx, "", "") {
		if err != nil {
			return err
		}
		if o.Key != archive.StateKey && !snapshot.IsRootFile(o.Key) {
			return fmt.Errorf("%s is still there", o.Key)
		}
	}
	h, err := s.job.Holding(ctx)
	if err == nil && (h.Unfinished || h.Holder != "") {
		err = fmt.Errorf("%s", s.Holding(h))
	}
	return err
}
