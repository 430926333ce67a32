package crypto

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// OpenPGP packet headers, RFC 9580 4.2.
const (
	packetMark = 0x80 // set in the first byte of every packet
	newFormat  = 0x40

	tagSessionKey   = 1
	tagSecretKey    = 5
	tagPublicKey    = 6
	tagSecretSubkey = 7
	tagLiteral      = 11
	tagEncrypted    = 18 // symmetrically encrypted and integrity protected
)

// SessionKeyPackets returns the packets that lead a message to these recipients
// and carry its session key, given its first bytes: enough of them to reach
// into the encrypted data. They can be stored apart, and be replaced by others
// for new recipients without touching the data.
func (r *Recipients) SessionKeyPackets(head []byte) ([]byte, error) {
	packets, count, err := sessionKeyPackets(head)
	if err != nil {
		return nil, err
	}
	if count != len(r.keys) {
		return nil, fmt.Errorf("the message has %d session-key packets for %d recipients", count, len(r.keys))
	}
	return packets, nil
}

func sessionKeyPackets(head []byte) (packets []byte, count int, err error) {
	for rest := head; len(rest) > 0; count++ {
		tag, err := packetTag(rest[0])
		if err != nil {
			return nil, 0, err
		}
		if tag == tagEncrypted && count > 0 {
			return bytes.Clone(head[:len(head)-len(rest)]), count, nil
		}
		if tag != tagSessionKey {
			return nil, 0, fmt.Errorf("a packet of type %d where session keys or encrypted data were expected: not an encrypted message", tag)
		}
		header, body, err := packetLength(rest)
		if err != nil {
			return nil, 0, err
		}
		if body > len(rest)-header {
			return nil, 0, errTruncated
		}
		rest = rest[header+body:]
	}
	return nil, 0, errTruncated
}

var errTruncated = errors.New("the message ends before its encrypted data begins")

func packetTag(b byte) (byte, error) {
	switch {
	case b&packetMark == 0:
		return 0, errors.New("not binary OpenPGP data")
	case b&newFormat != 0:
		return b & 0x3f, nil
	default:
		return b >> 2 & 0xf, nil
	}
}

// packetLength is the length of the header and of the body of the packet that
// starts p. Partial and indeterminate lengths are refused: only data packets
// may have them.
func packetLength(p []byte) (header, body int, err error) {
	if p[0]&newFormat == 0 {
		return oldLength(p)
	}
	if len(p) < 2 {
		return 0, 0, errTruncated
	}
	switch first := p[1]; {
	case first < 192:
		return 2, int(first), nil
	case first < 224:
		if len(p) < 3 {
			return 0, 0, errTruncated
		}
		return 3, int(first-192)<<8 + int(p[2]) + 192, nil
	case first < 255:
		return 0, 0, errors.New("a packet other than data has a partial length")
	default:
		if len(p) < 6 {
			return 0, 0, errTruncated
		}
		return 6, int(binary.BigEndian.Uint32(p[2:])), nil
	}
}

func oldLength(p []byte) (header, body int, err error) {
	size := 1 << (p[0] & 3) // bytes of the length: 1, 2, 4, or none
	if size == 8 {
		return 0, 0, errors.New("a packet other than data has no length")
	}
	if len(p) < 1+size {
		return 0, 0, errTruncated
	}
	for _, b := range p[1 : 1+size] {
		body = body<<8 | int(b)
	}
	return 1 + size, body, nil
}
