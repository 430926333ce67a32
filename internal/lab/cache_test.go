package lab

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

func TestItemIsBuiltOnceByRacingProcesses(t *testing.T) {
	dir := t.TempDir()
	var builds atomic.Int32
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			c := cache{dir} // locks are per open file: as far apart as processes
			got, err := c.item(t.Context(), "x", func(dir string) error {
				builds.Add(1)
				return os.WriteFile(filepath.Join(dir, "f"), []byte("whole"), 0o644)
			})
			if err != nil {
				t.Error(err)
				return
			}
			if text, err := os.ReadFile(filepath.Join(got, "f")); err != nil || string(text) != "whole" {
				t.Errorf("read %q, %v", text, err)
			}
		})
	}
	wg.Wait()
	if builds.Load() != 1 {
		t.Errorf("built %d times", builds.Load())
	}
}

func TestItemIsNotPoisonedByABuildThatFailedOrWasKilled(t *testing.T) {
	c := cache{t.TempDir()}
	// What a killed process leaves: half a build, and a lock file that nobody holds.
	for _, err := range []error{
		os.Mkdir(filepath.Join(c.dir, "x.partial"), 0o755),
		os.WriteFile(filepath.Join(c.dir, "x.partial", "half"), nil, 0o644),
		os.WriteFile(filepath.Join(c.dir, "x.lock"), nil, 0o644),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	failure := errors.New("no network")
	_, err := c.item(t.Context(), "x", func(dir string) error {
		return errors.Join(failure, os.WriteFile(filepath.Join(dir, "half"), nil, 0o644))
	})
	if !errors.Is(err, failure) {
		t.Fatalf("got %v", err)
	}
	dir, err := c.item(t.Context(), "x", func(dir string) error {
		return os.WriteFile(filepath.Join(dir, "whole"), nil, 0o644)
	})
	if err != nil {
		t.Fatal(err)
	}
	if found, err := filepath.Glob(filepath.Join(dir, "*")); err != nil || len(found) != 1 {
		t.Errorf("found %q, %v", found, err)
	}
}

func TestItemStopsWaitingWithTheContext(t *testing.T) {
	c := cache{t.TempDir()}
	held, err := tryLock(filepath.Join(c.dir, "x.lock"), os.O_RDWR|os.O_CREATE)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	_, err = c.item(ctx, "x", func(string) error { t.Error("built without the lock"); return nil })
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v", err)
	}
}

func TestRunSweepsTheDeadAndLeavesTheLiving(t *testing.T) {
	c := cache{t.TempDir()}
	if err := os.Mkdir(filepath.Join(c.dir, "run"), 0o755); err != nil {
		t.Fatal(err)
	}
	dead, err := c.newRun()
	if err != nil {
		t.Fatal(err)
	}
	dead.lock.Close() // as the system does for a killed process
	living, err := c.newRun()
	if err != nil {
		t.Fatal(err)
	}
	next, err := c.newRun()
	if err != nil {
		t.Fatal(err)
	}
	if isDir(dead.path) || !isDir(living.path) || !isDir(next.path) {
		t.Errorf("dead %v, living %v, next %v", isDir(dead.path), isDir(living.path), isDir(next.path))
	}
	if err := errors.Join(living.remove(), next.remove()); err != nil {
		t.Error(err)
	}
}
