package snapshot

import (
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Shortened from a real root; two snapshots share index i2's metadata.
const twoSnapshots = `{"snapshots":[
	{"name":"s1","uuid":"u1","state":1,"index_metadata_lookup":{"i1":"k1","i2":"k2"},"version":"3.6.0"},
	{"name":"s2","uuid":"u2","state":1,"index_metadata_lookup":{"i2":"k2"},"version":8505000,"index_version":8505000,"start_time_millis":1,"end_time_millis":2,"slm_policy":"p"}],
	"indices":{
	"logs-b":{"id":"i2","shard_path_type":0,"snapshots":["u1","u2"],"shard_generations":["g2"]},
	"logs-a":{"id":"i1","snapshots":["u1"],"shard_generations":["g0","g1"]}},
	"min_version":"7.12.0","uuid":"r","cluster_id":"c",
	"index_metadata_identifiers":{"k1":"m1","k2":"m2"}}`

func TestKeysAreAllFilesThatTheRootNeeds(t *testing.T) {
	r, err := ParseRoot([]byte(twoSnapshots))
	if err != nil {
		t.Fatal(err)
	}
	got, err := r.Keys()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"indices/i1/0/index-g0", "indices/i1/0/snap-u1.dat",
		"indices/i1/1/index-g1", "indices/i1/1/snap-u1.dat",
		"indices/i1/meta-m1.dat",
		"indices/i2/0/index-g2", "indices/i2/0/snap-u1.dat", "indices/i2/0/snap-u2.dat",
		"indices/i2/meta-m2.dat",
		"meta-u1.dat", "meta-u2.dat", "snap-u1.dat", "snap-u2.dat",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if r.Indices[0].Name != "logs-a" || r.Snapshots[1].Version != "8505000" {
		t.Errorf("%+v", r)
	}
}

func TestOlderRootsNameIndexMetadataAfterTheSnapshot(t *testing.T) {
	r, err := ParseRoot([]byte(`{"snapshots":[{"name":"s","uuid":"u","state":1,"version":"7.6.0"}],
		"indices":{"a":{"id":"i","snapshots":["u"],"shard_generations":["g"]}},"min_version":"7.6.0"}`))
	if err != nil {
		t.Fatal(err)
	}
	if keys, err := r.Keys(); err != nil || !slices.Contains(keys, "indices/i/meta-u.dat") {
		t.Fatalf("%v, %v", keys, err)
	}
}

func TestRecordedRoots(t *testing.T) {
	r, err := ParseRoot(recording(t, "index-0"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := r.Keys()
	if err != nil || len(keys) != 2+2+3*2 { // of the snapshot, of two indices, of three shards
		t.Errorf("%q, %v", keys, err)
	}
	r, err = ParseRoot(recording(t, "index-1-empty"))
	if err != nil || len(r.Snapshots) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
	if keys, err := r.Keys(); err != nil || len(keys) != 0 {
		t.Errorf("%q, %v", keys, err)
	}
	r, err = ParseRoot(recording(t, "index-0-partial"))
	if err != nil || r.Snapshots[0].State != RootPartial || r.Indices[0].ShardGenerations[0] != "" {
		t.Errorf("%+v, %v", r, err)
	}
	if keys, err := r.Keys(); err == nil || !strings.Contains(err.Error(), "PARTIAL") {
		t.Errorf("%q, %v", keys, err)
	}
}

func TestKeysAreAnErrorWhereTheyCannotBeTold(t *testing.T) {
	for _, tt := range []struct{ name, old, new, says string }{
		{"hashed paths", `"shard_path_type":0`, `"shard_path_type":1`, "outside"},
		{"failed snapshot", `"uuid":"u1","state":1`, `"uuid":"u1","state":2`, "FAILED"},
		{"running snapshot", `"uuid":"u1","state":1`, `"uuid":"u1","state":0`, "IN_PROGRESS"},
		{"no generation", `"g0"`, `null`, "shard 0"},
		{"empty generation", `"g0"`, `""`, "shard 0"},
		{"new shard", `"g0"`, `"_new"`, "shard 0"},
		{"deleted shard", `"g1"`, `"_deleted"`, "shard 1"},
		{"numeric generation", `"g1"`, `"17"`, "shard 1"},
		{"no shards", `["g0","g1"]`, `[]`, "no shard"},
		{"no identifier", `"k1":"m1",`, ``, "identifier"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, err := ParseRoot([]byte(change(t, tt.old, tt.new)))
			if err != nil {
				t.Fatal(err)
			}
			keys, err := r.Keys()
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("%q, %v", keys, err)
			}
			if got := errors.Is(err, ErrOutsideBase); got != (tt.name == "hashed paths") {
				t.Errorf("outside the base path: %v", got)
			}
		})
	}
}

func TestParseRootStopsAtWhatItDoesNotKnow(t *testing.T) {
	for _, tt := range []struct{ name, old, new string }{
		{"unknown field", `"min_version"`, `"max_version"`},
		{"unknown field of a snapshot", `"slm_policy"`, `"encryption"`},
		{"unknown field of an index", `"shard_path_type"`, `"shard_path_algorithm"`},
		{"key in other letters", `"name":"s1"`, `"Name":"s1"`},
		{"key given twice", `"id":"i1"`, `"id":"i1","id":"i3"`},
		{"index given twice", `"logs-b"`, `"logs-a"`},
		{"id given twice", `"id":"i2"`, `"id":"i1"`},
		{"snapshot given twice", `"uuid":"u2"`, `"uuid":"u1"`},
		{"name given twice", `"name":"s2"`, `"name":"s1"`},
		{"held twice", `["u1","u2"]`, `["u1","u1"]`},
		{"held by an unknown snapshot", `["u1","u2"]`, `["u1","u3"]`},
		{"held by none", `["u1","u2"]`, `[]`},
		{"lookup of an unknown index", `{"i1":"k1","i2":"k2"}`, `{"i1":"k1","i3":"k2"}`},
		{"id leads away", `"id":"i1"`, `"id":".."`},
		{"uuid leads away", `"uuid":"u2"`, `"uuid":"../u2"`},
		{"generation leads away", `"g0"`, `"a/b"`},
		{"blob leads away", `"k1":"m1"`, `"k1":"m/1"`},
		{"no state", `"uuid":"u1","state":1`, `"uuid":"u1"`},
		{"unknown state", `"uuid":"u1","state":1`, `"uuid":"u1","state":7`},
		{"state as text", `"uuid":"u1","state":1`, `"uuid":"u1","state":"1"`},
		{"state is no whole number", `"uuid":"u1","state":1`, `"uuid":"u1","state":1.5`},
		{"list for a text", `"name":"s1"`, `"name":["s1"]`},
		{"object for a scalar", `"cluster_id":"c"`, `"cluster_id":{}`},
		{"no snapshots", `{"snapshots":[`, `{"snapshot":[`},
		{"something behind", `"k2":"m2"}}`, `"k2":"m2"}} {}`},
		{"cut off", `"k2":"m2"}}`, `"k2":"m2"}`},
		{"not UTF-8", `"name":"s1"`, "\"name\":\"s\xff\""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r, err := ParseRoot([]byte(change(t, tt.old, tt.new))); err == nil {
				t.Errorf("%+v", r)
			}
		})
	}
	for _, s := range []string{"", "null", "[]", "{}", `{"snapshots":[]}`} {
		if r, err := ParseRoot([]byte(s)); err == nil {
			t.Errorf("%q: %+v", s, r)
		}
	}
}

