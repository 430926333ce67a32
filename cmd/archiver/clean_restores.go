package main

import (
	"context"
	"fmt"
	"strings"

	"archiver/internal/restore"
)

// cleanRestores finds what restores and drills have left, and removes it if asked
// to.
func (s *session) cleanRestores(ctx context.Context, remove bool) ([]restore.Leftover, error) {
	r := &restore.Restorer{
		Stream: s.config.Stream, Tool: tool(), Holder: holder(), Cluster: s.cluster, Watch: s.job.Watch, Now: s.job.Now,
	}
	if err := restorePlace(ctx, s.config, r); err != nil {
		return nil, err
	}
	return r.Leftovers(ctx, remove)
}

// leftovers are leftovers in words; "" if there are none.
func leftovers(found []restore.Leftover, removed bool) string {
	var b strings.Builder
	for _, x := range found {
		kind := string(x.Kind)
		if kind == "" {
			kind = "late writes of a restore"
		}
		fmt.Fprintf(&b, "%s %s: %d files, %s, repository %s", kind, x.ID, x.Objects, sizeText(x.Bytes), x.Repository)
		if len(x.Indices) > 0 {
			fmt.Fprintf(&b, ", indices %s", strings.Join(x.Indices, ", "))
		}
		switch {
		case x.Stays != "":
			fmt.Fprintf(&b, "; stays: %s", x.Stays)
		case removed && x.Removed:
			b.WriteString("; removed")
		case !removed:
			b.WriteString("; --yes removes it")
		}
		b.WriteString("\n")
	}
	return b.String()
}
