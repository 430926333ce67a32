package dir

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"archiver/archive/store"
)

// Error says which operation failed on which file, and why.
type Error struct {
	Op   string // what was tried: "create", "read", …
	Path string // the file or folder, with the root
	Err  error  // the port's sentinels and the system's errors are found by errors.Is

	reading bool // the store would only have been read: nothing is made for it
}

func (e *Error) Error() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Path, e.Err) }

// Unwrap gives the cause, and store.ErrConfiguration with those that no
// repetition cures: a root that is not there, and what this user may not do.
func (e *Error) Unwrap() []error {
	if e.misconfigured() {
		return []error{e.Err, store.ErrConfiguration}
	}
	return []error{e.Err}
}

func (e *Error) misconfigured() bool {
	for _, is := range []error{syscall.EACCES, syscall.EPERM, syscall.EROFS} {
		if errors.Is(e.Err, is) {
			return true
		}
	}
	return e.Op == "open" && (errors.Is(e.Err, fs.ErrNotExist) || errors.Is(e.Err, syscall.ENOTDIR))
}

// Hint is the remedy, where one is known: a sentence for a person.
func (e *Error) Hint() string {
	for _, h := range []struct {
		err error
		say string
	}{
		{syscall.EROFS, "the file system is mounted read-only: mount it writable, or look in the system's log for the fault that made it so"},
		{syscall.ENOSPC, "the file system is full: free some space, then run again"},
		{syscall.EDQUOT, "the disk quota is used up: raise it or free some space, then run again"},
		{syscall.EXDEV, "the folder lies on another file system than the root: everything below the root must be on one"},
		{syscall.EACCES, fmt.Sprintf("user %d, which this program runs as, may not do this: give it read and write permission on the root and everything below", os.Geteuid())},
		{syscall.EPERM, "the file system refused: it must allow hard links, and the file must not be marked immutable"},
		{syscall.ENOTDIR, "this is a file where a folder is wanted: correct the path"},
		{errLocked, "it may be frozen: find it with lslocks or fuser, and have it go on (kill -CONT) or end it; what it was about is settled by the next run"},
		{errIrregular, "only files and folders may lie below the root: move it elsewhere"},
	} {
		if errors.Is(e.Err, h.err) {
			return h.say
		}
	}
	switch missing := e.Op == "open" && errors.Is(e.Err, fs.ErrNotExist); {
	case missing && e.reading:
		return "check the spelling and that the file system is mounted; if both are right, nothing has been archived there yet"
	case missing:
		return fmt.Sprintf("check the spelling and that the file system is mounted; if both are right, create %s", filepath.Dir(e.Path))
	}
	return ""
}

// fail dresses an error for the caller; nil stays nil.
func (s *Store) fail(op, key string, err error) error {
	if err == nil {
		return nil
	}
	return &Error{Op: op, Path: filepath.Join(s.path, filepath.FromSlash(key)), Err: cause(err)}
}

// cause strips what the system's errors say about the path, which may be that
// of an unfinished file: Error names the object's.
func cause(err error) error {
	switch e := err.(type) {
	case *fs.PathError:
		return e.Err
	case *os.LinkError:
		return e.Err
	}
	return err
}
