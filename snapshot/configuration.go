package snapshot

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
)

// untrusted are the failures to get an answer that only a change of the
// configuration mends, here or on the server.
func untrusted(err error) bool {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	return errors.As(err, &cert) || errors.As(err, &record) || alerted(err) ||
		errors.Is(err, http.ErrSchemeMismatch) || errors.Is(err, ErrConfiguration) || answeredInTLS(err)
}

// alerted tells that the server broke off the handshake for a reason that stays.
func alerted(err error) bool {
	var alert *net.OpError
	return errors.As(err, &alert) && alert.Op == "remote error" && !strings.Contains(alert.Error(), "internal error")
}

// answeredInTLS tells a TLS alert that came back on a plain connection; the
// transport has no type for it.
func answeredInTLS(err error) bool {
	return err != nil && strings.Contains(err.Error(), `malformed HTTP response "\x15\x03`)
}

// misconfigured are the refusals that no repetition cures.
func (r refused) misconfigured(status int, greeting bool) bool {
	switch {
	case r.blocked():
		return false
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusProxyAuthRequired:
		return true
	case status >= 300 && status < 400, r.plainToTLS:
		return true
	case r.noSuchType(), r.notShared(), r.wantsRole():
		return true
	}
	return greeting && r.foreign && status < 500 && status != http.StatusTooManyRequests && status != http.StatusRequestTimeout
}

// blocked is a write that a block forbids, of the cluster or of an index: it
// comes with 403 or 429, and goes when the block is taken away.
func (r refused) blocked() bool { return r.is("cluster_block_exception") }

// noSuchType is a repository type whose plugin the cluster does not have.
func (r refused) noSuchType() bool { return r.has("repository type [") && r.has("does not exist") }

// notShared is a directory that the nodes may not use.
func (r refused) notShared() bool { return r.has("any of the locations specified by path.repo") }

// wantsRole is Amazon's service, where a repository needs a role.
func (r refused) wantsRole() bool {
	return r.has("role_arn is needed", "role_arn is required", "role_arn must be")
}

// otherProduct says what answers as a cluster does and is none that can be
// archived; "" if it can.
func otherProduct(distribution, flavor string) string {
	switch {
	case distribution != "" && distribution != OpenSearch:
		return fmt.Sprintf("this is not a search cluster that is known: its distribution is %q", distribution)
	case flavor == "serverless":
		return "this is not a search cluster of one's own but Elastic's serverless offer, which has no snapshot repositories"
	}
	return ""
}
