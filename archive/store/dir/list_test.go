package dir_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"archiver/archive/store/dir"
)

func keys(t interface{ Fatal(...any) }, s *dir.Store, prefix, after string) []string {
	var all []string
	for o, err := range s.List(context.Background(), prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o.Key)
	}
	return all
}

func TestListIsInBytewiseOrderOfWholeKeys(t *testing.T) {
	s, root := fresh(t)
	for _, key := range []string{"a/x", "a-b/x", "a.b", "a0", "a/-", "a-", "B", "é", "\xff", "a/x-y/z", "a/x.y", "a b\n"} {
		write(t, root, key, key)
	}
	got := keys(t, s, "", "")
	if len(got) != 12 || !slices.IsSorted(got) {
		t.Errorf("listed %q", got)
	}
}

// drawKeys draws keys that a directory can hold together: none is a folder of
// another.
func drawKeys(t *rapid.T) []string {
	element := rapid.StringMatching(`[ab0./-]{1,5}`)
	drawn := rapid.SliceOfNDistinct(element, 0, 12, rapid.ID).Draw(t, "keys")
	var valid []string
	for _, k := range drawn {
		clash := slices.ContainsFunc(valid, func(v string) bool { return strings.HasPrefix(k, v+"/") || strings.HasPrefix(v, k+"/") })
		if filepath.IsLocal(k) && filepath.Clean(k) == k && k != "." && !clash {
			valid = append(valid, k)
		}
	}
	return valid
}

func TestListIsTheSortedKeysFromAnywhere(t *testing.T) {
	base := t.TempDir()
	rapid.Check(t, func(rt *rapid.T) {
		root, err := os.MkdirTemp(base, "")
		if err != nil {
			rt.Fatal(err)
		}
		all := drawKeys(rt)
		for _, k := range all {
			write(t, root, k, "")
		}
		s := open(t, root)
		slices.Sort(all)
		prefixes := []string{""}
		for _, k := range all {
			prefixes = append(prefixes, k[:rapid.IntRange(0, len(k)).Draw(rt, "cut")])
		}
		prefix := rapid.SampledFrom(prefixes).Draw(rt, "prefix")
		after := rapid.OneOf(rapid.SampledFrom(append([]string{""}, all...)), rapid.StringMatching(`[ab0./-]{0,5}`)).Draw(rt, "after")
		var want []string
		for _, k := range all {
			if strings.HasPrefix(k, prefix) && k > after {
				want = append(want, k)
			}
		}
		if diff := cmp.Diff(want, keys(rt, s, prefix, after)); diff != "" {
			rt.Errorf("prefix %q, after %q (-want +got):\n%s", prefix, after, diff)
		}
	})
}

func TestListReadsNoFolderInVain(t *testing.T) {
	s, root := fresh(t)
	for _, key := range []string{"a/1", "b/1", "c/1"} {
		write(t, root, key, "")
	}
	for _, folder := range []string{"a", "c"} { // a listing that comes by would fail
		if err := os.Symlink("1", filepath.Join(root, folder, "link")); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range [][2]string{{"b", ""}, {"b/", ""}, {"b/1", ""}, {"b", "a/1"}} {
		if got := keys(t, s, c[0], c[1]); len(got) != 1 || got[0] != "b/1" {
			t.Errorf("prefix %q, after %q: %q", c[0], c[1], got)
		}
	}
	for o, err := range s.List(t.Context(), "", "a/z") {
		if err != nil || o.Key != "b/1" {
			t.Errorf("after a/z comes %s, %v", o.Key, err)
		}
		break
	}
}

func TestListNamesWhatIsNeitherFileNorFolder(t *testing.T) {
	for name, make := range map[string]func(path string) error{
		"link to a file":   func(path string) error { return os.Symlink("../file", path) },
		"link to a folder": func(path string) error { return os.Symlink("../folder", path) },
		"dangling link":    func(path string) error { return os.Symlink("nowhere", path) },
		"pipe":             func(path string) error { return syscall.Mkfifo(path, 0o666) },
	} {
		t.Run(name, func(t *testing.T) {
			s, root := fresh(t)
			write(t, root, "a/ok", "")
			write(t, root, "folder/x", "")
			write(t, root, "file", "")
			if err := make(filepath.Join(root, "a/odd")); err != nil {
				t.Fatal(err)
			}
			for _, prefix := range []string{"", "a/odd"} {
				wantListError(t, s, prefix, "a/odd")
			}
			if !strings.HasPrefix(name, "dangling") {
				wantListError(t, s, "a/odd/", "a/odd")
			}
		})
	}
}

// wantListError wants a listing to end with an error that names a key.
func wantListError(t *testing.T, s *dir.Store, prefix, key string) {
	t.Helper()
	var last error
	for _, err := range s.List(t.Context(), prefix, "") {
		if last != nil {
			t.Errorf("the listing went on after %v", last)
		}
		last = err
	}
	var e *dir.Error
	if !errors.As(last, &e) || !strings.HasSuffix(e.Path, key) || e.Hint() == "" {
		t.Errorf("listing %q: error is %v", prefix, last)
	}
}

func TestListOfNoSuchPrefixIsEmpty(t *testing.T) {
	s, root := fresh(t)
	write(t, root, "a/b", "")
	for _, prefix := range []string{"x", "x/", "a/x/y", "a/b/", "a/b/c"} {
		if got := keys(t, s, prefix, ""); len(got) > 0 {
			t.Errorf("prefix %q: %q", prefix, got)
		}
	}
	for _, prefix := range []string{"../", "/", "a//"} {
		for _, err := range s.List(t.Context(), prefix, "") {
			if err == nil {
				t.Errorf("prefix %q lists something", prefix)
			}
		}
	}
}

func TestTheStoresOwnFolderIsNotListed(t *testing.T) {
	s, root := fresh(t)
	info := create(t, s, "a", "x")
	if _, err := s.Replace(t.Context(), "a", []byte("y"), info.ETag); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Get(t.Context(), "a"); err != nil {
		t.Fatal(err)
	}
	if own, err := os.ReadDir(filepath.Join(root, ".archiver-tmp")); err != nil || len(own) == 0 {
		t.Fatalf("the store's own folder holds %v, %v", own, err)
	}
	write(t, root, ".archiver-tmp2/x", "")
	write(t, root, "b/.archiver-tmp/x", "")
	for _, prefix := range []string{"", ".archiver-tmp"} {
		for _, key := range keys(t, s, prefix, "") {
			if strings.HasPrefix(key, ".archiver-tmp/") {
				t.Errorf("prefix %q lists %s", prefix, key)
			}
		}
	}
	if got, want := keys(t, s, "", ""), []string{".archiver-tmp2/x", "a", "b/.archiver-tmp/x"}; !slices.Equal(got, want) {
		t.Errorf("listed %q, want %q", got, want)
	}
}

func TestVersionsAreTheObjectsOnce(t *testing.T) {
	s, _ := fresh(t)
	info := create(t, s, "l/1", "x")
	if _, err := s.Replace(t.Context(), "l/1", []byte("y"), info.ETag); err != nil {
		t.Fatal(err)
	}
	create(t, s, "l/2", "x")
	create(t, s, "m", "x")
	var got []string
	for v, err := range s.Versions(t.Context(), "l/") {
		if err != nil || !v.Latest || v.DeleteMarker || v.Version != "" {
			t.Errorf("%+v, %v", v, err)
		}
		got = append(got, v.Key)
	}
	if want := []string{"l/1", "l/2"}; !slices.Equal(got, want) {
		t.Errorf("versions of %q, want %q", got, want)
	}
}
