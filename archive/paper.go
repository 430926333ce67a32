package archive

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"

	"archiver/archive/store"
)

// Papers are plans and receipts: kept beside the state while a run lasts, not
// part of the archive format, not signed.

func encodePaper(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}

// deposit creates a paper whose key nobody else writes. An answer that it exists
// already may be about an earlier try of our own: reading settles it.
func deposit(ctx context.Context, s store.Store, key string, text []byte) error {
	_, err := s.Create(ctx, key, text)
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	o, lookErr := s.Get(ctx, key)
	if lookErr == nil && bytes.Equal(o.Body, text) {
		return nil
	}
	return errors.Join(err, lookErr)
}

// decodePaper refuses what this version does not know: a paper of another
// version of the program must not be half understood.
func decodePaper(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
