// Package demo shows what the program does, on a machine that has nothing but
// the program: a simulated cluster in this process, two folders as stores and
// keys made on the spot. Two days are archived by internal/job exactly as in
// earnest; a run of the second is killed in the middle, and the next one mends
// it. Then it tells how the archives are opened by hand.
//
// Nothing here may be needed by a run in earnest, and no rule of the program may
// be bent for the show: what it needs beyond the simulated cluster is only a
// place where the doomed run stands still (stall.go).
package demo

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"time"

	"archiver/internal/job"
	"archiver/snapshot/snapshottest"
)

// Options describe one demonstration. All fields are required unless they say
// otherwise.
type Options struct {
	// Keep is the folder to leave everything in: absent or empty. "": a
	// temporary folder, removed at the end.
	Keep string
	Tool string // name and version, for the records
	// Doomed is the command line of a process that calls Doomed: the run that is
	// killed must be a process of its own.
	Doomed []string

	Out    io.Writer // the narrative
	Err    io.Writer // of the processes that are started
	Pretty bool      // Out is a terminal
	// Watch makes the observer of one run, and what ends its output.
	Watch func() (job.Observer, func())
	// Outcome and Holding say in words what a run did, and who holds a lease.
	Outcome func(job.Outcome) string
	Holding func(job.Holding) string
}

// show is a demonstration on its way.
type show struct {
	Options
	*page
	folder  folder
	dates   [2]string // YYYY-MM-DD
	cluster string    // URL
	job     *job.Job
	close   func()
	kept    map[string]bool // keys of the volumes that the killed run had finished
}

// Run gives the demonstration. It returns nil only if all of it came out as
// told: both days sealed, the killed run's work continued, staging clean, and,
// if it was tried, the archives opened by hand. Errors: ErrFolder.
func Run(ctx context.Context, o Options) (err error) {
	today := time.Now().UTC()
	s := &show{Options: o, page: &page{w: o.Out, pretty: o.Pretty}, dates: [2]string{
		today.AddDate(0, 0, -2).Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly)}}
	if s.folder, err = openFolder(o.Keep); err != nil {
		return err
	}
	if o.Keep == "" {
		defer func() { err = errors.Join(err, s.folder.remove()) }()
	}
	stop, err := s.prepare()
	if err != nil {
		return err
	}
	defer stop()
	for _, step := range []func(context.Context) error{s.dayOne, s.dayTwo, s.mend, s.check, s.lie, s.byHand} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return s.page.err
}

// prepare makes keys, cluster and logs.
func (s *show) prepare() (stop func(), err error) {
	s.head("What is here")
	s.say("A search cluster, simulated inside this process; a folder where it keeps its\n"+
		"snapshots (staging), a folder for the archives, and keys:\n\n  %s", s.folder)
	if err := s.folder.makeKeys(time.Now()); err != nil {
		return nil, fmt.Errorf("making keys: %w", err)
	}
	s.say("The keys were made just now and are worthless: their private halves lie in\n" +
		"plain sight in keys/. In earnest the one that decrypts is never on this side.")
	simulated := snapshottest.New(snapshottest.Options{
		Blobs:         snapshottest.Dir(s.folder.staging()),
		Locate:        func(string, map[string]string) (snapshottest.Place, error) { return snapshottest.Place{}, nil },
		Name:          "demo",
		SnapshotSteps: 4,
	})
	url, stopCluster, err := simulated.Start()
	if err != nil {
		return nil, err
	}
	s.cluster = url
	s.say("The cluster holds two days of logs:\n")
	for _, date := range s.dates {
		s.line("  %s: %d documents in the index %s", date, writeLogs(simulated, date), indexName(date))
	}
	if s.job, s.close, err = s.folder.job(s.cluster, s.Tool, "the demonstration"); err != nil {
		stopCluster()
		return nil, err
	}
	return func() {
		s.close()
		stopCluster()
	}, nil
}

// dayOne is a day without trouble.
func (s *show) dayOne(ctx context.Context) error {
	s.head("The first day")
	_, err := s.archive(ctx, s.dates[0])
	return err
}

// archive runs the job for a date, and shows what `archiver run` shows.
func (s *show) archive(ctx context.Context, date string) (job.Outcome, error) {
	s.say("$ archiver run --date %s", date)
	var done func()
	s.job.Watch, done = s.Watch()
	outcomes, err := s.job.Run(ctx, date)
	done()
	if err != nil {
		return job.Outcome{}, err
	}
	for _, o := range outcomes {
		s.line("%s", s.Outcome(o))
	}
	return outcomes[len(outcomes)-1], nil
}

// lie tells what lies where.
func (s *show) lie(ctx context.Context) error {
	s.head("What lies where")
	s.line("%s/", s.folder)
	for _, part := range []struct{ name, what string }{
		{"archive", "the ledger, the encrypted volumes, and how to open them"},
		{"staging", "empty again, but for the repository's root files and the run state"},
		{"keys", "of operations, who can decrypt, and of the signer"},
	} {
		s.line("  %-8s  %s", part.name+"/", part.what)
		if err := s.files(filepath.Join(string(s.folder), part.name)); err != nil {
			return err
		}
	}
	return s.ledger(ctx)
}
