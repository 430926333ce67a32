package dir

import (
	"errors"
	"io/fs"
	"os"
	"path"

	"golang.org/x/sys/unix"
)

// makeFolder makes a folder and those above it, so that they outlast a power
// loss. One that is there already is synced all the same, once: whoever made it
// may have died before he could.
func (s *Store) makeFolder(name string) error {
	if name == "." {
		return nil
	}
	if _, ok := s.durable.Load(name); ok {
		return nil
	}
	above := path.Dir(name)
	if err := s.makeFolder(above); err != nil {
		return err
	}
	if err := s.root.Mkdir(name, folderPerm); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := s.syncFolder(above); err != nil {
		return err
	}
	s.durable.Store(name, nil)
	return nil
}

// syncFolder makes the names in a folder outlast a power loss.
func (s *Store) syncFolder(name string) error {
	f, err := s.root.Open(name)
	if err != nil {
		return err
	}
	return syncNames(f)
}

// syncPath is syncFolder for a folder outside of the root.
func syncPath(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return syncNames(f)
}

// syncNames syncs and closes a folder. File systems that cannot sync one say
// so with EINVAL or ENOTSUP, and have no better promise to give.
func syncNames(f *os.File) error {
	defer f.Close()
	err := f.Sync()
	if errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOTSUP) {
		return nil
	}
	return err
}
