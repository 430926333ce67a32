package lease

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"archiver/archive"
	"archiver/archive/store"
)

// Conditional proves, on an object that is there, that it can neither be created
// again nor be replaced under an ETag that it does not have: a store that ignores
// conditions cannot hold a lease. Where they are ignored, the object is text
// afterwards. Errors: archive.ErrUnconditional.
func Conditional(ctx context.Context, s store.Store, key string, text []byte) error {
	_, err := s.Create(ctx, key, text)
	if err := refused(s, err, store.ErrExists); err != nil {
		return err
	}
	_, err = s.Replace(ctx, key, text, `"not-its-etag"`)
	return refused(s, err, store.ErrChanged)
}

// refused is nil if a write was refused as it has to be.
func refused(s store.Store, err, want error) error {
	switch {
	case errors.Is(err, want):
		return nil
	case err == nil:
		err = archive.ErrUnconditional
	}
	return fmt.Errorf("%s: %w", s.URL(), err)
}

// Nonce returns 16 random hex digits.
func Nonce() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}
