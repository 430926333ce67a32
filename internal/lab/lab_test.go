package lab

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// asParent, in the environment, makes the test binary start a server, print
// its pid and endpoint, and wait to be killed.
const asParent = "ARCHIVER_LAB_TEST_PARENT"

func TestMain(m *testing.M) {
	if os.Getenv(asParent) != "" {
		parent()
	}
	Main(m)
}

func TestS3Answers(t *testing.T) {
	server := S3(t)
	name := server.Bucket(t)
	out, err := server.client().ListBuckets(t.Context(), &s3.ListBucketsInput{})
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range out.Buckets {
		if aws.ToString(b.Name) == name {
			return
		}
	}
	t.Errorf("bucket %s is not listed", name)
}

func TestS3KeepsItsObjectsAsFilesInDir(t *testing.T) {
	server := S3(t)
	name := server.Bucket(t)
	_, err := server.client().PutObject(t.Context(), &s3.PutObjectInput{
		Bucket: &name, Key: aws.String("a/b"), Body: strings.NewReader("content"),
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(server.Dir, name, "a", "b"))
	if err != nil || string(got) != "content" {
		t.Errorf("read %q, %v", got, err)
	}
}

func TestBucketVersionedKeepsVersionsAndTakesLocks(t *testing.T) {
	server := S3(t)
	for _, lock := range []bool{false, true} {
		t.Run(fmt.Sprintf("lock=%v", lock), func(t *testing.T) {
			name := server.BucketVersioned(t, lock)
			put, err := server.client().PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: aws.String("k"), Body: strings.NewReader("1")})
			if err != nil {
				t.Fatal(err)
			}
			if aws.ToString(put.VersionId) == "" {
				t.Error("no version id: the bucket is not versioned")
			}
			_, err = server.client().PutObjectRetention(t.Context(), &s3.PutObjectRetentionInput{
				Bucket: &name, Key: aws.String("k"), VersionId: put.VersionId,
				Retention: &types.ObjectLockRetention{
					Mode:            types.ObjectLockRetentionModeGovernance,
					RetainUntilDate: aws.Time(time.Now().Add(time.Hour)),
				},
			})
			if (err == nil) != lock {
				t.Errorf("retention with lock=%v: %v", lock, err)
			}
		})
	}
}

func TestKilledParentLeavesNoServer(t *testing.T) {
	if _, err := ofProcess(t).S3(t.Context()); err != nil {
		settle(t, "S3 server", err) // fetched here, so that the parent is quick
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), asParent+"=1")
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	var pid int
	var endpoint string
	_, scanErr := fmt.Fscan(bufio.NewReader(out), &pid, &endpoint)
	before := alive(pid)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if scanErr != nil || !before {
		t.Fatalf("the parent started no server: %v, pid %d", scanErr, pid)
	}
	for end := time.Now().Add(10 * time.Second); alive(pid); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("server %d outlived its parent by 10 s", pid)
		}
	}
	if resp, err := http.Get(endpoint); err == nil {
		resp.Body.Close()
		t.Errorf("%s still answers", endpoint)
	}
}

// parent never returns.
func parent() {
	l, err := Open()
	if err == nil {
		var s *S3Server
		if s, err = l.S3(context.Background()); err == nil {
			fmt.Println(s.PID, s.Endpoint)
			select {}
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// alive reports whether the process runs; one that only waits to be reaped
// does not.
func alive(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && !strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

func TestCloseStopsEverythingAndRemovesItsData(t *testing.T) {
	l, err := Open()
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.S3(t.Context())
	settle(t, "S3 server", err)
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	if alive(s.PID) {
		t.Errorf("server %d still runs", s.PID)
	}
	if _, err := os.Stat(s.Dir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("%s is still there: %v", s.Dir, err)
	}
}
