package dir

import (
	"context"
	"errors"
	"io/fs"
	"iter"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"archiver/archive/store"
)

// List walks the folders in bytewise order of whole keys. Memory is that of
// the entries of one folder for each level; folders in which no key can match
// are not read. What is neither file nor folder ends it with an error.
func (s *Store) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return func(yield func(store.Info, error) bool) {
		w := walk{ctx: ctx, s: s, prefix: prefix, after: after, yield: yield}
		if err := w.start(); err != nil && !errors.Is(err, errLeft) {
			yield(store.Info{}, err)
		}
	}
}

// Versions yields each object once: a directory keeps no versions.
func (s *Store) Versions(ctx context.Context, prefix string) iter.Seq2[store.Version, error] {
	return func(yield func(store.Version, error) bool) {
		for info, err := range s.List(ctx, prefix, "") {
			if !yield(store.Version{Info: info, Latest: err == nil}, err) {
				return
			}
		}
	}
}

// errLeft ends a walk whose consumer has left.
var errLeft = errors.New("the listing was left")

type walk struct {
	ctx           context.Context
	s             *Store
	prefix, after string
	yield         func(store.Info, error) bool
}

// start enters the deepest folder that all keys with the prefix lie in.
func (w *walk) start() error {
	folder := w.prefix[:strings.LastIndexByte(w.prefix, '/')+1]
	if folder == "" {
		return w.folder("")
	}
	if err := checkKey(strings.TrimSuffix(folder, "/")); err != nil {
		return w.s.fail("list", w.prefix, err)
	}
	for i, c := range folder {
		if c != '/' {
			continue
		}
		name := folder[:i]
		fi, err := w.s.root.Lstat(name)
		if gone(err) {
			return nil
		}
		if err != nil {
			return w.s.fail("list", name, err)
		}
		if !fi.IsDir() { // a file has nothing below it, and a link must not be followed
			return w.s.fail("list", name, regular(fi))
		}
	}
	return w.folder(folder)
}

// folder walks a folder: "", or a path that ends in "/".
func (w *walk) folder(folder string) error {
	if err := context.Cause(w.ctx); err != nil { // an empty folder must not hide it
		return w.s.fail("list", folder, err)
	}
	entries, err := w.s.entries(folder)
	if err != nil {
		return w.s.fail("list", folder, err)
	}
	for _, e := range entries {
		if err := context.Cause(w.ctx); err != nil {
			return w.s.fail("list", folder, err)
		}
		if e.key == private+"/" || !w.wants(e.key) {
			continue
		}
		if err := w.entry(e); err != nil {
			return err
		}
	}
	return nil
}

func (w *walk) entry(e entry) error {
	if e.info.IsDir() {
		return w.folder(e.key)
	}
	if err := regular(e.info); err != nil {
		return w.s.fail("list", e.key, err)
	}
	if !w.yield(describe(e.key, e.info), nil) {
		return errLeft
	}
	return nil
}

// wants tells whether a key is asked for or, for a folder (it ends in "/"),
// whether a key in it may be.
func (w *walk) wants(key string) bool {
	folder := strings.HasSuffix(key, "/")
	return (strings.HasPrefix(key, w.prefix) || folder && strings.HasPrefix(w.prefix, key)) &&
		(key > w.after || folder && strings.HasPrefix(w.after, key))
}

// entry is a file, or a folder, whose key then ends in "/": all keys in it
// begin so, and that is where they stand among their neighbours. "a-b" is less
// than "a/", although "a" is less than "a-b".
type entry struct {
	key  string
	info fs.FileInfo
}

// entries are those of a folder, in order. One that is gone is empty.
func (s *Store) entries(folder string) ([]entry, error) {
	infos, err := s.readFolder(strings.TrimSuffix(folder, "/"))
	if err != nil {
		return nil, err
	}
	entries := make([]entry, len(infos))
	for i, fi := range infos {
		entries[i] = entry{folder + fi.Name(), fi}
		if fi.IsDir() {
			entries[i].key += "/"
		}
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	// A folder that changes while it is read may show a name twice.
	return slices.CompactFunc(entries, func(a, b entry) bool { return a.key == b.key }), nil
}

// readFolder reads a folder whole, in no order; "" is the root.
func (s *Store) readFolder(name string) ([]fs.FileInfo, error) {
	f, err := s.root.Open(filepath.Clean(name))
	if gone(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdir(-1)
}

// gone tells that a folder was not, or is not any more, where it was looked for.
func gone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR)
}
