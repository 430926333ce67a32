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
	"github.com/aws/aws-sdk-go-v2/aws/ratelimit"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

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
	// SSE is the server-side encryption that is asked for with every write:
	// AES256, aws:kms or aws:kms:dsse; "": the bucket's default.
	SSE string
	// KMSKeyID names the key for aws:kms and aws:kms:dsse; "": the account's
	// own key for S3.
	KMSKeyID string
	// IdleTimeout cuts a connection that has stopped to flow, or does not answer;
	// 0: 30 seconds. The completion of an upload is given 15 minutes.
	IdleTimeout time.Duration
}

// Store is one prefix of one bucket.
type Store struct {
	client *s3.Client
	// patient sends what the server may take minutes to answer.
	patient s3.HTTPClient
	bucket  string
	prefix  string // "" or ends in "/"
	owner   *string
	idle    time.Duration
	// unsummed: small objects are sent without a checksum.
	unsummed bool
	sse      types.ServerSideEncryption
	kmsKey   *string
}

var _ store.Store = (*Store)(nil)

const (
	defaultIdle = 30 * time.Second
	dialTimeout = 10 * time.Second
	keepAlive   = 30 * time.Second
	// completionTimeout bounds the silence before an upload's completion is
	// answered: some servers copy the whole object first.
	completionTimeout = 15 * time.Minute
	connections       = 64 // kept open per host: what runs side by side
	tries             = 5  // of a read
)

// Open prepares a store; the first call is the one that connects. Credentials
// come by the AWS default chain.
func Open(ctx context.Context, o Options) (*Store, error) {
	idle := o.IdleTimeout
	if idle == 0 {
		idle = defaultIdle
	}
	cfg, err := config.LoadDefaultConfig(ctx, func(l *config.LoadOptions) error {
		l.Region, l.SharedConfigProfile = o.Region, o.Profile
		l.HTTPClient = awshttp.NewBuildableClient().WithTransportOptions(transport(idle))
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("AWS configuration: %w", err)
	}
	// Not the one from above: loading may have added certificates to it.
	own, ok := cfg.HTTPClient.(*awshttp.BuildableClient)
	if !ok {
		return nil, fmt.Errorf("AWS configuration: the SDK made an HTTP client of type %T", cfg.HTTPClient)
	}
	client := s3.NewFromConfig(cfg, func(c *s3.Options) {
		c.UsePathStyle = o.PathStyle
		if o.Endpoint != "" {
			c.BaseEndpoint = aws.String(o.Endpoint)
		}
		if o.ChecksumsWhenRequired {
			c.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		}
		// Get asks for a checksum itself; the answer to a range may carry one
		// that is not about the range.
		c.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		c.Retryer = retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts = tries
			// Its quota counts for the whole client: one request of many side by
			// side would fail because others had to be repeated.
			r.RateLimiter = ratelimit.None
		})
		c.DisableLogOutputChecksumValidationSkipped = true
	})
	s := &Store{
		client: client, patient: own.WithTransportOptions(transport(max(idle, completionTimeout))),
		bucket: o.Bucket, idle: idle, unsummed: o.ChecksumsWhenRequired,
		sse: types.ServerSideEncryption(o.SSE),
	}
	if p := strings.Trim(o.Prefix, "/"); p != "" {
		s.prefix = p + "/"
	}
	if o.KMSKeyID != "" {
		s.kmsKey = aws.String(o.KMSKeyID)
	}
	if o.ExpectedBucketOwner != "" {
		s.owner = aws.String(o.ExpectedBucketOwner)
	}
	return s, nil
}

// transport tunes the SDK's own kind of HTTP client: it refuses others when
// AWS_CA_BUNDLE is set. A connection on which nothing moves for the length of
// silence is cut. HTTP/2 would put all transfers on one connection.
func transport(silence time.Duration) func(*http.Transport) {
	dialer := &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive}
	return func(t *http.Transport) {
		t.MaxIdleConns, t.MaxIdleConnsPerHost = 2*connections, connections
		t.ForceAttemptHTTP2 = false
		t.IdleConnTimeout = silence / 2 // put aside before it is cut
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &idleConn{Conn: conn, idle: silence}, nil
		}
	}
}

// URL names the root.
func (s *Store) URL() string { return "s3://" + s.bucket + "/" + s.prefix }

func (s *Store) key(key string) *string { return aws.String(s.prefix + key) }

// once sends a request without the SDK's retries: a change whose answer is lost
// is for the caller to settle.
func once(o *s3.Options) { o.Retryer = aws.NopRetryer{} }

// version turns S3's name for "never versioned" into the port's.
func version(v *string) string {
	if aws.ToString(v) == unversioned {
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
