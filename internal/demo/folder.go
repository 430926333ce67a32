package demo

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// ErrFolder: the folder to keep everything in cannot be used.
var ErrFolder = errors.New("this folder cannot be used")

// longest is the length of a folder's path that leaves room for gpg's sockets
// below it: gnupg/S.gpg-agent.browser, in the 104 bytes that a socket's path may
// have on macOS (108 on Linux).
const longest = 104 - 1 - len("/gnupg/S.gpg-agent.browser")

// folder is where a demonstration lies; its path is absolute.
type folder string

func (f folder) staging() string        { return filepath.Join(string(f), "staging") }
func (f folder) archive() string        { return filepath.Join(string(f), "archive") }
func (f folder) key(name string) string { return filepath.Join(string(f), "keys", name) }
func (f folder) gnupg() string          { return filepath.Join(string(f), "gnupg") }
func (f folder) remove() error          { return os.RemoveAll(string(f)) }
func (f folder) parts() (paths []string) {
	return []string{f.staging(), f.archive(), f.key(""), f.gnupg()}
}

// openFolder makes the folder and its parts; keep "" makes a temporary one.
// Errors: ErrFolder.
func openFolder(keep string) (f folder, err error) {
	if keep == "" {
		f, err = temporary()
	} else {
		f, err = kept(keep)
	}
	if err != nil {
		return "", err
	}
	for _, path := range f.parts() {
		if err := os.Mkdir(path, 0o700); err != nil {
			return "", err
		}
	}
	return f, nil
}

func temporary() (folder, error) {
	const pattern = "archiver-demo-"
	parent := os.TempDir()
	if len(filepath.Join(parent, pattern+"0123456789")) > longest {
		parent = "/tmp"
	}
	path, err := os.MkdirTemp(parent, pattern)
	if err != nil {
		return "", err
	}
	path, err = filepath.Abs(path)
	return folder(path), err
}

func kept(path string) (folder, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if len(path) > longest {
		return "", fmt.Errorf("%w: the path %s is longer than %d characters, which leaves no room for gpg's sockets", ErrFolder, path, longest)
	}
	switch err := os.Mkdir(path, 0o700); {
	case err == nil:
		return folder(path), nil
	case !errors.Is(err, fs.ErrExist):
		return "", fmt.Errorf("%w: %w", ErrFolder, err)
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrFolder, err)
	}
	if len(entries) > 0 {
		return "", fmt.Errorf("%w: %s is not empty", ErrFolder, path)
	}
	return folder(path), nil
}
