package snapshot

import (
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"unicode"
)

// signer hands each request to authorize once its URL is final, which is when
// the transport calls its signer.
type signer struct{ authorize func(*http.Request) error }

func (s signer) SignRequest(r *http.Request) error {
	if err := s.authorize(r); err != nil {
		return &unauthorized{err}
	}
	return nil
}

// unauthorized is a request that was not sent, since what authorizes it failed.
type unauthorized struct{ err error }

func (u *unauthorized) Error() string { return u.err.Error() }
func (u *unauthorized) Unwrap() error { return u.err }

func notAuthorized(err error) bool { return errors.As(err, new(*unauthorized)) }

// OverrideSigningPort is part of the transport's port and has no meaning here.
func (signer) OverrideSigningPort(uint16) {}

func authorizer(o Options) (func(*http.Request) error, error) {
	switch {
	case o.Authorize != nil:
		return o.Authorize, nil
	case o.APIKey != "":
		return apiKey(o.APIKey)
	case o.Username != "" || o.Password != "":
		return func(r *http.Request) error {
			r.SetBasicAuth(o.Username, o.Password)
			return nil
		}, nil
	}
	return func(*http.Request) error { return nil }, nil
}

func apiKey(key string) (func(*http.Request) error, error) {
	if strings.ContainsFunc(key, func(r rune) bool { return r > unicode.MaxASCII || !unicode.IsGraphic(r) || r == ' ' }) {
		return nil, fmt.Errorf("connect to the cluster: %w: the API key holds blanks, line ends or characters that no API key has", ErrConfiguration)
	}
	return func(r *http.Request) error {
		r.Header.Set("Authorization", "ApiKey "+encodedKey(key))
		return nil
	}, nil
}

// encodedKey encodes a key that is still in its two halves.
func encodedKey(key string) string {
	if strings.Contains(key, ":") {
		return base64.StdEncoding.EncodeToString([]byte(key))
	}
	return key
}

// redactor takes the secrets, plain and as they travel, out of what a server
// says: some things in front of a cluster echo the request's headers.
func redactor(o Options) func(string) string {
	var secrets []string
	if o.APIKey != "" {
		secrets = append(secrets, encodedKey(o.APIKey), o.APIKey)
		if plain, err := base64.StdEncoding.DecodeString(o.APIKey); err == nil {
			if _, half, ok := strings.Cut(string(plain), ":"); ok && half != "" {
				secrets = append(secrets, half)
			}
		}
		if _, half, ok := strings.Cut(o.APIKey, ":"); ok && half != "" {
			secrets = append(secrets, half)
		}
	}
	if o.Password != "" {
		secrets = append(secrets, base64.StdEncoding.EncodeToString([]byte(o.Username+":"+o.Password)), o.Password)
	}
	var pairs []string
	for _, s := range secrets {
		pairs = append(pairs, s, "(hidden)")
	}
	return strings.NewReplacer(pairs...).Replace
}
