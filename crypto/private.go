package crypto

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Private is one private key that opens messages, unlocked: its primary key and
// subkeys, as far as they can decrypt. It is immutable and safe for concurrent
// use. Printing it shows no secret.
type Private struct {
	name        string
	fingerprint string
	secrets     []*packet.PrivateKey // unlocked and able to decrypt
}

// ParsePrivate reads exactly one private key, armored or binary, and unlocks
// what decrypts in it; the passphrase of a key that is not locked is not looked
// at. The key may be without its primary's secret, as exported by gpg
// --export-secret-subkeys.
//
// No expiry, revocation, user ID or self-signature is looked at: an archive
// outlives all of them, and who holds the secret can open it. The name, a
// file's for instance, is for error messages only.
func ParsePrivate(name string, data, passphrase []byte) (*Private, error) {
	_, secrets, err := splitKey(data, privateKeyBlock)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	primary := slices.IndexFunc(secrets, func(k *packet.PrivateKey) bool { return !k.IsSubkey })
	if primary < 0 {
		return nil, fmt.Errorf("%s: is a public key: opening needs its private half", name)
	}
	if v := secrets[primary].Version; v != 4 {
		return nil, fmt.Errorf("%s: is an OpenPGP version %d key: archives are encrypted to version 4 keys", name, v)
	}
	p := &Private{name: name, fingerprint: fingerprint(&secrets[primary].PublicKey)}
	if p.secrets, err = decrypting(secrets, passphrase); err != nil {
		return nil, fmt.Errorf("private key %s: %w", p, err)
	}
	return p, nil
}

// Fingerprint is the primary key's, in upper-case hex as gpg prints it.
func (p *Private) Fingerprint() string { return p.fingerprint }

func (p *Private) String() string { return fmt.Sprintf("%s (%s)", p.fingerprint, p.name) }

// GoString keeps secrets out of %#v.
func (p *Private) GoString() string { return p.String() }

// decrypting are the keys that can decrypt, unlocked. What their flags say they
// are for is not looked at: what was encrypted to a key opens with it.
func decrypting(secrets []*packet.PrivateKey, passphrase []byte) ([]*packet.PrivateKey, error) {
	secrets = slices.DeleteFunc(secrets, func(k *packet.PrivateKey) bool { return !k.PubKeyAlgo.CanEncrypt() })
	if len(secrets) == 0 {
		return nil, errors.New("cannot decrypt: it has no encryption key")
	}
	secrets = slices.DeleteFunc(secrets, (*packet.PrivateKey).Dummy)
	if len(secrets) == 0 {
		return nil, errors.New("cannot decrypt: in place of its encryption key's secret stands a stub; the secret is in another file or on a card")
	}
	return secrets, unlock(secrets, passphrase)
}

// unlock unlocks all keys that are locked. Its errors never show a passphrase.
func unlock(secrets []*packet.PrivateKey, passphrase []byte) error {
	for _, k := range secrets {
		if k.Encrypted && len(passphrase) == 0 {
			return errors.New("is locked, and no passphrase was given")
		}
	}
	if err := packet.DecryptPrivateKeys(secrets, passphrase); err != nil {
		return errors.New("is locked, and not by the given passphrase")
	}
	return nil
}
