package s3

import (
	"crypto/tls"
	"errors"
	"net/http"
	"strings"

	"archiver/archive/store"
)

// Hint says what to do about it.
func (e *Error) Hint() string {
	for _, find := range []func() string{e.hintForCredentials, e.hintForPlace, e.hintForAccess, e.hintForSilence} {
		if h := find(); h != "" {
			return h
		}
	}
	return ""
}

// Unauthenticated tells that the store does not know the caller, or that there
// are no credentials at all; a caller that is known and may not is not this.
func (e *Error) Unauthenticated() bool { return e.hintForCredentials() != "" }

func (e *Error) hintForCredentials() string {
	switch {
	case e.withheld() && e.passing():
		return "whoever gives out the AWS credentials could not be reached, or has a passing trouble: run again"
	case e.withheld() && e.Status != 0:
		return "this machine may not take the role that is configured, or its own credentials are wrong or have expired: look at the role's trust policy, and renew them"
	case e.withheld():
		return "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or s3.profile, or give this machine a role"
	case e.Code == "ExpiredToken" || e.Code == "ExpiredTokenException" || e.Code == "RequestExpired":
		return "the credentials have expired: renew them"
	case e.Code == "InvalidToken":
		return "the session token does not belong to the access key, or to this endpoint: set AWS_SESSION_TOKEN together with the two other keys, or none"
	case e.Code == "InvalidAccessKeyId" || e.Code == "SignatureDoesNotMatch" || e.unknownUser():
		return "the access key or its secret is wrong for this endpoint"
	case e.Code == "RequestTimeTooSkewed":
		return "this machine's clock is wrong: set it"
	}
	return ""
}

func (e *Error) hintForPlace() string {
	switch {
	case e.Code == "NoSuchBucket" || e.Code == "InvalidBucketName":
		return "create the bucket, or correct the bucket's name in staging.url or archive.url"
	case e.Code == "PermanentRedirect" || e.Code == "AuthorizationHeaderMalformed" || e.Code == "IllegalLocationConstraintException" || e.Status == http.StatusMovedPermanently:
		return "the bucket is in another region: set s3.region (or staging.s3.region, archive.s3.region). If s3.endpoint is set, see whether S3 is what answers there"
	case errors.Is(e.err, errNotS3), e.foreign(), e.Status >= 300 && e.Status < 400:
		return "something else than S3 answered: correct s3.endpoint (scheme, host and port of its API, not of its console), and s3.path_style"
	case e.Code == "NotImplemented":
		return "this server does not know something that S3 does: if it is checksums, set s3.checksums: when_required"
	}
	return ""
}

func (e *Error) hintForAccess() string {
	switch {
	case errors.Is(e.is, store.ErrCold):
		return "thaw the object (RestoreObject), and run again when that is done"
	case strings.HasPrefix(e.Code, "KMS."):
		return "the bucket's KMS key is disabled, being deleted or gone: look at the key that the bucket encrypts with"
	case e.Status == http.StatusForbidden && strings.Contains(e.message(), "kms:"):
		return "allow kms:GenerateDataKey and kms:Decrypt on the bucket's KMS key to this role, in its policy and in the key's"
	case e.Status == http.StatusForbidden:
		h := "allow s3:" + e.Op + " on it to this role, and look for a bucket policy that denies it"
		if e.Op == "GetObject" {
			h += "; without s3:ListBucket, what is not there is refused in this way, too"
		}
		if e.owner {
			h = "compare s3.expected_bucket_owner with the bucket's owner; if they are the same, " + h
		}
		return h
	case e.Code == "ConditionalRequestConflict":
		return "another write to it was under way: run again"
	}
	return ""
}

func (e *Error) hintForSilence() string {
	var cert *tls.CertificateVerificationError
	switch {
	case e.Status != 0:
		return ""
	case e.BadRegion():
		return "set s3.region (or AWS_REGION) to the name of a region, such as eu-west-1"
	case errors.As(e.err, &cert):
		return "the endpoint's certificate is not trusted: name the file of the authority that signed it in AWS_CA_BUNDLE, and use the host name it was made for"
	case e.untrusted():
		return "the endpoint speaks no TLS on this port: s3.endpoint should begin with http://, or the port is wrong"
	case strings.Contains(e.err.Error(), "no such host"):
		return "correct s3.endpoint; if it is a server of your own, set s3.path_style: true"
	}
	return "see whether the endpoint is reachable from here, and whether credentials can be had (AWS default chain)"
}
