package dir_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"golang.org/x/sync/errgroup"

	"archiver/archive/store"
)

func TestOnlyOurOwnFoldersGoWithTheirLastFile(t *testing.T) {
	_, root := fresh(t)
	s := open(t, root, ".archiver/")
	keys := map[string]bool{ // whether its folder goes
		".archiver/restores/1/repository/indices/a/0/__x": true,
		".archiver/restores/1/restore.json":               true,
		".archiver/state.json":                            false, // the prefix itself stays
		".archiver-not/ours":                              false,
		"indices/a/0/__x":                                 false, // a cluster may be about to write there
	}
	for key := range keys {
		create(t, s, key, key)
	}
	write(t, root, ".archiver/runs/1/paper", "of someone else")
	for key := range keys {
		info, err := s.Stat(t.Context(), key, "")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Delete(t.Context(), key, info.ETag); err != nil {
			t.Fatal(err)
		}
	}
	for key, goes := range keys {
		_, err := os.Stat(filepath.Join(root, filepath.Dir(key)))
		if gone := errors.Is(err, fs.ErrNotExist); gone != goes {
			t.Errorf("the folder of %s: %v", key, err)
		}
	}
	for name, there := range map[string]bool{".archiver/restores": false, ".archiver/runs/1/paper": true} {
		if _, err := os.Stat(filepath.Join(root, name)); (err == nil) != there {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWhatIsWrittenWhileFoldersGoIsNotLost(t *testing.T) {
	_, root := fresh(t)
	stores := []store.Store{open(t, root, ""), open(t, root, "")} // two as in two processes
	var all errgroup.Group
	for n := range 8 {
		all.Go(func() error {
			s := stores[n%2]
			for i := range 50 { // the last of a folder goes all the time
				key := fmt.Sprintf("a/b/c/%d-%d", n, i)
				info, err := s.Create(t.Context(), key, []byte(key))
				if err != nil {
					return err
				}
				if info, err = s.Replace(t.Context(), key, []byte(key+" again"), info.ETag); err != nil {
					return err
				}
				if err := s.Delete(t.Context(), key, info.ETag); err != nil {
					return err
				}
			}
			_, err := s.Create(t.Context(), fmt.Sprintf("a/b/c/stays-%d", n), nil)
			return err
		})
	}
	if err := all.Wait(); err != nil {
		t.Error(err)
	}
	found := 0
	for _, err := range stores[0].List(t.Context(), "a/b/c/stays-", "") {
		if err != nil {
			t.Fatal(err)
		}
		found++
	}
	if found != 8 {
		t.Errorf("%d of 8 are there", found)
	}
}
