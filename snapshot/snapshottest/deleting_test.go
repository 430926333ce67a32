package snapshottest

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// Whenever one looks, the root describes what is there: the newest index-N
// names only snapshots that can be restored.
func TestEveryMomentOfADayIsConsistent(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 25, DeleteSteps: 10, Manual: true})
	b.register("r", "")
	restorable := func() {
		root, err := (&repository{place: Place{Root: "srv/snapshots/r/"}, blobs: b.Cluster.o.Blobs}).load()
		b.must(err)
		for _, s := range root.Snapshots {
			other := newBench(t, Options{})
			b.must(os.CopyFS(filepath.Join(other.dir, "srv/snapshots/r"), os.DirFS(filepath.Join(b.dir, "srv/snapshots/r"))))
			other.register("r", `"readonly":true`)
			if !reflect.DeepEqual(other.restored("r", s.Name), b.docs("simprobe-a")) {
				t.Fatalf("%s cannot be restored", s.Name)
			}
		}
	}
	for _, name := range []string{"s1", "s2"} {
		b.create("r", name)
		for b.Step() {
			restorable()
		}
	}
	for _, name := range []string{"s1", "s2"} {
		b.ok("DELETE", "/_snapshot/r/"+name, "")
		restorable()
		for b.Step() {
			restorable()
		}
	}
	b.wantOnlyRoot("r", 3)
}

func TestADeletionGoesOnAfterItsAnswer(t *testing.T) {
	b := newBench(t, Options{DeleteSteps: 3})
	b.register("r", "")
	b.take("r", "s1")
	b.ok("DELETE", "/_snapshot/r/s1", "")
	before := len(b.tree("r"))
	if before < 5 {
		t.Fatalf("all is gone at once: %v", b.tree("r"))
	}
	if got := b.state("r", "s1"); got != "404" {
		t.Errorf("the deleted snapshot is %s", got)
	}
	deleting := func() bool {
		answer := b.ok("GET", "/_cluster/state/customs?filter_path=cluster_uuid,snapshot_deletions", "")
		return len(answer.(map[string]any)["snapshot_deletions"].(map[string]any)["snapshot_deletions"].([]any)) > 0
	}
	if !deleting() || deleting() {
		t.Error("the deletion is not shown as long as it goes on")
	}
	b.wantOnlyRoot("r", 1)
	latest, err := os.ReadFile(b.glob("r", "index.latest")[0])
	b.must(err)
	if string(latest) != "\x00\x00\x00\x00\x00\x00\x00\x01" {
		t.Errorf("index.latest is %x", latest)
	}
}

func TestDeletingARunningSnapshotLeavesNothingOfIt(t *testing.T) {
	for steps := range 25 {
		b := newBench(t, Options{SnapshotSteps: 20, Manual: true})
		b.register("r", "")
		b.create("r", "s1")
		b.create("r", "s2")
		b.advance(steps)
		b.ok("DELETE", "/_snapshot/r/s1", "")
		if got := b.state("r", "s1"); got != "404" {
			t.Errorf("after %d steps: %s", steps, got)
		}
		for b.Step() {
		}
		if got := b.state("r", "s2"); got != "SUCCESS" {
			t.Errorf("after %d steps: the other is %s", steps, got)
		}
		if !reflect.DeepEqual(b.restored("r", "s2"), b.docs("simprobe-a")) {
			t.Errorf("after %d steps: the other does not hold the documents", steps)
		}
		b.ok("DELETE", "/_snapshot/r/s2", "")
		if got := b.tree("r"); len(got) != 2 {
			t.Errorf("after %d steps: left %v", steps, got)
		}
	}
}

func TestAnAbortedSnapshotWritesNoMoreData(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 20, Manual: true})
	j := b.journal()
	b.register("r", "")
	b.create("r", "s1")
	b.advance(4)
	j.done = nil
	b.ok("DELETE", "/_snapshot/r/s1", "")
	for _, line := range j.done {
		if strings.HasPrefix(line, "put ") && strings.Contains(line, "/__") {
			t.Error(line)
		}
	}
}
