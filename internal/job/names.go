package job

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"archiver/snapshot"
)

// attemptName is the snapshot's name of an attempt: bound to run and attempt,
// so that a request that arrives late cannot be taken for another's.
func attemptName(stream, date, run string, attempt int) string {
	d, _ := time.Parse(time.DateOnly, date) // checked where the date came in
	return fmt.Sprintf("%s-%s-%s-%d", stream, d.Format("2006.01.02"), run, attempt)
}

// attemptOf takes a name of attemptName apart; ok is false for any other name.
func attemptOf(stream, name string) (date, run string, attempt int, ok bool) {
	const dateLen, runLen = len("2006.01.02-"), len("20060102t150405z-00000000")
	rest, ok := strings.CutPrefix(name, stream+"-")
	if !ok || len(rest) < dateLen+runLen+2 {
		return "", "", 0, false
	}
	run = rest[dateLen : dateLen+runLen]
	attempt, err := strconv.Atoi(strings.TrimPrefix(rest[dateLen+runLen:], "-"))
	day, dayErr := time.Parse("2006.01.02-", rest[:dateLen])
	if err != nil || dayErr != nil || attemptName(stream, day.Format(time.DateOnly), run, attempt) != name {
		return "", "", 0, false
	}
	return day.Format(time.DateOnly), run, attempt, true
}

// disposable tells that a snapshot is one of ours that nobody needs: of an
// attempt that this run has given up; of a run of a date that is sealed; or of a
// run of this date that the ledger has closed, because this run has made sure
// that it has the same indices. Such a one comes to be when a request arrives
// after its sender has died.
func (d *day) disposable(name string) bool {
	date, run, attempt, ok := attemptOf(d.Stream, name)
	if !ok {
		return false
	}
	s := d.lease.Now()
	if run == s.Run {
		return attempt < s.Attempt
	}
	if _, closed := d.chain.Run(run); !closed {
		return false
	}
	_, sealed := d.chain.Sealed(date)
	return sealed || date == s.Date
}

// strangers names the snapshots that are neither this run's current one nor
// disposable.
func (d *day) strangers(all []snapshot.Snapshot) (names []string) {
	current := d.lease.Now().Snapshot.Name
	for _, x := range all {
		if x.Name != current && !d.disposable(x.Name) {
			names = append(names, x.Name)
		}
	}
	return names
}
