package dir

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"archiver/archive/store"
)

// getTries bound how often Get reads a file that is being rewritten in place.
const getTries = 3

// Get reads a small object whole.
func (s *Store) Get(ctx context.Context, key string) (store.Object, error) {
	for try := 1; ; try++ {
		o, err := s.get(ctx, key)
		if errors.Is(err, store.ErrChanged) && try < getTries {
			continue
		}
		return o, s.fail("read", key, err)
	}
}

func (s *Store) get(ctx context.Context, key string) (store.Object, error) {
	if err := context.Cause(ctx); err != nil {
		return store.Object{}, err
	}
	f, err := s.open(key, "")
	if err != nil {
		return store.Object{}, err
	}
	defer f.Close()
	info, err := inspect(key, f)
	if err != nil {
		return store.Object{}, err
	}
	if err := checkSmall(info.Size); err != nil {
		return store.Object{}, err
	}
	body := make([]byte, info.Size)
	if _, err := io.ReadFull(&reader{ctx: ctx, s: s, f: f, info: info, left: info.Size}, body); err != nil {
		return store.Object{}, err
	}
	now, err := s.now()
	return store.Object{Info: info, Body: body, Now: now}, err
}

func checkSmall(bytes int64) error {
	if bytes > store.MaxSmall {
		return fmt.Errorf("%d bytes are too many for an object that is read and written whole (at most %d)", bytes, store.MaxSmall)
	}
	return nil
}

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, key, version string) (store.Info, error) {
	info, err := s.stat(ctx, key, version)
	return info, s.fail("look at", key, err)
}

func (s *Store) stat(ctx context.Context, key, version string) (store.Info, error) {
	if err := context.Cause(ctx); err != nil {
		return store.Info{}, err
	}
	f, err := s.open(key, version)
	if err != nil {
		return store.Info{}, err
	}
	defer f.Close()
	return inspect(key, f)
}

// Open streams a range of the pinned object. What is read is always the file
// that was there when it was opened, also if it is deleted or another is
// renamed over it meanwhile; ErrChanged says that it was written in place.
func (s *Store) Open(ctx context.Context, key string, offset, length int64, pin store.Pin) (io.ReadCloser, error) {
	r, err := s.openRange(ctx, key, offset, length, pin)
	if err != nil {
		return nil, s.fail("read", key, err)
	}
	return r, nil
}

func (s *Store) openRange(ctx context.Context, key string, offset, length int64, pin store.Pin) (r *reader, err error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	f, err := s.open(key, pin.Version)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	fi, err := f.Stat()
	if err != nil {
		return nil, err
	}
	info := describe(key, fi)
	if pin.ETag != "" && pin.ETag != info.ETag {
		return nil, store.ErrChanged
	}
	if offset < 0 || length < -1 {
		return nil, fmt.Errorf("%w: there is no range of %d bytes from offset %d", fs.ErrInvalid, length, offset)
	}
	if offset > info.Size {
		return nil, fmt.Errorf("%w: the object has %d bytes, offset %d was asked for", io.ErrUnexpectedEOF, info.Size, offset)
	}
	if length == -1 {
		length = info.Size - offset
	}
	return &reader{ctx: ctx, s: s, f: f, info: info, offset: offset, left: length}, nil
}

// reader yields left bytes of an open file, or an error.
type reader struct {
	ctx    context.Context
	s      *Store
	f      *os.File
	info   store.Info // when it was opened
	offset int64
	left   int64
	err    error // the first one: it stays
}

// Read holds back the last bytes until the file proved unchanged: a caller that
// knows the length never reads as far as EOF.
func (r *reader) Read(p []byte) (int, error) {
	if r.err == nil && r.left == 0 {
		r.err = io.EOF
	}
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.read(p[:min(int64(len(p)), r.left)])
	if err != nil {
		r.err = r.s.fail("read", r.info.Key, err)
		return 0, r.err
	}
	return n, nil
}

func (r *reader) read(p []byte) (int, error) {
	if err := context.Cause(r.ctx); err != nil {
		return 0, err
	}
	n, err := r.f.ReadAt(p, r.offset)
	r.offset += int64(n)
	r.left -= int64(n)
	ended := err == io.EOF && n == 0 // too early: p is never empty, nor longer than left
	if err != nil && err != io.EOF {
		return 0, err
	}
	if ended || r.left == 0 {
		fi, err := r.f.Stat()
		if err != nil {
			return 0, err
		}
		if etag(fi) != r.info.ETag {
			return 0, fmt.Errorf("%w: the file was written while it was read", store.ErrChanged)
		}
	}
	if ended {
		return 0, io.ErrUnexpectedEOF
	}
	return n, nil
}

// Close ends the read. It may come at any time.
func (r *reader) Close() error { return r.f.Close() }
