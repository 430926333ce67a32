package main

import (
	"errors"
	"fmt"
	"io"
	"sync"
)

// errUnprinted: standard output did not take the answer.
var errUnprinted = errors.New("the answer could not be printed")

// output is standard output that remembers whether all of it was taken: what
// was done is done, whether or not anybody reads about it, but whoever waits for
// the answer must not take half of one for the whole.
type output struct {
	w io.Writer

	mu  sync.Mutex
	err error
}

// Write writes nothing more once it has failed: what follows half of an answer
// would make it unreadable.
func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err != nil {
		return 0, o.err
	}
	n, err := o.w.Write(p)
	o.err = err
	return n, err
}

// verdict is how the command ended: as it did, unless all went well but the
// printing.
func (o *output) verdict(err error) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.err == nil || err != nil && !errors.Is(err, o.err) {
		return err
	}
	return &unprinted{o.err}
}

// unprinted is an errUnprinted with its cause.
type unprinted struct{ cause error }

func (u *unprinted) Error() string   { return fmt.Sprintf("%v: %v", errUnprinted, u.cause) }
func (u *unprinted) Unwrap() []error { return []error{errUnprinted, u.cause} }

// Hint says what to do about it.
func (u *unprinted) Hint() string {
	return "what was done stands: run the same command again with an output that can be written to; a day that is sealed says so"
}
