package demo

import (
	"os"
	"time"

	"archiver/crypto"
)

// The keys' files.
const (
	operationsPublic  = "operations.asc"
	operationsPrivate = "operations-private.asc"
	signerPublic      = "signer.asc"
	signerPrivate     = "signer-private.asc"
)

// makeKeys writes a recipient's and a signer's key.
func (f folder) makeKeys(at time.Time) error {
	for _, k := range []struct{ name, public, private string }{
		{"Operations", operationsPublic, operationsPrivate},
		{"Signer", signerPublic, signerPrivate},
	} {
		public, private, err := crypto.GenerateTest(k.name, at)
		if err != nil {
			return err
		}
		if err := os.WriteFile(f.key(k.private), private, 0o600); err != nil {
			return err
		}
		if err := os.WriteFile(f.key(k.public), public, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// public reads a public key back.
func (f folder) public(name string) (*crypto.Key, error) {
	text, err := os.ReadFile(f.key(name))
	if err != nil {
		return nil, err
	}
	return crypto.ParsePublic(name, text)
}

// signer reads the signing key back.
func (f folder) signer() (*crypto.Signer, error) {
	text, err := os.ReadFile(f.key(signerPrivate))
	if err != nil {
		return nil, err
	}
	return crypto.ParseSigner(signerPrivate, text, nil)
}
