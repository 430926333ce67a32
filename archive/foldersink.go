package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"time"
)

// uncheckedName is the folder that holds what is not believed yet: open.sh's.
const uncheckedName = ".unchecked"

// Folder takes an archive's files below a folder of their own in it, and gives
// them up under their own names only when all were checked. Nobody but its owner
// may read them: they are plain text.
type Folder struct {
	path string
	made bool // by us
	root *os.Root
}

// ErrNotEmpty: an archive is opened only into a new or empty folder.
var ErrNotEmpty = errors.New("the folder is not empty")

// FolderSink prepares a folder, which must be new or empty; the caller ends it
// with Release or Discard. Errors: ErrNotEmpty.
func FolderSink(dir string) (*Folder, error) {
	f := &Folder{path: dir}
	_, err := os.Stat(dir)
	f.made = errors.Is(err, fs.ErrNotExist)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	if len(entries) > 0 {
		return nil, notEmpty(dir, entries)
	}
	unchecked := filepath.Join(dir, uncheckedName)
	if err := os.Mkdir(unchecked, 0o700); err != nil {
		return nil, err
	}
	f.root, err = os.OpenRoot(unchecked)
	return f, err
}

// notEmpty says what is in the way, if it is of an extraction before this one.
func notEmpty(dir string, entries []fs.DirEntry) error {
	for _, e := range entries {
		if e.Name() == uncheckedName {
			return fmt.Errorf("%s: %w: in %s is what an extraction that was broken off has left, or one that is at work: plain text that was not checked; delete the folder if none is",
				dir, ErrNotEmpty, filepath.Join(dir, uncheckedName))
		}
	}
	return fmt.Errorf("%s: %w", dir, ErrNotEmpty)
}

// Put writes one file, which must be new.
func (f *Folder) Put(ctx context.Context, name string, _ int64, modified time.Time, body io.Reader) error {
	if err := context.Cause(ctx); err != nil {
		return err
	}
	if err := f.root.MkdirAll(path.Dir(name), 0o700); err != nil {
		return err
	}
	file, err := f.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(file, body)
	if err := errors.Join(err, file.Close()); err != nil {
		return err
	}
	return f.root.Chtimes(name, modified, modified)
}

// Release moves everything up to its own name. What was moved when it fails has
// been checked, too.
func (f *Folder) Release() error {
	if err := f.root.Close(); err != nil {
		return err
	}
	unchecked := filepath.Join(f.path, uncheckedName)
	entries, err := os.ReadDir(unchecked)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := os.Rename(filepath.Join(unchecked, e.Name()), filepath.Join(f.path, e.Name())); err != nil {
			return err
		}
	}
	return os.Remove(unchecked)
}

// Discard removes everything, and the folder, if it was not there before.
func (f *Folder) Discard() error {
	err := errors.Join(f.root.Close(), os.RemoveAll(filepath.Join(f.path, uncheckedName)))
	if f.made {
		err = errors.Join(err, os.Remove(f.path))
	}
	return err
}
