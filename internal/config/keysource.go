package config

import (
	"errors"
	"fmt"
	"log/slog"
	"strings"
)

const (
	armorMark        = "-----BEGIN PGP "
	armorMarkPrivate = "-----BEGIN PGP PRIVATE"
)

// isArmored tells a key's text from the name of a file that holds one.
func isArmored(text string) bool { return strings.HasPrefix(strings.TrimSpace(text), armorMark) }

// KeySource is where an OpenPGP key comes from: a file, or armored text that
// stands in the configuration itself.
type KeySource struct {
	file    string
	armored Secret
}

// File is the file's name, "" if the key stands in the configuration.
func (k KeySource) File() string { return k.file }

// String is the file's name; armored text is not shown.
func (k KeySource) String() string {
	if k.armored.IsZero() {
		return k.file
	}
	return "(armored text)"
}

// LogValue is the file's name; armored text is not shown.
func (k KeySource) LogValue() slog.Value { return slog.StringValue(k.String()) }

// MarshalText gives what UnmarshalText takes, but hides a private key's text.
func (k KeySource) MarshalText() ([]byte, error) {
	switch text := k.armored.Reveal(); {
	case text == "":
		return []byte(k.file), nil
	case strings.Contains(text, armorMarkPrivate):
		return []byte(hidden), nil
	default:
		return []byte(text), nil
	}
}

// UnmarshalText takes armored text for a key, and anything else for a file.
func (k *KeySource) UnmarshalText(text []byte) error {
	s := string(text)
	switch {
	case strings.TrimSpace(s) == "":
		return errors.New("a key is empty: give a file or armored text")
	case isArmored(s):
		*k = KeySource{armored: NewSecret(s)}
	case strings.Contains(s, "\n"), strings.Contains(s, armorMark): // a name would be shown
		return fmt.Errorf("a key is neither the name of a file nor armored text, which begins with %s…", armorMark)
	default:
		*k = KeySource{file: s}
	}
	return nil
}
