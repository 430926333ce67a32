package dir_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"archiver/archive/store"
	"archiver/archive/store/dir"
)

func TestOpenGivesExactlyTheRangeOrAnError(t *testing.T) {
	s, _ := fresh(t)
	create(t, s, "a", "0123456789")
	create(t, s, "empty", "")
	for _, c := range []struct {
		key            string
		offset, length int64
		want           string
		err            error
	}{
		{"a", 0, -1, "0123456789", nil},
		{"a", 0, 10, "0123456789", nil},
		{"a", 3, 4, "3456", nil},
		{"a", 3, -1, "3456789", nil},
		{"a", 3, 0, "", nil},
		{"a", 10, -1, "", nil},
		{"a", 8, 4, "89", io.ErrUnexpectedEOF},
		{"a", 10, 1, "", io.ErrUnexpectedEOF},
		{"empty", 0, -1, "", nil},
		{"empty", 0, 1, "", io.ErrUnexpectedEOF},
	} {
		r, err := s.Open(t.Context(), c.key, c.offset, c.length, store.Pin{})
		if err != nil {
			t.Errorf("%s from %d, %d bytes: %v", c.key, c.offset, c.length, err)
			continue
		}
		got, err := io.ReadAll(r)
		if string(got) != c.want || !errors.Is(err, c.err) {
			t.Errorf("%s from %d, %d bytes: %q, %v, want %q, %v", c.key, c.offset, c.length, got, err, c.want, c.err)
		}
		r.Close()
	}
	for _, c := range [][2]int64{{-1, 1}, {0, -2}, {11, -1}, {11, 1}} {
		if r, err := s.Open(t.Context(), "a", c[0], c[1], store.Pin{}); err == nil {
			r.Close()
			t.Errorf("from %d, %d bytes was opened", c[0], c[1])
		}
	}
}

