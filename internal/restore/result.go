package restore

import (
	"fmt"
	"strings"
	"time"

	"archiver/archive"
	"archiver/internal/job"
	"archiver/snapshot"
)

// resultFormat is the version of the result's schema.
const resultFormat = 1

// Result is what a restore or a drill has shown.
type Result struct {
	Format  int       `json:"format"`
	Kind    Kind      `json:"kind"`
	Verdict Verdict   `json:"verdict"`
	Stream  string    `json:"stream"`
	Date    string    `json:"date"`
	Run     string    `json:"run"`  // of the archive
	ID      string    `json:"id"`   // of the restore
	Time    time.Time `json:"time"` // when it began
	Tool    string    `json:"tool"`
	// Entry is the archive's place in the ledger, Head the ledger's end.
	Entry   archive.Head    `json:"entry"`
	Head    archive.Head    `json:"head"`
	Cluster archive.Cluster `json:"cluster"` // that read it back

	Volumes    int   `json:"volumes"`
	Ciphertext int64 `json:"ciphertext_bytes"`
	Objects    int   `json:"objects"`
	Bytes      int64 `json:"bytes"` // of the snapshot's files

	// Phases are how long each took; together, the measured time to recover.
	Phases       []Timed `json:"phases"`
	Milliseconds int64   `json:"milliseconds"`

	Indices    []Compared `json:"indices"`
	Documents  int64      `json:"documents"` // that came back
	Samples    int        `json:"samples"`   // documents whose content was compared
	Mismatches []string   `json:"mismatches"`
	Notes      []string   `json:"notes"` // what could not be compared, and why
	// Kept: the indices are there.
	Kept bool `json:"kept"`
	// Recorded is the ledger entry about it; zero if there is none.
	Recorded archive.Head `json:"recorded"`

	compared bool
}

// Verdict is what the comparison came to.
type Verdict string

// The verdicts.
const (
	Passed Verdict = "passed"
	Failed Verdict = "failed"
)

// Timed is a phase and how long it took.
type Timed struct {
	Phase        job.Phase `json:"phase"`
	Milliseconds int64     `json:"milliseconds"`
}

// Compared is one index that came back.
type Compared struct {
	Index     string `json:"name"`               // as it was archived
	Target    string `json:"target"`             // as it came back
	Recorded  *int64 `json:"recorded_documents"` // null if they were not counted
	Documents int64  `json:"documents"`          // that came back
	Samples   int    `json:"samples"`            // documents whose content was compared
}

func (w *way) newResult(info snapshot.Info) *Result {
	a := w.entry.Archive
	r := &Result{
		Format: resultFormat, Kind: w.kind, Stream: w.Stream, Date: a.Date, Run: a.Run, ID: w.id, Time: archive.Seconds(w.Now()), Tool: w.Tool,
		Entry: w.chain.HeadAt(w.entry.Sequence), Head: w.chain.Head(),
		Cluster: archive.Cluster{Name: info.Name, UUID: info.UUID, Distribution: info.Distribution, Version: info.Version},
		Volumes: len(a.Volumes), Objects: a.Objects, Bytes: a.Bytes,
		Phases: []Timed{}, Indices: []Compared{}, Mismatches: []string{}, Notes: []string{},
	}
	for _, v := range a.Volumes {
		r.Ciphertext += v.Bytes
	}
	return r
}

// timed records how long a phase took.
func (r *Result) timed(p job.Phase, began time.Time) {
	ms := time.Since(began).Milliseconds()
	r.Phases = append(r.Phases, Timed{Phase: p, Milliseconds: ms})
	r.Milliseconds += ms
}

// note says what could not be compared.
func (r *Result) note(format string, args ...any) {
	r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
}

// differ says what is not as it was recorded.
func (r *Result) differ(format string, args ...any) {
	r.Mismatches = append(r.Mismatches, fmt.Sprintf(format, args...))
}

// conclude is the verdict, after everything was compared.
func (r *Result) conclude() {
	r.compared, r.Verdict = true, Passed
	if len(r.Mismatches) > 0 {
		r.Verdict = Failed
	}
	for _, c := range r.Indices {
		r.Documents += c.Documents
		r.Samples += c.Samples
	}
	r.Kept = r.Kind == KindRestore
}

// Text is the result as it is signed: ASCII JSON with one LF at the end.
func (r *Result) Text() ([]byte, error) { return archive.EncodeJSON(r) }

// Drill is the result as the ledger keeps it. The time is without the clean-up:
// what a recovery would have taken.
func (r *Result) Drill() archive.Drill {
	d := archive.Drill{
		Date: r.Date, Run: r.Run, Passed: r.Verdict == Passed, Reason: strings.Join(r.Mismatches, "; "),
		Cluster: r.Cluster, Documents: r.Documents, Samples: r.Samples,
	}
	if len(d.Reason) > maxReason {
		d.Reason = d.Reason[:maxReason] + " …"
	}
	var took int64
	for _, p := range r.Phases {
		if p.Phase != PhaseClean {
			took += p.Milliseconds
		}
	}
	d.Seconds = (took + 999) / 1000
	return d
}

// maxReason bounds a reason in the ledger, whose lines have an end.
const maxReason = 2000
