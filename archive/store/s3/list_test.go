package s3_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"archiver/archive/store/s3"
)

func list(ctx context.Context, s *s3.Store) (keys []string, err error) {
	for info, err := range s.List(ctx, "", "") {
		if err != nil {
			return keys, err
		}
		keys = append(keys, info.Key)
	}
	return keys, nil
}

// page answers a listing with these keys, as they stand.
func page(tail string, keys ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, "<ListBucketResult><Name>b</Name>")
		for _, key := range keys {
			fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>1</Size><ETag>&quot;e&quot;</ETag></Contents>", key)
		}
		fmt.Fprint(w, tail, "</ListBucketResult>")
	}
}

func TestListReadsKeysThatXMLCannotHold(t *testing.T) {
	behind, _, p := faulty(t)
	p.times(1, "GET", page("<EncodingType>url</EncodingType>", "p/%01%0D%0A", "p/a%2Bb+c%2525", "p/z%C3%A9"))
	got, err := list(t.Context(), behind)
	if want := []string{"\x01\r\n", "a+b c%25", "zé"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v, want %q", got, err, want)
	}
}

func TestListFailsRatherThanMislead(t *testing.T) {
	behind, _, p := faulty(t)
	for name, answer := range map[string]http.HandlerFunc{
		"out of order":                page("", "p/b", "p/a"),
		"twice":                       page("", "p/a", "p/a"),
		"of another root":             page("", "q/a"),
		"badly escaped":               page("<EncodingType>url</EncodingType>", "p/%zz"),
		"more, and no way to ask for": page("<IsTruncated>true</IsTruncated>", "p/a"),
	} {
		t.Run(name, func(t *testing.T) {
			p.times(1, "GET", answer)
			if keys, err := list(t.Context(), behind); err == nil {
				t.Errorf("listed %q", keys)
			}
		})
	}
}

func TestListLeavesOutTheRootsOwnFolderMarker(t *testing.T) {
	behind, _, p := faulty(t)
	p.times(1, "GET", page("", "p/", "p/a"))
	if got, err := list(t.Context(), behind); err != nil || !slices.Equal(got, []string{"a"}) {
		t.Errorf("%q, %v", got, err)
	}
}

func TestErrorsSayWhatWhereAndWhy(t *testing.T) {
	behind, _, p := faulty(t)
	for _, c := range []struct {
		status     int
		code, hint string
	}{
		{http.StatusForbidden, "AccessDenied", "s3:GetObject"},
		{http.StatusBadRequest, "ExpiredToken", "expired"},
		{http.StatusForbidden, "InvalidAccessKeyId", "access key"},
		{http.StatusMovedPermanently, "PermanentRedirect", "region"},
		{http.StatusNotFound, "NoSuchBucket", "bucket"},
		{http.StatusForbidden, "RequestTimeTooSkewed", "clock"},
	} {
		for name, call := range map[string]func() error{
			"Get":            func() error { _, err := behind.Get(t.Context(), "k"); return err },
			"Stat":           func() error { _, err := behind.Stat(t.Context(), "k", ""); return err },
			"Stat a version": func() error { _, err := behind.Stat(t.Context(), "k", "v"); return err },
		} {
			t.Run(c.code+" "+name, func(t *testing.T) {
				answer := say(c.status, c.code)
				p.harmAll(answer)
				err := call()
				for _, want := range []string{c.code, "/p/k", "GetObject"} {
					if err == nil || !strings.Contains(err.Error(), want) {
						t.Errorf("%v does not mention %s", err, want)
					}
				}
				if hint := hintOf(err); !strings.Contains(hint, c.hint) {
					t.Errorf("hint is %q, want something about %q", hint, c.hint)
				}
				notMissing(t, err)
			})
		}
	}
}

func TestNothingHangsOnAServerThatFallsSilent(t *testing.T) {
	behind, _, p := faulty(t)
	p.times(1, "GET", p.stall(10))
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	if _, err := list(ctx, behind); ctx.Err() != nil {
		t.Errorf("a stalled listing waited for the context to end: %v", err)
	}
}
