package snapshottest

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"archiver/snapshot/snapshottest/internal/smile"
)

func realBlob(t *testing.T, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(recordings, "blobs", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func decoded(t *testing.T, codec string, blob []byte) smile.Object {
	t.Helper()
	o, err := decodeBlob(codec, blob)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestRealBlobsAreWrittenAgainByteForByte(t *testing.T) {
	for name, codec := range map[string]string{
		"shard-snap.dat": codecShard, "shard-index": codecShards, "index-meta.dat": codecIndex, "snap.dat": codecSnapshot,
	} {
		blob := realBlob(t, name)
		again, err := encodeBlob(codec, false, decoded(t, codec, blob))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(again, blob) {
			t.Errorf("%s: %x became %x", name, blob, again)
		}
	}
}

func TestRealDeflatedBlobsAreRead(t *testing.T) {
	for name, codec := range map[string]string{"snap-deflated.dat": codecSnapshot, "meta-deflated.dat": codecGlobal} {
		o := decoded(t, codec, realBlob(t, name))
		again, err := encodeBlob(codec, true, o)
		if err != nil {
			t.Fatal(err)
		}
		if back := decoded(t, codec, again); fmt.Sprint(back) != fmt.Sprint(o) {
			t.Errorf("%s: %v became %v", name, o, back)
		}
	}
}

// The shard's file about itself and its index go through our structs, too.
func TestRealShardFilesAreUnderstood(t *testing.T) {
	var s shardSnapshot
	o := decoded(t, codecShard, realBlob(t, "shard-snap.dat"))
	if err := fill(o, &s); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(s.object()) != fmt.Sprint(o) {
		t.Errorf("%v\nbecame %v", o, s.object())
	}
	x, err := readShardIndex(realBlob(t, "shard-index"))
	if err != nil {
		t.Fatal(err)
	}
	if want := decoded(t, codecShards, realBlob(t, "shard-index")); fmt.Sprint(x.object()) != fmt.Sprint(want) {
		t.Errorf("%v\nbecame %v", want, x.object())
	}
	if n, version, err := readIndexMetadata(realBlob(t, "index-meta.dat")); n != 2 || version != "137277827" || err != nil {
		t.Errorf("%d shards (%v), not 2", n, err)
	}
	for _, f := range s.Files {
		for _, data := range []string{"data.cfe", "data.cfs"} {
			if filepath.Ext(f.Physical) != filepath.Ext(data) {
				continue
			}
			blob := realBlob(t, data)
			if _, err := cutFooter(blob); err != nil || checksum(blob) != f.Checksum || int64(len(blob)) != f.Length {
				t.Errorf("%s: checksum %s, length %d (%v), not as in %+v", data, checksum(blob), len(blob), err, f)
			}
		}
	}
}

func TestBlobsHaveTheFieldsOfRealOnes(t *testing.T) {
	b := newBench(t, Options{})
	b.register("r", "")
	b.ok("PUT", "/_snapshot/r/s1?wait_for_completion=true", `{"indices":"simprobe-a","include_global_state":false}`)
	for _, c := range []struct {
		real, codec, pattern string
		fewer                bool // only what a restore needs is simulated
	}{
		{"shard-snap.dat", codecShard, "indices/*/0/snap-*", false},
		{"shard-index", codecShards, "indices/*/0/index-*", false},
		{"index-meta.dat", codecIndex, "indices/*/meta-*", true},
		{"snap.dat", codecSnapshot, "snap-*", false},
		{"meta-deflated.dat", codecGlobal, "meta-*", false},
	} {
		found := b.glob("r", c.pattern)
		if len(found) != 1 {
			t.Fatalf("%s: %v", c.pattern, found)
		}
		blob, err := os.ReadFile(found[0])
		if err != nil {
			t.Fatal(err)
		}
		want, have := decoded(t, c.codec, realBlob(t, c.real)), decoded(t, c.codec, blob)
		for _, d := range otherFields("", want, have, c.fewer) {
			t.Errorf("%s: %s", c.real, d)
		}
	}
}

// otherFields tells where two values differ in their fields, the fields' order
// or the values' types.
func otherFields(path string, want, have any, fewer bool) []string {
	if fmt.Sprintf("%T", want) != fmt.Sprintf("%T", have) {
		return []string{fmt.Sprintf("%s is %T, not %T", path, have, want)}
	}
	var all []string
	switch want := want.(type) {
	case smile.Object:
		have := have.(smile.Object)
		if path == ".simprobe-a" || !fewer {
			all = append(all, otherNames(path, want, have, fewer)...)
		}
		for _, f := range have {
			all = append(all, otherFields(path+"."+f.Name, want.Get(f.Name), f.Value, fewer)...)
		}
	case []any:
		for i := range min(len(want), len(have.([]any))) {
			all = append(all, otherFields(fmt.Sprintf("%s[%d]", path, i), want[i], have.([]any)[i], fewer)...)
		}
	}
	return all
}

func otherNames(path string, want, have smile.Object, fewer bool) []string {
	var wantNames, haveNames []string
	for _, f := range have {
		haveNames = append(haveNames, f.Name)
	}
	for _, f := range want {
		if !fewer || have.Get(f.Name) != nil {
			wantNames = append(wantNames, f.Name)
		}
	}
	if fmt.Sprint(wantNames) != fmt.Sprint(haveNames) {
		return []string{fmt.Sprintf("%s has %v, not %v", path, haveNames, wantNames)}
	}
	return nil
}

func TestDamagedBlobsAreRefused(t *testing.T) {
	blob := realBlob(t, "shard-snap.dat")
	for i := range blob {
		damaged := bytes.Clone(blob)
		damaged[i] ^= 0x10
		if _, err := decodeBlob(codecShard, damaged); err == nil {
			t.Errorf("a change of byte %d was not seen", i)
		}
	}
	for n := range blob {
		if _, err := decodeBlob(codecShard, blob[:n]); err == nil {
			t.Errorf("the first %d bytes were read", n)
		}
	}
	if _, err := decodeBlob(codecShards, blob); err == nil {
		t.Error("another codec's blob was read")
	}
}
