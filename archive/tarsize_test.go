package archive

import (
	"archive/tar"
	"bytes"
	"io"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// tarSize is what archive/tar really writes for an entry's header. The data is
// rounded up in the head: a test need not write gigabytes.
func tarSize(t interface{ Fatal(...any) }, name string, size int64) int64 {
	var b bytes.Buffer
	v := &volumeWriter{tar: tar.NewWriter(&b)}
	if err := v.header(name, size, noon); err != nil {
		t.Fatal(err)
	}
	return int64(b.Len()) + roundUp(size)
}

func anyName(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.StringMatching(`[A-Za-z0-9._=+-]{1,160}`), 1, 7).Draw(t, "parts")
	return strings.Join(parts, "/")
}

func TestBoundOfAnEntryIsNeverTooSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := blobPrefix + anyName(t)
		size := rapid.OneOf(rapid.Int64Range(0, 2048), rapid.Int64Range(ustarSize-1024, ustarSize+1024), rapid.Int64Range(0, 1<<50)).Draw(t, "size")
		if bound, real := entryBound(name, size), tarSize(t, name, size); real > bound || bound > real+4*tarBlock {
			t.Fatalf("%q of %d bytes takes %d, the bound is %d", name, size, real, bound)
		}
	})
}

func TestBoundOfAVolumeIsNeverTooSmall(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var bound tarBound
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		v := &volumeWriter{tar: w}
		put := func(name string, body []byte) {
			if err := v.header(name, int64(len(body)), noon); err != nil {
				t.Fatal(err)
			}
			if _, err := w.Write(body); err != nil {
				t.Fatal(err)
			}
		}
		var manifest []byte
		for range rapid.IntRange(1, 10).Draw(t, "blobs") {
			name, body := blobPrefix+anyName(t), make([]byte, rapid.IntRange(0, 3000).Draw(t, "size"))
			bound.add(name, int64(len(body)))
			put(name, body)
			manifest = append(manifest, SHA256(body)+"  "+name+"\n"...)
		}
		put(manifestName(3), manifest)
		put(manifestSigName(3), make([]byte, rapid.IntRange(0, SignatureBytes).Draw(t, "signature")))
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		if real, most := int64(b.Len()), bound.total(3); real > most {
			t.Fatalf("the tar has %d bytes, its bound is %d", real, most)
		}
	})
}

func TestHeadersAreUSTARUnlessSizeOrNameDemandPAX(t *testing.T) {
	long := strings.Repeat("x", 99)
	for _, c := range []struct {
		name string
		size int64
		pax  map[string]string
	}{
		{name: "repository/a"},
		{name: "repository/" + long[:89]},
		{name: "repository/" + long + "/" + long}, // split at the slash
		{name: "repository/" + long + "x" + long, pax: map[string]string{"path": "repository/" + long + "x" + long}},
		{name: "repository/a", size: ustarSize - 1},
		{name: "repository/a", size: ustarSize, pax: map[string]string{"size": "8589934592"}},
	} {
		var b bytes.Buffer
		v := &volumeWriter{tar: tar.NewWriter(&b)}
		if err := v.header(c.name, c.size, noon.Add(999)); err != nil {
			t.Fatal(err)
		}
		raw := bytes.Clone(b.Bytes())
		h, err := tar.NewReader(io.MultiReader(&b, zeros{})).Next()
		if err != nil {
			t.Fatal(err)
		}
		if len(h.PAXRecords) != len(c.pax) || h.Name != c.name || h.Size != c.size || !h.ModTime.Equal(noon) {
			t.Errorf("%s: %+v", c.name, h)
		}
		for key, want := range c.pax {
			if h.PAXRecords[key] != want {
				t.Errorf("%s: %s is %q, want %q", c.name, key, h.PAXRecords[key], want)
			}
		}
		last := raw[len(raw)-tarBlock:]
		for _, field := range []struct {
			offset int
			want   string
		}{{100, "0000644\x00"}, {108, "0000000\x00"}, {116, "0000000\x00"}, {156, "0\x00"}, {257, "ustar\x0000\x00"}, {329, "0000000\x000000000\x00"}} {
			if got := string(last[field.offset : field.offset+len(field.want)]); got != field.want {
				t.Errorf("%s: at %d stands %q, want %q", c.name, field.offset, got, field.want)
			}
		}
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }
