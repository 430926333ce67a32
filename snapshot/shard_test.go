package snapshot

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"archiver/snapshot/internal/smile"
)

// recordedFrom are the servers whose shard files are in testdata.
func recordedFrom() []string {
	return []string{"opensearch-3.6.0", "opensearch-2.19.6", "elasticsearch-7.17.29", "elasticsearch-8.19.21"}
}

func shardFileOf(t testing.TB, version, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", version, name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestShardFilesOfEveryServerNameTheBlobsBesideThem(t *testing.T) {
	for _, version := range recordedFrom() {
		t.Run(version, func(t *testing.T) {
			s, err := ParseShard(shardFileOf(t, version, "shard-parts.dat"))
			if err != nil {
				t.Fatal(err)
			}
			beside := map[string]int64{}
			for line := range strings.Lines(string(shardFileOf(t, version, "shard-parts.txt"))) {
				var size int64
				var name string
				if _, err := fmt.Sscanf(line, "%d %s\n", &size, &name); err != nil {
					t.Fatal(err)
				}
				beside[name] = size
			}
			if got := s.Blobs(); !maps.Equal(got, beside) {
				t.Errorf("%v\nbeside it lay\n%v", got, beside)
			}
			parts, inline := 0, 0
			for _, f := range s.Files {
				if f.parts() > 1 {
					parts++
				}
				if f.Inline {
					inline++
				}
			}
			if s.Snapshot != "s1" || parts < 5 || inline != 5 || len(s.Files) != 19 {
				t.Errorf("snapshot %s, %d files, %d in parts, %d inline", s.Snapshot, len(s.Files), parts, inline)
			}
		})
	}
}

func TestEmptyShardHasNoBlobs(t *testing.T) {
	for _, version := range recordedFrom() {
		for _, name := range []string{"shard-empty.dat", "shard-empty-deflated.dat"} {
			s, err := ParseShard(shardFileOf(t, version, name))
			if err != nil || len(s.Files) != 1 || len(s.Blobs()) != 0 || s.Files[0].Physical != "segments_2" {
				t.Errorf("%s %s: %+v (%v)", version, name, s, err)
			}
		}
	}
}

func TestPartsOfAFileAddUpToIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f := ShardFile{Name: "__a", Length: rapid.Int64Range(0, 5000).Draw(t, "length"), PartSize: rapid.Int64Range(0, 700).Draw(t, "part")}
		if rapid.Bool().Draw(t, "unlimited") {
			f.PartSize = math.MaxInt64
		}
		var sum int64
		blobs := Shard{Files: []ShardFile{f}}.Blobs()
		for name, size := range blobs {
			sum += size
			_, n, part := cutPart(name)
			switch {
			case part != (len(blobs) > 1), part && n >= int64(len(blobs)):
				t.Fatalf("%s of %d", name, len(blobs))
			case part && n < int64(len(blobs))-1 && size != f.PartSize, f.PartSize > 0 && size > f.PartSize, part && size == 0:
				t.Fatalf("%s has %d bytes", name, size)
			}
		}
		if sum != f.Length {
			t.Fatalf("%v", blobs)
		}
	})
}

func TestDamagedShardFileIsCalledSo(t *testing.T) {
	for _, name := range []string{"shard-parts.dat", "shard-empty-deflated.dat"} {
		whole := shardFileOf(t, "opensearch-3.6.0", name)
		for i := range whole {
			bad := bytes.Clone(whole)
			bad[i] ^= 0x10
			if _, err := ParseShard(bad); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s: a change of byte %d: %v", name, i, err)
			}
			if _, err := ParseShard(whole[:i]); !errors.Is(err, ErrDamaged) {
				t.Fatalf("%s: the first %d bytes: %v", name, i, err)
			}
		}
	}
}

// frame wraps a body as servers do.
func frame(codec string, body []byte) []byte {
	return withFooter(append(codecHeader(codec), body...))
}

func withFooter(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(bytes.Clone(b), footerMagic)
	b = binary.BigEndian.AppendUint32(b, 0)
	return binary.BigEndian.AppendUint64(b, uint64(crc32.ChecksumIEEE(b)))
}

