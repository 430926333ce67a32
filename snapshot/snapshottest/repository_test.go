package snapshottest

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"testing"
)

func TestADirectoryKeepsBlobsAndNoEmptyFolders(t *testing.T) {
	root := filepath.Join(t.TempDir(), "new")
	d := Dir(root)
	for _, key := range []string{"a/b/c", "a/b/d", "a/bb", "x"} {
		if err := d.Put(key, []byte(key)); err != nil {
			t.Fatal(err)
		}
	}
	for prefix, want := range map[string]int{"": 4, "a/b": 3, "a/b/": 2, "a/b/c": 1, "y/": 0} {
		if got, err := d.List(prefix); err != nil || len(got) != want {
			t.Errorf("%q: %v %v", prefix, got, err)
		}
	}
	for _, key := range []string{"a/b/c", "a/b/c", "a/b/d", "a/bb", "x", "none/at/all"} {
		if err := d.Delete(key); err != nil {
			t.Error(err)
		}
	}
	if _, err := d.Get("a/b/c"); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if left, err := os.ReadDir(root); err != nil || len(left) != 0 {
		t.Errorf("%v %v", left, err)
	}
}

func TestRequestsMayComeAtOnce(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 3, DeleteSteps: 2})
	b.register("r", "")
	var group sync.WaitGroup
	for n := range 8 {
		group.Go(func() {
			path := fmt.Sprint("/_snapshot/r/s", n)
			if status, answer := b.send("PUT", path, `{"indices":["simprobe-a"]}`); status != 200 {
				t.Error(status, answer)
			}
			for range 100 {
				b.send("GET", path, "")
			}
			if status, answer := b.send("DELETE", path, ""); status != 200 {
				t.Error(status, answer)
			}
		})
	}
	group.Wait()
	for b.Step() {
	}
	if got := b.tree("r"); len(got) != 2 {
		t.Errorf("left: %v", got)
	}
}

func TestARepositoryInUseKeepsItsSettings(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 20})
	b.register("r", "")
	b.create("r", "s1")
	if status, answer := b.send("PUT", "/_snapshot/r", `{"type":"fs","settings":{"location":"elsewhere"}}`); status != 500 {
		t.Errorf("%d %v", status, answer)
	}
	for b.Step() {
	}
	b.ok("PUT", "/_snapshot/r", `{"type":"fs","settings":{"location":"elsewhere"}}`)
	if got := b.state("r", "s1"); got != "404" {
		t.Errorf("the other place holds a snapshot that is %s", got)
	}
}

func TestSettingsComeBackAsStringsWithOthersAdded(t *testing.T) {
	b := newBench(t, Options{ExtraSettings: map[string]string{"added": "by the server"}})
	b.ok("PUT", "/_snapshot/r", `{"type":"fs","settings":{"location":"r","readonly":true,"a":{"b":10000000},"none":null}}`)
	got := b.ok("GET", "/_snapshot/r", "").(map[string]any)["r"].(map[string]any)["settings"]
	want := map[string]any{"location": "r", "readonly": "true", "a.b": "10000000", "added": "by the server"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%v", got)
	}
}
