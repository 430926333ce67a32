// Package check proves, before the first run and whenever something is in
// doubt, each thing that a run needs: one line each, with the remedy where it is
// missing. It leaves nothing changed: what it writes is removed again, or is
// wanted there anyway.
//
// It decides what counts as well, as doubtful or as wrong, and prints nothing.
// How a thing is asked for belongs to the packages that a run uses; a run asks
// everything again and trusts no check.
package check

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"archiver/archive/store"
	"archiver/internal/config"
	"archiver/internal/job"
	"archiver/snapshot"
)

// Status is what became of one item.
type Status string

// The statuses.
const (
	OK      Status = "ok"
	Warn    Status = "warn"    // a run works; somebody should look
	Fail    Status = "fail"    // a run would not work, or not be safe
	Skipped Status = "skipped" // could not be found out
)

// Item is one thing that a run needs.
type Item struct {
	Name   string `json:"name"`
	Status Status `json:"status"`
	Detail string `json:"detail"` // what was found
	Remedy string `json:"hint"`   // what to do about it

	// See is where to read more. It is not for this package to know.
	See string `json:"see"`

	err error // what failed, if it was an error
}

// Err is what failed, if it was an error.
func (i Item) Err() error { return i.err }

// Report is all items, in the order in which they were looked at.
type Report struct {
	Items []Item
}

// Count is how many items have a status.
func (r Report) Count(s Status) (n int) {
	for _, i := range r.Items {
		if i.Status == s {
			n++
		}
	}
	return n
}

// Err is what failed, as one error to decide on; nil if nothing did.
func (r Report) Err() error {
	var errs []error
	for _, i := range r.Items {
		if i.Status != Fail {
			continue
		}
		if i.err == nil {
			i.err = errors.New(i.Detail)
		}
		errs = append(errs, fmt.Errorf("%s: %w", i.Name, i.err))
	}
	return errors.Join(errs...)
}

// Cluster is what is asked of the search cluster, beside what a run asks.
type Cluster interface {
	job.Cluster
	Clock(ctx context.Context) (time.Time, error)
	VerifyRepository(ctx context.Context, name string) (nodes int, err error)
	Lacks(ctx context.Context, p snapshot.Privileges) ([]string, error)
	Caller(ctx context.Context) (user string, roles []string, err error)
}

// World is what is to be checked: a job as far as it could be built, and why
// the rest of it could not.
type World struct {
	Config *config.Config
	// Job is complete but for what an error below says. Its Cluster is not used.
	Job     *job.Job
	Cluster Cluster

	KeysErr, StoresErr, ClusterErr error

	Now func() time.Time
}

const (
	// contact is how long the first answer of a cluster or a store may take.
	contact = 10 * time.Second
	// patience bounds each other question, but for reading the ledger.
	patience = time.Minute
)

// Run looks at everything. What cannot be looked at because something before it
// failed is skipped. A context that ends stops it: the report is then of what
// had been found until then.
func Run(ctx context.Context, w World) Report {
	r := &run{World: w}
	r.ok("configuration", "complete, and nothing in it contradicts")
	for _, part := range []func(context.Context){r.keys, r.memory, r.cluster, r.staging, r.archive} {
		if ctx.Err() != nil {
			break
		}
		part(ctx)
	}
	return r.report
}

// run is a check on its way.
type run struct {
	World
	report    Report
	stagingUp bool
}

func (r *run) add(i Item) { r.report.Items = append(r.report.Items, i) }

func (r *run) ok(name, detail string, args ...any) {
	r.add(Item{Name: name, Status: OK, Detail: fmt.Sprintf(detail, args...)})
}

func (r *run) warn(name, remedy, detail string, args ...any) {
	r.add(Item{Name: name, Status: Warn, Remedy: remedy, Detail: fmt.Sprintf(detail, args...)})
}

func (r *run) skip(name, detail string, args ...any) {
	r.add(Item{Name: name, Status: Skipped, Detail: fmt.Sprintf(detail, args...)})
}

// fail adds an error with the remedy that it carries.
func (r *run) fail(name string, err error) { r.failWith(name, "", err) }

// failWith gives a remedy to an error that carries none.
func (r *run) failWith(name, remedy string, err error) {
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		remedy = h.Hint()
	}
	// That a person must look is what every failure here means.
	detail := strings.TrimPrefix(err.Error(), job.ErrPerson.Error()+": ")
	r.add(Item{Name: name, Status: Fail, Detail: detail, Remedy: remedy, err: err})
}

// untold skips what a bucket does not tell, with what a person should look at
// instead, and fails for anything else.
func (r *run) untold(name, remedy string, err error) {
	if !errors.Is(err, store.ErrUntold) {
		r.fail(name, err)
		return
	}
	r.add(Item{Name: name, Status: Skipped, Remedy: remedy, Detail: fmt.Sprintf("%v: %v", store.ErrUntold, err)})
}

// bounded asks something that must be answered in time.
func bounded(ctx context.Context, most time.Duration, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeoutCause(ctx, most, fmt.Errorf("not answered within %v", most))
	defer cancel()
	err := ask(ctx)
	if cause := context.Cause(ctx); err != nil && cause != nil && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	return err
}

// each does the parts one after the other. Each reports by itself.
func (r *run) each(ctx context.Context, parts ...func(context.Context) error) {
	for _, part := range parts {
		_ = bounded(ctx, patience, part)
	}
}

// skew is how far clocks may be apart.
const skew = time.Minute

// clock compares a clock with ours.
func (r *run) clock(name string, theirs time.Time) {
	off := theirs.Sub(r.Now()).Round(time.Second)
	if off.Abs() > skew {
		r.warn(name, "set the clock that is wrong, by NTP for instance: requests are signed with the time, and a day ends by this machine's clock",
			"it is %v off ours (theirs %s)", off, theirs.UTC().Format(time.RFC3339))
		return
	}
	r.ok(name, "within a minute of ours")
}

// Unconfigured is the report on a configuration that cannot be used: nothing
// else can be looked at.
func Unconfigured(err error) Report {
	var r run
	var problems config.Problems
	if !errors.As(err, &problems) {
		r.fail("configuration", err)
		return r.report
	}
	for _, p := range problems {
		r.fail("configuration", p)
	}
	return r.report
}
