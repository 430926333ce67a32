package s3

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"archiver/archive/store"
)

// Error is a call that failed. It is one of the port's errors where one fits.
type Error struct {
	Op     string // the S3 action, as IAM names it
	URL    string // of the object or the prefix
	Status int    // HTTP; 0 if there was no answer
	Code   string // S3's
	is     error
	err    error
}

func (e *Error) Error() string {
	if e.Code == "" && e.Status == 0 {
		return fmt.Sprintf("%s %s: %v", e.Op, e.URL, e.err)
	}
	var api smithy.APIError
	message := ""
	if errors.As(e.err, &api) && api.ErrorMessage() != "" {
		message = ": " + api.ErrorMessage()
	}
	return fmt.Sprintf("%s %s: %d %s%s", e.Op, e.URL, e.Status, e.Code, message)
}

// Unwrap gives the port's error, if one fits, and the SDK's.
func (e *Error) Unwrap() []error {
	if e.is == nil {
		return []error{e.err}
	}
	return []error{e.is, e.err}
}

// Hint says what to do about it.
func (e *Error) Hint() string {
	switch {
	case e.Code == "NoSuchBucket":
		return "create the bucket, or correct the bucket's name in staging.url or archive.url"
	case e.Code == "ExpiredToken" || e.Code == "ExpiredTokenException" || e.Code == "RequestExpired":
		return "the credentials have expired: renew them"
	case e.Code == "InvalidAccessKeyId" || e.Code == "SignatureDoesNotMatch" || strings.Contains(e.Code, "UserNotFound"):
		return "the access key or its secret is wrong for this endpoint"
	case e.Code == "PermanentRedirect" || e.Code == "AuthorizationHeaderMalformed" || e.Status == http.StatusMovedPermanently:
		return "the bucket is in another region: set s3.region (or staging.s3.region, archive.s3.region)"
	case e.Code == "RequestTimeTooSkewed":
		return "this machine's clock is wrong: set it"
	case errors.Is(e.is, store.ErrCold):
		return "thaw the object (RestoreObject), and run again when that is done"
	case e.Status == http.StatusForbidden:
		return "allow s3:" + e.Op + " on it to this role; if s3.expected_bucket_owner is set, compare it with the bucket's owner"
	case e.Code == "ConditionalRequestConflict":
		return "another write to it was under way: run again"
	case e.Status == 0 && strings.Contains(e.err.Error(), "region must be set"):
		return "set s3.region (or AWS_REGION)"
	case e.Status == 0 && strings.Contains(e.err.Error(), "failed to refresh cached credentials"):
		return "no AWS credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or s3.profile, or give this machine a role"
	case e.Status == 0 && strings.Contains(e.err.Error(), "no such host"):
		return "correct s3.endpoint; if it is a server of your own, set s3.path_style: true"
	case e.Status == 0:
		return "see whether the endpoint is reachable from here, and whether credentials can be had (AWS default chain)"
	}
	return ""
}

// wrap turns an SDK error into ours. Errors that have no sentinel keep the
// SDK's alone.
func (s *Store) wrap(op, key string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, URL: s.URL() + key, err: err}
	var response *awshttp.ResponseError
	if errors.As(err, &response) {
		e.Status = response.HTTPStatusCode()
	}
	var api smithy.APIError
	if errors.As(err, &api) {
		e.Code = api.ErrorCode()
	}
	switch {
	case e.absent():
		e.is = store.ErrNotFound
	case e.Code == "InvalidObjectState": // a 403, but nobody forbids anything
		e.is = store.ErrCold
	}
	return e
}

// absent tells that the object is not there. Any other 404 is something else:
// some servers answer 404 for an access key that they do not know.
func (e *Error) absent() bool {
	switch e.Code {
	case "NoSuchKey", "NoSuchVersion", "NoSuchUpload":
		return true
	case "", "NotFound": // a HEAD has no body to say more
		return e.Status == http.StatusNotFound
	}
	return false
}

// missingVersion names the port's error for a version v that is that of a
// delete marker, or has not even the form of one.
func missingVersion(v string, err error) error {
	var e *Error
	if v != "" && errors.As(err, &e) && (e.Code == "InvalidArgument" || e.Code == "MethodNotAllowed") {
		e.is = store.ErrNotFound
	}
	return err
}

// refused names the port's error for a condition that did not hold.
func refused(err, is error, codes ...int) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	for _, c := range codes {
		if e.Status == c && e.Code != "NoSuchBucket" {
			e.is = is
		}
	}
	return e
}
