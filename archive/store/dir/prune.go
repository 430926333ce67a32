package dir

import (
	"path"
	"strings"

	"golang.org/x/sys/unix"
)

// prune removes the folders that a deleted key has left empty, as far as they are
// our own. The lock must be held: of those who take part in it, none removes
// anything meanwhile, and those who replace a file in a folder keep it from being
// empty. Who creates a file needs no lock; if its folder vanishes he makes it
// again (draft.create).
//
// Best effort: an empty folder does no harm.
func (s *Store) prune(key string) {
	for folder := path.Dir(key); s.owns(folder); folder = path.Dir(folder) {
		if s.removeFolder(folder) != nil {
			return // another file is in it, most of the time
		}
	}
}

// owns tells whether a folder lies below one of our own prefixes.
func (s *Store) owns(folder string) bool {
	for _, p := range s.own {
		if strings.HasPrefix(folder, p) {
			return true
		}
	}
	return false
}

// removeFolder removes an empty folder, and nothing else that may have its name:
// os.Root's Remove would take a file, too.
func (s *Store) removeFolder(name string) error {
	above, err := s.root.Open(path.Dir(name))
	if err != nil {
		return err
	}
	defer above.Close()
	err = unix.Unlinkat(int(above.Fd()), path.Base(name), unix.AT_REMOVEDIR)
	if err == nil {
		s.durable.Delete(name)
	}
	return err
}
