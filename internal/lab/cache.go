package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// cache is the folder that holds what was fetched, by name, and below "run"
// the data of the servers that are running. Processes share it.
type cache struct{ dir string }

func openCache() (cache, error) {
	dir, err := cacheDir()
	if err != nil {
		return cache{}, fmt.Errorf("folder for test servers: %w", err)
	}
	// 0755 whatever the umask: servers that root starts run as nobody.
	if err := os.MkdirAll(filepath.Join(dir, "run"), 0o755); err != nil {
		return cache{}, fmt.Errorf("folder for test servers: %w", err)
	}
	return cache{dir}, errors.Join(os.Chmod(dir, 0o755), os.Chmod(filepath.Join(dir, "run"), 0o755))
}

func cacheDir() (string, error) {
	if dir := os.Getenv("ARCHIVER_LAB"); dir != "" {
		return filepath.Abs(dir)
	}
	if os.Getuid() == 0 {
		return "/var/tmp/archiver-lab", nil
	}
	dir, err := os.UserCacheDir()
	return filepath.Join(dir, "archiver-lab"), err
}

// item returns the folder of that name, which build fills if it is not there.
// One process builds at a time, into a folder beside it that is renamed when
// it is whole: a build that was killed leaves nothing that passes for done.
func (c cache) item(ctx context.Context, name string, build func(dir string) error) (string, error) {
	path := filepath.Join(c.dir, name)
	if isDir(path) {
		return path, nil
	}
	lock, err := flock(ctx, path+".lock")
	if err != nil {
		return "", err
	}
	defer lock.Close()
	if isDir(path) {
		return path, nil
	}
	partial := path + ".partial"
	if err := errors.Join(os.RemoveAll(partial), os.Mkdir(partial, 0o755)); err != nil {
		return "", err
	}
	if err := build(partial); err != nil {
		return "", errors.Join(err, os.RemoveAll(partial))
	}
	return path, os.Rename(partial, path)
}

// runDir is the data of one lab while it lives. Its lock goes with the
// process, which is how the next one knows that it may be removed.
type runDir struct {
	path string
	lock *os.File
}

// newRun makes a folder for a lab's data, and removes those of the dead.
func (c cache) newRun() (*runDir, error) {
	all := filepath.Join(c.dir, "run")
	// Without this lock, another process could sweep the folder between its
	// making and its locking.
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	guard, err := flock(ctx, filepath.Join(c.dir, "run.lock"))
	if err != nil {
		return nil, err
	}
	defer guard.Close()
	if err := sweep(all); err != nil {
		return nil, err
	}
	path, err := os.MkdirTemp(all, "")
	if err != nil {
		return nil, err
	}
	lock, err := tryLock(path, os.O_RDONLY)
	if err != nil {
		return nil, err
	}
	return &runDir{path, lock}, os.Chmod(path, 0o755)
}

func (r *runDir) remove() error {
	defer r.lock.Close()
	return os.RemoveAll(r.path)
}

func sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(dir, e.Name())
		lock, err := tryLock(path, os.O_RDONLY)
		if err != nil {
			continue // alive, or another user's
		}
		err = os.RemoveAll(path)
		lock.Close()
		if err != nil {
			return fmt.Errorf("remove data of an earlier test server: %w", err)
		}
	}
	return nil
}

// flock takes the lock that the file of that name stands for, and waits for
// it as long as the context lasts. Closing the file gives it back.
func flock(ctx context.Context, name string) (*os.File, error) {
	for {
		f, err := tryLock(name, os.O_RDWR|os.O_CREATE)
		if err == nil || !errors.Is(err, syscall.EWOULDBLOCK) {
			return f, err
		}
		select {
		case <-ctx.Done():
			return nil, fmt.Errorf("wait for another process that holds %s: %w", name, ctx.Err())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func tryLock(name string, flag int) (*os.File, error) {
	f, err := os.OpenFile(name, flag, 0o644)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return f, nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}
