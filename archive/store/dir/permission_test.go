package dir_test

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/internal/lab"
)

// unprivileged runs the test again as nobody if this process is root's, whom
// permissions do not stop. It reports whether that has been done.
func unprivileged(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() != 0 {
		return false
	}
	who, err := user.Lookup("nobody")
	lab.Need(t, "a user nobody", err)
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	lab.Need(t, "a user nobody with a number", err)
	const self = "/proc/self/exe" // the test's own folder is closed to others
	_, err = os.Stat(self)
	lab.Need(t, self, err)
	cmd := exec.Command(self, "-test.run=^"+t.Name()+"$", "-test.count=1", "-test.v")
	cmd.Dir = "/"
	temp, err := os.MkdirTemp("", "archiver-nobody-") // t.TempDir is closed to others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(temp) })
	if err := os.Chown(temp, int(uid), int(uid)); err != nil {
		t.Fatal(err)
	}
	cmd.Env = append(os.Environ(), "TMPDIR="+temp)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(uid)}}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("as nobody: %v\n%s", err, out)
	}
	return true
}

// protect takes the right to write from everything below a folder, until the
// test ends.
func protect(t *testing.T, folder string) {
	t.Helper()
	chmod := func(dirs, files fs.FileMode) error {
		return filepath.WalkDir(folder, func(path string, e fs.DirEntry, err error) error {
			if err == nil && e.IsDir() {
				return os.Chmod(path, dirs)
			}
			return errors.Join(err, os.Chmod(path, files))
		})
	}
	t.Cleanup(func() {
		if err := chmod(0o755, 0o644); err != nil {
			t.Error(err)
		}
	})
	if err := chmod(0o555, 0o444); err != nil {
		t.Fatal(err)
	}
}

func TestARootThatIsReadOnlyCanBeRead(t *testing.T) {
	if unprivileged(t) {
		return
	}
	_, root := fresh(t)
	write(t, root, "a/b", "x")
	protect(t, root)
	before := time.Now()
	s := open(t, root)
	o, err := s.Get(t.Context(), "a/b")
	if err != nil || string(o.Body) != "x" || o.Now.Before(before) {
		t.Errorf("%q at %v, %v", o.Body, o.Now, err)
	}
	if got := keys(t, s, "", ""); len(got) != 1 {
		t.Errorf("listed %q", got)
	}
	r, err := s.Open(t.Context(), "a/b", 0, -1, store.Pin{ETag: o.ETag})
	if err != nil || readAll(t, r) != "x" {
		t.Errorf("it is not what it was: %v", err)
	}
	noUploads(t, s)
	for name, err := range map[string]error{
		"Create":  func() error { _, err := s.Create(t.Context(), "c", nil); return err }(),
		"Replace": func() error { _, err := s.Replace(t.Context(), "a/b", nil, o.ETag); return err }(),
		"Delete":  s.Delete(t.Context(), "a/b", o.ETag),
	} {
		var e *dir.Error
		if !errors.As(err, &e) || !errors.Is(err, fs.ErrPermission) || e.Hint() == "" {
			t.Errorf("%s: error is %v", name, err)
		}
	}
}

func TestARootThatWasOpenedForReadingIsLeftAsItIs(t *testing.T) {
	_, root := fresh(t)
	write(t, root, "a/b", "x")
	s, err := dir.OpenReading(root)
	if err != nil {
		t.Fatal(err)
	}
	o, err := s.Get(t.Context(), "a/b")
	if err != nil || string(o.Body) != "x" || o.Now.Before(o.Time) {
		t.Errorf("%q at %v, %v", o.Body, o.Now, err)
	}
	if got := keys(t, s, "", ""); len(got) != 1 {
		t.Errorf("listed %q", got)
	}
	noUploads(t, s)
	for name, err := range map[string]error{
		"Create":  func() error { _, err := s.Create(t.Context(), "c", nil); return err }(),
		"Replace": func() error { _, err := s.Replace(t.Context(), "a/b", nil, o.ETag); return err }(),
		"Delete":  s.Delete(t.Context(), "a/b", o.ETag),
		"Upload": func() error {
			_, err := s.Upload(t.Context(), "c", strings.NewReader("x"), store.UploadOptions{Bound: 1})
			return err
		}(),
		"Abort": s.Abort(t.Context(), store.Upload{Key: "c", ID: "0123456789abcdef"}),
	} {
		wantError(t, err, store.ErrUnsupported)
		if err == nil {
			t.Errorf("%s was done", name)
		}
	}
	entries, err := os.ReadDir(root)
	if err != nil || len(entries) != 1 {
		t.Errorf("the root holds %v, %v", entries, err)
	}
}

func TestOpenForReadingMakesNoFolder(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "archive")
	if _, err := dir.OpenReading(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("error is %v", err)
	}
	if _, err := dir.OpenReading(""); err == nil {
		t.Error("no path is taken")
	}
	if _, err := os.Stat(missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there now: %v", err)
	}
}

func TestAFolderThatCannotBeReadEndsTheListing(t *testing.T) {
	if unprivileged(t) {
		return
	}
	s, root := fresh(t)
	write(t, root, "a/b", "x")
	if err := os.Chmod(filepath.Join(root, "a"), 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.Chmod(filepath.Join(root, "a"), 0o755); err != nil {
			t.Error(err)
		}
	})
	wantListError(t, s, "", "a")
}
