// Package s3 is the object-store port on Amazon S3 and what speaks its
// protocol. upload.go is the one file that knows the upload manager.
package s3

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"archiver/archive/store"
)

// Options say which part of which bucket the store is, and how to reach it.
type Options struct {
	Bucket string
	Prefix string // "" or a folder; all keys lie below it
	Region string // "": the default chain's
	// Endpoint of an S3-compatible server; "": Amazon's.
	Endpoint  string
	PathStyle bool // the bucket in the path, not in the host name
	Profile   string
	// ExpectedBucketOwner is an account number; a bucket of another owner
	// refuses every call. "": not checked.
	ExpectedBucketOwner string
	// ChecksumsWhenRequired leaves out the checksums that some S3-compatibles
	// refuse. Uploads of volumes keep theirs.
	ChecksumsWhenRequired bool
	// IdleTimeout cuts a body that has stopped to flow; 0: 30 seconds.
	IdleTimeout time.Duration
}

// Store is one prefix of one bucket.
type Store struct {
	client *s3.Client
	bucket string
	prefix string // "" or ends in "/"
	owner  *string
	idle   time.Duration
}

var _ store.Store = (*Store)(nil)

const (
	defaultIdle   = 30 * time.Second
	dialTimeout   = 10 * time.Second
	headerTimeout = time.Minute
	connections   = 64 // kept open per host: what runs side by side
	tries         = 5  // of a read
)

// Open prepares a store; the first call is the one that connects. Credentials
// come by the AWS default chain.
func Open(ctx context.Context, o Options) (*Store, error) {
	cfg, err := config.LoadDefaultConfig(ctx, func(l *config.LoadOptions) error {
		l.Region, l.SharedConfigProfile = o.Region, o.Profile
		l.HTTPClient = httpClient()
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	client := s3.NewFromConfig(cfg, func(c *s3.Options) {
		c.UsePathStyle = o.PathStyle
		if o.Endpoint != "" {
			c.BaseEndpoint = aws.String(o.Endpoint)
		}
		if o.ChecksumsWhenRequired {
			c.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
			c.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		}
		c.Retryer = retry.AddWithMaxAttempts(retry.NewStandard(), tries)
		c.DisableLogOutputChecksumValidationSkipped = true
	})
	s := &Store{client: client, bucket: o.Bucket, idle: o.IdleTimeout}
	if s.idle == 0 {
		s.idle = defaultIdle
	}
	if p := strings.Trim(o.Prefix, "/"); p != "" {
		s.prefix = p + "/"
	}
	if o.ExpectedBucketOwner != "" {
		s.owner = aws.String(o.ExpectedBucketOwner)
	}
	return s, nil
}

// httpClient is the SDK's own kind: it refuses others when AWS_CA_BUNDLE is set.
func httpClient() *awshttp.BuildableClient {
	return awshttp.NewBuildableClient().
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*connections, connections
			t.ResponseHeaderTimeout = headerTimeout
		}).
		WithDialerOptions(func(d *net.Dialer) { d.Timeout = dialTimeout })
}

// URL names the root.
func (s *Store) URL() string { return "s3://" + s.bucket + "/" + s.prefix }

func (s *Store) key(key string) *string { return aws.String(s.prefix + key) }

// once sends a request without the SDK's retries: a change whose answer is lost
// is for the caller to settle.
func once(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

// version turns S3's name for "never versioned" into the port's.
func version(v *string) string {
	if aws.ToString(v) == "null" {
		return ""
	}
	return aws.ToString(v)
}

// versionID is the reverse, for requests.
func versionID(v string) *string {
	if v == "" {
		return nil
	}
	return aws.String(v)
}
