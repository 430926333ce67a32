package sigv4

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/smithy-go"

	"archiver/snapshot"
)

// Error says why requests cannot be signed.
type Error struct {
	err  error
	hint string
	is   error // snapshot.ErrConfiguration or ErrUnreachable; nil: neither
}

func (e *Error) Error() string { return e.err.Error() }

// Unwrap gives the kind and the SDK's error.
func (e *Error) Unwrap() []error {
	if e.is == nil {
		return []error{e.err}
	}
	return []error{e.is, e.err}
}

// Hint is the remedy.
func (e *Error) Hint() string { return e.hint }

const anyCredentials = "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or cluster.profile, or give this machine, container or task a role"

// unusable is a configuration of AWS that cannot be read.
func unusable(o Options, err error) error {
	e := &Error{err: fmt.Errorf("AWS configuration: %w", err), is: snapshot.ErrConfiguration, hint: "correct the AWS configuration files (~/.aws/config, ~/.aws/credentials) or the AWS_ variables"}
	var missing config.SharedConfigProfileNotExistError
	if errors.As(err, &missing) {
		e.err = errors.New("AWS configuration: there is no profile " + missing.Profile)
		e.hint = "correct cluster.profile (or AWS_PROFILE), or add the profile to ~/.aws/config"
	}
	return e
}

// withheld is a provider that gave no credentials. Whether that passes is told
// by what the provider's server said, if it said something.
func withheld(err error) error {
	e := &Error{err: fmt.Errorf("AWS credentials: %w", err), is: snapshot.ErrConfiguration, hint: anyCredentials}
	var response interface{ HTTPStatusCode() int }
	var api smithy.APIError
	var operation *smithy.OperationError
	var network net.Error
	named := errors.As(err, &operation)
	if errors.As(err, &response) && (!errors.As(err, &api) || api.ErrorCode() == "") {
		e.err = fmt.Errorf("AWS credentials: the service that gives them out answered %d", response.HTTPStatusCode())
	}
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		e.is, e.hint = nil, ""
	case errors.As(err, &response) && passing(response.HTTPStatusCode()):
		e.is, e.hint = snapshot.ErrUnreachable, "whoever gives out the credentials has a passing trouble: run again"
	case errors.As(err, &api) && (api.ErrorCode() == "Throttling" || api.ErrorCode() == "ThrottlingException"):
		e.is, e.hint = snapshot.ErrUnreachable, "too many ask for credentials at once: run again"
	case errors.As(err, &api), errors.As(err, &response):
		e.hint = "this machine may not take the role, or its own credentials are wrong or have expired: look at the role's trust policy, and renew them (aws sso login)"
	case named && operation.Service() == "ec2imds":
		// The last of the chain: nothing before it had any, and off Amazon's
		// machines nobody answers.
		e.err = errors.New("AWS credentials: none were found in the environment, the AWS files, a container's role or this machine's role")
	case errors.As(err, &network):
		e.is, e.hint = snapshot.ErrUnreachable, "see whether this machine reaches AWS STS, or the address of its container's credentials"
	}
	return e
}

func passing(status int) bool { return status >= 500 || status == http.StatusTooManyRequests }
