package lab

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// The regions that the S3 servers sign for.
const (
	Region      = "us-east-1"
	OtherRegion = "eu-west-1"
)

// The keys are the same at every start, because a cached keystore of the
// search servers holds them. They guard nothing but test data on 127.0.0.1.
const (
	accessKey = "archiver-lab"
	secretKey = "archiver-lab-secret"
)

// account is whom a server knows, and the region that it signs for.
type account struct{ region, access, secret string }

// S3Server is a versitygw: a real S3 for everything but lifecycle rules and
// restores from Glacier. Its ETags are not MD5.
type S3Server struct {
	Endpoint  string // http://127.0.0.1:port; buckets are addressed by path
	AccessKey string
	SecretKey string
	Dir       string // holds the buckets as folders and the objects as files
	PID       int
	region    string
}

// BucketOptions chooses what a bucket keeps. The zero value is a plain bucket.
type BucketOptions struct {
	Versioned  bool
	ObjectLock bool // implies Versioned
}

func (l *Lab) startS3(ctx context.Context, name string, a account) (*S3Server, error) {
	bin, err := l.cache.versitygw(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := l.folder(name)
	if err != nil {
		return nil, err
	}
	for _, sub := range []string{"buckets", "versions"} {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return nil, err
		}
	}
	if err := giveToServers(dir); err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		s, err := l.tryStartS3(ctx, bin, dir, a)
		if !errors.Is(err, errPortTaken) || try == 5 {
			return s, err
		}
	}
}

var errPortTaken = errors.New("another process took the port")

func (l *Lab) tryStartS3(ctx context.Context, bin, dir string, a account) (*S3Server, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	// A path of its own: whatever else may have got the port does not answer.
	health := "/" + rand.Text()
	buckets := filepath.Join(dir, "buckets")
	p, err := startProcess(command{
		argv: []string{bin, "--port", address, "--region", a.region, "--quiet", "--keep-alive", "--health", health,
			"posix", "--data-integrity-etag", "--versioning-dir", filepath.Join(dir, "versions"), buckets},
		env: []string{"ROOT_ACCESS_KEY=" + a.access, "ROOT_SECRET_KEY=" + a.secret},
		dir: dir,
		log: filepath.Join(dir, "versitygw.log"),
	})
	if err != nil {
		return nil, fmt.Errorf("start versitygw: %w", err)
	}
	s := &S3Server{Endpoint: "http://" + address, AccessKey: a.access, SecretKey: a.secret, Dir: buckets, PID: p.pid, region: a.region}
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	err = p.waitFor(ctx, func(ctx context.Context) bool { return answers(ctx, s.Endpoint+health, "", "") })
	if err == nil {
		l.processes = append(l.processes, p)
		return s, nil
	}
	if p.saysInUse() {
		err = errPortTaken
	}
	return nil, errors.Join(fmt.Errorf("start versitygw: %w", err), p.stop())
}

// versitygw is the path of the built server.
func (c cache) versitygw(ctx context.Context) (string, error) {
	dir, err := c.item(ctx, "versitygw-"+versitygwVersion, func(dir string) error {
		goTool, err := exec.LookPath("go")
		if err != nil {
			return &Unavailable{"versitygw", err}
		}
		cmd := exec.CommandContext(ctx, goTool, "install", versitygwModule+"@"+versitygwVersion)
		cmd.Env = append(os.Environ(), "GOBIN="+dir)
		if err := run(cmd); err != nil {
			return &Unavailable{"versitygw", err}
		}
		return nil
	})
	return filepath.Join(dir, "versitygw"), err
}

// CreateBucket makes a bucket of that name, which must be free.
func (s *S3Server) CreateBucket(ctx context.Context, name string, o BucketOptions) error {
	client := s.client()
	in := &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(o.ObjectLock)}
	if _, err := client.CreateBucket(ctx, in); err != nil {
		return fmt.Errorf("create bucket %s: %w", name, err)
	}
	if !o.Versioned && !o.ObjectLock {
		return nil
	}
	_, err := client.PutBucketVersioning(ctx, &s3.PutBucketVersioningInput{
		Bucket:                  &name,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		return fmt.Errorf("version bucket %s: %w", name, err)
	}
	return nil
}

func (s *S3Server) client() *s3.Client {
	return s3.New(s3.Options{
		Region:       s.region,
		BaseEndpoint: &s.Endpoint,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(s.AccessKey, s.SecretKey, ""),
		HTTPClient:   plainClient(),
	})
}
