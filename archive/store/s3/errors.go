package s3

import (
	"errors"
	"fmt"
	"strings"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

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
	owner  bool // the bucket's owner was to be checked
}

func (e *Error) Error() string {
	if errors.Is(e.err, errNotS3) {
		return fmt.Sprintf("%s %s: %v", e.Op, e.URL, errNotS3)
	}
	if e.Code == "" && e.Status == 0 {
		return fmt.Sprintf("%s %s: %s", e.Op, e.URL, e.cause())
	}
	what := fmt.Sprintf("%s %s: %d", e.Op, e.URL, e.Status)
	for _, more := range []string{" " + e.Code, ": " + e.message()} {
		if more != " " && more != ": " {
			what += more
		}
	}
	if e.foreign() {
		what += ": " + errNotS3.Error()
	}
	return what
}

// cause is why there is no answer, without the SDK's own words around it.
func (e *Error) cause() string {
	var send *smithyhttp.RequestSendError
	switch {
	case e.withheld() && strings.Contains(e.err.Error(), "ec2imds"):
		return "no AWS credentials were found in the environment, the AWS files, a container's role or this machine's role"
	case errors.As(e.err, &send):
		return send.Err.Error()
	}
	return e.err.Error()
}

// message is S3's, which may be empty.
func (e *Error) message() string {
	var api smithy.APIError
	if !errors.As(e.err, &api) {
		return ""
	}
	return api.ErrorMessage()
}

// Unwrap gives the port's error, if one fits, and the SDK's.
func (e *Error) Unwrap() []error {
	if e.is == nil {
		return []error{e.err}
	}
	return []error{e.is, e.err}
}

// wrap turns an SDK error into ours. Errors that have no sentinel keep the
// SDK's alone.
func (s *Store) wrap(op, key string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Op: op, URL: s.URL() + key, err: err, owner: s.owner != nil}
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
	case e.misconfigured():
		e.is = store.ErrConfiguration
	}
	return e
}

// absent tells that the object is not there. Any other 404 is something else:
// some servers answer 404 for an access key that they do not know, and every
// web server does for what is not its own.
func (e *Error) absent() bool {
	switch e.Code {
	case "NoSuchKey", "NoSuchVersion", "NoSuchUpload":
		return true
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
