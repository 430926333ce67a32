package crypto

import (
	"errors"
	"fmt"
	"time"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// usable says why a key cannot be used for anything at a time, nil if it can.
func usable(e *openpgp.Entity, at time.Time) error {
	if made := e.PrimaryKey.CreationTime; made.After(at) {
		return fmt.Errorf("was made at %s, which is after %s: check the clock", stamp(made), stamp(at))
	}
	_, err := e.VerifyPrimaryKey(at, nil)
	return inWords(err)
}

// encryptionKey chooses the key that messages to e are encrypted to, as gpg
// does: the newest encryption subkey that is valid.
func encryptionKey(e *openpgp.Entity, at time.Time) (*packet.PublicKey, error) {
	if err := usable(e, at); err != nil {
		return nil, err
	}
	k, err := e.EncryptionKeyWithError(at, nil)
	var why *pgperrors.ErrEncryptionKeySelection
	switch {
	case err == nil:
		return k.PublicKey, nil
	case errors.As(err, &why) && why.EncSelectionKeyId != nil:
		return nil, fmt.Errorf("cannot encrypt: its encryption key %s %w", *why.EncSelectionKeyId, inWords(why.EncSelectionErr))
	default:
		return nil, errors.New("cannot encrypt: it has no encryption key")
	}
}

// couldSign says why a key of e could not make signatures at a time, nil if it
// could. What happened to the key later does not count, unless it was revoked
// as compromised or without a reason.
func couldSign(e *openpgp.Entity, k *packet.PublicKey, at time.Time) error {
	if k.CreationTime.After(at) || e.PrimaryKey.CreationTime.After(at) {
		return fmt.Errorf("was made after %s", stamp(at))
	}
	at = notBefore(e, k, at)
	if err := usable(e, at); err != nil {
		return err
	}
	if _, ok := e.SigningKeyById(at, k.KeyId, nil); !ok {
		return errors.New("is expired, revoked or not meant for signing")
	}
	return nil
}

// notBefore moves a time up to the first self-signatures that the key still
// carries. Extending a key's expiry replaces them in gpg's exports, and what
// was signed before would find no valid key.
func notBefore(e *openpgp.Entity, k *packet.PublicKey, at time.Time) time.Time {
	var selfs, bindings []time.Time
	for _, id := range e.Identities {
		for _, s := range id.SelfCertifications {
			if e.PrimaryKey.VerifyUserIdSignature(id.Name, e.PrimaryKey, s.Packet) == nil {
				selfs = append(selfs, s.Packet.CreationTime)
			}
		}
	}
	for _, sub := range e.Subkeys {
		if sub.PublicKey != k {
			continue
		}
		for _, s := range sub.Bindings {
			if e.PrimaryKey.VerifyKeySignature(k, s.Packet) == nil {
				bindings = append(bindings, s.Packet.CreationTime)
			}
		}
	}
	for _, times := range [][]time.Time{selfs, bindings} {
		if len(times) > 0 {
			at = latest(at, earliest(times))
		}
	}
	return at
}

func earliest(times []time.Time) time.Time {
	first := times[0]
	for _, t := range times {
		if t.Before(first) {
			first = t
		}
	}
	return first
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// inWords rewords those of the library's reasons that speak of signatures
// where a key is meant.
func inWords(err error) error {
	switch {
	case errors.Is(err, pgperrors.ErrKeyExpired):
		return errors.New("is expired")
	case errors.Is(err, pgperrors.ErrKeyRevoked):
		return errors.New("is revoked")
	}
	return err
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }
