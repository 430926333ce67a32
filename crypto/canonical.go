package crypto

import (
	"bytes"
	"crypto"
	"encoding/binary"
	"errors"
	"fmt"
	"math/bits"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// checkCanonical refuses a signature packet that says the same as another one
// would: encoded in an unusual way, with fields that are not signed, by another
// hash than the format names. So whoever has no key can make no second framing
// of one that is believed. (With an ECDSA key the number s can be exchanged for
// its negative; that much is left open.)
func checkCanonical(sig *packet.Signature, raw []byte) error {
	if sig.Hash != crypto.SHA256 {
		return fmt.Errorf("its signature is by %v, not by SHA-256", sig.Hash)
	}
	if !padded(raw) {
		return errors.New("its base64 has no padding, which gpg 2.2 needs")
	}
	var again bytes.Buffer
	if err := sig.Serialize(&again); err != nil {
		return err
	}
	if !bytes.Equal(again.Bytes(), raw) {
		return errors.New("its signature packet is not encoded as it must")
	}
	header, _, err := packetLength(raw)
	if err != nil {
		return err
	}
	// Version, type, two algorithms; then the signed fields and the others, each
	// after their length in two bytes; two bytes of the hash; numbers (RFC 9580
	// 5.2.3). The packet was parsed before: what is read here is there.
	fields := raw[header+4:]
	others := fields[2+binary.BigEndian.Uint16(fields):]
	if binary.BigEndian.Uint16(others) != 0 {
		return errors.New("its signature has fields that are not signed")
	}
	if err := checkNumbers(others[2+2:]); err != nil {
		return fmt.Errorf("its signature: %w", err)
	}
	return nil
}

// checkNumbers wants nothing but numbers as checkNumber does.
func checkNumbers(rest []byte) (err error) {
	for len(rest) > 0 && err == nil {
		rest, err = checkNumber(rest)
	}
	return err
}

// checkNumber wants a number without leading zeros, and its length in bits to
// be true (RFC 9580 3.2): the library reads others as well. It returns what
// follows the number.
func checkNumber(p []byte) (rest []byte, err error) {
	if len(p) < 3 {
		return nil, errors.New("a number in it is cut off")
	}
	length := int(binary.BigEndian.Uint16(p))
	size := (length + 7) / 8
	if size == 0 || len(p) < 2+size || 8*(size-1)+bits.Len8(p[2]) != length {
		return nil, errors.New("a number in it is not encoded as it must")
	}
	return p[2+size:], nil
}
