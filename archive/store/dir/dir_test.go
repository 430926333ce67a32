package dir_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"archiver/archive/store"
	"archiver/archive/store/dir"
)

// fresh opens an empty root, and returns its path too.
func fresh(t *testing.T) (*dir.Store, string) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	return open(t, root), root
}

func open(t *testing.T, root string, own ...string) *dir.Store {
	t.Helper()
	s, err := dir.Open(root, own...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func create(t *testing.T, s *dir.Store, key, body string) store.Info {
	t.Helper()
	info, err := s.Create(t.Context(), key, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// write puts a file below the root as a search cluster would, past the store.
func write(t *testing.T, root, key, body string) {
	t.Helper()
	path := filepath.Join(root, key)
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(body), 0o666); err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

// noUploads checks that nothing unfinished is left.
func noUploads(t *testing.T, s *dir.Store) {
	t.Helper()
	for u, err := range s.Uploads(t.Context(), "") {
		t.Errorf("left unfinished: %+v, %v", u, err)
	}
}

func TestOpenCreatesTheLastFolderOnly(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new")
	open(t, root)
	if fi, err := os.Stat(root); err != nil || !fi.IsDir() {
		t.Errorf("the root is %v, %v", fi, err)
	}
	_, err := dir.Open(filepath.Join(root, "missing", "vault"))
	wantError(t, err, fs.ErrNotExist)
	var e *dir.Error
	if !errors.As(err, &e) || !strings.Contains(e.Hint(), filepath.Join(root, "missing")) {
		t.Errorf("the hint of %v does not name the missing folder", err)
	}
}

func TestOpenRefusesWhatIsNoFolder(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, filepath.Dir(file), "file", "x")
	if _, err := dir.Open(file); err == nil || !strings.Contains(err.Error(), "not a directory") {
		t.Errorf("opening a file: %v", err)
	}
	if _, err := dir.Open(""); err == nil {
		t.Error("an empty path was opened")
	}
}

func TestOpenWritesNothing(t *testing.T) {
	s, root := fresh(t)
	for range s.List(t.Context(), "", "") {
		t.Error("an empty root lists something")
	}
	noUploads(t, s)
	if err := s.Delete(t.Context(), "a", "x"); err != nil {
		t.Error(err)
	}
	if names, err := os.ReadDir(root); err != nil || len(names) > 0 {
		t.Errorf("the root holds %v, %v", names, err)
	}
}

func TestURLIsAbsoluteAndEscaped(t *testing.T) {
	root := filepath.Join(t.TempDir(), "the vault")
	if got, want := open(t, root).URL(), "file://"+strings.ReplaceAll(root, " ", "%20"); got != want {
		t.Errorf("URL is %s, want %s", got, want)
	}
	t.Chdir(filepath.Dir(root))
	if got, want := open(t, "the vault").URL(), open(t, root).URL(); got != want {
		t.Errorf("URL of a relative path is %s, want %s", got, want)
	}
}

func TestKeysThatAreNoLocalPathsAreRefused(t *testing.T) {
	s, root := fresh(t)
	outside := filepath.Join(filepath.Dir(root), "outside")
	write(t, filepath.Dir(root), "outside", "x")
	for _, key := range []string{"", ".", "..", "../outside", "a/../../outside", outside, "a//b", "a/", "./a", "a/.", "a\x00b",
		".archiver-tmp", ".archiver-tmp/lock"} {
		for op, err := range everyCall(t.Context(), s, key) {
			if err == nil {
				t.Errorf("%s of key %q succeeded", op, key)
			}
		}
	}
	if body, err := os.ReadFile(outside); err != nil || string(body) != "x" {
		t.Errorf("the file outside is %q, %v", body, err)
	}
}

// everyCall makes every call that takes a key.
func everyCall(ctx context.Context, s *dir.Store, key string) map[string]error {
	_, get := s.Get(ctx, key)
	_, stat := s.Stat(ctx, key, "")
	_, open := s.Open(ctx, key, 0, -1, store.Pin{})
	_, create := s.Create(ctx, key, nil)
	_, replace := s.Replace(ctx, key, nil, "x")
	_, upload := s.Upload(ctx, key, strings.NewReader(""), store.UploadOptions{})
	return map[string]error{"Get": get, "Stat": stat, "Open": open, "Create": create, "Replace": replace,
		"Upload": upload, "Delete": s.Delete(ctx, key, "x")}
}

func TestACancelledContextEndsEveryCall(t *testing.T) {
	s, _ := fresh(t)
	create(t, s, "a", "x")
	cause := errors.New("the operator left")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	calls := everyCall(ctx, s, "a")
	for _, err := range s.List(ctx, "", "") {
		calls["List"] = err
	}
	for _, err := range s.Uploads(ctx, "") {
		calls["Uploads"] = err
	}
	calls["Abort"] = s.Abort(ctx, store.Upload{ID: "0123456789abcdef"})
	if len(calls) != 10 {
		t.Errorf("%d calls were made", len(calls))
	}
	for op, err := range calls {
		if !errors.Is(err, cause) {
			t.Errorf("%s: error is %v", op, err)
		}
	}
}

func TestRetentionIsNotSupported(t *testing.T) {
	s, _ := fresh(t)
	create(t, s, "a", "x")
	wantError(t, s.Retain(t.Context(), "a", "", store.Retention{Mode: store.Governance}), store.ErrUnsupported)
	_, err := s.Retention(t.Context(), "a", "")
	wantError(t, err, store.ErrUnsupported)
}

func TestAVersionIsNeverFound(t *testing.T) {
	s, _ := fresh(t)
	create(t, s, "a", "x")
	_, err := s.Stat(t.Context(), "a", "1")
	wantError(t, err, store.ErrNotFound)
	_, err = s.Open(t.Context(), "a", 0, -1, store.Pin{Version: "1"})
	wantError(t, err, store.ErrNotFound)
}

func TestErrorsNameOperationFileAndRemedy(t *testing.T) {
	s, root := fresh(t)
	create(t, s, "a/b", "x")
	_, err := s.Create(t.Context(), "a/b", nil)
	if want := "create " + filepath.Join(root, "a/b") + ": object exists already"; err.Error() != want {
		t.Errorf("error is %q, want %q", err, want)
	}
	for _, errno := range []syscall.Errno{syscall.EACCES, syscall.EPERM, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EXDEV} {
		e := &dir.Error{Op: "create", Path: "/a", Err: errno}
		if e.Hint() == "" {
			t.Errorf("%v has no remedy", errno)
		}
	}
	if h := (&dir.Error{Op: "read", Path: "/a", Err: store.ErrNotFound}).Hint(); h != "" {
		t.Errorf("the remedy for a missing object is %q", h)
	}
}

func readAll(t *testing.T, r io.ReadCloser) string {
	t.Helper()
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
