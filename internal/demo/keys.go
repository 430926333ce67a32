package demo

import (
	"bytes"
	"io"
	"os"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp"
	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"archiver/crypto"
)

// The keys' files.
const (
	operationsPublic  = "operations.asc"
	operationsPrivate = "operations-private.asc"
	signerPublic      = "signer.asc"
	signerPrivate     = "signer-private.asc"
)

// makeKeys writes a recipient's and a signer's key, Ed25519 with Curve25519,
// without passphrases.
func (f folder) makeKeys(at time.Time) error {
	for _, k := range []struct{ name, public, private string }{
		{"Operations", operationsPublic, operationsPrivate},
		{"Signer", signerPublic, signerPrivate},
	} {
		e, err := openpgp.NewEntity(k.name, "worthless demo key", "", &packet.Config{
			Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, Time: func() time.Time { return at },
		})
		if err != nil {
			return err
		}
		private := func(w io.Writer) error { return e.SerializePrivate(w, nil) }
		if err := writeArmored(f.key(k.private), openpgp.PrivateKeyType, private); err != nil {
			return err
		}
		if err := writeArmored(f.key(k.public), openpgp.PublicKeyType, e.Serialize); err != nil {
			return err
		}
	}
	return nil
}

func writeArmored(path, kind string, serialize func(io.Writer) error) error {
	var b bytes.Buffer
	w, err := armor.Encode(&b, kind, nil)
	if err != nil {
		return err
	}
	if err := serialize(w); err != nil {
		return err
	}
	if err := w.Close(); err != nil {
		return err
	}
	b.WriteByte('\n')
	return os.WriteFile(path, b.Bytes(), 0o600)
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
