package dir_test

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/minio/crc64nvme"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sys/unix"

	"archiver/archive/store"
	"archiver/archive/store/dir"
)

func TestOneOfManyCreatesWins(t *testing.T) {
	a, root := fresh(t)
	stores := []store.Store{a, open(t, root)} // two as in two processes: nothing is shared but the root
	var wins atomic.Int32
	var all errgroup.Group
	for n := range 16 {
		all.Go(func() error {
			_, err := stores[n%2].Create(t.Context(), "deep/in/a/new/folder", fmt.Appendf(nil, "by %d", n))
			if err == nil {
				wins.Add(1)
			} else if !errors.Is(err, store.ErrExists) {
				return err
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	if wins.Load() != 1 {
		t.Errorf("%d callers created the object", wins.Load())
	}
	noUploads(t, a)
}

func TestCompareAndSwapLosesNoUpdate(t *testing.T) {
	a, root := fresh(t)
	stores := []store.Store{a, open(t, root)}
	create(t, a, "counter", "1000")
	const workers, rounds = 6, 8
	var all errgroup.Group
	var seen sync.Map // ETags: none may come twice
	for n := range workers {
		all.Go(func() error {
			for range rounds {
				if err := increment(t.Context(), stores[n%2], &seen); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	o, err := a.Get(t.Context(), "counter")
	if want := strconv.Itoa(1000 + workers*rounds); err != nil || string(o.Body) != want {
		t.Errorf("the counter is %s, %v, want %s", o.Body, err, want)
	}
	noUploads(t, a)
}

func increment(ctx context.Context, s store.Store, seen *sync.Map) error {
	for {
		o, err := s.Get(ctx, "counter")
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(string(o.Body))
		if err != nil {
			return err
		}
		info, err := s.Replace(ctx, "counter", []byte(strconv.Itoa(n+1)), o.ETag)
		if errors.Is(err, store.ErrChanged) {
			continue
		}
		if _, again := seen.LoadOrStore(info.ETag, true); again && err == nil {
			err = fmt.Errorf("two states have the ETag %s", info.ETag)
		}
		return err
	}
}

func TestAReplacementIsNewerThoughTheClockStands(t *testing.T) {
	s, root := fresh(t)
	create(t, s, "a", "x")
	path := filepath.Join(root, "a")
	ahead := time.Now().Add(10 * time.Second).Truncate(time.Second)
	if err := os.Chtimes(path, ahead, ahead); err != nil {
		t.Fatal(err)
	}
	old, err := s.Stat(t.Context(), "a", "")
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Replace(t.Context(), "a", []byte("y"), old.ETag)
	if err != nil || !info.Time.After(old.Time) || info.Time.Sub(old.Time) > time.Second {
		t.Errorf("what replaced a file of %v is of %v, %v", old.Time, info.Time, err)
	}
	if looked, err := s.Stat(t.Context(), "a", ""); err != nil || looked != info {
		t.Errorf("Stat gives %+v, %v, Replace gave %+v", looked, err, info)
	}
}

func TestATimeFarAheadIsNotInherited(t *testing.T) {
	s, root := fresh(t)
	create(t, s, "a", "x")
	ahead := time.Now().Add(time.Hour)
	if err := os.Chtimes(filepath.Join(root, "a"), ahead, ahead); err != nil {
		t.Fatal(err)
	}
	old, err := s.Stat(t.Context(), "a", "")
	if err != nil {
		t.Fatal(err)
	}
	info, err := s.Replace(t.Context(), "a", []byte("y"), old.ETag)
	if err != nil || !info.Time.Before(ahead.Add(-time.Minute)) {
		t.Errorf("the replacement is of %v, %v", info.Time, err)
	}
}

func TestTheChecksumIsOfTheContentOrMissing(t *testing.T) {
	s, root := fresh(t)
	body := "some content"
	want := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum([]byte(body))))
	if !hasAttributes(t, root) {
		want = ""
	}
	info := create(t, s, "a", body)
	if info.CRC64NVME != want {
		t.Errorf("the checksum is %q, want %q", info.CRC64NVME, want)
	}
	if looked, err := s.Stat(t.Context(), "a", ""); err != nil || looked.CRC64NVME != want {
		t.Errorf("Stat gives %q, %v, want %q", looked.CRC64NVME, err, want)
	}
	age(t, filepath.Join(root, "a"))
	if err := overwrite(filepath.Join(root, "a"), "S"); err != nil {
		t.Fatal(err)
	}
	if looked, err := s.Stat(t.Context(), "a", ""); err != nil || looked.CRC64NVME != "" {
		t.Errorf("after writing past the store it is %q, %v", looked.CRC64NVME, err)
	}
}

// hasAttributes tells whether the file system of a folder keeps extended
// attributes.
func hasAttributes(t *testing.T, folder string) bool {
	t.Helper()
	path := filepath.Join(t.TempDir(), "probe")
	write(t, filepath.Dir(path), "probe", "")
	err := unix.Setxattr(path, "user.probe", []byte("x"), 0)
	if err != nil {
		t.Logf("%s keeps no extended attributes: %v", folder, err)
	}
	return err == nil
}

func TestReplaceOfWhatIsGoneIsChanged(t *testing.T) {
	s, _ := fresh(t)
	info := create(t, s, "a", "x")
	if err := s.Delete(t.Context(), "a", info.ETag); err != nil {
		t.Fatal(err)
	}
	_, err := s.Replace(t.Context(), "a", []byte("y"), info.ETag)
	wantError(t, err, store.ErrChanged)
	_, err = s.Stat(t.Context(), "a", "")
	wantError(t, err, store.ErrNotFound)
	noUploads(t, s)
}

func TestDeleteBindsToTheETagAndLeavesTheFolder(t *testing.T) {
	s, root := fresh(t)
	info := create(t, s, "indices/0/blob", "x")
	for _, wrong := range []string{"", "x", info.ETag + "0"} {
		wantError(t, s.Delete(t.Context(), info.Key, wrong), store.ErrChanged)
	}
	for range 2 { // again: what is gone is deleted
		if err := s.Delete(t.Context(), info.Key, info.ETag); err != nil {
			t.Error(err)
		}
	}
	if fi, err := os.Stat(filepath.Join(root, "indices/0")); err != nil || !fi.IsDir() {
		t.Errorf("the folder is %v, %v", fi, err)
	}
}

func TestAFolderThatVanishedIsMadeAgain(t *testing.T) {
	s, root := fresh(t)
	for range 2 {
		create(t, s, "a/b/c", "x")
		if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
			t.Fatal(err)
		}
	}
	create(t, s, "a/b/c", "x")
	if err := os.RemoveAll(filepath.Join(root, ".archiver-tmp")); err != nil {
		t.Fatal(err)
	}
	create(t, s, "a/b/d", "x")
}

func TestANameThatAFolderHasIsNotFree(t *testing.T) {
	s, _ := fresh(t)
	create(t, s, "a/b", "x")
	if _, err := s.Create(t.Context(), "a", nil); err == nil || errors.Is(err, store.ErrExists) {
		t.Errorf("an object in place of a folder: %v", err)
	}
	if _, err := s.Create(t.Context(), "a/b/c", nil); err == nil {
		t.Error("an object below another was created")
	}
	noUploads(t, s)
}

func TestALinkIsNotReplaced(t *testing.T) {
	s, root := fresh(t)
	info := create(t, s, "a", "x")
	if err := os.Symlink("a", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Replace(t.Context(), "link", []byte("y"), info.ETag); err == nil {
		t.Error("the link was replaced")
	}
	if err := s.Delete(t.Context(), "link", info.ETag); err == nil {
		t.Error("the link was deleted")
	}
	_, err := s.Create(t.Context(), "link", []byte("y"))
	wantError(t, err, store.ErrExists)
}

func TestSmallObjectsAreBounded(t *testing.T) {
	s, _ := fresh(t)
	if _, err := s.Create(t.Context(), "a", make([]byte, store.MaxSmall+1)); err == nil {
		t.Error("an object over the limit was created")
	}
}

// lockedElsewhere holds a root's lock as another process does, until that dies.
func lockedElsewhere(t *testing.T, root string) (dies func()) {
	t.Helper()
	f, err := os.Create(filepath.Join(root, ".archiver-tmp", "lock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	return func() {
		if err := f.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWaitingForTheLockEndsWithTheContext(t *testing.T) {
	s, root := fresh(t)
	info := create(t, s, "a", "x")
	release := lockedElsewhere(t, root)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := s.Replace(ctx, "a", []byte("y"), info.ETag)
	wantError(t, err, context.DeadlineExceeded)
	wantError(t, s.Delete(ctx, "a", info.ETag), context.DeadlineExceeded)
	release()
	if _, err := s.Replace(t.Context(), "a", []byte("y"), info.ETag); err != nil {
		t.Errorf("after the holder's death: %v", err)
	}
}

// TestAFrozenHolderOfTheLockIsNotWaitedForForever: whoever is to take over from it
// says what is in the way.
func TestAFrozenHolderOfTheLockIsNotWaitedForForever(t *testing.T) {
	s, root := fresh(t)
	info := create(t, s, "a", "x")
	lockedElsewhere(t, root)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		for _, do := range []func() error{
			func() error { _, err := s.Replace(ctx, "a", []byte("y"), info.ETag); return err },
			func() error { return s.Delete(ctx, "a", info.ETag) },
		} {
			err := do()
			var e *dir.Error
			if !errors.As(err, &e) || !strings.Contains(err.Error(), "lock") || !strings.Contains(e.Hint(), "kill -CONT") {
				t.Errorf("%v", err)
			}
		}
	})
}
