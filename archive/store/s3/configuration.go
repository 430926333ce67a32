package s3

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/config"

	"archiver/archive/store"
)

// misconfigured tells the mistakes that only the server can tell, and that no
// repetition cures.
func (e *Error) misconfigured() bool {
	switch {
	case e.withheld():
		return !e.passing()
	case e.Code == "InvalidObjectState": // a 403, but nobody forbids anything
		return false
	case errors.Is(e.err, errNotS3), e.foreign():
		return true
	case e.Status == 0:
		return e.untrusted() || e.BadRegion()
	case e.Status >= 300 && e.Status < 400 && e.Status != http.StatusNotModified:
		return true
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden:
		return true
	}
	switch e.Code {
	case "NoSuchBucket", "InvalidBucketName", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
		"InvalidAccessKeyId", "InvalidToken", "ExpiredToken", "ExpiredTokenException", "RequestExpired",
		"NotImplemented", "KMS.DisabledException", "KMS.NotFoundException", "KMS.KMSInvalidStateException":
		return true
	}
	return e.unknownUser()
}

// foreign tells the answers of a web server that is no S3: their bodies name no
// code, so that the SDK makes one of the status.
func (e *Error) foreign() bool {
	switch e.Status {
	case http.StatusBadRequest, http.StatusNotFound, http.StatusMethodNotAllowed:
		if e.Code == "" {
			return !errors.Is(e.err, io.ErrUnexpectedEOF) // a body that was cut says nothing
		}
		text := http.StatusText(e.Status)
		return e.Code == strings.ReplaceAll(text, " ", "") && e.message() == text
	}
	return false
}

// unknownUser is some servers' 404 for an access key that they do not know.
func (e *Error) unknownUser() bool { return strings.Contains(e.Code, "UserNotFound") }

// withheld tells that the SDK had no credentials to sign with.
func (e *Error) withheld() bool {
	return strings.Contains(e.err.Error(), "failed to refresh cached credentials")
}

// passing tells which of these may get better by itself.
func (e *Error) passing() bool {
	if errors.Is(e.err, context.Canceled) || errors.Is(e.err, context.DeadlineExceeded) {
		return true
	}
	if e.Status != 0 {
		return e.Status >= 500 || e.Status == http.StatusTooManyRequests || strings.HasPrefix(e.Code, "Throttling")
	}
	// This machine's role is asked for last, and off Amazon's machines nobody
	// answers there; anything else that is not reached was configured.
	var network net.Error
	return errors.As(e.err, &network) && !strings.Contains(e.err.Error(), "ec2imds")
}

// untrusted tells a handshake that failed, or an http address for an https port
// or the reverse.
func (e *Error) untrusted() bool {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(e.err, &cert) || errors.As(e.err, &record) || errors.Is(e.err, http.ErrSchemeMismatch)
}

// BadRegion tells a request that was not sent because no region is named, or one
// that cannot be any. The SDK has no type for it, and says it in three ways.
func (e *Error) BadRegion() bool {
	if e.err == nil || e.Status != 0 {
		return false
	}
	return slices.ContainsFunc([]string{"region must be set", "Invalid region: ", "invalid input region "}, func(says string) bool {
		return strings.Contains(e.err.Error(), says)
	})
}

// openError is what is wrong with the AWS configuration.
type openError struct {
	err  error
	hint string
}

func (e *openError) Error() string   { return e.err.Error() }
func (e *openError) Unwrap() []error { return []error{store.ErrConfiguration, e.err} }
func (e *openError) Hint() string    { return e.hint }

func unusable(bucket string, err error) error {
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		return &openError{
			fmt.Errorf("AWS configuration for s3://%s: there is no profile %s", bucket, missing.Profile),
			"correct s3.profile (or staging.s3.profile, archive.s3.profile, AWS_PROFILE), or add the profile to ~/.aws/config",
		}
	}
	return &openError{fmt.Errorf("AWS configuration for s3://%s: %w", bucket, err), "correct the AWS configuration files (~/.aws/config, ~/.aws/credentials) or the AWS_ variables"}
}
