package snapshottest

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Blobs is where repositories are written. Keys are paths with slashes.
type Blobs interface {
	// Put creates or replaces a blob.
	Put(key string, body []byte) error
	// Get's error is fs.ErrNotExist if there is no such blob.
	Get(key string) ([]byte, error)
	// Delete removes a blob; one that is not there is no error.
	Delete(key string) error
	// List gives the keys that begin with prefix, in any order.
	List(prefix string) ([]string, error)
}

// Dir keeps blobs as files below root, which need not exist yet. Directories
// that become empty are removed, root itself excepted.
func Dir(root string) Blobs { return dir{root} }

type dir struct{ root string }

func (d dir) path(key string) string { return filepath.Join(d.root, filepath.FromSlash(key)) }

func (d dir) Put(key string, body []byte) error {
	path := d.path(key)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return os.WriteFile(path, body, 0o644)
}

func (d dir) Get(key string) ([]byte, error) { return os.ReadFile(d.path(key)) }

func (d dir) Delete(key string) error {
	path := d.path(key)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	root := filepath.Clean(d.root)
	for parent := filepath.Dir(path); parent != root && os.Remove(parent) == nil; {
		parent = filepath.Dir(parent)
	}
	return nil
}

func (d dir) List(prefix string) ([]string, error) {
	folder := ""
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		folder = prefix[:i]
	}
	var keys []string
	err := filepath.WalkDir(d.path(folder), func(path string, e fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // of a listing, things may vanish at any time
		}
		if err != nil || e.IsDir() {
			return err
		}
		relative, err := filepath.Rel(d.root, path)
		if key := filepath.ToSlash(relative); strings.HasPrefix(key, prefix) {
			keys = append(keys, key)
		}
		return err
	})
	return keys, err
}
