package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"archiver/archive/store"
)

// RetentionNone is the mode that records how long to keep an archive, and has
// nobody enforce it.
const RetentionNone = "none"

// ErrNotHeld: the store does not hold an object as it should.
var ErrNotHeld = errors.New("the store does not hold it")

// Enforced tells that the store is asked to hold what is archived.
func (r Retention) Enforced() bool { return r.Mode != "" && r.Mode != RetentionNone }

// CanHold looks whether a furnished store takes retention at all, before
// anything depends on it. Errors: store.ErrUnsupported.
func CanHold(ctx context.Context, s store.Store) error {
	_, err := s.Retention(ctx, pageName, "")
	return err
}

// Hold has the store hold one version of an object, and reads back that it
// does. It is safe to repeat: nothing is ever held for less. Errors:
// store.ErrUnsupported, ErrNotHeld.
func Hold(ctx context.Context, s store.Store, key, version string, r Retention) error {
	if !r.Enforced() {
		return nil
	}
	if err := s.Retain(ctx, key, version, store.Retention{Mode: store.RetentionMode(r.Mode), Until: r.Until}); err != nil {
		return fmt.Errorf("holding %s until %s: %w", key, r.Until.Format(time.RFC3339), err)
	}
	return CheckHeld(ctx, s, key, version, r)
}

// CheckHeld looks whether one version is held as strongly and as long as it
// should be. Errors: store.ErrUnsupported, ErrNotHeld.
func CheckHeld(ctx context.Context, s store.Store, key, version string, r Retention) error {
	if !r.Enforced() {
		return nil
	}
	have, err := s.Retention(ctx, key, version)
	if err != nil {
		return fmt.Errorf("looking at the retention of %s: %w", key, err)
	}
	strong := have.Mode == store.Compliance || have.Mode == store.RetentionMode(r.Mode)
	if !strong || have.Until.Before(r.Until) {
		return fmt.Errorf("%w as it should: %s has mode %q until %s, asked for were %q until %s",
			ErrNotHeld, key, have.Mode, have.Until.UTC().Format(time.RFC3339), r.Mode, r.Until.Format(time.RFC3339))
	}
	return nil
}

// Hold has the store hold the entry that head names: the very bytes, by their
// version. Errors: ErrIntegrity, and those of Hold.
func (l Ledger) Hold(ctx context.Context, head Head, r Retention) error {
	if !r.Enforced() {
		return nil
	}
	o, err := l.Store.Get(ctx, LedgerKey(l.Stream, head.Sequence))
	if err != nil {
		return fmt.Errorf("reading the ledger entry that is to be held: %w", err)
	}
	if SHA256(o.Body) != head.SHA256 {
		return fmt.Errorf("%w: %s is not the entry that was appended", ErrIntegrity, o.Key)
	}
	return Hold(ctx, l.Store, o.Key, o.Version, r)
}
