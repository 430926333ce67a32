package archive

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"archiver/archive/store"
)

// repositorySink writes an archive's blobs into a store as the repository that
// they were.
type repositorySink struct {
	store  store.Store
	prefix string
}

// RepositorySink puts repository/<key> under <prefix><key>, and drops the
// archive's own papers. Every key must be free: the prefix is the caller's alone.
// It is safe to repeat for a file of up to 4 MiB, which may lie there already with
// the same bytes; a larger one that lies there is an error.
func RepositorySink(s store.Store, prefix string) Sink {
	return &repositorySink{store: s, prefix: prefix}
}

func (r *repositorySink) Put(ctx context.Context, name string, size int64, _ time.Time, body io.Reader) error {
	key, ok := strings.CutPrefix(name, blobPrefix)
	if !ok {
		_, err := io.Copy(io.Discard, body)
		return err
	}
	key = r.prefix + key
	if size > chunkBytes {
		_, err := r.store.Upload(ctx, key, body, store.UploadOptions{Bound: size, Concurrency: uploadParts})
		return err
	}
	content := make([]byte, size)
	if _, err := io.ReadFull(body, content); err != nil {
		return err
	}
	_, err := r.store.Create(ctx, key, content)
	if !errors.Is(err, store.ErrExists) {
		return err
	}
	// The answer may be about an earlier try of this very request.
	o, lookErr := r.store.Get(ctx, key)
	if lookErr == nil && bytes.Equal(o.Body, content) {
		return nil
	}
	return errors.Join(err, lookErr)
}
