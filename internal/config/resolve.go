package config

import (
	"fmt"
	"io"
	"strings"
)

// Password is the cluster's password, from the configuration or its file. The
// zero Secret if there is none. Files are read anew at each call, so that a
// secret that was rotated is found.
func (c *Config) Password() (Secret, error) {
	return c.secret("cluster.password", c.Cluster.Password, c.Cluster.PasswordFile)
}

// APIKey is the cluster's API key, from the configuration or its file. The zero
// Secret if there is none.
func (c *Config) APIKey() (Secret, error) {
	return c.secret("cluster.api_key", c.Cluster.APIKey, c.Cluster.APIKeyFile)
}

// SigningPassphrase opens the signing key, from the configuration or its file.
// The zero Secret if there is none.
func (c *Config) SigningPassphrase() (Secret, error) {
	return c.secret("signing.passphrase", c.Signing.Passphrase, c.Signing.PassphraseFile)
}

// OpeningPassphrase opens the private keys that open archives, from the
// configuration or its file. The zero Secret if there is none.
func (c *Config) OpeningPassphrase() (Secret, error) {
	return c.secret("opening.passphrase", c.Opening.Passphrase, c.Opening.PassphraseFile)
}

func (c *Config) secret(path string, direct Secret, file string) (Secret, error) {
	if file == "" {
		return direct, nil
	}
	data, err := c.read(path+"_file", file)
	if err != nil {
		return Secret{}, err
	}
	text := strings.TrimSuffix(strings.TrimSuffix(string(data), "\n"), "\r")
	if text == "" {
		return Secret{}, Problems{{Key: path + "_file", Origin: c.Origin(path + "_file"), What: file + " is empty", Remedy: "write the secret into it"}}
	}
	return NewSecret(text), nil
}

// CA is the PEM text of the certificates that are trusted for the cluster; nil
// means the system's.
func (c *Config) CA() ([]byte, error) {
	if c.Cluster.CAFile == "" {
		return nil, nil
	}
	return c.read("cluster.ca_file", c.Cluster.CAFile)
}

// KeyMaterial is an OpenPGP key as it was found: armored or binary, unparsed.
// Printed, it is its name.
type KeyMaterial struct {
	Name string // for people: the file's name, or the configuration's key
	Data []byte `json:"-" yaml:"-"`
}

// String is the name.
func (m KeyMaterial) String() string { return m.Name }

// Format prints the name, whatever the verb: the data may be a private key.
func (m KeyMaterial) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.Name) }

// Recipients are the public keys that archives are encrypted to.
func (c *Config) Recipients() ([]KeyMaterial, error) {
	return c.keys("encryption.recipients", c.Encryption.Recipients)
}

// TrustedKeys are the further public keys that are believed when a ledger is
// read.
func (c *Config) TrustedKeys() ([]KeyMaterial, error) {
	return c.keys("trusted_signers", c.TrustedSigners)
}

// OpeningKeys are the private keys that open archives.
func (c *Config) OpeningKeys() ([]KeyMaterial, error) {
	return c.keys("opening.keys", c.Opening.Keys)
}

// SigningKey is the private key that signs. Its Data is nil if neither
// signing.key nor signing.key_file is given.
func (c *Config) SigningKey() (KeyMaterial, error) {
	if c.Signing.KeyFile == "" {
		m := KeyMaterial{Name: "signing.key"}
		if !c.Signing.Key.IsZero() {
			m.Data = []byte(c.Signing.Key.Reveal())
		}
		return m, nil
	}
	data, err := c.read("signing.key_file", c.Signing.KeyFile)
	return KeyMaterial{Name: c.Signing.KeyFile, Data: data}, err
}

func (c *Config) keys(path string, sources []KeySource) ([]KeyMaterial, error) {
	var out []KeyMaterial
	var problems Problems
	for i, k := range sources {
		m := KeyMaterial{Name: k.file, Data: []byte(k.armored.Reveal())}
		if k.file == "" {
			m.Name = fmt.Sprintf("%s[%d]", path, i)
			out = append(out, m)
			continue
		}
		data, err := c.readFile(k.file)
		if err != nil {
			problems = append(problems, c.unreadable(path, err))
			continue
		}
		m.Data = data
		out = append(out, m)
	}
	if err := problems.err(); err != nil {
		return nil, err
	}
	return out, nil
}

func (c *Config) read(path, file string) ([]byte, error) {
	data, err := c.readFile(file)
	if err != nil {
		return nil, Problems{c.unreadable(path, err)}
	}
	return data, nil
}

// unreadable names the key that names a file. The error names the file.
func (c *Config) unreadable(path string, err error) Problem {
	return Problem{Key: path, Origin: c.Origin(path), What: err.Error(), cause: &fileError{err}}
}

// fileError is a file that cannot be read, and what to do about it.
type fileError struct{ error }

func (e *fileError) Unwrap() error { return e.error }

// Hint says what to do about it.
func (e *fileError) Hint() string { return "correct the name of the file, or let this user read it" }
