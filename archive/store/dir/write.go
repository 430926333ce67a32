package dir

import (
	"context"
	"errors"
	"io/fs"
	"path"

	"archiver/archive/store"
)

// Create writes a small object under a key that must be free: an unfinished
// file, synced, and then a hard link, which is what makes it whole or not at
// all, and the first caller the only one.
func (s *Store) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	info, err := s.create(ctx, key, body)
	return info, s.fail("create", key, err)
}

func (s *Store) create(ctx context.Context, key string, body []byte) (store.Info, error) {
	d, err := s.compose(ctx, key, body)
	if err != nil {
		return store.Info{}, err
	}
	defer d.discard()
	return d.create()
}

// compose makes a finished draft of a small object.
func (s *Store) compose(ctx context.Context, key string, body []byte) (*draft, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	if err := checkSmall(int64(len(body))); err != nil {
		return nil, err
	}
	d, err := s.begin(key)
	if err != nil {
		return nil, err
	}
	if _, err = d.Write(body); err == nil {
		err = d.finish()
	}
	if err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

// Replace swaps an object by renaming another file over it, under the lock.
func (s *Store) Replace(ctx context.Context, key string, body []byte, etag string) (store.Info, error) {
	info, err := s.replace(ctx, key, body, etag)
	return info, s.fail("replace", key, err)
}

func (s *Store) replace(ctx context.Context, key string, body []byte, want string) (store.Info, error) {
	d, err := s.compose(ctx, key, body)
	if err != nil {
		return store.Info{}, err
	}
	defer d.discard()
	if err := s.swap(ctx, d, want); err != nil {
		return store.Info{}, err
	}
	return d.settle()
}

func (s *Store) swap(ctx context.Context, d *draft, want string) error {
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := s.expect(d.key, want)
	if errors.Is(err, store.ErrNotFound) {
		return store.ErrChanged
	}
	if err != nil {
		return err
	}
	if err := d.outlive(old.ModTime()); err != nil {
		return err
	}
	return s.root.Rename(d.name, d.key)
}

// expect looks whether a key still has an ETag.
func (s *Store) expect(key, want string) (fs.FileInfo, error) {
	fi, err := s.lstat(key)
	if err == nil && etag(fi) != want {
		err = store.ErrChanged
	}
	return fi, err
}

// Delete removes an object that still has this ETag, under the lock, and the
// folders that only it was in if they are the archiver's own: see Open.
func (s *Store) Delete(ctx context.Context, key, etag string) error {
	return s.fail("delete", key, s.remove(ctx, key, etag))
}

func (s *Store) remove(ctx context.Context, key, want string) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := checkKey(key); err != nil {
		return err
	}
	err := s.unlink(ctx, key, want)
	if errors.Is(err, store.ErrNotFound) || errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	// The folder may be gone by now, and the name with it.
	if err := s.syncFolder(path.Dir(key)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

func (s *Store) unlink(ctx context.Context, key, want string) error {
	if _, err := s.expect(key, want); err != nil {
		return err // known without the lock, which a read-only root does not give
	}
	unlock, err := s.lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := s.expect(key, want); err != nil {
		return err
	}
	if err := s.root.Remove(key); err != nil {
		return err
	}
	s.prune(key)
	return nil
}
