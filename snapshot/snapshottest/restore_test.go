package snapshottest

import (
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestLongFilesBecomeParts(t *testing.T) {
	for _, settings := range []string{`"chunk_size":"100b"`, `"chunk_size":"100b","compress":"true"`} {
		b := newBench(t, Options{})
		b.register("r", settings)
		b.take("r", "s1")
		parts := b.glob("r", "indices/*/0/__*.part1")
		if len(parts) == 0 {
			t.Fatal("there are no parts")
		}
		if size, err := os.Stat(parts[0]); err != nil || size.Size() > 100 {
			t.Errorf("%v %v", size, err)
		}
		if !reflect.DeepEqual(b.restored("r", "s1"), b.docs("simprobe-a")) {
			t.Error("the documents are not the same")
		}
		b.must(os.Remove(parts[0]))
		if b.restored("r", "s1") != nil {
			t.Error("a part was not missed")
		}
		b.ok("DELETE", "/_snapshot/r/s1", "")
		b.wantOnlyRoot("r", 1)
	}
}

func TestARestoreNoticesEveryChange(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.take("r", "s1")
	want := b.docs("simprobe-a")
	for _, name := range slices.Concat(b.glob("r", "indices/*/*/__*"), b.glob("r", "indices/*/*/snap-*")) {
		data, err := os.ReadFile(name)
		b.must(err)
		for _, at := range []int{0, len(data) / 2, len(data) - 1} {
			data[at] ^= 1
			b.must(os.WriteFile(name, data, 0o600))
			if b.restored("r", "s1") != nil {
				t.Errorf("%s: a change at %d was not noticed", name, at)
			}
			data[at] ^= 1
		}
		b.must(os.WriteFile(name, data, 0o600))
	}
	if !reflect.DeepEqual(b.restored("r", "s1"), want) {
		t.Error("the documents are not the same")
	}
}

func TestACopyRestoresInAnotherCluster(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.take("r", "s1")
	other := newBench(t, Options{})
	b.must(os.CopyFS(filepath.Join(other.dir, "srv/snapshots/copy"), os.DirFS(filepath.Join(b.dir, "srv/snapshots/r"))))
	other.register("copy", `"readonly":true`)
	if got := other.restored("copy", "s1"); !reflect.DeepEqual(got, b.docs("simprobe-a")) {
		t.Errorf("%v", got)
	}
}

func TestHashedPathsLieOutsideTheBase(t *testing.T) {
	b := newBench(t, Options{})
	b.ok("PUT", "/_snapshot/r", `{"type":"s3","settings":{"bucket":"b","base_path":"x/y"}}`)
	b.take("r", "s1")
	keys, err := b.Cluster.o.Blobs.List("b/")
	b.must(err)
	outside := 0
	for _, k := range keys {
		if !strings.HasPrefix(k, "b/x/y/") {
			outside++
		}
	}
	if outside != 8 || !reflect.DeepEqual(b.restored("r", "s1"), b.docs("simprobe-a")) {
		t.Errorf("%v", keys)
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	keys, err = b.Cluster.o.Blobs.List("b/")
	b.must(err)
	if len(keys) != 2 {
		t.Errorf("left: %v", keys)
	}
}

func TestARestoreNoticesAnotherFileOfTheSameLength(t *testing.T) {
	b := newBench(t, Options{})
	b.AddIndex("simprobe-a", 1, docs(1))
	b.must(b.AddDocs("simprobe-a", []Doc{{ID: "1", Source: docs(2)[1].Source}}))
	b.register("r", "")
	b.take("r", "s1")
	var files [][]byte
	var names []string
	for _, name := range b.glob("r", "indices/*/0/__*") {
		data, err := os.ReadFile(name)
		b.must(err)
		if strings.Contains(string(data), codecData) {
			files, names = append(files, data), append(names, name)
		}
	}
	if len(files) != 2 || len(files[0]) != len(files[1]) {
		t.Fatal("there are not two files of equal length")
	}
	b.must(os.WriteFile(names[0], files[1], 0o600))
	if b.restored("r", "s1") != nil {
		t.Error("one file in the place of another was not noticed")
	}
}
