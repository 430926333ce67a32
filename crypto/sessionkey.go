package crypto

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const (
	// maxSessionKeys that a message may have, and the size of one: over those
	// of any key in use, and no way to make a reader hold more.
	maxSessionKeys     = 1000
	maxSessionKeyBytes = 8 << 10

	sessionKeyVersion = 3
	fixedFields       = 1 + 8 + 1 // of a session-key packet: version, key ID, algorithm
)

// sessionKey reads a message up to its encrypted data, and opens the session key
// with the first key at hand that it is encrypted to.
func (o *Opener) sessionKey(r *bufio.Reader) (key []byte, encrypted *body, err error) {
	var to []uint64
	var why error // a session key for a key at hand does not open
	for {
		tag, b, err := nextPacket(r)
		if err != nil {
			return nil, nil, cut(err)
		}
		if tag == tagEncrypted && len(to) > 0 {
			encrypted = b
			break
		}
		if tag != tagSessionKey {
			return nil, nil, fmt.Errorf("a packet of type %d where session keys or encrypted data were expected", tag)
		}
		p, err := readSessionKey(b)
		if err != nil {
			return nil, nil, fmt.Errorf("session-key packet %d: %w", len(to), err)
		}
		if to = append(to, p.KeyId); len(to) > maxSessionKeys {
			return nil, nil, fmt.Errorf("it has more than %d session keys", maxSessionKeys)
		}
		if key == nil {
			key, err = o.decrypt(p)
			why = errors.Join(why, err)
		}
	}
	switch {
	case key != nil:
		return key, encrypted, nil
	case why != nil:
		return nil, nil, why
	}
	return nil, nil, &noKeyError{to: to, atHand: o.Fingerprints()}
}

// decrypt opens a session key, if it is encrypted to a key at hand: if not, it
// returns neither key nor error. One that names no key (ID 0) is tried with all.
func (o *Opener) decrypt(p *packet.EncryptedKey) ([]byte, error) {
	var damaged error
	for _, k := range o.keys {
		for _, secret := range k.secrets {
			if p.KeyId != 0 && p.KeyId != secret.KeyId {
				continue
			}
			if err := p.Decrypt(secret, nil); err != nil {
				if p.KeyId != 0 {
					damaged = fmt.Errorf("the session key for key %s does not open: %w", k, err)
				}
				continue
			}
			if p.CipherFunc != packet.CipherAES256 || len(p.Key) != sessionKeyBytes {
				return nil, fmt.Errorf("its session key has %d bytes for cipher %d, not %d for AES-256", len(p.Key), p.CipherFunc, sessionKeyBytes)
			}
			return p.Key, nil
		}
	}
	return nil, damaged
}

// readSessionKey reads a session-key packet whose encoding leaves nothing open,
// so that no bit of it can be changed unseen.
func readSessionKey(b *body) (*packet.EncryptedKey, error) {
	raw, err := io.ReadAll(io.LimitReader(b, maxSessionKeyBytes+1))
	switch {
	case err != nil:
		return nil, err
	case len(raw) > maxSessionKeyBytes:
		return nil, fmt.Errorf("is larger than %d bytes", maxSessionKeyBytes)
	case len(raw) < fixedFields:
		return nil, errCut
	case raw[0] != sessionKeyVersion:
		return nil, fmt.Errorf("is of version %d, not %d", raw[0], sessionKeyVersion)
	}
	opaque := &packet.OpaquePacket{Tag: tagSessionKey, Contents: raw}
	parsed, err := opaque.Parse()
	if err != nil {
		return nil, err
	}
	p, ok := parsed.(*packet.EncryptedKey)
	if !ok {
		return nil, errors.New("cannot be read")
	}
	return p, checkSessionKey(p, opaque)
}

// checkSessionKey refuses what the library reads and would write differently,
// or does not look at.
func checkSessionKey(p *packet.EncryptedKey, raw *packet.OpaquePacket) error {
	if !p.Algo.CanEncrypt() {
		return nil // nobody at hand can open it
	}
	var again, want bytes.Buffer
	if err := errors.Join(p.Serialize(&again), raw.Serialize(&want)); err != nil {
		return err
	}
	if !bytes.Equal(again.Bytes(), want.Bytes()) {
		return errors.New("is not encoded as it must")
	}
	switch fields := raw.Contents[fixedFields:]; p.Algo {
	case packet.PubKeyAlgoRSA, packet.PubKeyAlgoRSAEncryptOnly, packet.PubKeyAlgoElGamal:
		return checkNumbers(fields)
	case packet.PubKeyAlgoECDH:
		return checkPoint(fields)
	}
	return nil
}

// checkPoint wants a point's number as it must be; on Curve25519 (33 bytes, an
// odd one out) also its prefix, and the bit that the curve does not use.
func checkPoint(fields []byte) error {
	rest, err := checkNumber(fields)
	if err != nil {
		return err
	}
	point := fields[2 : len(fields)-len(rest)]
	if len(point) == 33 && (point[0] != 0x40 || point[32]&0x80 != 0) {
		return errors.New("has a point that is not encoded as it must")
	}
	return nil
}

// noKeyError is an ErrNoKey.
type noKeyError struct {
	to     []uint64
	atHand []string
}

func (e *noKeyError) Error() string {
	const shown = 8
	var names []string
	for _, id := range e.to[:min(len(e.to), shown)] {
		if id == 0 {
			names = append(names, "an unnamed key")
			continue
		}
		names = append(names, fmt.Sprintf("%016X", id))
	}
	if more := len(e.to) - shown; more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return fmt.Sprintf("%v: it is encrypted to %s; at hand: %s", ErrNoKey, strings.Join(names, ", "), strings.Join(e.atHand, ", "))
}

func (e *noKeyError) Unwrap() error { return ErrNoKey }

// Hint says what to do about it.
func (e *noKeyError) Hint() string {
	return "give the private key of one of the recipients: gpg --list-secret-keys --with-subkey-fingerprint shows where a key with one of these IDs is; they are the last 16 digits of fingerprints, mostly of subkeys"
}
