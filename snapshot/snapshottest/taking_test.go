package snapshottest

import (
	"encoding/json"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestASnapshotWritesInTheServersOrder(t *testing.T) {
	b := newBench(t, Options{})
	j := b.journal()
	b.register("r", "")
	b.take("r", "s1")
	j.done = nil
	b.must(b.AddDocs("simprobe-a", docs(9)))
	b.take("r", "s2")
	var kinds []string
	for _, line := range j.done {
		verb, key, _ := strings.Cut(strings.Replace(line, "srv/snapshots/r/", "", 1), " ")
		parts := strings.Split(key, "/")
		name := parts[len(parts)-1]
		kind := verb + " " + strings.Repeat("/", len(parts)-1) + name[:min(5, len(name))]
		if strings.HasPrefix(name, "__") {
			kind = verb + " data"
		}
		kinds = append(kinds, kind)
	}
	shard := []string{"put ///index", "put data", "put data", "put ///snap-"}
	want := slices.Concat(shard, shard, []string{
		"put meta-", "put snap-", "put index", "put index", "delete index", "delete ///index", "delete ///index",
	})
	if !slices.Equal(kinds, want) {
		t.Errorf("got  %q\nwant %q", kinds, want)
	}
}

func TestASnapshotTakesItsStepsAndIsInProgressUntilThen(t *testing.T) {
	for _, steps := range []int{1, 3, 200} {
		b := newBench(t, Options{SnapshotSteps: steps})
		b.register("r", "")
		b.create("r", "s1")
		for n := 1; n < steps; n++ {
			if got := b.state("r", "s1"); got != "IN_PROGRESS" {
				t.Fatalf("of %d steps after %d: %s", steps, n, got)
			}
		}
		if got := b.state("r", "s1"); got != "SUCCESS" {
			t.Errorf("after %d steps: %s", steps, got)
		}
	}
}

func TestSnapshotsShareBlobsAndInheritHoles(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.take("r", "s1")
	blobs := b.glob("r", "indices/*/*/__*")
	b.must(os.Remove(blobs[1]))
	if got := b.take("r", "s2")["state"]; got != "SUCCESS" {
		t.Errorf("the snapshot on top of a hole is %v", got)
	}
	if got := b.glob("r", "indices/*/*/__*"); len(got) != len(blobs)-1 {
		t.Errorf("%d blobs, then %d", len(blobs), len(got))
	}
	if b.restored("r", "s2") != nil {
		t.Error("a snapshot with a hole was restored")
	}
	b.AddIndex("simprobe-a", 2, docs(7))
	b.take("r", "s3")
	if !reflect.DeepEqual(b.restored("r", "s3"), b.docs("simprobe-a")) {
		t.Error("the snapshot of a replaced index does not hold its documents")
	}
	b.ok("DELETE", "/_snapshot/r/s1,s2", "")
	if !reflect.DeepEqual(b.restored("r", "s3"), b.docs("simprobe-a")) {
		t.Error("deleting others took something away")
	}
	if got := b.glob("r", "indices/*/*/__*"); len(got) != len(blobs) {
		t.Errorf("%d blobs are left, not %d", len(got), len(blobs))
	}
}

func TestTwoSnapshotsAtOnceShareBlobs(t *testing.T) {
	b := newBench(t, Options{SnapshotSteps: 5})
	b.register("r", "")
	b.create("r", "s1")
	b.create("r", "s2")
	if one, two := b.state("r", "s1"), b.state("r", "s2"); one != "IN_PROGRESS" || two != "IN_PROGRESS" {
		t.Errorf("%s and %s", one, two)
	}
	for b.Step() {
	}
	if got := b.glob("r", "indices/*/*/__*"); len(got) != 4 {
		t.Errorf("%d blobs, not 4", len(got))
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	if !reflect.DeepEqual(b.restored("r", "s2"), b.docs("simprobe-a")) {
		t.Error("the second needed something of the first")
	}
}

func TestABrokenShardMakesASnapshotPartial(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.must(b.BreakShard("simprobe-a", 1))
	s := b.take("r", "s1")
	failures := s["failures"].([]any)
	if s["state"] != "PARTIAL" || len(failures) != 1 || failures[0].(map[string]any)["shard_id"] != 1.0 {
		t.Errorf("%v", s)
	}
	var root root
	data, err := os.ReadFile(b.glob("r", "index-0")[0])
	b.must(err)
	b.must(json.Unmarshal(data, &root))
	if g := root.Indices["simprobe-a"].Generations; g[0] == nil || g[1] != nil || root.Snapshots[0].State != 3 {
		t.Errorf("%s", data)
	}
	if b.restored("r", "s1") != nil {
		t.Error("a partial snapshot was restored whole")
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	b.wantOnlyRoot("r", 1)
}

func TestAFailedSnapshotTellsItsReasonOnce(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.FailSnapshot("for a reason")
	if s := b.take("r", "s1"); s["state"] != "FAILED" || s["reason"] != "for a reason" {
		t.Errorf("%v", s)
	}
	if s := b.take("r", "s2"); s["state"] != "SUCCESS" {
		t.Errorf("%v", s)
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	b.ok("DELETE", "/_snapshot/r/s2", "")
	b.wantOnlyRoot("r", 3)
}

func TestWritesThatFailAreTold(t *testing.T) {
	b := newBench(t, Options{})
	j := b.journal()
	b.register("r", "")
	j.fail = "/__"
	if s := b.take("r", "s1"); s["state"] != "PARTIAL" || s["shards"].(map[string]any)["failed"] != 2.0 {
		t.Errorf("%v", s)
	}
	b.ok("DELETE", "/_snapshot/r/s1", "")
	j.fail = "index-2"
	if status, answer := b.send("PUT", "/_snapshot/r/s2?wait_for_completion=true", `{"indices":["simprobe-a"]}`); status != 500 {
		t.Errorf("%d %v", status, answer)
	}
	if got := b.state("r", "s2"); got != "404" {
		t.Errorf("a snapshot without a root is %s", got)
	}
	j.fail = ""
	if s := b.take("r", "s3"); s["state"] != "SUCCESS" {
		t.Errorf("%v", s)
	}
	j.fail = "tests-"
	if status, _ := b.send("PUT", "/_snapshot/q", `{"type":"fs","settings":{"location":"q"}}`); status != 500 {
		t.Errorf("verification: %d", status)
	}
	if status, _ := b.send("GET", "/_snapshot/q", ""); status != 200 {
		t.Error("a registration that failed its verification is not kept")
	}
}
