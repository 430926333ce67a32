package storetest

import (
	"context"
	"fmt"
	"io"
	"testing"

	"archiver/archive/store"
)

func testOpen(s *suite) {
	s.promise("yields exactly the range", func(x *fixture) {
		info := x.create("k", "0123456789")
		for _, r := range []struct {
			offset, length int64
			want           string
		}{
			{0, -1, "0123456789"}, {0, 10, "0123456789"}, {0, 1, "0"}, {9, 1, "9"}, {3, 4, "3456"},
			{4, -1, "456789"}, {0, 0, ""}, {5, 0, ""}, {10, 0, ""}, {10, -1, ""},
		} {
			x.Run(fmt.Sprintf("%d+%d", r.offset, r.length), func(t *testing.T) {
				for _, pin := range []store.Pin{{}, {ETag: info.ETag}, {Version: info.Version}, {ETag: info.ETag, Version: info.Version}} {
					got, err := x.read("k", r.offset, r.length, pin)
					if err != nil || got != r.want {
						t.Errorf("pinned by %+v: %q and %v, want %q", pin, got, err, r.want)
					}
				}
			})
		}
	})
	s.promise("reads an empty object", func(x *fixture) {
		info := x.create("k", "")
		for _, length := range []int64{-1, 0} {
			got, err := x.read("k", 0, length, store.Pin{ETag: info.ETag})
			x.no(err)
			if got != "" {
				x.Errorf("got %q", got)
			}
		}
	})
	s.promise("never ends early without an error", func(x *fixture) {
		x.create("k", "0123456789")
		x.create("empty", "")
		for _, r := range []struct {
			key            string
			offset, length int64
		}{{"k", 0, 11}, {"k", 5, 6}, {"k", 10, 1}, {"k", 11, -1}, {"k", 11, 0}, {"k", 11, 1}, {"empty", 0, 1}, {"empty", 1, -1}} {
			_, err := x.read(r.key, r.offset, r.length, store.Pin{})
			x.want(err, io.ErrUnexpectedEOF)
		}
	})
	s.promise("refuses what is no range", func(x *fixture) {
		x.create("k", "0123456789")
		for _, r := range [][2]int64{{-1, 1}, {0, -2}} {
			if _, err := x.read("k", r[0], r[1], store.Pin{}); err == nil {
				x.Errorf("offset %d, length %d gave no error", r[0], r[1])
			}
		}
	})
	s.promise("refuses another object than the pinned one", func(x *fixture) {
		old := x.create("k", "old")
		_, err := x.s.Replace(x.Context(), "k", []byte("new"), old.ETag)
		x.no(err)
		for _, length := range []int64{-1, 0, 2} {
			_, err = x.s.Open(x.Context(), "k", 0, length, store.Pin{ETag: old.ETag})
			x.want(err, store.ErrChanged)
		}
	})
	s.promise("reads a large object at any step", func(x *fixture) {
		body := noise(1, 3<<20)
		x.create("k", string(body))
		r, err := x.s.Open(x.Context(), "k", 7, int64(len(body))-7, store.Pin{})
		x.no(err)
		defer r.Close()
		got, err := io.ReadAll(oneStep{r, 10_007})
		x.no(err)
		if string(got) != string(body[7:]) {
			x.Errorf("%d bytes that are not the object's", len(got))
		}
		if n, err := r.Read(make([]byte, 1)); n != 0 || err != io.EOF {
			x.Errorf("after the end: %d, %v", n, err)
		}
	})
	s.promise("stops when the context ends", func(x *fixture) {
		x.create("k", string(noise(2, 3<<20)))
		ctx, cancel := context.WithCancel(x.Context())
		defer cancel()
		r, err := x.s.Open(ctx, "k", 0, -1, store.Pin{})
		x.no(err)
		defer r.Close()
		_, err = io.ReadFull(r, make([]byte, 1000))
		x.no(err)
		cancel()
		_, err = io.Copy(io.Discard, r)
		x.want(err, context.Canceled)
	})
	s.promise("may be closed at once", func(x *fixture) {
		x.create("k", string(noise(3, 1<<20)))
		r, err := x.s.Open(x.Context(), "k", 0, -1, store.Pin{})
		x.no(err)
		x.no(r.Close())
		if n, err := r.Read(make([]byte, 10)); err == nil || err == io.EOF || n != 0 {
			x.Errorf("after Close: %d, %v", n, err)
		}
	})
	s.Run("reads the pinned version after it was replaced", func(t *testing.T) {
		if !s.can.Versions {
			t.Skip("the store keeps no versions")
		}
		x := &fixture{T: t, can: s.can, s: s.open(t)}
		old := x.create("k", "old")
		now, err := x.s.Replace(x.Context(), "k", []byte("new"), old.ETag)
		x.no(err)
		for _, v := range []struct {
			store.Info
			want string
		}{{old, "old"}, {now, "new"}} {
			got, err := x.read("k", 0, -1, store.Pin{ETag: v.ETag, Version: v.Version})
			x.no(err)
			if got != v.want {
				x.Errorf("version %s holds %q, want %q", v.Version, got, v.want)
			}
		}
	})
}

// oneStep reads at most n bytes at a time.
type oneStep struct {
	r io.Reader
	n int
}

func (o oneStep) Read(p []byte) (int, error) { return o.r.Read(p[:min(len(p), o.n)]) }
