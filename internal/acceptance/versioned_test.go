package acceptance

import (
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestVersionedStagingBucketKeepsNothingOfADay looks below what a listing shows:
// a bucket with versions keeps what the cluster and the archiver have deleted.
func TestVersionedStagingBucketKeepsNothingOfADay(t *testing.T) {
	w := newWorld(t, "versioned")
	w.staging = w.s3.BucketVersioned(t, false)
	w.configure(w.search.URL, w.s3.Endpoint, "")
	day := func(n int) {
		t.Helper()
		date := dayNumber(n)
		w.logs(date, 2000, 2)
		w.must(0, "run", "--date", date, "--set", "archive.volume_size=64KiB")
		w.wantEmpty()
		for _, v := range w.versions(w.staging) {
			if !aws.ToBool(v.IsLatest) {
				t.Errorf("day %d: an old version is left of %s", n, aws.ToString(v.Key))
			}
		}
	}
	day(0)
	day(1) // on the markers and versions that a day before would have left
	t.Run("also where versioning was suspended", func(t *testing.T) {
		w.setVersioning(w.staging, types.BucketVersioningStatusSuspended)
		day(2)
		day(3)
	})
	for n := range 2 {
		w.openByHand(dayNumber(n))
	}
}

// TestVersionedBucketKeepsNothingOfARestore looks below what a listing shows, too:
// what a restore has unpacked there is a day's logs in plain.
func TestVersionedBucketKeepsNothingOfARestore(t *testing.T) {
	w := newWorld(t, "versioned-back")
	const date = "2026-11-20"
	w.logs(date, 2000, 2)
	w.must(0, "run", "--date", date)
	bucket := w.s3.BucketVersioned(t, false)
	w.configure(w.search.URL, w.s3.Endpoint, w.opening()+"restore:\n  staging:\n    url: s3://"+bucket+"\n")
	bring := func() {
		t.Helper()
		w.must(0, "drill", "--latest")
		w.must(0, "restore", "--date", date, "--rename", "back-{index}")
		w.wantDocuments("back-"+w.index(date), date, 2000)
		w.ok("DELETE", "/back-"+w.index(date), nil)
		for _, v := range w.versions(bucket) {
			t.Errorf("left is version %s of %s", aws.ToString(v.VersionId), aws.ToString(v.Key))
		}
	}
	bring()
	t.Run("also where versioning was suspended", func(t *testing.T) {
		w.setVersioning(bucket, types.BucketVersioningStatusSuspended)
		bring()
	})
	t.Run("a role that may not delete versions is told so", func(t *testing.T) {
		w.setVersioning(bucket, types.BucketVersioningStatusEnabled)
		w.configure(w.search.URL, denying(t, w.s3.Endpoint, func(r *http.Request) bool {
			return r.Method == http.MethodDelete && r.URL.Query().Has("versionId")
		}), w.opening()+"restore:\n  staging:\n    url: s3://"+bucket+"\n")
		r := w.run("drill", "--latest")
		if r.code == 0 || !strings.Contains(r.stderr, "s3:DeleteObjectVersion") {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
		w.configure(w.search.URL, w.s3.Endpoint, w.opening()+"restore:\n  staging:\n    url: s3://"+bucket+"\n")
		bring() // and takes along what was left
	})
}

func (w *world) setVersioning(bucket string, status types.BucketVersioningStatus) {
	w.t.Helper()
	_, err := w.client().PutBucketVersioning(w.t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &bucket, VersioningConfiguration: &types.VersioningConfiguration{Status: status},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// denying is an S3 server that refuses some requests for want of a permission.
func denying(t *testing.T, target string, denied func(*http.Request) bool) string {
	t.Helper()
	next, err := url.Parse(proxy(t, target, func(int64, *http.Request) {}))
	if err != nil {
		t.Fatal(err)
	}
	pass := httputil.NewSingleHostReverseProxy(next)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !denied(r) {
			pass.ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusForbidden)
		_, _ = io.WriteString(w, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>")
	}))
	t.Cleanup(server.Close)
	return server.URL
}
