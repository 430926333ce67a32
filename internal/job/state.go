package job

import (
	"fmt"

	"archiver/archive"
	"archiver/internal/lease"
)

// stateFormat is the version of the state's schema.
const stateFormat = 1

// Phase is a step of the way of a day.
type Phase string

// The phases, in order. A phase is recorded when it begins.
const (
	PhaseClaim    Phase = "claim"
	PhaseRegister Phase = "register"
	PhaseResolve  Phase = "resolve"
	PhaseSnapshot Phase = "snapshot"
	PhaseWitness  Phase = "witness"
	PhasePlan     Phase = "plan"
	PhasePack     Phase = "pack"
	PhaseProve    Phase = "prove"
	PhaseSeal     Phase = "seal"
	PhaseClean    Phase = "clean"
	PhaseDone     Phase = "done"
)

// order of the phases in a run.
func order() []Phase {
	return []Phase{PhaseClaim, PhaseRegister, PhaseResolve, PhaseSnapshot, PhaseWitness, PhasePlan, PhasePack, PhaseProve, PhaseSeal, PhaseClean, PhaseDone}
}

// rank is a phase's place in the order; -1 for what is no phase.
func (p Phase) rank() int {
	for i, q := range order() {
		if p == q {
			return i
		}
	}
	return -1
}

// Steps are the phases that people see, in their order; done itself is none.
func Steps() []Phase { return order()[:PhaseDone.rank()] }

// State is lease and run state in one object, replaced by compare-and-swap.
// What it says is true at every moment of a run, because every step is written
// here before it is taken.
type State struct {
	Format     int    `json:"format"`
	Stream     string `json:"stream"`
	ArchiveURL string `json:"archive_url"`
	lease.Mark

	Run      string                  `json:"run"`
	Date     string                  `json:"date"`
	Attempt  int                     `json:"attempt"` // snapshot requests of the run, from 1
	Phase    Phase                   `json:"phase"`
	Snapshot archive.PlannedSnapshot `json:"snapshot"` // uuid once it has succeeded
	Indices  []IndexID               `json:"indices"`
	Witness  *archive.Witness        `json:"witness"`
	// PlanSHA256 names the plan; "" before there is one.
	PlanSHA256 string `json:"plan_sha256"`
	// EntryBytes is the signed ledger entry, kept before it is created: a
	// signature cannot be made the same way twice.
	EntryBytes string    `json:"entry_bytes"`
	Head       stateHead `json:"head"` // of the ledger, as last seen
	LastError  string    `json:"last_error"`
}

// stateHead is a head as version 1 of the state has it: an object, where answers
// have a text.
type stateHead struct {
	Sequence int    `json:"sequence"`
	SHA256   string `json:"sha256"` // of the entry's object
}

// IndexID is an index that must be in the snapshot.
type IndexID struct {
	Name string `json:"name"`
	UUID string `json:"uuid"`
	// Writes to it before the attempt's snapshot was requested. Null before they
	// were counted, or if they could not be: WritesReason then says why.
	Writes       *int64 `json:"writes"`
	WritesReason string `json:"writes_reason,omitempty"`
}

// counted tells that the writes were counted, or tried to be.
func (x IndexID) counted() bool { return x.Writes != nil || x.WritesReason != "" }

// idle tells that no run is unfinished.
func (s *State) idle() bool { return s.Phase == PhaseDone }

// decodeState refuses what it does not know.
func decodeState(text []byte) (*State, error) {
	s, err := lease.Decode[State](text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", archive.StateKey, err)
	}
	if s.Format != stateFormat {
		return nil, fmt.Errorf("%s has format %d, this program knows %d", archive.StateKey, s.Format, stateFormat)
	}
	if s.Phase.rank() < 0 {
		return nil, fmt.Errorf("%s names an unknown phase %q", archive.StateKey, s.Phase)
	}
	return s, nil
}

// reset forgets the run that has ended.
func (s *State) reset() {
	*s = State{
		Format: stateFormat, Stream: s.Stream, ArchiveURL: s.ArchiveURL, Mark: s.Mark,
		Head: s.Head, Phase: PhaseDone, Indices: []IndexID{},
	}
}

// nextAttempt turns to a fresh snapshot, and forgets what was built on the last.
func (s *State) nextAttempt() {
	s.Attempt++
	s.Snapshot = archive.PlannedSnapshot{Name: attemptName(s.Stream, s.Date, s.Run, s.Attempt)}
	s.Phase, s.Witness, s.PlanSHA256, s.EntryBytes = PhaseSnapshot, nil, "", ""
	indices := make([]IndexID, len(s.Indices)) // a new one: the old state shares it
	for i, x := range s.Indices {
		indices[i] = IndexID{Name: x.Name, UUID: x.UUID}
	}
	s.Indices = indices
}
