package crypto

import (
	"bytes"
	_ "crypto/sha256" // hashes of signatures, keys' own included
	_ "crypto/sha512"
	"errors"
	"fmt"
	"hash"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// Why a signature is not believed. None of them goes away by trying again.
var (
	// ErrMalformed: it is not what it should be, before any key comes in.
	ErrMalformed error = &fault{"malformed", "malformed signature"}
	// ErrUntrusted: none of the trusted keys made it, or the key was not valid
	// when it did.
	ErrUntrusted error = &fault{"untrusted", "untrusted signature"}
	// ErrBadSignature: it is of a trusted key, and not of this content.
	ErrBadSignature error = &fault{"signature", "bad signature"}
)

// Trust is the set of keys whose signatures are believed. It is safe for
// concurrent use.
//
// A signature is believed if a primary key or signing subkey of the set made it
// by SHA-256, and was valid at the signature's own time. So it outlives its
// key's expiry, and a revocation that came later and says that the key was
// superseded or retired. A revocation that says compromised, or says no reason,
// ends all belief in the key. A signature that has an expiry of its own is not
// believed at all: it was not meant to last.
//
// That time is the signer's word alone. Who must tell what was signed before a
// key was stolen from what was signed afterwards needs other evidence.
type Trust struct {
	keys []*Key
}

// NewTrust pins keys. Their order does not matter.
func NewTrust(keys []*Key) *Trust { return &Trust{keys: keys} }

// readSignature reads one version 4 signature packet, with nothing after it.
func readSignature(raw []byte) (*packet.Signature, error) {
	r := bytes.NewReader(raw)
	p, err := packet.Read(r)
	if err != nil {
		return nil, err
	}
	sig, ok := p.(*packet.Signature)
	if !ok {
		return nil, errors.New("holds something else than a signature")
	}
	if r.Len() > 0 {
		return nil, errors.New("holds more than one signature")
	}
	if sig.Version != 4 {
		return nil, fmt.Errorf("is of version %d, not 4", sig.Version)
	}
	return sig, nil
}

func (t *Trust) verify(sig *packet.Signature, kind packet.SignatureType, content []byte) (string, time.Time, error) {
	if err := acceptable(sig, kind); err != nil {
		return "", time.Time{}, fmt.Errorf("%w: %w", ErrBadSignature, err)
	}
	why := fmt.Errorf("%w: its signer is unknown: %s", ErrUntrusted, issuer(sig))
	for _, k := range t.keys {
		e, err := k.entity()
		if err != nil {
			return "", time.Time{}, err
		}
		for _, pub := range issuers(e, sig) {
			if err := matches(sig, pub, content); err != nil {
				why = fmt.Errorf("%w: of key %s: %w", ErrBadSignature, k, err)
				continue // another key may have the same 64-bit ID
			}
			if err := couldSign(e, pub, sig.CreationTime); err != nil {
				return "", time.Time{}, fmt.Errorf("%w: made at %s by key %s, which %w", ErrUntrusted, stamp(sig.CreationTime), k, err)
			}
			return k.fingerprint, sig.CreationTime.UTC(), nil
		}
	}
	return "", time.Time{}, why
}

// acceptable says why a signature is refused whoever made it. That it is by
// SHA-256 was checked before: see checkCanonical.
func acceptable(sig *packet.Signature, kind packet.SignatureType) error {
	if sig.SigType != kind {
		return fmt.Errorf("its type is 0x%02x, not 0x%02x", uint8(sig.SigType), uint8(kind))
	}
	if sig.SigLifetimeSecs != nil && *sig.SigLifetimeSecs != 0 {
		return errors.New("it has an expiry of its own")
	}
	for _, n := range sig.Notations {
		if n.IsCritical {
			return fmt.Errorf("it has a critical notation that is not known: %q", n.Name)
		}
	}
	return nil
}

// issuers are the keys of e that a signature claims to be of.
func issuers(e *openpgp.Entity, sig *packet.Signature) []*packet.PublicKey {
	var found []*packet.PublicKey
	if sig.CheckKeyIdOrFingerprint(e.PrimaryKey) {
		found = append(found, e.PrimaryKey)
	}
	for _, sub := range e.Subkeys {
		if sig.CheckKeyIdOrFingerprint(sub.PublicKey) {
			found = append(found, sub.PublicKey)
		}
	}
	return found
}

func issuer(sig *packet.Signature) string {
	switch {
	case len(sig.IssuerFingerprint) > 0:
		return fmt.Sprintf("%X", sig.IssuerFingerprint)
	case sig.IssuerKeyId != nil:
		return fmt.Sprintf("%016X", *sig.IssuerKeyId)
	}
	return "it does not say who"
}

// matches checks a signature, and the two bytes of the hash that stand in it
// as a hint: the library leaves them unchecked, and no bit should be free.
func matches(sig *packet.Signature, k *packet.PublicKey, content []byte) error {
	if err := k.VerifySignature(hashed(sig, content), sig); err != nil {
		return err
	}
	return packet.VerifyHashTag(hashed(sig, content), sig)
}

func hashed(sig *packet.Signature, content []byte) hash.Hash {
	h := sig.Hash.New()
	h.Write(content)
	return h
}
