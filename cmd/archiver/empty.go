package main

import (
	"errors"
	"fmt"
	"strings"

	"archiver/archive"
)

// errEmptyLedger: there is no entry that anything could be held against. More
// often than not it is another ledger than was meant, and a job that asks it every
// night must not be content.
var errEmptyLedger = errors.New("the ledger is empty")

// emptyLedger is an errEmptyLedger that says where.
type emptyLedger struct{ place string }

func (e *emptyLedger) Error() string {
	return fmt.Sprintf("%v: nothing has been archived in %s", errEmptyLedger, e.place)
}

func (e *emptyLedger) Unwrap() error { return errEmptyLedger }

// Hint says which settings name the place, and when it is well that it is empty.
func (e *emptyLedger) Hint() string {
	return "look whether stream and archive.url are those that days are archived with; a stream that has just been set up has nothing to verify or to drill before its first day is archived"
}

// wantEntries refuses a ledger that has none. Errors: errEmptyLedger.
func (r *reader) wantEntries(c *archive.Chain) error {
	if len(c.Entries) > 0 {
		return nil
	}
	return &emptyLedger{r.place(c)}
}

// place is where a ledger lies.
func (r *reader) place(c *archive.Chain) string {
	return strings.TrimSuffix(r.store.URL(), "/") + "/" + archive.LedgerPrefix(c.Stream)
}
