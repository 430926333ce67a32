package snapshot

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// stream lets files pass in the order of their keys, in chunks of so many bytes,
// and joins what is left open.
func stream(files map[string][]byte, chunk int) error {
	left, err := streamBy(files, slices.Sorted(maps.Keys(files)), chunk)
	if err != nil {
		return err
	}
	return JoinFooters([]json.RawMessage{left})
}

// streamBy lets some of the files pass.
func streamBy(files map[string][]byte, keys []string, chunk int) (json.RawMessage, error) {
	var f Footers
	for _, key := range keys {
		if err := f.Next(key); err != nil {
			return nil, err
		}
		for c := range slices.Chunk(files[key], chunk) {
			if _, err := f.Write(c); err != nil {
				return nil, err
			}
		}
	}
	return f.End()
}

const shardFolder = "indices/Ab-_1/0/"

func TestRealFilesHaveGoodFooters(t *testing.T) {
	files := map[string][]byte{}
	blobs := "snapshottest/testdata/opensearch-3.6.0/blobs/"
	for key, path := range map[string]string{
		"index-0": blobs + "root", "snap-a.dat": blobs + "snap.dat", "snap-b.dat": blobs + "snap-deflated.dat", "meta-b.dat": blobs + "meta-deflated.dat",
		"indices/Ab-_1/meta-c.dat": blobs + "index-meta.dat", shardFolder + "index-Xy": blobs + "shard-index",
		shardFolder + "snap-a.dat": blobs + "shard-snap.dat", shardFolder + "__a": blobs + "data.cfe", shardFolder + "__b": blobs + "data.cfs",
	} {
		data, err := os.ReadFile(filepath.FromSlash(path))
		if err != nil {
			t.Fatal(err)
		}
		files[key] = data
	}
	for _, version := range recordedFrom() {
		files[shardFolder+"snap-"+version+".dat"] = shardFileOf(t, version, "shard-empty-deflated.dat")
	}
	if err := stream(files, 7); err != nil {
		t.Fatal(err)
	}
	for key := range files {
		bad := maps.Clone(files)
		bad[key] = bytes.Clone(files[key])
		bad[key][len(bad[key])/2] ^= 1
		err := stream(bad, 1000)
		if framed := key != "index-0"; framed && (!errors.Is(err, ErrDamaged) || !strings.HasPrefix(err.Error(), key+":")) || !framed && err != nil {
			t.Errorf("one bit of %s: %v", key, err)
		}
	}
}

func TestOnlyFilesThatHaveFootersAreChecked(t *testing.T) {
	for key, want := range map[string]bool{
		"index-7": false, "index.latest": false, "snap-u.dat": true, "meta-u.dat": true, "indices/i/meta-x.dat": true,
		"indices/i/0/index-g": true, "indices/i/0/snap-u.dat": true, "indices/i/0/__a": true, "indices/i/0/__a.part0": true,
		"indices/i/0/__a.part01": true, "indices/i/0/other": false, "__a": false, "tests-x/master.dat": false,
	} {
		if err := stream(map[string][]byte{key: []byte("no footer at all"), "z": nil}, 100); (err != nil) != want {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// cutUp cuts a file into parts of a shard's folder.
func cutUp(files map[string][]byte, name string, file []byte, size int) {
	for n, part := range slices.Collect(slices.Chunk(file, size)) {
		files[shardFolder+partName(name, int64(n))] = part
	}
}

// Some parts are shorter than a footer, and part10 comes before part2.
func TestFileInPartsIsCheckedAsAWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := withFooter(rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "content"))
		files := map[string][]byte{}
		cutUp(files, "__b", file, rapid.IntRange(1, len(file)-1).Draw(t, "part size"))
		parts := slices.Sorted(maps.Keys(files))
		for _, key := range []string{"__a", "__c"} {
			if rapid.Bool().Draw(t, "with "+key) {
				files[shardFolder+key] = withFooter([]byte(key))
			}
		}
		chunk := rapid.IntRange(1, 40).Draw(t, "chunk")
		if err := stream(files, chunk); err != nil {
			t.Fatal(err)
		}
		key := rapid.SampledFrom(parts).Draw(t, "bad part")
		files[key] = bytes.Clone(files[key])
		files[key][rapid.IntRange(0, len(files[key])-1).Draw(t, "bad byte")] ^= 1 << rapid.IntRange(0, 7).Draw(t, "bad bit")
		err := stream(files, chunk)
		if !errors.Is(err, ErrDamaged) || !strings.Contains(err.Error(), "__b") {
			t.Fatalf("one bit of %s: %v", key, err)
		}
	})
}

// BenchmarkFooters stands beside the SHA-256 that packing takes of the same
// bytes: what the check costs is the ratio.
func BenchmarkFooters(b *testing.B) {
	chunk := make([]byte, 8<<20)
	b.Run("footers", func(b *testing.B) {
		b.SetBytes(int64(len(chunk)))
		var f Footers
		for n := 0; b.Loop(); n++ {
			if n == 0 {
				if err := f.Next(fmt.Sprint(shardFolder, "__a")); err != nil {
					b.Fatal(err)
				}
			}
			_, _ = f.Write(chunk)
		}
	})
	b.Run("sha256", func(b *testing.B) {
		b.SetBytes(int64(len(chunk)))
		h := sha256.New()
		for b.Loop() {
			h.Write(chunk)
		}
	})
}
