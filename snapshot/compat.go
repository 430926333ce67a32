package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Origin is where a snapshot came from.
type Origin struct {
	Distribution string // OpenSearch or Elasticsearch
	Version      string // of the cluster, such as 7.17.29
	// Created are the CreatedVersions of its indices. What is empty counts as
	// the cluster's own.
	Created []string
}

// ErrCannotRestore: a cluster of that version cannot read the snapshot.
var ErrCannotRestore = errors.New("this cluster cannot read the snapshot")

// CanRestore says whether a cluster can read the snapshot, by the rules that
// Readers puts into words. nil: it can, as far as versions tell. ErrCannotRestore
// with the reason: it cannot. Another error: a version is not understood.
//
// The rules, and where they come from ("tried": between the servers of the lab,
// November 2026):
//
//   - Never to an older version than the one that took it, down to the patch:
//     the servers compare ("the snapshot was created with version … which is
//     higher than the version of this node", RestoreService.java of both; tried
//     8.19 → 7.17 and 3.6 → 2.19).
//   - An index goes where the major version is the one that it was created in or
//     the next one: Elastic's "Index compatibility" under "Snapshot and restore",
//     OpenSearch's Version.computeMinIndexCompatVersion (tried 7.17 → 8.19 and
//     2.19 → 3.6). Elasticsearch's archive indices and read-only ones of version
//     N-2 are left out: they are no restore of what was there.
//   - OpenSearch 1 counts as Elasticsearch 7, which it was made from, and so
//     OpenSearch 1 reads indices from 6.0 on, 2 those from 7.0 on.
//   - Elasticsearch up to 7.10.2 goes to OpenSearch (OpenSearch's "Using
//     snapshots to migrate data", and its FAQ on backwards compatibility). From
//     7.12 on the repository's root has a field that OpenSearch refuses
//     ("unknown field [uuid]": tried 7.17 and 8.19 → 2.19 and 3.6). 7.11 is
//     documented nowhere and counts as refused.
//   - OpenSearch never goes to Elasticsearch, which takes its version for a
//     higher one (tried 2.19 → 7.17 and 8.19).
func CanRestore(from Origin, to Info) error {
	s, err := from.parse()
	if err != nil {
		return err
	}
	target, err := parseRelease(to.Version)
	if err != nil {
		return err
	}
	why := s.refused(to.Distribution, target)
	if why == "" {
		return nil
	}
	return fmt.Errorf("%w: %s; %s can read it, this is %s %s", ErrCannotRestore, why, Readers(from), to.Distribution, to.Version)
}

// Readers says in words which versions can read a snapshot: "opensearch 2.19.6
// or later 2.x, and 3.x".
func Readers(from Origin) string {
	s, err := from.parse()
	if err != nil {
		return "nobody knows which version"
	}
	last := s.lastMajor(from.Distribution)
	if last < s.version.major {
		return "no version" // it holds indices that its own cluster cannot restore
	}
	text := fmt.Sprintf("%s %s or later %d.x", from.Distribution, from.Version, s.version.major)
	if last > s.version.major {
		text += fmt.Sprintf(", and %d.x", last)
	}
	if from.Distribution != Elasticsearch || !s.known() {
		return text
	}
	switch last := s.lastMajor(OpenSearch); {
	case last == 1:
		text += ", and opensearch 1.x"
	case last > 1:
		text += fmt.Sprintf(", and opensearch 1.x to %d.x", last)
	}
	return text
}

// origin is an Origin that was understood.
type origin struct {
	distribution string
	version      release
	oldest       int // generation of the oldest index
}

func (from Origin) parse() (origin, error) {
	s := origin{distribution: from.Distribution}
	var err error
	if s.version, err = parseRelease(from.Version); err != nil {
		return s, err
	}
	s.oldest = generation(from.Distribution, s.version.major)
	for _, text := range from.Created {
		if text == "" {
			continue
		}
		r, err := parseRelease(text)
		if err != nil {
			return s, err
		}
		// On OpenSearch, a version above the cluster's own is Elasticsearch's: the
		// index is from that time.
		distribution := from.Distribution
		if distribution == OpenSearch && r.major > s.version.major {
			distribution = Elasticsearch
		}
		s.oldest = min(s.oldest, generation(distribution, r.major))
	}
	return s, nil
}

// generation puts both distributions' major versions on one line: OpenSearch 1
// is Elasticsearch 7.
func generation(distribution string, major int) int {
	if distribution == OpenSearch {
		return major + 6
	}
	return major
}

// lastMajor is the newest major version of a distribution that reads the oldest
// index.
func (s origin) lastMajor(distribution string) int {
	if distribution == OpenSearch {
		return s.oldest + 1 - 6
	}
	return s.oldest + 1
}

// known: OpenSearch knows this Elasticsearch's repositories.
func (s origin) known() bool {
	return s.version.compare(release{6, 0, 0}) >= 0 && s.version.compare(release{7, 10, 99}) <= 0
}

// refused is why a cluster cannot read the snapshot; empty: it can.
func (s origin) refused(distribution string, target release) string {
	switch {
	case s.distribution == OpenSearch && distribution != OpenSearch:
		return "a snapshot of OpenSearch does not go to Elasticsearch"
	case s.distribution != distribution && !s.known():
		return "of Elasticsearch, OpenSearch reads the snapshots of 6.0 to 7.10 alone"
	case s.distribution == distribution && target.compare(s.version) < 0:
		return fmt.Sprintf("it was taken by the version %v, and no older one can read it", s.version)
	case target.major > s.lastMajor(distribution):
		return "it holds an index that was created too many major versions ago"
	}
	return ""
}

// release is a version's three numbers. Missing ones are 0.
type release struct{ major, minor, patch int }

func (r release) String() string { return fmt.Sprintf("%d.%d.%d", r.major, r.minor, r.patch) }

func (r release) compare(other release) int {
	return cmp.Or(cmp.Compare(r.major, other.major), cmp.Compare(r.minor, other.minor), cmp.Compare(r.patch, other.patch))
}

// parseRelease takes "7.17.29", "3.0.0-beta1" (as the release) and "8".
func parseRelease(text string) (release, error) {
	plain, _, _ := strings.Cut(text, "-")
	var n [3]int
	parts := strings.Split(plain, ".")
	if len(parts) > 3 {
		return release{}, fmt.Errorf("%q is not a version", text)
	}
	for i, p := range parts {
		v, err := strconv.ParseUint(p, 10, 16)
		if err != nil {
			return release{}, fmt.Errorf("%q is not a version", text)
		}
		n[i] = int(v)
	}
	if n[0] == 0 {
		return release{}, fmt.Errorf("%q is not a version", text)
	}
	return release{n[0], n[1], n[2]}, nil
}
