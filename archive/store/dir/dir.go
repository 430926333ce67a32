// Package dir keeps objects as files below one directory: for clusters that
// snapshot to a shared file system, for vaults on a disk or a NAS, and for
// extracting an archive. It is an adapter of the port in archive/store, and
// everything that is peculiar to file systems lives here. No knowledge of
// archives, snapshots or clusters may come in.
//
// A key is the path of its file below the root, with slashes. One folder in
// the root, .archiver-tmp, is private: unfinished files, a lock and a clock. It
// is no part of the name space: listings leave it out and keys in it are
// refused. It may be removed while nothing writes to the root.
//
// What is promised needs a file system with hard links, stable inode numbers
// and working locks (flock): ext4, xfs, btrfs, zfs, tmpfs, APFS, NFS. Files and
// folders are created with the process's umask, because the search cluster must
// read what is restored. Folders that became empty are left alone, since a
// cluster may be about to write into one, but for those that Open is told of.
package dir

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"syscall"

	"archiver/archive/store"
)

// private is the folder in the root that holds no objects.
const private = ".archiver-tmp"

// Permissions before the umask.
const (
	filePerm   = 0o666
	folderPerm = 0o777
)

// Store is a directory as an object store. Processes on one machine, and on
// several that share a network file system, may use the same root.
type Store struct {
	path string // absolute
	// root keeps the directory open, so that a file system that is unmounted
	// or replaced under a running process is noticed rather than written past.
	root *os.Root
	// turn is held by the goroutine that holds, or waits for, the lock file.
	turn chan struct{}
	own  []string // prefixes; see Open
	// durable names the folders that a power loss cannot take away any more.
	durable sync.Map
	// reading: nothing is written below the root, whatever is called.
	reading bool
}

var _ store.Store = (*Store)(nil)

// OpenReading returns the store of a directory that must exist, to be read and
// left as it is: a copy that is evidence, a disk that is full, a medium that
// takes no writes. Every write answers ErrUnsupported. Its clock is this
// machine's, since reading the directory's would need a write: no lease may be
// judged by it.
func OpenReading(root string) (*Store, error) {
	abs, err := filepath.Abs(root)
	if err == nil && root == "" {
		err = errEmpty
	}
	var r *os.Root
	if err == nil {
		r, err = os.OpenRoot(abs)
	}
	if err != nil {
		return nil, &Error{Op: "open", Path: root, Err: cause(err), reading: true}
	}
	return &Store{path: abs, root: r, turn: make(chan struct{}, 1), reading: true}, nil
}

// Open returns the store of the directory root. It is created if only its last
// element is missing; a missing parent is an error, because it rather means a
// misspelt path or a file system that is not mounted. Nothing else is written:
// a root that is mounted read-only can be read.
//
// Below the prefixes own, each of which ends in "/" or is "" for all, nobody
// writes but through this package: folders there go with the last file in them.
func Open(root string, own ...string) (*Store, error) {
	s, err := open(root)
	if err != nil {
		return nil, &Error{Op: "open", Path: root, Err: cause(err)}
	}
	s.own = own
	return s, nil
}

var (
	errEmpty   = errors.New("the path is empty")
	errReading = fmt.Errorf("%w: it was opened for reading alone", store.ErrUnsupported)
)

func open(root string) (*Store, error) {
	if root == "" {
		return nil, errEmpty
	}
	abs, err := filepath.Abs(root)
	if err != nil {
		return nil, err
	}
	switch err := os.Mkdir(abs, folderPerm); {
	case err == nil:
		if err := syncPath(filepath.Dir(abs)); err != nil {
			return nil, err
		}
	case !exists(abs): // else any error was about creating what is there
		return nil, err
	}
	r, err := os.OpenRoot(abs)
	if info, statErr := os.Stat(abs); err != nil && statErr == nil && !info.IsDir() {
		return nil, syscall.ENOTDIR // the system's own error, which OpenRoot does not keep
	}
	if err != nil {
		return nil, err
	}
	return &Store{path: abs, root: r, turn: make(chan struct{}, 1)}, nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// URL is the file URL of the root's absolute path. Symbolic links in it stay
// as they are: an administrator may move the directory behind one.
func (s *Store) URL() string {
	return (&url.URL{Scheme: "file", Path: filepath.ToSlash(s.path)}).String()
}

// DeleteVersion answers ErrUnsupported: a directory keeps no versions.
func (s *Store) DeleteVersion(_ context.Context, key, _ string) error {
	return s.fail("delete a version of", key, store.ErrUnsupported)
}

// Retain answers ErrUnsupported: whoever may write to a directory may change
// everything in it.
func (s *Store) Retain(_ context.Context, key, _ string, _ store.Retention) error {
	return s.fail("retain", key, store.ErrUnsupported)
}

// Retention answers ErrUnsupported, as Retain does.
func (s *Store) Retention(_ context.Context, key, _ string) (store.Retention, error) {
	return store.Retention{}, s.fail("read retention of", key, store.ErrUnsupported)
}

// checkKey refuses what is not the plain path of a file below the root.
func checkKey(key string) error {
	switch {
	case !filepath.IsLocal(key), path.Clean(key) != key, key == ".", strings.ContainsRune(key, 0):
		return fmt.Errorf("%q is not a key that a directory can hold: it must be a relative path without empty, \".\" or \"..\" elements", key)
	case key == private, strings.HasPrefix(key, private+"/"):
		return fmt.Errorf("%q is not a key: the folder %s is the store's own", key, private)
	}
	return nil
}

// enterPrivate makes the private folder and returns the path of name in it. All
// writing begins here.
func (s *Store) enterPrivate(name string) (string, error) {
	if s.reading {
		return "", errReading
	}
	if err := s.root.Mkdir(private, folderPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return path.Join(private, name), nil
}
