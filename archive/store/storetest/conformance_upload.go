package storetest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing/iotest"

	"archiver/archive/store"
)

// large takes three parts of the smallest size, the last of them short.
const large = 20 << 20

func testUpload(s *suite) {
	s.promise("streams a large object in parts", func(x *fixture) {
		body := noise(4, large)
		info, err := x.s.Upload(x.Context(), "v/large", stream(body), store.UploadOptions{Bound: large})
		x.no(err)
		x.uploaded(info, "v/large", body)
		x.clean()
	})
	s.promise("takes bodies at the bounds of a part", func(x *fixture) {
		part, err := store.PartSize(large)
		x.no(err)
		for i, n := range []int64{0, 1, part - 1, part, part + 1, 2 * part} {
			key, body := string(rune('a'+i)), noise(uint64(n), int(n))
			info, err := x.s.Upload(x.Context(), key, stream(body), store.UploadOptions{Bound: n, Concurrency: 1})
			x.no(err)
			x.uploaded(info, key, body)
		}
		x.clean()
	})
	s.promise("leaves nothing when it does not end well", func(x *fixture) {
		broken := errors.New("broken")
		for _, n := range []int{100, large} {
			body := noise(6, n)
			for name, c := range map[string]struct {
				body io.Reader
				o    store.UploadOptions
				want error
			}{
				"body fails":     {io.MultiReader(bytes.NewReader(body), iotest.ErrReader(broken)), store.UploadOptions{Bound: large}, broken},
				"body cut":       {io.MultiReader(bytes.NewReader(body), iotest.ErrReader(io.ErrUnexpectedEOF)), store.UploadOptions{Bound: large}, io.ErrUnexpectedEOF},
				"bound exceeded": {stream(body), store.UploadOptions{Bound: int64(n) - 1}, nil},
			} {
				_, err := x.s.Upload(x.Context(), "k", c.body, c.o)
				if err == nil || c.want != nil && !errors.Is(err, c.want) {
					x.Errorf("%s after %d bytes: error is %v, want %v", name, n, err, c.want)
				}
				x.absent("k")
				x.clean()
			}
		}
	})
	s.promise("leaves nothing when its context ends", func(x *fixture) {
		for _, at := range []int{0, 100, large - 100} {
			ctx, cancel := context.WithCancel(x.Context())
			body := &tripwire{r: bytes.NewReader(noise(8, large)), left: at, trip: cancel}
			_, err := x.s.Upload(ctx, "k", body, store.UploadOptions{Bound: large})
			cancel()
			x.want(err, context.Canceled)
			x.absent("k")
			x.clean()
		}
	})
	s.promise("leaves an existing object alone", func(x *fixture) {
		for _, n := range []int{100, large} {
			x.create(key(n), "first")
			for _, body := range [][]byte{noise(9, n), noise(9, n)} {
				_, err := x.s.Upload(x.Context(), key(n), stream(body), store.UploadOptions{Bound: int64(n)})
				x.want(err, store.ErrExists)
			}
			x.holds(key(n), "first")
			x.clean()
		}
	})
	s.promise("refuses the same content twice", func(x *fixture) {
		for _, n := range []int{100, large} {
			body, o := noise(12, n), store.UploadOptions{Bound: int64(n)}
			_, err := x.s.Upload(x.Context(), key(n), stream(body), o)
			x.no(err)
			_, err = x.s.Upload(x.Context(), key(n), stream(body), o)
			x.want(err, store.ErrExists)
		}
		x.clean()
	})
	s.promise("lets exactly one of several racers win", func(x *fixture) {
		const n = 9 << 20
		won := x.race(3, store.ErrExists, func(i int) error {
			_, err := x.s.Upload(x.Context(), "k", stream(noise(uint64(i), n)), store.UploadOptions{Bound: n})
			return err
		})
		if won != 1 {
			x.Errorf("%d racers won", won)
		}
		x.clean()
	})
	s.promise("can be seen and aborted while it runs", func(x *fixture) {
		const n = 9 << 20
		pr, pw := io.Pipe()
		done := make(chan error, 1)
		go func() {
			_, err := x.s.Upload(x.Context(), "v/k", pr, store.UploadOptions{Bound: 2 * n})
			pr.CloseWithError(io.ErrClosedPipe) // nobody reads what is still written
			done <- err
		}()
		_, err := pw.Write(noise(10, n)) // more than a part: the upload has begun
		x.no(err)
		if others, err := collect(x.s.Uploads(x.Context(), "w/")); err != nil || len(others) != 0 {
			x.Errorf("below w/: %v, %v", others, err)
		}
		all, err := collect(x.s.Uploads(x.Context(), "v/"))
		x.no(err)
		if len(all) != 1 || all[0].Key != "v/k" || all[0].ID == "" || all[0].Started.IsZero() {
			x.Fatalf("uploads are %+v", all)
		}
		x.no(x.s.Abort(x.Context(), all[0]))
		x.no(x.s.Abort(x.Context(), all[0])) // it is gone
		_, _ = pw.Write(noise(11, n))        // the upload may have failed, and read no further
		_ = pw.Close()
		if err := <-done; err == nil {
			x.Error("an aborted upload succeeded")
		}
		x.absent("v/k")
		x.clean()
	})
}

func (x *fixture) uploaded(info store.Info, key string, body []byte) {
	x.Helper()
	x.sum(info, body)
	seen, err := x.s.Stat(x.Context(), key, info.Version)
	x.no(err)
	if info != seen || seen.Size != int64(len(body)) || seen.Key != key {
		x.Errorf("uploaded %d bytes as %+v, found %+v", len(body), info, seen)
	}
	got, err := x.read(key, 0, -1, store.Pin{ETag: info.ETag, Version: info.Version})
	x.no(err)
	if got != string(body) {
		x.Errorf("%s holds other bytes than were uploaded", key)
	}
}

// clean checks that no unfinished upload is left.
func (x *fixture) clean() {
	x.Helper()
	all, err := collect(x.s.Uploads(x.Context(), ""))
	x.no(err)
	if len(all) != 0 {
		x.Errorf("unfinished uploads are left: %+v", all)
	}
}

func key(n int) string {
	if n < large {
		return "small"
	}
	return "large"
}

// tripwire calls trip once more than left bytes were read.
type tripwire struct {
	r    io.Reader
	left int
	trip func()
}

func (w *tripwire) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if w.left -= n; w.left < 0 {
		w.trip()
	}
	return n, err
}
