// Package crypto is OpenPGP as this program uses it: streams are encrypted to
// recipients, small texts and files are signed, and signatures are believed
// only if a pinned key made them. Key material, session keys and signatures
// are ProtonMail/go-crypto's; which of its many ways are taken, and which of
// its answers are believed, is decided here and nowhere else.
//
// It knows neither archives nor clusters, opens no file and reads no clock:
// callers pass bytes and times. Nothing in it prints or keeps a secret that a
// caller did not hand over.
package crypto

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Key is one public key: a primary key with its user IDs and subkeys. It is
// immutable and safe for concurrent use.
type Key struct {
	name        string
	packets     []byte
	armored     []byte
	fingerprint string
}

// ParsePublic reads exactly one public key, armored or binary; a second one in
// the same input is an error, since it would be overlooked. Private keys are
// refused: they have no business where this is called. Only version 4 keys are
// taken, the ones that every OpenPGP tool in use reads. Whether a key is valid
// depends on time and purpose, and is judged where it is used.
//
// The name, a file's for instance, is for error messages only.
func ParsePublic(name string, data []byte) (*Key, error) {
	public, secrets, err := splitKey(data, publicKeyBlock)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(secrets) > 0 {
		return nil, fmt.Errorf("%s: is a private key: export the public half with gpg --armor --export %s", name, fingerprint(&secrets[0].PublicKey))
	}
	return newKey(name, public)
}

// Fingerprint is the primary key's, in upper-case hex as gpg prints it.
func (k *Key) Fingerprint() string { return k.fingerprint }

// Armored is the key as an armored public key block, the same bytes each time.
func (k *Key) Armored() []byte { return bytes.Clone(k.armored) }

func (k *Key) String() string { return fmt.Sprintf("%s (%s)", k.fingerprint, k.name) }

func newKey(name string, packets []byte) (*Key, error) {
	k := &Key{name: name, packets: packets}
	e, err := k.entity()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if v := e.PrimaryKey.Version; v != 4 {
		return nil, fmt.Errorf("%s: is an OpenPGP version %d key: use a version 4 key, which every tool reads", name, v)
	}
	k.fingerprint = fingerprint(e.PrimaryKey)
	if k.armored, err = armoredKey(packets); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return k, nil
}

// entity parses the key anew. The library's entities remember the verdicts on
// their own signatures, which depend on the time first asked for, and so can
// neither be judged at two times nor shared between goroutines.
func (k *Key) entity() (*openpgp.Entity, error) {
	e, err := openpgp.ReadEntity(packet.NewReader(bytes.NewReader(k.packets)))
	if errors.Is(err, io.EOF) {
		return nil, errors.New("holds no OpenPGP key that can be read")
	}
	return e, err
}

// splitKey takes one key apart: its packets with every private key reduced to
// its public half, in their order, and those private keys. The kind of block is
// what errors ask for; either kind is read.
func splitKey(data []byte, kind string) (public []byte, secrets []*packet.PrivateKey, err error) {
	body, err := dearmor(data, kind, publicKeyBlock, privateKeyBlock)
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	primaries := 0
	for packets := packet.NewOpaqueReader(bytes.NewReader(body)); ; {
		p, err := packets.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("is not a whole OpenPGP key: %w", err)
		}
		if p.Tag == tagPublicKey || p.Tag == tagSecretKey {
			primaries++
		}
		secret, err := appendPublic(&out, p)
		if err != nil {
			return nil, nil, err
		}
		if secret != nil {
			secrets = append(secrets, secret)
		}
	}
	if primaries != 1 {
		return nil, nil, fmt.Errorf("holds %d keys: give exactly one", primaries)
	}
	return out.Bytes(), secrets, nil
}

// appendPublic writes a packet of a key, or its public half and returns the
// private one.
func appendPublic(out *bytes.Buffer, p *packet.OpaquePacket) (*packet.PrivateKey, error) {
	if p.Tag != tagSecretKey && p.Tag != tagSecretSubkey {
		return nil, p.Serialize(out)
	}
	parsed, err := p.Parse()
	if err != nil {
		return nil, fmt.Errorf("holds a private key that cannot be read: %w", err)
	}
	secret, ok := parsed.(*packet.PrivateKey)
	if !ok {
		return nil, errors.New("holds a private key that cannot be read")
	}
	return secret, secret.PublicKey.Serialize(out)
}

func fingerprint(k *packet.PublicKey) string {
	return strings.ToUpper(hex.EncodeToString(k.Fingerprint))
}
