package restore

import (
	"fmt"
	"regexp"
	"strings"

	"archiver/archive"
	"archiver/internal/job"
	"archiver/internal/lease"
)

// claimFormat is the version of the claim's schema.
const claimFormat = 1

// Kind is what indices are brought back for.
type Kind string

// The kinds of restores.
const (
	KindRestore Kind = "restore" // to be used: the indices stay
	KindDrill   Kind = "drill"   // to be compared: scratch indices
)

// The phases of the way back, in order.
const (
	PhaseClaim    job.Phase = "claim"
	PhaseUnpack   job.Phase = "unpack"
	PhaseRegister job.Phase = "register"
	PhaseRestore  job.Phase = "restore"
	PhaseCompare  job.Phase = "compare"
	PhaseClean    job.Phase = "clean"
)

// Steps are the phases in their order.
func Steps() []job.Phase {
	return []job.Phase{PhaseClaim, PhaseUnpack, PhaseRegister, PhaseRestore, PhaseCompare, PhaseClean}
}

// Prefix is what all restores keep their things below, in the staging store.
const Prefix = archive.WorkPrefix + "restores/"

// Claim says what one restore has made or is about to make, and who is at it:
// lease and plan in one object, replaced by compare-and-swap. Every name is in it
// before it comes to be.
type Claim struct {
	Format int    `json:"format"`
	Kind   Kind   `json:"kind"`
	ID     string `json:"id"`
	lease.Mark

	Stream string    `json:"stream"`
	Date   string    `json:"date"`
	Run    string    `json:"run"`   // of the archive
	Phase  job.Phase `json:"phase"` // of the restore; cleaning up is none

	ClusterUUID string `json:"cluster_uuid"` // where the indices are brought back
	// Repository and Files are where the snapshot lies while it is restored: its
	// name in the cluster, and the prefix of its files in this store.
	Repository string   `json:"repository"`
	Files      string   `json:"prefix"`
	Indices    []Target `json:"indices"`
	// Kept: the indices are whole, and their user's.
	Kept bool `json:"kept"`
}

// Target is one index that is brought back.
type Target struct {
	Index  string `json:"index"`  // as it was archived
	Target string `json:"target"` // as it comes back
	// UUID is the new index's, once it was seen.
	UUID string `json:"uuid"`
}

var idPattern = regexp.MustCompile(`^\d{8}t\d{6}z-[0-9a-f]{8}$`)

// home is what a restore keeps its things below.
func home(id string) string { return Prefix + id + "/" }

// claimKey is where the claim of a restore lies.
func claimKey(id string) string { return home(id) + "restore.json" }

// files is where the repository of a restore lies.
func files(id string) string { return home(id) + "repository/" }

// repositoryPrefix begins the names of the repositories that restores register.
const repositoryPrefix = "archiver-restore-"

// repositoryOf is the repository's name in the cluster.
func repositoryOf(id string) string { return repositoryPrefix + id }

// scratchOf begins the names of a drill's indices.
func scratchOf(id string) string { return "archiver-drill-" + id + "-" }

// decodeClaim refuses fields and names that it does not know: what a claim says
// is deleted.
func decodeClaim(id string, text []byte) (*Claim, error) {
	c, err := lease.Decode[Claim](text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", claimKey(id), err)
	}
	if c.Format != claimFormat {
		return nil, fmt.Errorf("%s has format %d, this program knows %d", claimKey(id), c.Format, claimFormat)
	}
	if c.ID != id || c.Repository != repositoryOf(id) || c.Files != files(id) || c.Kind != KindDrill && c.Kind != KindRestore {
		return nil, fmt.Errorf("%s is not the claim of %s", claimKey(id), id)
	}
	for _, t := range c.Indices {
		if c.Kind == KindDrill && !strings.HasPrefix(t.Target, scratchOf(id)) {
			return nil, fmt.Errorf("%s names %s, which is no scratch index of it", claimKey(id), t.Target)
		}
	}
	return c, nil
}

// inCluster tells that something may have come to be in the cluster.
func (c *Claim) inCluster() bool {
	return c.Phase != PhaseClaim && c.Phase != PhaseUnpack
}

// names are the indices' new names.
func (c *Claim) names() []string {
	var names []string
	for _, t := range c.Indices {
		names = append(names, t.Target)
	}
	return names
}
