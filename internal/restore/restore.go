// Package restore is the way back: an archived day becomes indices again, for
// people who need it (Restore) or only to prove that it could (Drill). way.go
// reads as the list of its steps. It joins the archive (package archive, the
// reading half) and the cluster (package snapshot), prints nothing, and decides
// on no exit code.
//
// Whatever it makes for a while (a repository, its files, scratch indices) bears
// the restore's own name, is written down in a claim before it is made, and is
// removed at the end, however that comes. What a restore that died has left is
// found by its claim: see Leftovers.
package restore

import (
	"context"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/job"
	"archiver/snapshot"
)

// Cluster is what a restore asks of a search cluster. Reads are retried by the
// implementation; a mutation is sent once, and an answer that was lost is
// snapshot.ErrAmbiguous: it is settled by looking.
type Cluster interface {
	Info(ctx context.Context) (snapshot.Info, error)
	Indices(ctx context.Context, patterns []string) ([]snapshot.Index, error)
	Repositories(ctx context.Context) (map[string]snapshot.Repository, error)
	Repository(ctx context.Context, name string) (snapshot.Repository, error)
	Register(ctx context.Context, name string, r snapshot.Repository) error
	Unregister(ctx context.Context, name string) error
	Snapshot(ctx context.Context, repository, name string) (snapshot.Snapshot, error)
	Restore(ctx context.Context, repository, name string, o snapshot.RestoreOptions) error
	Recovery(ctx context.Context, indices []string) (snapshot.Recovery, error)
	RestoredFrom(ctx context.Context, index string) (repository string, err error)
	Refresh(ctx context.Context, index string) error
	Count(ctx context.Context, index string) (int64, error)
	Documents(ctx context.Context, index string, ids []string) ([]snapshot.Document, error)
	DeleteIndex(ctx context.Context, name string) error
}

// Restorer brings back days of one stream. All fields are required unless they
// say otherwise.
type Restorer struct {
	Stream  string
	Tool    string // name and version, for the records
	Holder  string // who takes the lease: host and process, for people
	Cluster Cluster
	Archive store.Store
	Trust   archive.Verifier
	Opener  archive.Opener // nil only for Leftovers
	Budget  archive.Budget
	// KnownHead is one that the ledger must have passed through; zero: none is
	// known.
	KnownHead archive.Head

	// Staging is the whole bucket, or directory, that the cluster restores from.
	Staging store.Store
	// At is the registration of a repository that lies at a prefix of Staging.
	At func(prefix string) snapshot.Repository

	Timeout time.Duration // of the cluster's part
	Lease   time.Duration // 0: two minutes; never less than one
	Poll    time.Duration // longest pause between looks; 0: five seconds
	Now     func() time.Time
	Watch   job.Observer
}

// Options choose what is brought back, and as what.
type Options struct {
	Date    string   // YYYY-MM-DD
	Indices []string // names as they were archived; none: all of the day
	// Rename holds {index} once, which stands for the archived name; "": the
	// same names.
	Rename   string
	Replicas *int // nil: as they were
	// KeepPolicies leaves lifecycle policies on the indices. They go on with the
	// index's original age, and may delete it at once.
	KeepPolicies bool
}

// Restore brings a day back. An index that exists is never touched. The indices
// stay also if they are not what was recorded, which is an archive.ErrIntegrity
// with a Result. After any other error there is no Result, and nothing of them
// stays, unless they were whole already and only could not be compared: the
// Observer is told so.
//
// Errors: archive.ErrNoArchive, job.ErrHeld, job.ErrPerson, job.ErrInterrupted,
// lease.ErrLost, archive.ErrIntegrity and others, as job.StepErrors.
func (r *Restorer) Restore(ctx context.Context, o Options) (*Result, error) {
	return r.run(ctx, &way{Restorer: r, kind: KindRestore, options: o})
}

// Drill brings a day back under scratch names, compares it, and removes it again.
// There is a Result if it came to a comparison. Errors: as for Restore.
func (r *Restorer) Drill(ctx context.Context, date string) (*Result, error) {
	none := 0
	return r.run(ctx, &way{Restorer: r, kind: KindDrill, options: Options{Date: date, Replicas: &none}})
}

// pause waits before look number n.
func (r *Restorer) pause(ctx context.Context, n int) error { return job.Pause(ctx, r.Poll, n) }
