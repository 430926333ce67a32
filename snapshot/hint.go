package snapshot

import (
	"crypto/tls"
	"errors"
	"net/http"
)

// Hint is the remedy, where one is known: a sentence for a person. Empty if
// none is.
func (e *Error) Hint() string {
	if e.Status == 0 {
		return hintForSilence(e.cause)
	}
	for _, h := range []struct {
		when bool
		say  string
	}{
		{errors.Is(e, ErrDisabled), "something else than this cluster removed or wrote the repository's root files. Find out what, then " +
			"unregister the repository (DELETE) and register it again (PUT) with the same type and settings: that touches no file in it, " +
			"and the cluster reads it afresh"},
		{e.Status == http.StatusUnauthorized, "the cluster does not accept these credentials: check user and password, or the key, or the role that signs"},
		{e.Status == http.StatusForbidden, "the caller is known but may not do this: it needs the cluster's manage_snapshots role (on Amazon with " +
			"fine-grained access control, its role must be mapped to it) and index permissions to read, count and monitor"},
		{e.foreign, "this is not a search cluster's answer, something in front of it answered: check the URL, its path prefix, and the proxy or load balancer"},
		{e.Type == "repository_missing_exception", "the repository is not registered on this cluster: check its name, or register it"},
		{e.Type == "repository_verification_exception", "the cluster's nodes could not write to the repository's location: check its place, the nodes' " +
			"permissions and the settings. It stays registered all the same; unregister it before trying other settings"},
		{errors.Is(e, ErrBusy), "wait until what is running has ended, then ask again"},
		{errors.Is(e, ErrAmbiguous), "look whether it was done before asking again"},
	} {
		if h.when {
			return h.say
		}
	}
	return ""
}

func hintForSilence(cause error) string {
	var cert *tls.CertificateVerificationError
	var record tls.RecordHeaderError
	switch {
	case errors.As(cause, &cert):
		return "the server's certificate is not trusted: give the certificate authority that signed it as ca_file, and use the host name it was made for"
	case errors.As(cause, &record), errors.Is(cause, http.ErrSchemeMismatch):
		return "the server speaks no TLS on this port: the URL should begin with http://, or the port is wrong"
	case errors.Is(cause, errAuthorize):
		return "check the credentials that requests are signed with"
	case errors.Is(cause, ErrTooLarge):
		return ""
	case errors.Is(cause, errNoAnswer):
		return "the server took the connection but did not answer in time: it may be overloaded, or something between holds the request back"
	}
	return "check the URL, the name it resolves to, and that a firewall or security group lets this machine through"
}
