package snapshot

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net/http"
	"syscall"
)

// hintForSilence is the remedy where no answer came.
func hintForSilence(cause error) string {
	var own interface{ Hint() string }
	if errors.As(cause, &own) {
		return own.Hint()
	}
	var record tls.RecordHeaderError
	switch {
	case errors.As(cause, &record), errors.Is(cause, http.ErrSchemeMismatch):
		return "the server speaks no TLS on this port: the URL should begin with http://, or the port is wrong"
	case answeredInTLS(cause):
		return "the server speaks TLS on this port: the URL should begin with https://"
	case notAuthorized(cause):
		return "check the credentials that requests are signed with"
	case errors.Is(cause, ErrTooLarge):
		return ""
	case errors.Is(cause, errNoAnswer):
		return "the server took the connection but did not answer in time: it may be overloaded, or something between holds the request back"
	}
	if h := hintForTLS(cause); h != "" {
		return h
	}
	if errors.Is(cause, io.EOF) || errors.Is(cause, syscall.ECONNRESET) {
		return "the server hung up without an answer: it may be restarting; if it speaks TLS on this port, the URL should begin with https://"
	}
	return "check the URL, the name it resolves to, and that a firewall or security group lets this machine through"
}

func hintForTLS(cause error) string {
	var cert *tls.CertificateVerificationError
	var host x509.HostnameError
	var invalid x509.CertificateInvalidError
	switch {
	case alerted(cause):
		return "the server broke off the TLS handshake: it may want a client's certificate, which this program cannot give, or a TLS version older than 1.2"
	case errors.As(cause, &host):
		return "the server's certificate was made for another host name: use one of its names in cluster.urls"
	case errors.As(cause, &invalid) && invalid.Reason == x509.Expired:
		return "the server's certificate is not valid now: renew it, or set the clock that is wrong"
	case errors.As(cause, &cert):
		return "the server's certificate is not trusted: give the certificate authority that signed it as cluster.ca_file, and use the host name it was made for"
	}
	return ""
}
