// Package job is the way of a day: what happens in which order, what is
// remembered between the steps, and what the next run does when one has died.
// day.go reads as that list. It joins the cluster (package snapshot) and the
// archive (package archive) and declares what it needs of both; it prints
// nothing and decides on no exit code.
package job

import (
	"context"
	"log/slog"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/snapshot"
)

// Cluster is what a run asks of a search cluster. Reads are retried by the
// implementation; a mutation is sent once, and an answer that was lost is
// snapshot.ErrAmbiguous: the job settles it by looking.
type Cluster interface {
	Info(ctx context.Context) (snapshot.Info, error)
	Repository(ctx context.Context, name string) (snapshot.Repository, error)
	Register(ctx context.Context, name string, r snapshot.Repository) error
	Indices(ctx context.Context, patterns []string) ([]snapshot.Index, error)
	Count(ctx context.Context, index string) (int64, error)
	Writes(ctx context.Context, index string) (int64, error)
	SourceMode(ctx context.Context, index string) (string, error)
	SampleIDs(ctx context.Context, index string, n int, seed int64) ([]string, error)
	Documents(ctx context.Context, index string, ids []string) ([]snapshot.Document, error)
	Snapshots(ctx context.Context, repository string) ([]snapshot.Snapshot, error)
	Snapshot(ctx context.Context, repository, name string) (snapshot.Snapshot, error)
	Create(ctx context.Context, repository, name string, o snapshot.CreateOptions) error
	Progress(ctx context.Context, repository, name string) (snapshot.Progress, error)
	Delete(ctx context.Context, repository, name string) error
	Deleting(ctx context.Context, repository string) (bool, error)
	Cleanup(ctx context.Context, repository string) error
}

// Job archives one stream. All fields are required unless they say otherwise.
type Job struct {
	Stream  string
	Tool    string // name and version, for the records
	Holder  string // who takes the lease: host and process, for people
	Cluster Cluster
	Staging archive.Staging
	Archive store.Store
	Sealer  archive.Sealer
	Signer  archive.Signer
	Trust   archive.Verifier
	Keys    []archive.PublicKey // kept with the archives

	Repository string              // its name in the cluster
	Register   snapshot.Repository // as it is to be registered
	// IndexPatterns are the index expressions of a date (YYYY-MM-DD).
	IndexPatterns func(date string) []string
	// IndexDates are the dates to which an index may belong by its own name, more
	// than one where several patterns read it; none: the name tells nothing. nil:
	// names are not asked.
	IndexDates func(index string) []string

	VolumeSize      int64 // bytes of blobs
	Retention       archive.Retention
	Budget          archive.Budget
	SnapshotTimeout time.Duration // per attempt
	Retries         int           // of a snapshot that failed, per process
	// WitnessDocuments are sampled over the day's indices. 0: only counts.
	WitnessDocuments int
	// Settle is how long the indices are watched before a snapshot is requested;
	// they must not be written to meanwhile. 0: they are not watched.
	Settle time.Duration

	Lease time.Duration // 0: two minutes; never less than one
	Poll  time.Duration // longest pause between looks; 0: five seconds
	Now   func() time.Time
	Watch Observer
}

// Observer is told what goes on. Calls come from several goroutines, and must
// not block.
type Observer interface {
	// Phase: a step begins.
	Phase(date string, p Phase)
	// Progress: how far a long step is, in bytes. total is 0 while it is not known.
	Progress(p Phase, done, total int64)
	// Note: something that people should know, but that stops nothing.
	Note(message string, attrs ...slog.Attr)
}

// Outcome tells what a run did about one date.
type Outcome struct {
	Status     Status       `json:"status"`
	Stream     string       `json:"stream"`
	Date       string       `json:"date"`
	Run        string       `json:"run"`
	Indices    []string     `json:"indices"`
	Documents  *int64       `json:"documents"` // null if a count could not be had
	Objects    int          `json:"objects"`
	Bytes      int64        `json:"bytes"` // of the blobs
	Volumes    int          `json:"volumes"`
	Ciphertext int64        `json:"ciphertext_bytes"`
	Head       archive.Head `json:"head"`
	Resumed    bool         `json:"resumed"` // began in an earlier process
}

// Status is how a date ended.
type Status string

// The statuses of a date.
const (
	Sealed  Status = "sealed"         // archived by this run
	Already Status = "already-sealed" // archived before; nothing was done
)

// outcome describes a sealed archive.
func outcome(status Status, e *archive.Entry, head archive.Head) Outcome {
	a := e.Archive
	o := Outcome{
		Status: status, Stream: e.Stream, Date: a.Date, Run: a.Run, Indices: []string{},
		Objects: a.Objects, Bytes: a.Bytes, Volumes: len(a.Volumes), Head: head,
	}
	for _, v := range a.Volumes {
		o.Ciphertext += v.Bytes
	}
	var documents int64
	known := true
	for _, i := range a.Snapshot.Indices {
		o.Indices = append(o.Indices, i.Name)
		if i.Documents == nil {
			known = false
			continue
		}
		documents += *i.Documents
	}
	if known {
		o.Documents = &documents
	}
	return o
}

// ledger is the stream's record in the archive store.
func (j *Job) ledger() archive.Ledger {
	return archive.Ledger{Store: j.Archive, Stream: j.Stream, Trust: j.Trust}
}

// pause waits before look number n.
func (j *Job) pause(ctx context.Context, n int) error { return Pause(ctx, j.Poll, n) }

// Pause waits before look number n, longer each time, or until the context ends.
// longest 0 is five seconds.
func Pause(ctx context.Context, longest time.Duration, n int) error {
	if longest == 0 {
		longest = 5 * time.Second
	}
	t := time.NewTimer(min(longest, 100*time.Millisecond<<min(n, 10)))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
