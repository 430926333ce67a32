package config

import (
	"fmt"
	"io"
	"log/slog"
)

const hidden = "(hidden)"

// Secret is a text that does not show: printed, logged or marshalled it is
// "(hidden)", or "" where there is none. The zero value is no secret.
type Secret struct {
	// text is behind a pointer since fmt calls no method on what it finds in
	// unexported fields of other structs; it would print a plain string.
	text *string
}

// NewSecret hides a text.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal is the one way to the text.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero tells that there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// String does not reveal the secret.
func (s Secret) String() string {
	if s.IsZero() {
		return ""
	}
	return hidden
}

// GoString does not reveal the secret.
func (s Secret) GoString() string { return fmt.Sprintf("config.Secret(%q)", s.String()) }

// Format does not reveal the secret, whatever the verb.
func (s Secret) Format(f fmt.State, verb rune) {
	if verb == 'v' && f.Flag('#') {
		_, _ = io.WriteString(f, s.GoString())
		return
	}
	_, _ = io.WriteString(f, s.String())
}

// LogValue does not reveal the secret.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText does not reveal the secret: what it returns cannot be read back.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalJSON does not reveal the secret.
func (s Secret) MarshalJSON() ([]byte, error) { return fmt.Appendf(nil, "%q", s.String()), nil }

// UnmarshalText takes any text as a secret.
func (s *Secret) UnmarshalText(text []byte) error {
	*s = NewSecret(string(text))
	return nil
}
