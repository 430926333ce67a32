package snapshot

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
)

// signer hands each request to authorize once its URL is final, which is when
// the transport calls its signer.
type signer struct{ authorize func(*http.Request) error }

func (s signer) SignRequest(r *http.Request) error {
	if err := s.authorize(r); err != nil {
		return fmt.Errorf("%w: %w", errAuthorize, err)
	}
	return nil
}

// OverrideSigningPort is part of the transport's port and has no meaning here.
func (signer) OverrideSigningPort(uint16) {}

func authorizer(o Options) func(*http.Request) error {
	switch {
	case o.Authorize != nil:
		return o.Authorize
	case o.Username != "" || o.Password != "":
		return func(r *http.Request) error {
			r.SetBasicAuth(o.Username, o.Password)
			return nil
		}
	}
	return func(*http.Request) error { return nil }
}

// redactor takes the password, plain and as it travels, out of what a server
// says: some things in front of a cluster echo the request's headers.
func redactor(o Options) func(string) string {
	if o.Password == "" {
		return func(s string) string { return s }
	}
	basic := base64.StdEncoding.EncodeToString([]byte(o.Username + ":" + o.Password))
	return strings.NewReplacer(basic, "(hidden)", o.Password, "(hidden)").Replace
}
