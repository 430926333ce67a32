package crypto

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const (
	detachedBegin = "-----BEGIN " + signatureBlock + "-----\n\n"
	detachedEnd   = "\n-----END " + signatureBlock + "-----\n"

	// maxDetached is over what any signer's signature has.
	maxDetached = 4096
)

// OpenDetached believes a signature of data as it is (type 0x00), and returns
// the fingerprint of the signer's primary key and the time of signing. A
// signature that is not, to the byte, as Detached writes it is ErrMalformed,
// though gpg may call it good. See Trust for what is believed, and for the
// other errors.
func (t *Trust) OpenDetached(data, signature []byte) (fingerprint string, at time.Time, err error) {
	sig, err := unframeDetached(signature)
	if err != nil {
		return "", time.Time{}, fmt.Errorf("%w: detached signature: %w", ErrMalformed, err)
	}
	return t.verify(sig, packet.SigTypeBinary, data)
}

// unframeDetached takes a signature apart and proves it canonical by framing it
// again.
func unframeDetached(block []byte) (*packet.Signature, error) {
	if len(block) > maxDetached {
		return nil, fmt.Errorf("it has more than %d bytes", maxDetached)
	}
	lines, begins := bytes.CutPrefix(block, []byte(detachedBegin))
	lines, ends := bytes.CutSuffix(lines, []byte(detachedEnd))
	if !begins || !ends {
		return nil, errors.New("it does not begin and end as it must")
	}
	raw, err := base64.StdEncoding.DecodeString(string(lines))
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(armoredSignature(raw), block) {
		return nil, errors.New("it is not laid out as it must")
	}
	sig, err := readSignature(raw)
	if err != nil {
		return nil, err
	}
	return sig, checkCanonical(sig, raw)
}
