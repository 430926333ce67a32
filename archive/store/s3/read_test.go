package s3_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"archiver/archive/store"
	"archiver/archive/store/s3"
)

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i>>8) ^ byte(i*7)
	}
	return b
}

func put(t *testing.T, s *s3.Store, key string, body []byte) store.Info {
	t.Helper()
	info, err := s.Create(t.Context(), key, body)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

func readAll(ctx context.Context, s *s3.Store, key string, offset int64, pin store.Pin) ([]byte, error) {
	r, err := s.Open(ctx, key, offset, -1, pin)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

func wantError(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("error is %v, want %v", err, want)
	}
}

func hintOf(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// notMissing checks that a failure is not taken for an object that is not there.
func notMissing(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, store.ErrNotFound) {
		t.Errorf("%v is taken for a missing object", err)
	}
}

func TestOpenResumesBrokenAndStalledBodiesWhereTheyStood(t *testing.T) {
	behind, direct, p := faulty(t)
	body := pattern(1 << 20)
	info := put(t, direct, "k", body)
	for name, harm := range map[string]http.HandlerFunc{"cut": p.cut(100_000), "stalled": p.stall(100_000)} {
		for _, pin := range []store.Pin{{}, {ETag: info.ETag}} {
			t.Run(fmt.Sprint(name, " ", pin.ETag != ""), func(t *testing.T) {
				p.times(3, "GET", harm)
				got, err := readAll(t.Context(), behind, "k", 5, pin)
				if err != nil || !bytes.Equal(got, body[5:]) {
					t.Errorf("%d bytes, %v", len(got), err)
				}
				if n := p.count("GET"); n != 4 {
					t.Errorf("%d requests, want 4", n)
				}
			})
		}
	}
}

func TestOpenRetriesAnswersThatSayTryAgain(t *testing.T) {
	behind, direct, p := faulty(t)
	put(t, direct, "k", []byte("body"))
	p.times(2, "GET", say(http.StatusServiceUnavailable, "SlowDown"))
	if got, err := readAll(t.Context(), behind, "k", 0, store.Pin{}); err != nil || string(got) != "body" {
		t.Errorf("%q, %v", got, err)
	}
}

func TestOpenGivesUpAfterTriesWithoutProgress(t *testing.T) {
	behind, direct, p := faulty(t)
	put(t, direct, "k", pattern(1<<20))
	p.times(1, "GET", p.cut(1000))
	r, err := behind.Open(t.Context(), "k", 0, -1, store.Pin{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	p.times(1000, "GET", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		p.cut(0)(w, r)
	})
	n, err := io.Copy(io.Discard, r)
	if err == nil || n > 1000 {
		t.Errorf("%d bytes, %v", n, err)
	}
	if again, err2 := r.Read(make([]byte, 1)); again != 0 || err2 == nil || err2 == io.EOF {
		t.Errorf("after the error: %d, %v", again, err2)
	}
}

func TestOpenNeverJoinsTwoObjects(t *testing.T) {
	behind, direct, p := faulty(t)
	old := put(t, direct, "k", pattern(1<<20))
	for name, change := range map[string]func(t *testing.T){
		"replaced": func(t *testing.T) {
			info, err := direct.Replace(t.Context(), "k", bytes.Repeat([]byte("x"), 1<<20), old.ETag)
			if err != nil {
				t.Fatal(err)
			}
			old = info
		},
		"deleted": func(t *testing.T) {
			if err := direct.Delete(t.Context(), "k", old.ETag); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { old = store.Info{} })
		},
	} {
		t.Run(name, func(t *testing.T) {
			if old.ETag == "" {
				old = put(t, direct, "k", pattern(1<<20))
			}
			p.times(1, "GET", p.cut(1000))
			r, err := behind.Open(t.Context(), "k", 0, -1, store.Pin{})
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			change(t)
			_, err = io.Copy(io.Discard, r)
			wantError(t, err, store.ErrChanged)
		})
	}
}

func TestOpenRefusesAServerThatIgnoresTheQuestion(t *testing.T) {
	behind, direct, p := faulty(t)
	info := put(t, direct, "k", pattern(1000))
	for name, drop := range map[string]string{"range": "Range", "condition": "If-Match"} {
		t.Run(name, func(t *testing.T) {
			p.times(100, "GET", func(w http.ResponseWriter, r *http.Request) {
				// The signature does not hold any more: this is another server.
				etag := info.ETag
				if drop == "If-Match" {
					etag = `"another"`
				}
				w.Header().Set("ETag", etag)
				w.Header().Set("Content-Length", "900")
				if drop != "Range" {
					w.Header().Set("Content-Range", "bytes 100-999/1000")
					w.WriteHeader(http.StatusPartialContent)
				}
				_, _ = w.Write(pattern(900))
			})
			if got, err := readAll(t.Context(), behind, "k", 100, store.Pin{ETag: info.ETag}); err == nil {
				t.Errorf("read %d bytes", len(got))
			}
		})
	}
}

func TestGetReadsBrokenStalledAndDamagedAnswersAgain(t *testing.T) {
	behind, direct, p := faulty(t)
	body := pattern(300_000)
	put(t, direct, "k", body)
	damage := func(w http.ResponseWriter, r *http.Request) { p.real.ServeHTTP(&flipped{ResponseWriter: w}, r) }
	for name, harm := range map[string]http.HandlerFunc{"cut": p.cut(1000), "stalled": p.stall(1000), "damaged": damage} {
		t.Run(name, func(t *testing.T) {
			p.times(2, "GET", harm)
			o, err := behind.Get(t.Context(), "k")
			if err != nil || !bytes.Equal(o.Body, body) {
				t.Errorf("%d bytes, %v", len(o.Body), err)
			}
			if n := p.count("GET"); n != 3 {
				t.Errorf("%d requests, want 3", n)
			}
		})
	}
}

func TestGetTellsTheStoresClockNotOurs(t *testing.T) {
	behind, direct, p := faulty(t)
	put(t, direct, "k", []byte("body"))
	p.times(1, "GET", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", "Tue, 01 Jan 2030 00:00:00 GMT")
		w.Header().Set("ETag", `"x"`)
		_, _ = w.Write([]byte("body"))
	})
	o, err := behind.Get(t.Context(), "k")
	if want := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC); err != nil || !o.Now.Equal(want) {
		t.Errorf("now is %v, want %v (%v)", o.Now, want, err)
	}
}

// flipped damages one bit of an answer's body.
type flipped struct {
	http.ResponseWriter
	done bool
}

func (f *flipped) Write(p []byte) (int, error) {
	if !f.done && len(p) > 0 {
		p = bytes.Clone(p)
		p[0] ^= 1
		f.done = true
	}
	return f.ResponseWriter.Write(p)
}
