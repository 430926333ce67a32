package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"testing/iotest"

	"archiver/archive/store"
	"archiver/archive/store/s3"
	"archiver/internal/lab"
)

const (
	partSize  = 8 << 20
	twoParts  = partSize + 1000
	lostTries = 100 // more than anybody makes
)

func upload(ctx context.Context, s *s3.Store, key string, body []byte) (store.Info, error) {
	return s.Upload(ctx, key, io.MultiReader(bytes.NewReader(body)), store.UploadOptions{Bound: int64(len(body))})
}

func noUploads(t *testing.T, s *s3.Store) {
	t.Helper()
	for u, err := range s.Uploads(t.Context(), "") {
		t.Errorf("left behind: %+v, %v", u, err)
	}
}

func TestUploadKnowsItsOwnObjectWhenTheAnswerIsLost(t *testing.T) {
	behind, direct, p := faulty(t)
	for name, c := range map[string]struct {
		size    int
		request string
	}{"one part": {1000, "PUT"}, "two parts": {twoParts, "POST uploadId"}} {
		for then, answer := range map[string]http.HandlerFunc{
			"the key is taken": p.real.ServeHTTP, "refused": say(http.StatusForbidden, "AccessDenied"),
		} {
			t.Run(name+", then "+then, func(t *testing.T) {
				key, body := name+then, pattern(c.size)
				lost := false
				p.times(lostTries, c.request, func(w http.ResponseWriter, r *http.Request) {
					if lost {
						answer(w, r)
						return
					}
					lost = true
					p.lose(w, r)
				})
				info, err := upload(t.Context(), behind, key, body)
				if err != nil {
					t.Fatal(err)
				}
				if p.count(c.request) < 2 {
					t.Error("the request was not repeated: nothing was tested")
				}
				seen, err := direct.Stat(t.Context(), key, "")
				if err != nil || info != seen || info.Size != int64(c.size) {
					t.Errorf("returned %+v, stored %+v, %v", info, seen, err)
				}
				noUploads(t, direct)
			})
		}
	}
}

func TestUploadDoesNotClaimAnothersObjectOfTheSameContent(t *testing.T) {
	behind, direct, p := faulty(t)
	body := pattern(twoParts)
	if _, err := upload(t.Context(), direct, "k", body); err != nil {
		t.Fatal(err)
	}
	p.times(1, "POST uploadId", p.lose)
	_, err := upload(t.Context(), behind, "k", body)
	wantError(t, err, store.ErrExists)
	noUploads(t, direct)
}

func TestUploadAbortsWhatTheServerRefuses(t *testing.T) {
	behind, direct, p := faulty(t)
	for name, request := range map[string]string{"a part": "PUT partNumber", "the completion": "POST uploadId"} {
		t.Run(name, func(t *testing.T) {
			p.times(lostTries, request, say(http.StatusForbidden, "AccessDenied"))
			_, err := upload(t.Context(), behind, "k", pattern(twoParts))
			var e *s3.Error
			if !errors.As(err, &e) || e.Code != "AccessDenied" {
				t.Errorf("error is %v", err)
			}
			_, err = direct.Stat(t.Context(), "k", "")
			wantError(t, err, store.ErrNotFound)
			noUploads(t, direct)
		})
	}
}

func TestUploadSaysSoWhenItCannotAbort(t *testing.T) {
	behind, direct, p := faulty(t)
	broken := errors.New("broken")
	p.times(lostTries, "DELETE uploadId", say(http.StatusForbidden, "AccessDenied"))
	body := io.MultiReader(bytes.NewReader(pattern(twoParts)), iotest.ErrReader(broken))
	_, err := behind.Upload(t.Context(), "k", body, store.UploadOptions{Bound: 2 * twoParts})
	wantError(t, err, broken)
	var e *s3.Error
	if !errors.As(err, &e) || e.Op != "AbortMultipartUpload" {
		t.Errorf("error is %v", err)
	}
	n := 0
	for u, err := range direct.Uploads(t.Context(), "") {
		if n++; err != nil || u.Key != "k" {
			t.Errorf("%+v, %v", u, err)
		}
	}
	if n != 1 {
		t.Errorf("%d uploads are left, want 1", n)
	}
}

func TestUploadThatIsCancelledWhileItBeginsLeavesNothing(t *testing.T) {
	behind, direct, p := faulty(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p.times(1, "POST uploads", func(w http.ResponseWriter, r *http.Request) {
		cancel()
		p.real.ServeHTTP(w, r)
	})
	_, err := upload(ctx, behind, "k", pattern(twoParts))
	wantError(t, err, context.Canceled)
	if p.count("DELETE uploadId") == 0 {
		t.Error("nothing was aborted: nothing was tested")
	}
	noUploads(t, direct)
}

func TestUploadLetsTheStoreCompareTheWholeObjectBeforeItComesToBe(t *testing.T) {
	behind, direct, p := faulty(t)
	var asked string
	p.times(1, "POST uploadId", func(w http.ResponseWriter, r *http.Request) {
		asked = r.Header.Get("X-Amz-Checksum-Crc64nvme")
		p.real.ServeHTTP(w, r)
	})
	info, err := upload(t.Context(), behind, "k", pattern(twoParts))
	if err != nil || asked == "" || asked != info.CRC64NVME {
		t.Errorf("the completion named %q, stored is %q, %v", asked, info.CRC64NVME, err)
	}
	p.times(lostTries, "POST uploadId", say(http.StatusBadRequest, "BadDigest"))
	_, err = upload(t.Context(), behind, "other", pattern(twoParts))
	if err == nil {
		t.Error("no error")
	}
	_, err = direct.Stat(t.Context(), "other", "")
	wantError(t, err, store.ErrNotFound)
	noUploads(t, direct)
}

func TestSmallObjectsGoWithoutAChecksumWhereNoneIsWanted(t *testing.T) {
	_, _, p := faulty(t)
	server := lab.S3(t)
	for _, without := range []bool{false, true} {
		s := open(t, s3.Options{Bucket: server.Bucket(t), Endpoint: p.URL, PathStyle: true, ChecksumsWhenRequired: without})
		p.times(1, "PUT", func(w http.ResponseWriter, r *http.Request) {
			if got := r.Header.Get("X-Amz-Checksum-Crc64nvme") == ""; got != without {
				t.Errorf("without is %v, headers are %v", without, r.Header)
			}
			p.real.ServeHTTP(w, r)
		})
		put(t, s, "k", []byte("body"))
	}
}

func TestWritesThatConflictAreTriedAgain(t *testing.T) {
	behind, _, p := faulty(t)
	p.times(2, "PUT", say(http.StatusConflict, "ConditionalRequestConflict"))
	info, err := behind.Create(t.Context(), "k", []byte("one"))
	if err != nil {
		t.Fatal(err)
	}
	p.times(2, "PUT", say(http.StatusConflict, "ConditionalRequestConflict"))
	if _, err := behind.Replace(t.Context(), "k", []byte("two"), info.ETag); err != nil {
		t.Fatal(err)
	}
}

func TestWritesWhoseAnswerIsLostAreNotRepeated(t *testing.T) {
	behind, direct, p := faulty(t)
	p.times(lostTries, "PUT", p.lose)
	if _, err := behind.Create(t.Context(), "k", []byte("one")); err == nil || errors.Is(err, store.ErrExists) {
		t.Errorf("error is %v", err)
	}
	if n := p.count("PUT"); n != 1 {
		t.Errorf("%d requests", n)
	}
	if _, err := direct.Get(t.Context(), "k"); err != nil {
		t.Error(err) // it was written all the same, and the caller looks
	}
}
