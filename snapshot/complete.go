package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ErrIncomplete: a snapshot does not hold all that it should.
var ErrIncomplete = errors.New("the snapshot is not complete")

// maxShown bounds how many failures an error tells one by one.
const maxShown = 5

// Verify is nil only if the snapshot ended in SUCCESS, without a failed shard
// or a listed failure, and holds exactly the indices in want, whatever their
// order. Otherwise the error is ErrIncomplete and lists what is wrong.
func (s Snapshot) Verify(want []string) error {
	var wrong []string
	add := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	if s.State != StateSuccess {
		add("its state is %s", s.State)
	}
	if s.Reason != "" {
		add("the cluster says: %s", s.Reason)
	}
	if n := s.Shards; n.Failed != 0 || n.Successful != n.Total || n.Total < len(want) || n.Total == 0 {
		add("%d of %d shards were taken, %d failed", n.Successful, n.Total, n.Failed)
	}
	if s.References {
		add("it only refers to a remote store's files")
	}
	if missing := without(want, s.Indices); len(missing) > 0 {
		add("it lacks %s", few(missing))
	}
	if extra := without(s.Indices, want); len(extra) > 0 {
		add("it also holds %s", few(extra))
	}
	if len(s.Failures) > 0 {
		add("failures: %s", few(tell(s.Failures)))
	}
	if wrong == nil {
		return nil
	}
	return fmt.Errorf("%w: %s: %s", ErrIncomplete, s.Name, strings.Join(wrong, "; "))
}

// without gives what is in a and not in b, sorted.
func without(a, b []string) []string {
	var rest []string
	for _, s := range slices.Sorted(slices.Values(a)) {
		if !slices.Contains(b, s) {
			rest = append(rest, s)
		}
	}
	return rest
}

func tell(fs []Failure) []string {
	told := make([]string, len(fs))
	for i, f := range fs {
		told[i] = fmt.Sprintf("%s shard %d: %s", f.Index, f.Shard, f.Reason)
	}
	return told
}

func few(all []string) string {
	if len(all) <= maxShown {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:maxShown], ", "), len(all)-maxShown)
}