func deflate(t testing.TB, body []byte) []byte {
	t.Helper()
	b := bytes.NewBufferString("DFL\x00")
	w, err := flate.NewWriter(b, flate.DefaultCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(body); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func encoded(t testing.TB, o smile.Object) []byte {
	t.Helper()
	body, err := smile.Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// with replaces a field, adds it, or removes it if the value is nil.
func with(o smile.Object, name string, value any) smile.Object {
	var out smile.Object
	found := false
	for _, f := range o {
		if f.Name == name {
			if found = true; value == nil {
				continue
			}
			f.Value = value
		}
		out = append(out, f)
	}
	if !found {
		out = append(out, smile.Field{Name: name, Value: value})
	}
	return out
}

func plainFile() smile.Object {
	return smile.Object{{Name: "name", Value: "__a"}, {Name: "physical_name", Value: "_0.cfs"}, {Name: "length", Value: int64(100)},
		{Name: "checksum", Value: "1y2p0ij"}, {Name: "part_size", Value: int64(math.MaxInt64)}, {Name: "written_by", Value: "10.4.0"}}
}

func shardOf(files ...any) smile.Object {
	return smile.Object{{Name: "name", Value: "s1"}, {Name: "index_version", Value: int64(2)}, {Name: "files", Value: append([]any{}, files...)}}
}

func TestShardFileOfAnUnknownShapeIsRefusedAndNotCalledDamaged(t *testing.T) {
	f := plainFile()
	good := encoded(t, shardOf(f))
	if s, err := ParseShard(frame("snapshot", good)); err != nil || !maps.Equal(s.Blobs(), map[string]int64{"__a": 100}) {
		t.Fatalf("what the rest varies is not read itself: %v %v", s, err)
	}
	other := with(with(f, "name", "__b"), "physical_name", "_1.cfs")
	for name, body := range map[string][]byte{
		"an unknown field":         encoded(t, with(shardOf(f), "holes", int64(1))),
		"an unknown field of file": encoded(t, shardOf(with(f, "encrypted", true))),
		"no name":                  encoded(t, with(shardOf(f), "name", nil)),
		"an empty name":            encoded(t, with(shardOf(f), "name", "")),
		"no files":                 encoded(t, with(shardOf(f), "files", nil)),
		"a field twice":            encoded(t, append(shardOf(f), smile.Field{Name: "files", Value: []any{}})),
		"another type":             encoded(t, with(shardOf(f), "index_version", "2")),
		"a file that is none":      encoded(t, shardOf("__a")),
		"no length":                encoded(t, shardOf(with(f, "length", nil))),
		"a negative length":        encoded(t, shardOf(with(f, "length", int64(-1)))),
		"no checksum":              encoded(t, shardOf(with(f, "checksum", nil))),
		"no number as checksum":    encoded(t, shardOf(with(f, "checksum", "_na_"))),
		"another kind of blob":     encoded(t, shardOf(with(f, "name", "w__a"))),
		"a blob's name elsewhere":  encoded(t, shardOf(with(f, "name", "__a/../../b"))),
		"a part's name":            encoded(t, shardOf(with(f, "name", "__a.part0"))),
		"no name in the shard":     encoded(t, shardOf(with(f, "physical_name", ""))),
		"a folder in the shard":    encoded(t, shardOf(with(f, "physical_name", "../x"))),
		"a name twice":             encoded(t, shardOf(f, with(other, "name", "__a"))),
		"a file twice":             encoded(t, shardOf(f, with(other, "physical_name", "_0.cfs"))),
		"inline and not whole":     encoded(t, shardOf(with(with(f, "name", "v__a"), "meta_hash", make([]byte, 99)))),
		"too many parts":           encoded(t, shardOf(with(with(f, "length", int64(math.MaxInt64)), "part_size", int64(1)))),
		"too many parts together": encoded(t, shardOf(with(with(f, "length", int64(maxShardBlobs)), "part_size", int64(1)),
			with(with(other, "length", int64(1)), "part_size", int64(1)))),
		"something behind":             append(bytes.Clone(good), 0),
		"something behind the deflate": append(deflate(t, good), 0),
		"a broken deflate":             append([]byte("DFL\x00"), 0xff, 0xff),
		"too much in the deflate":      deflate(t, make([]byte, maxMetadata+1)),
		"nothing":                      nil,
	} {
		if _, err := ParseShard(frame("snapshot", body)); err == nil || errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, data := range map[string][]byte{
		"another codec":    frame("snapshots", good),
		"another version":  withFooter(append(append(codecHeader("snapshot")[:len(codecHeader("snapshot"))-1], 2), good...)),
		"a file too large": withFooter(make([]byte, maxMetadata)),
	} {
		if _, err := ParseShard(data); err == nil || errors.Is(err, ErrDamaged) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzParseShard also frames what it is given, because no change of a framed
// file comes past the footer's checksum.
func FuzzParseShard(f *testing.F) {
	for _, version := range recordedFrom() {
		for _, name := range []string{"shard-parts.dat", "shard-empty.dat", "shard-empty-deflated.dat"} {
			data := shardFileOf(f, version, name)
			f.Add(data)
			f.Add(data[len(codecHeader("snapshot")) : len(data)-footerBytes])
		}
	}
	f.Add(encoded(f, shardOf(plainFile(), with(plainFile(), "part_size", int64(7)))))
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, file := range [][]byte{data, frame("snapshot", data)} {
			s, err := ParseShard(file)
			if err != nil {
				continue
			}
			var files, blobs int64
			for _, f := range s.Files {
				if !f.Inline {
					files += f.Length // may overflow as its parts' sum does
				}
			}
			all := s.Blobs()
			for name, size := range all {
				if size < 0 || !strings.HasPrefix(name, "__") || strings.Contains(name, "/") {
					t.Errorf("blob %q has %d bytes", name, size)
				}
				blobs += size
			}
			if files != blobs || len(all) > maxShardBlobs {
				t.Errorf("%d bytes in files, %d in %d blobs", files, blobs, len(all))
			}
		}
	})
}
