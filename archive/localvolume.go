package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"archiver/archive/store"
)

// LocalVolume reads one volume from a file, whatever key is asked for: a copy
// that somebody has downloaded.
type LocalVolume string

// Stat implements Volumes.
func (f LocalVolume) Stat(_ context.Context, key, _ string) (store.Info, error) {
	info, err := os.Stat(string(f))
	if err != nil {
		return store.Info{}, err
	}
	return store.Info{Key: key, Size: info.Size(), Time: info.ModTime()}, nil
}

// Open implements Volumes.
func (f LocalVolume) Open(_ context.Context, _ string, offset, length int64, _ store.Pin) (io.ReadCloser, error) {
	file, err := os.Open(string(f))
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(file, offset, length), file}, nil
}

// Find returns the volume of which a file is a copy, by its SHA-256, and the
// entry that names it. Errors: a Violation, if no archive of the ledger has such
// a volume.
func (f LocalVolume) Find(ctx context.Context, c *Chain) (*Entry, int, error) {
	sum, err := f.sum(ctx)
	if err != nil {
		return nil, 0, err
	}
	for i := range c.Entries {
		e := &c.Entries[i]
		if e.Archive == nil {
			continue
		}
		for n, v := range e.Archive.Volumes {
			if v.SHA256 == sum {
				return e, n, nil
			}
		}
	}
	return nil, 0, violated(ClassVolumeCiphertext, string(f), "no volume of the ledger has its SHA-256, %s", sum)
}

func (f LocalVolume) sum(ctx context.Context) (string, error) {
	file, err := os.Open(string(f))
	if err != nil {
		return "", err
	}
	sum := newCipherSum(&cancelled{ctx, file})
	_, err = io.Copy(io.Discard, sum)
	return fmt.Sprintf("%x", sum.sum.Sum(nil)), errors.Join(err, file.Close())
}

// cancelled ends a read of a file with its context.
type cancelled struct {
	ctx context.Context
	r   io.Reader
}

func (c *cancelled) Read(p []byte) (int, error) {
	if err := context.Cause(c.ctx); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
