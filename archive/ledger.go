package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"archiver/archive/store"
)

// ledgerReaders fetch entries side by side: a ledger of ten years is some
// thousand small objects.
const ledgerReaders = 16

// ledgerBatch is how many entries' objects are in memory at once: with many
// volumes, one has some ten thousand bytes.
const ledgerBatch = 256

// Ledger is the append-only, signed, hash-chained record of a stream.
type Ledger struct {
	Store  store.Store
	Stream string
	Trust  Verifier
}

// Load reads the whole ledger and believes every entry only after its
// signature, its canonical form and its place in the chain were checked.
// Errors: a Violation that names the object; the first, because nothing after it
// can be believed.
func (l Ledger) Load(ctx context.Context) (*Chain, error) {
	count, err := l.count(ctx)
	if err != nil {
		return nil, err
	}
	c := &Chain{Stream: l.Stream}
	for from := 0; from < count; from += ledgerBatch {
		objects, err := l.fetch(ctx, from, min(from+ledgerBatch, count))
		if err != nil {
			return nil, err
		}
		for i, object := range objects {
			if err := l.believe(c, from+i+1, object); err != nil {
				return nil, err
			}
		}
	}
	return c, nil
}

// fetch reads the objects of the entries from+1 to to.
func (l Ledger) fetch(ctx context.Context, from, to int) ([][]byte, error) {
	objects := make([][]byte, to-from)
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(ledgerReaders)
	for i := range objects {
		group.Go(func() error {
			o, err := l.Store.Get(ctx, LedgerKey(l.Stream, from+i+1))
			objects[i] = o.Body
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("reading the ledger: %w", err)
	}
	return objects, nil
}

// believe adds the next entry to a chain, or says which rule it breaks.
func (l Ledger) believe(c *Chain, number int, object []byte) error {
	e, err := l.open(object)
	class := classOf(err)
	if err == nil {
		class, err = ClassLedgerChain, c.add(e, object)
	}
	if err != nil {
		return violatedBy(class, "ledger entry "+LedgerKey(l.Stream, number), err)
	}
	return nil
}

// count lists the ledger: its keys must be the numbers from 1 on, each with
// exactly one version, because an entry is written once and never again.
func (l Ledger) count(ctx context.Context) (int, error) {
	n := 0
	for v, err := range l.Store.Versions(ctx, LedgerPrefix(l.Stream)) {
		if err != nil {
			return 0, fmt.Errorf("listing the ledger: %w", err)
		}
		switch want := LedgerKey(l.Stream, n+1); {
		case v.DeleteMarker:
			return 0, violated(ClassLedgerVersions, "ledger entry "+v.Key, "it was deleted")
		case n > 0 && v.Key == LedgerKey(l.Stream, n):
			return 0, violated(ClassLedgerVersions, "ledger entry "+v.Key, "it has more than one version")
		case v.Key != want:
			return 0, violated(ClassLedgerChain, "the ledger of "+l.Stream, "it has %s where %s should be", v.Key, want)
		}
		n++
	}
	return n, nil
}

// open believes one entry, apart from its place in the chain.
func (l Ledger) open(object []byte) (Entry, error) {
	var e Entry
	text, _, at, err := l.Trust.OpenClear(object)
	if err != nil {
		return e, err
	}
	if err := decodeJSON(text, &e); err != nil {
		return e, err
	}
	if err := e.check(); err != nil {
		return e, err
	}
	if !e.Time.Equal(at) {
		return e, &timeError{says: e.Time, signed: at}
	}
	return e, nil
}

// timeError: an entry has a time that is not its signature's.
type timeError struct{ says, signed time.Time }

func (e *timeError) Error() string {
	return fmt.Sprintf("it says %v, its signature was made at %v", e.says, e.signed)
}

// classOf is the class of what open says of an entry.
func classOf(err error) Class {
	switch fault(err) {
	case FaultSignature:
		return ClassLedgerSignature
	case FaultUntrusted:
		return ClassLedgerUntrusted
	}
	if errors.As(err, new(*timeError)) {
		return ClassLedgerChain
	}
	return ClassLedgerForm
}

// Sign renders an entry as the exact bytes of its object. Signatures differ
// every time: what is to be written must be kept, not signed again.
func (e Entry) Sign(s Signer) ([]byte, error) {
	if err := e.check(); err != nil {
		return nil, fmt.Errorf("ledger entry %d: %w", e.Sequence, err)
	}
	return e.render(s)
}

// render signs an entry, whatever it says.
func (e Entry) render(s Signer) ([]byte, error) {
	text, err := encodeJSON(e)
	if err != nil {
		return nil, fmt.Errorf("ledger entry %d: %w", e.Sequence, err)
	}
	object, err := s.Clear(text, e.Time)
	if err != nil {
		return nil, fmt.Errorf("signing ledger entry %d: %w", e.Sequence, err)
	}
	return object, nil
}

// Append creates the entry that object is, right after the chain's head, and
// reads it back; the chain then has it. It is safe to repeat with the same
// bytes. If the place holds other bytes, the ledger has been written by another
// and nothing is done: ErrIntegrity.
func (l Ledger) Append(ctx context.Context, c *Chain, object []byte) (Head, error) {
	e, err := l.open(object)
	if err != nil {
		return Head{}, fmt.Errorf("%w: the entry to be appended: %w", ErrIntegrity, err)
	}
	key, head := LedgerKey(l.Stream, e.Sequence), Head{Sequence: e.Sequence, SHA256: SHA256(object)}
	longer := *c
	if !c.Holds(head) { // else: it is there since an earlier try
		if err := longer.add(e, object); err != nil {
			return Head{}, fmt.Errorf("%w: the entry to be appended as %s does not fit the ledger: %w", ErrIntegrity, key, err)
		}
	}
	_, writeErr := l.Store.Create(ctx, key, object)
	// Whatever the answer was, reading settles it: an answer may be lost while
	// the entry was written.
	o, err := l.Store.Get(ctx, key)
	switch {
	case err == nil && bytes.Equal(o.Body, object):
		*c = longer
		return head, nil
	case err == nil:
		return Head{}, fmt.Errorf("%w: %s was written by another", ErrIntegrity, key)
	case writeErr != nil:
		return Head{}, fmt.Errorf("appending to the ledger: %w", writeErr)
	default:
		return Head{}, fmt.Errorf("reading the ledger entry back: %w", err)
	}
}
