package dir

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"path"
	"regexp"
	"slices"
	"strings"

	"archiver/archive/store"
)

// copyBuffer is the memory that an upload takes, in bytes. UploadOptions'
// Concurrency has no meaning here.
const copyBuffer = 1 << 20

// Upload streams a large object into an unfinished file, and links it to its
// name at the end.
func (s *Store) Upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	info, err := s.upload(ctx, key, body, o)
	return info, s.fail("upload", key, err)
}

func (s *Store) upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	if err := context.Cause(ctx); err != nil {
		return store.Info{}, err
	}
	d, err := s.begin(key)
	if err != nil {
		return store.Info{}, err
	}
	defer d.discard()
	if err := d.fill(ctx, body, o.Bound); err != nil {
		return store.Info{}, err
	}
	if err := d.finish(); err != nil {
		return store.Info{}, err
	}
	if err := context.Cause(ctx); err != nil { // syncing gigabytes takes its time
		return store.Info{}, err
	}
	return d.create()
}

// fill copies a body of at most bound bytes.
func (d *draft) fill(ctx context.Context, body io.Reader, bound int64) error {
	buf := make([]byte, copyBuffer)
	for {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		n, err := body.Read(buf)
		if d.size+int64(n) > bound {
			return fmt.Errorf("the body is longer than the %d bytes that it was bound to", bound)
		}
		if _, err := d.Write(buf[:n]); err != nil {
			return err
		}
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// idPattern is what begin makes: an ID can name nothing else.
var idPattern = regexp.MustCompile(`^[0-9a-f]{16}$`)

// Uploads lists unfinished files, those of Create and Replace too, in order of
// key. They belong to a call that is under way, or to a process that died.
func (s *Store) Uploads(ctx context.Context, prefix string) iter.Seq2[store.Upload, error] {
	return func(yield func(store.Upload, error) bool) {
		found, err := s.drafts(ctx, prefix)
		if err != nil {
			yield(store.Upload{}, s.fail("list uploads below", prefix, err))
			return
		}
		for _, u := range found {
			if !yield(u, nil) {
				return
			}
		}
	}
}

func (s *Store) drafts(ctx context.Context, prefix string) ([]store.Upload, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	entries, err := s.readFolder(private)
	if err != nil {
		return nil, err
	}
	var found []store.Upload
	for _, e := range entries {
		id, ok := strings.CutSuffix(e.Name(), keySuffix)
		if !ok || !idPattern.MatchString(id) {
			continue
		}
		key, err := s.root.Readlink(path.Join(private, e.Name()))
		if errors.Is(err, fs.ErrNotExist) {
			continue // finished meanwhile
		}
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(key, prefix) {
			found = append(found, store.Upload{Key: key, ID: id, Started: e.ModTime().UTC()})
		}
	}
	slices.SortFunc(found, func(a, b store.Upload) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.ID, b.ID))
	})
	return found, nil
}

// Abort removes an unfinished file. A call that is still writing it fails.
func (s *Store) Abort(ctx context.Context, u store.Upload) error {
	return s.fail("abort upload of", u.Key, s.abort(ctx, u))
}

func (s *Store) abort(ctx context.Context, u store.Upload) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if !idPattern.MatchString(u.ID) {
		return fmt.Errorf("%q is not the ID of an upload", u.ID)
	}
	if s.reading {
		return errReading
	}
	name := path.Join(private, u.ID)
	for _, n := range []string{name, name + keySuffix} {
		if err := s.root.Remove(n); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}
