package lab

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
)

// shared is the lab of this test process: servers that take seconds to start
// are worth sharing between its tests, and TestMain and the tests have no
// other way to meet.
var shared struct {
	sync.Mutex
	lab *Lab
}

// Main is TestMain for every package whose tests use a server: it runs the
// tests, stops what they started, and exits.
//
//	func TestMain(m *testing.M) { lab.Main(m) }
func Main(m *testing.M) {
	l, err := Open()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	shared.Lock()
	shared.lab = l
	shared.Unlock()
	code := m.Run()
	if err := l.Close(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = max(code, 1)
	}
	os.Exit(code)
}

// S3 is the process's S3 server. A test that wants to be alone takes a Bucket.
func S3(t testing.TB) *S3Server {
	t.Helper()
	s, err := ofProcess(t).S3(t.Context())
	settle(t, "S3 server", err)
	return s
}

// OtherS3 is the process's second S3 server.
func OtherS3(t testing.TB) *S3Server {
	t.Helper()
	s, err := ofProcess(t).OtherS3(t.Context())
	settle(t, "other S3 server", err)
	return s
}

// SearchAlone starts a server for one test, in a lab of its own that the test
// closes: for those that are not worth the memory of staying. It returns that
// lab's S3 server too.
func SearchAlone(t testing.TB, v Version, o SearchOptions) (*SearchServer, *S3Server) {
	t.Helper()
	l := alone(t)
	search, err := l.Search(t.Context(), v, o)
	settle(t, string(v), err)
	s3, err := l.S3(t.Context())
	settle(t, "S3 server", err)
	return search, s3
}

// alone is a lab of one test's own, closed when the test ends.
func alone(t testing.TB) *Lab {
	t.Helper()
	l, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

// OpenSearch is the process's OpenSearch 3.6.0, which keeps repositories in S3
// as well as in folders.
func OpenSearch(t testing.TB) *SearchServer {
	t.Helper()
	return Search(t, OpenSearch36, SearchOptions{})
}

// Search is the process's server of that version with these options.
func Search(t testing.TB, v Version, o SearchOptions) *SearchServer {
	t.Helper()
	s, err := ofProcess(t).Search(t.Context(), v, o)
	settle(t, string(v), err)
	return s
}

func ofProcess(t testing.TB) *Lab {
	t.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.lab == nil {
		t.Fatal("this package's TestMain must call lab.Main")
	}
	return shared.lab
}

// settle skips where something is not to be had, and fails where it is broken.
func settle(t testing.TB, what string, err error) {
	t.Helper()
	var missing *Unavailable
	switch {
	case errors.As(err, &missing):
		Need(t, missing.What, missing.Err)
	case err != nil:
		t.Fatalf("%s: %v", what, err)
	}
}

// Bucket makes a bucket for one test and returns its name.
func (s *S3Server) Bucket(t testing.TB) string {
	t.Helper()
	return s.bucket(t, BucketOptions{})
}

// BucketVersioned makes a bucket that keeps versions, and takes Object Lock
// retention if lock is set.
func (s *S3Server) BucketVersioned(t testing.TB, lock bool) string {
	t.Helper()
	return s.bucket(t, BucketOptions{Versioned: true, ObjectLock: lock})
}

func (s *S3Server) bucket(t testing.TB, o BucketOptions) string {
	t.Helper()
	name := "test-" + strings.ToLower(rand.Text())
	if err := s.CreateBucket(t.Context(), name, o); err != nil {
		t.Fatal(err)
	}
	return name
}

// Env points the AWS default chain at this server's keys for the length of
// the test, and away from everything that this machine may know of AWS.
func (s *S3Server) Env(t testing.TB) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":           s.AccessKey,
		"AWS_SECRET_ACCESS_KEY":       s.SecretKey,
		"AWS_SESSION_TOKEN":           "",
		"AWS_PROFILE":                 "",
		"AWS_REGION":                  Region,
		"AWS_ENDPOINT_URL":            "",
		"AWS_ENDPOINT_URL_S3":         "",
		"AWS_EC2_METADATA_DISABLED":   "true",
		"AWS_CONFIG_FILE":             os.DevNull,
		"AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}