func TestAFileWrittenInPlaceIsChanged(t *testing.T) {
	for name, change := range map[string]func(path string) error{
		"same length": func(path string) error { return overwrite(path, "X") },
		"truncated":   func(path string) error { return os.Truncate(path, 4) },
		"grown":       func(path string) error { return os.Truncate(path, 1<<20) },
	} {
		t.Run(name, func(t *testing.T) {
			s, root := fresh(t)
			write(t, root, "a", "0123456789")
			age(t, filepath.Join(root, "a"))
			r, err := s.Open(t.Context(), "a", 0, 10, store.Pin{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			head := make([]byte, 2)
			if _, err := io.ReadFull(r, head); err != nil {
				t.Fatal(err)
			}
			if err := change(filepath.Join(root, "a")); err != nil {
				t.Fatal(err)
			}
			// As a caller reads who knows the length and never asks for EOF.
			_, err = io.ReadFull(r, make([]byte, 8))
			wantError(t, err, store.ErrChanged)
			_, err = r.Read(head)
			wantError(t, err, store.ErrChanged)
		})
	}
}

// age sets a file's time back, so that the next write is in another tick of
// any clock.
func age(t *testing.T, path string) {
	t.Helper()
	then := time.Now().Add(-time.Hour)
	if err := os.Chtimes(path, then, then); err != nil {
		t.Fatal(err)
	}
}

func overwrite(path, body string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	_, err = f.WriteString(body)
	return errors.Join(err, f.Close())
}

func TestAnOpenObjectStaysReadable(t *testing.T) {
	s, _ := fresh(t)
	for key, change := range map[string]func(store.Info) error{
		"deleted": func(i store.Info) error { return s.Delete(t.Context(), i.Key, i.ETag) },
		"replaced": func(i store.Info) error {
			_, err := s.Replace(t.Context(), i.Key, []byte("another one"), i.ETag)
			return err
		},
	} {
		info := create(t, s, key, "the first")
		r, err := s.Open(t.Context(), key, 0, -1, store.Pin{ETag: info.ETag})
		if err != nil {
			t.Fatal(err)
		}
		if err := change(info); err != nil {
			t.Fatal(err)
		}
		if got := readAll(t, r); got != "the first" {
			t.Errorf("%s: read %q", key, got)
		}
	}
}

func TestAPinOfAnotherObjectIsRefused(t *testing.T) {
	s, root := fresh(t)
	write(t, root, "a", "one")
	before, err := s.Stat(t.Context(), "a", "")
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, "b", "two")
	if err := os.Rename(filepath.Join(root, "b"), filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	_, err = s.Open(t.Context(), "a", 0, -1, store.Pin{ETag: before.ETag})
	wantError(t, err, store.ErrChanged)
	wantError(t, s.Delete(t.Context(), "a", before.ETag), store.ErrChanged)
	_, err = s.Replace(t.Context(), "a", nil, before.ETag)
	wantError(t, err, store.ErrChanged)
}

func TestTheETagIsOfTheContentNotOfItsNames(t *testing.T) {
	s, root := fresh(t)
	info := create(t, s, "a", "x")
	path := filepath.Join(root, "a")
	age(t, path)
	info, err := s.Stat(t.Context(), "a", "")
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(path, 0o600), os.Link(path, filepath.Join(root, "backup"))); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Stat(t.Context(), "a", ""); err != nil || now.ETag != info.ETag {
		t.Errorf("after chmod and link the ETag is %s, %v, before it was %s", now.ETag, err, info.ETag)
	}
	if err := overwrite(path, "y"); err != nil {
		t.Fatal(err)
	}
	if now, err := s.Stat(t.Context(), "a", ""); err != nil || now.ETag == info.ETag {
		t.Errorf("after writing the ETag is still %s, %v", now.ETag, err)
	}
}

func TestEveryCallTellsOfTheSameObject(t *testing.T) {
	s, _ := fresh(t)
	created := create(t, s, "a/b", "body")
	replaced, err := s.Replace(t.Context(), "a/b", []byte("other body"), created.ETag)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Get(t.Context(), "a/b")
	if err != nil || got.Info != replaced || string(got.Body) != "other body" {
		t.Errorf("Get gave %+v %q, %v, want %+v", got.Info, got.Body, err, replaced)
	}
	if info, err := s.Stat(t.Context(), "a/b", ""); err != nil || info != replaced {
		t.Errorf("Stat gave %+v, %v, want %+v", info, err, replaced)
	}
	replaced.CRC64NVME = ""
	for info, err := range s.List(t.Context(), "", "") {
		if err != nil || info != replaced {
			t.Errorf("List gave %+v, %v, want %+v", info, err, replaced)
		}
	}
}

func TestNowIsTheClockOfTheFiles(t *testing.T) {
	s, root := fresh(t)
	write(t, root, "a", "x")
	first, err := s.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	write(t, root, "b", "x")
	b, err := s.Stat(t.Context(), "b", "")
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.Get(t.Context(), "a")
	if err != nil {
		t.Fatal(err)
	}
	if b.Time.Before(first.Now) || second.Now.Before(b.Time) {
		t.Errorf("a file written at %v lies not between %v and %v", b.Time, first.Now, second.Now)
	}
}

func TestGetRefusesWhatIsNotSmall(t *testing.T) {
	s, root := fresh(t)
	write(t, root, "a", "")
	if err := os.Truncate(filepath.Join(root, "a"), store.MaxSmall+1); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "a"); err == nil {
		t.Error("it was read")
	}
}

func TestWhatIsNoFileIsNeverRead(t *testing.T) {
	s, root := fresh(t)
	write(t, root, "target", "secret")
	if err := errors.Join(os.Symlink("target", filepath.Join(root, "link")), os.Symlink("/etc", filepath.Join(root, "etc")),
		syscall.Mkfifo(filepath.Join(root, "pipe"), 0o666), os.Mkdir(filepath.Join(root, "folder"), 0o777)); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"link", "pipe", "folder", "etc/passwd", "target/below", "missing/below"} {
		if o, err := s.Get(t.Context(), key); err == nil {
			t.Errorf("Get of %s gave %q", key, o.Body)
		}
		if info, err := s.Stat(t.Context(), key, ""); err == nil {
			t.Errorf("Stat of %s gave %+v", key, info)
		}
	}
	for _, key := range []string{"folder", "target/below", "missing/below"} {
		_, err := s.Get(t.Context(), key)
		wantError(t, err, store.ErrNotFound)
	}
	var e *dir.Error
	if _, err := s.Get(t.Context(), "link"); !errors.As(err, &e) || e.Hint() == "" || !strings.Contains(e.Error(), "link") {
		t.Errorf("a link gives %v", err)
	}
}
