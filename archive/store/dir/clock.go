package dir

import (
	"errors"
	"os"
	"syscall"
	"time"
)

// now reads the clock that stamps the files, by writing to one of them: on a
// network file system that is the server's, and only it may be compared with
// the time of an object.
//
// Where this process may not write, the machine's own clock has to do. Nothing
// depends on it there: a lease that cannot be written cannot be taken over.
func (s *Store) now() (time.Time, error) {
	if s.reading {
		return time.Now().UTC(), nil
	}
	t, err := s.touch()
	for _, readOnly := range []error{syscall.EROFS, syscall.EACCES, syscall.EPERM} {
		if errors.Is(err, readOnly) {
			return time.Now().UTC(), nil
		}
	}
	return t, err
}

func (s *Store) touch() (time.Time, error) {
	name, err := s.enterPrivate("clock")
	if err != nil {
		return time.Time{}, err
	}
	f, err := s.root.OpenFile(name, os.O_RDWR|os.O_CREATE, filePerm)
	if err != nil {
		return time.Time{}, err
	}
	defer f.Close()
	if _, err := f.WriteAt([]byte{0}, 0); err != nil {
		return time.Time{}, err
	}
	fi, err := f.Stat()
	if err != nil {
		return time.Time{}, err
	}
	return fi.ModTime().UTC(), nil
}
