package crypto

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Signer makes signatures with one private key, by SHA-256. It is safe for
// concurrent use.
type Signer struct {
	key     *Key
	secrets []*packet.PrivateKey // unlocked and able to sign: newest subkey first, primary last
}

// ParseSigner reads exactly one private key, armored or binary, and unlocks
// what signs in it; the passphrase of a key that is not locked is not looked
// at. The key may be without its primary's secret, as exported by gpg
// --export-secret-subkeys, if a subkey signs.
//
// Keys that gpg would not verify by SHA-256 are refused: RSA, Ed25519 and the
// 256-bit curves of NIST and Brainpool remain. Expiry and revocation are a
// matter of time: see Check. The name is for error messages only.
func ParseSigner(name string, data, passphrase []byte) (*Signer, error) {
	public, secrets, err := splitKey(data, privateKeyBlock)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	key, err := newKey(name, public)
	if err != nil {
		return nil, err
	}
	s := &Signer{key: key}
	if s.secrets, err = unlocked(secrets, passphrase); err != nil {
		return nil, fmt.Errorf("signing key %s: %w", key, err)
	}
	return s, nil
}

func unlocked(secrets []*packet.PrivateKey, passphrase []byte) ([]*packet.PrivateKey, error) {
	if len(secrets) == 0 {
		return nil, errors.New("is a public key: signing needs its private half")
	}
	secrets = slices.DeleteFunc(secrets, func(k *packet.PrivateKey) bool {
		return k.Dummy() || !signsBySHA256(&k.PublicKey)
	})
	if len(secrets) == 0 {
		return nil, errors.New("cannot sign: it holds no private key that is RSA, Ed25519 or on a 256-bit NIST or Brainpool curve")
	}
	if err := unlock(secrets, passphrase); err != nil {
		return nil, err
	}
	slices.Reverse(secrets)
	return secrets, nil
}

// signsBySHA256: gpg takes no hash that is shorter than an ECDSA key, and knows
// of the Edwards curves no other form than that of RFC 4880bis.
func signsBySHA256(k *packet.PublicKey) bool {
	switch k.PubKeyAlgo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSASignOnly:
		return true
	case packet.PubKeyAlgoEdDSA:
		curve, err := k.Curve()
		return err == nil && curve == packet.Curve25519
	case packet.PubKeyAlgoECDSA:
		curve, err := k.Curve()
		return err == nil && (curve == packet.CurveNistP256 || curve == packet.CurveBrainpoolP256)
	}
	return false
}

// Fingerprint is the primary key's, in upper-case hex.
func (s *Signer) Fingerprint() string { return s.key.fingerprint }

// PublicKey is the armored public key that verifies the signatures.
func (s *Signer) PublicKey() []byte { return s.key.Armored() }

// Check says why no signature could be made at a time: the key is expired,
// revoked or not meant for signing.
func (s *Signer) Check(at time.Time) error {
	_, err := s.secret(at)
	return err
}

// Detached signs data as it is (type 0x00) and returns the armored signature.
// Its time is the given one, to the second; the key must be valid then.
func (s *Signer) Detached(data []byte, at time.Time) ([]byte, error) {
	sig, err := s.sign(packet.SigTypeBinary, data, at)
	if err != nil {
		return nil, err
	}
	return armoredSignature(sig), nil
}

// sign returns a signature's packet. Its length is never a multiple of three,
// so that its base64 ends in padding: where the checksum line is left out too,
// as here, gpg 2.2 takes the armor's END line for base64 and fails. A salt that
// is longer by a byte moves the length on.
func (s *Signer) sign(kind packet.SignatureType, content []byte, at time.Time) ([]byte, error) {
	secret, err := s.secret(at)
	if err != nil {
		return nil, err
	}
	for salt := minSaltBytes; ; salt++ {
		sig := &packet.Signature{
			Version: secret.Version, SigType: kind, PubKeyAlgo: secret.PubKeyAlgo, Hash: crypto.SHA256,
			CreationTime: at, IssuerKeyId: &secret.KeyId,
		}
		out, err := signPacket(sig, content, salt, secret)
		if err != nil {
			return nil, fmt.Errorf("signing with key %s: %w", s.key, err)
		}
		if padded(out) {
			return out, nil
		}
	}
}

// padded: base64 of these bytes ends in "=".
func padded(data []byte) bool { return len(data)%3 != 0 }

// minSaltBytes is what the library, too, gives a signature by SHA-256.
const minSaltBytes = 16

// signPacket completes a signature and returns its packet. Its salt, a random
// notation, keeps a faulty machine from giving an Ed25519 key away by signing
// the same bytes twice; it is the library's own, but of the given length. The
// library adds the issuer's fingerprint.
func signPacket(sig *packet.Signature, content []byte, saltBytes int, secret *packet.PrivateKey) ([]byte, error) {
	salt := make([]byte, saltBytes)
	rand.Read(salt)
	sig.Notations = append(sig.Notations, &packet.Notation{Name: packet.SaltNotationName, Value: salt})
	if err := sig.Sign(hashed(sig, content), secret, &packet.Config{NonDeterministicSignaturesViaNotation: new(false)}); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err := sig.Serialize(&out)
	return out.Bytes(), err
}

// secret chooses the private key that signs at a time.
func (s *Signer) secret(at time.Time) (*packet.PrivateKey, error) {
	e, err := s.key.entity()
	if err == nil {
		err = usable(e, at)
	}
	if err != nil {
		return nil, fmt.Errorf("signing key %s: %w", s.key, err)
	}
	for _, k := range s.secrets {
		if valid, ok := e.SigningKeyById(at, k.KeyId, nil); ok && bytes.Equal(valid.PublicKey.Fingerprint, k.Fingerprint) {
			return k, nil
		}
	}
	return nil, fmt.Errorf("signing key %s: cannot sign: no private key in it is valid and meant for signing", s.key)
}
