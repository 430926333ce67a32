package dir_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/iotest"

	"archiver/archive/store"
	"archiver/archive/store/dir"
)

func TestUploadIsReadBackAsItWas(t *testing.T) {
	s, _ := fresh(t)
	body := bytes.Repeat([]byte("0123456789abcdef"), 200_000) // a few buffers
	info, err := s.Upload(t.Context(), "v/0.tar", iotest.HalfReader(bytes.NewReader(body)), store.UploadOptions{Bound: int64(len(body))})
	if err != nil || info.Size != int64(len(body)) {
		t.Fatalf("%+v, %v", info, err)
	}
	r, err := s.Open(t.Context(), "v/0.tar", 0, -1, store.Pin{ETag: info.ETag})
	if err != nil {
		t.Fatal(err)
	}
	if readAll(t, r) != string(body) {
		t.Error("the content differs")
	}
	noUploads(t, s)
}

func TestAnUploadThatEndsBadlyLeavesNothing(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		body func(context.CancelCauseFunc) io.Reader
		o    store.UploadOptions
		want error
	}{
		"body fails": {
			body: func(context.CancelCauseFunc) io.Reader {
				return io.MultiReader(strings.NewReader("x"), iotest.ErrReader(broken))
			},
			o: store.UploadOptions{Bound: 10}, want: broken,
		},
		"body ends early with ErrUnexpectedEOF": {
			body: func(context.CancelCauseFunc) io.Reader { return iotest.ErrReader(io.ErrUnexpectedEOF) },
			o:    store.UploadOptions{Bound: 10}, want: io.ErrUnexpectedEOF,
		},
		"cancelled while the body is read": {
			body: func(cancel context.CancelCauseFunc) io.Reader {
				return io.MultiReader(strings.NewReader("x"), readerFunc(func(p []byte) (int, error) {
					cancel(broken)
					return len(p), nil
				}))
			},
			o: store.UploadOptions{Bound: 1 << 40}, want: broken,
		},
		"cancelled at the end of the body": {
			body: func(cancel context.CancelCauseFunc) io.Reader {
				return readerFunc(func([]byte) (int, error) {
					cancel(broken)
					return 0, io.EOF
				})
			},
			o: store.UploadOptions{Bound: 10}, want: broken,
		},
		"longer than its bound": {
			body: func(context.CancelCauseFunc) io.Reader { return strings.NewReader("12345678901") },
			o:    store.UploadOptions{Bound: 10},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, root := fresh(t)
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			_, err := s.Upload(ctx, "a", c.body(cancel), c.o)
			if err == nil || c.want != nil && !errors.Is(err, c.want) || c.want == nil && errors.Is(err, broken) {
				t.Errorf("error is %v, want %v", err, c.want)
			}
			_, err = s.Stat(t.Context(), "a", "")
			wantError(t, err, store.ErrNotFound)
			noUploads(t, s)
			if left, err := os.ReadDir(filepath.Join(root, ".archiver-tmp")); err != nil || len(left) > 0 {
				t.Errorf("left over: %v, %v", left, err)
			}
		})
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

func TestUploadToATakenKeyExists(t *testing.T) {
	s, _ := fresh(t)
	create(t, s, "a", "first")
	_, err := s.Upload(t.Context(), "a", strings.NewReader("second"), store.UploadOptions{Bound: 6})
	wantError(t, err, store.ErrExists)
	if o, err := s.Get(t.Context(), "a"); err != nil || string(o.Body) != "first" {
		t.Errorf("the object is %q, %v", o.Body, err)
	}
}

func uploads(t *testing.T, s *dir.Store, prefix string) []store.Upload {
	t.Helper()
	var all []store.Upload
	for u, err := range s.Uploads(t.Context(), prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, u)
	}
	return all
}

func TestAnUnfinishedUploadIsListedByKeyAndAborted(t *testing.T) {
	s, _ := fresh(t)
	key := "archives/" + strings.Repeat("long/", 100) + "a"
	body, write := io.Pipe()
	done := make(chan error)
	go func() {
		_, err := s.Upload(t.Context(), key, body, store.UploadOptions{Bound: 10})
		done <- err
	}()
	if _, err := write.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	for _, err := range s.List(t.Context(), "", "") {
		t.Errorf("something is listed, %v", err)
	}
	if others := uploads(t, s, "archives/other"); len(others) > 0 {
		t.Errorf("other uploads: %v", others)
	}
	found := uploads(t, s, "archives/long")
	if len(found) != 1 || found[0].Key != key || found[0].Started.IsZero() {
		t.Fatalf("uploads: %+v", found)
	}
	for range 2 { // again: one that is gone is aborted
		if err := s.Abort(t.Context(), found[0]); err != nil {
			t.Error(err)
		}
	}
	noUploads(t, s)
	write.Close()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "aborted") {
		t.Errorf("the upload ended with %v", err)
	}
	_, err := s.Stat(t.Context(), key, "")
	wantError(t, err, store.ErrNotFound)
}

// A process that dies right after the link leaves the object with two names.
func TestAbortOfWhatWasFinishedKeepsTheObject(t *testing.T) {
	s, root := fresh(t)
	info := create(t, s, "a", "x")
	draft := filepath.Join(root, ".archiver-tmp", "0123456789abcdef")
	if err := errors.Join(os.Link(filepath.Join(root, "a"), draft), os.Symlink("a", draft+".key")); err != nil {
		t.Fatal(err)
	}
	found := uploads(t, s, "a")
	if len(found) != 1 {
		t.Fatalf("uploads: %v", found)
	}
	if err := s.Abort(t.Context(), found[0]); err != nil {
		t.Fatal(err)
	}
	noUploads(t, s)
	if now, err := s.Stat(t.Context(), "a", ""); err != nil || now != info {
		t.Errorf("the object is %+v, %v, was %+v", now, err, info)
	}
}

func TestAbortTakesNoPathForAnID(t *testing.T) {
	s, _ := fresh(t)
	create(t, s, "a", "x")
	for _, id := range []string{"", "../a", "lock", "clock"} {
		if err := s.Abort(t.Context(), store.Upload{Key: "a", ID: id}); err == nil {
			t.Errorf("the upload %q was aborted", id)
		}
	}
	if _, err := s.Stat(t.Context(), "a", ""); err != nil {
		t.Error(err)
	}
}
