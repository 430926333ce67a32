// Package sigv4 signs requests to Amazon OpenSearch Service with AWS
// credentials, for the Authorize hook of package snapshot.
//
// The credentials come by the AWS default chain or from a named profile, and
// are asked for at every request: those of a role are renewed in the middle of
// a run, before they expire.
package sigv4

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go/logging"

	"archiver/snapshot"
)

// service is Amazon OpenSearch Service in a signature's scope.
const service = "es"

// renewal is how long before their end credentials are renewed: a request must
// not expire on its way.
const renewal = 2 * time.Minute

// Options say whose credentials sign, and for which region.
type Options struct {
	Region  string // "": the default chain's
	Profile string // of the AWS configuration files; "": the default chain
}

// Signer signs requests. It may be used by several goroutines at once.
type Signer struct {
	region      string
	credentials aws.CredentialsProvider
	signer      *v4.Signer
	now         func() time.Time
}

// Load finds out where credentials come from. It asks for none yet: a role that
// cannot be had shows at the first request. Errors are ErrConfiguration.
func Load(ctx context.Context, o Options) (*Signer, error) {
	cfg, err := config.LoadDefaultConfig(ctx, func(l *config.LoadOptions) error {
		l.Region, l.SharedConfigProfile = o.Region, o.Profile
		l.Logger = logging.Nop{} // what matters comes back as an error
		l.CredentialsCacheOptions = func(c *aws.CredentialsCacheOptions) { c.ExpiryWindow = renewal }
		return nil
	})
	if err != nil {
		return nil, unusable(o, err)
	}
	if cfg.Region == "" {
		return nil, &Error{
			err:  errors.New("the region is not known that requests to the cluster are signed for"),
			hint: "set cluster.region, or s3.region, or AWS_REGION", is: snapshot.ErrConfiguration,
		}
	}
	return New(cfg.Region, cfg.Credentials), nil
}

// New signs for a region with what a provider gives, which is asked for every
// request and should cache.
func New(region string, credentials aws.CredentialsProvider) *Signer {
	return &Signer{region: region, credentials: credentials, signer: v4.NewSigner(), now: time.Now}
}

// Authorize signs a request that is final. The path is encoded once more in the
// signature than on the wire, as every service but S3 wants it. The error is
// snapshot.ErrConfiguration or snapshot.ErrUnreachable where it is known which.
func (s *Signer) Authorize(r *http.Request) error {
	credentials, err := s.credentials.Retrieve(r.Context())
	if err != nil {
		return withheld(err)
	}
	hash, err := payloadHash(r)
	if err != nil {
		return fmt.Errorf("sign the request: %w", err)
	}
	r.Header.Set("X-Amz-Content-Sha256", hash)
	return s.signer.SignHTTP(r.Context(), credentials, r, hash, service, s.region, s.now())
}

// payloadHash leaves the body as it was: it reads a copy.
func payloadHash(r *http.Request) (string, error) {
	h := sha256.New()
	if r.Body != nil && r.Body != http.NoBody {
		if r.GetBody == nil {
			return "", errors.New("its body can be read only once")
		}
		body, err := r.GetBody()
		if err != nil {
			return "", err
		}
		defer body.Close()
		if _, err := io.Copy(h, body); err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}
