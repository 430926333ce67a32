package crypto

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// Recipients are the keys that messages are encrypted to: any one of them
// opens a message. They are safe for concurrent use.
type Recipients struct {
	keys       []*Key
	encryption []*packet.PublicKey // of each, the (sub)key that encrypts
	overhead   int64               // bound of the session-key packets' bytes
}

// NewRecipients judges the keys at a time, and refuses them all if one is
// expired, revoked, cannot encrypt or is given twice; the error names every
// such key and its reason.
func NewRecipients(keys []*Key, at time.Time) (*Recipients, error) {
	if len(keys) == 0 {
		return nil, errors.New("no recipients: nobody could open what is encrypted")
	}
	r := &Recipients{}
	given := map[string]string{}
	var problems []error
	for _, k := range keys {
		if first, twice := given[k.fingerprint]; twice {
			problems = append(problems, fmt.Errorf("recipient %s: was given as %s already", k, first))
			continue
		}
		given[k.fingerprint] = k.name
		if err := r.add(k, at); err != nil {
			problems = append(problems, fmt.Errorf("recipient %s: %w", k, err))
		}
	}
	if len(problems) > 0 {
		return nil, errors.Join(problems...)
	}
	return r, nil
}

// Fingerprints of the recipients' primary keys, in upper-case hex, in the
// order in which they were given.
func (r *Recipients) Fingerprints() []string {
	var all []string
	for _, k := range r.keys {
		all = append(all, k.fingerprint)
	}
	return all
}

func (r *Recipients) add(k *Key, at time.Time) error {
	e, err := k.entity()
	if err != nil {
		return err
	}
	to, err := encryptionKey(e, at)
	if err != nil {
		return err
	}
	n, err := sessionKeyBound(to)
	if err != nil {
		return fmt.Errorf("cannot encrypt: %w", err)
	}
	r.keys = append(r.keys, k)
	r.encryption = append(r.encryption, to)
	r.overhead += n
	return nil
}

// sessionKeyBound is an upper bound of a session-key packet's bytes, found by
// making one, which also proves that the key can be encrypted to. Only RSA's
// vary in length: a leading zero byte of the number is not written.
func sessionKeyBound(to *packet.PublicKey) (int64, error) {
	sample := make([]byte, sessionKeyBytes)
	rand.Read(sample)
	var p bytes.Buffer
	if err := packet.SerializeEncryptedKeyAEAD(&p, to, packet.CipherAES256, false, sample, nil); err != nil {
		return 0, err
	}
	n := p.Len()
	if to.PubKeyAlgo == packet.PubKeyAlgoRSA || to.PubKeyAlgo == packet.PubKeyAlgoRSAEncryptOnly {
		bits, err := to.BitLength()
		if err != nil {
			return 0, err
		}
		const header, fields, length = 1 + 5, 1 + 8 + 1, 2 // packet; version, key ID, algorithm; number
		n = header + fields + length + (int(bits)+7)/8
	}
	return int64(n), nil
}