func change(t *testing.T, old, new string) string {
	t.Helper()
	if !strings.Contains(twoSnapshots, old) {
		t.Fatalf("%s is not in the example", old)
	}
	return strings.Replace(twoSnapshots, old, new, 1)
}

func TestRootFileIsTheHighestGeneration(t *testing.T) {
	names := []string{"index.latest", "index-2", "index-10", "index-9", "indices/a/0/index-99", "index-011", "index--1", "index-x", "index-12.tmp", "index-99999999999999999999", "tests-a/index-50"}
	key, n, err := RootFile(names)
	if err != nil || key != "index-10" || n != 10 {
		t.Fatalf("%s, %d, %v", key, n, err)
	}
	if _, _, err := RootFile([]string{"index.latest", "snap-x.dat"}); !errors.Is(err, ErrNoRoot) {
		t.Fatal(err)
	}
	for name, want := range map[string]bool{
		"index-0": true, "index-10": true, "index.latest": true,
		"index-": false, "index-01": false, "index-1a": false, "a/index-1": false, "index.latest.bak": false,
	} {
		if IsRootFile(name) != want {
			t.Errorf("%s: %v", name, !want)
		}
	}
}

func TestParseLatestReadsEightBytes(t *testing.T) {
	if n, err := ParseLatest([]byte{0, 0, 0, 0, 0, 0, 1, 2}); err != nil || n != 258 {
		t.Fatalf("%d, %v", n, err)
	}
	for _, b := range [][]byte{nil, make([]byte, 7), make([]byte, 9), {255, 0, 0, 0, 0, 0, 0, 0}} {
		if n, err := ParseLatest(b); err == nil {
			t.Errorf("%v: %d", b, n)
		}
	}
}

func FuzzParseRoot(f *testing.F) {
	f.Add([]byte(twoSnapshots))
	for _, name := range []string{"index-0", "index-0-partial", "index-1-empty"} {
		f.Add(recording(f, name))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := ParseRoot(data)
		if err != nil {
			return
		}
		keys, err := r.Keys()
		if err != nil {
			return
		}
		for i, k := range keys {
			if !filepath.IsLocal(k) || path.Clean(k) != k || strings.Contains(k, `\`) || IsRootFile(k) {
				t.Errorf("%q is no key of a repository's file", k)
			}
			if i > 0 && keys[i-1] >= k {
				t.Errorf("%q after %q", k, keys[i-1])
			}
		}
		if len(keys) < 2*len(r.Snapshots) {
			t.Errorf("%d keys for %d snapshots", len(keys), len(r.Snapshots))
		}
	})
}
