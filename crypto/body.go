package crypto

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

var errCut = errors.New("it ends before its end")

// body reads one packet's body from a stream, and no byte more. The length is
// definite or, where that is asked for, in parts (RFC 9580 4.2.1.4). Packets
// without a length are refused: nothing could follow them.
type body struct {
	r    *bufio.Reader
	rest int64 // of the current part
	more bool  // a length and a part follow it
}

// nextPacket reads a packet's header, which may be in the old format or the new.
// At the end of the stream the error is io.EOF.
func nextPacket(r *bufio.Reader) (tag byte, b *body, err error) {
	first, err := r.ReadByte()
	if err != nil {
		return 0, nil, err
	}
	tag, err = packetTag(first)
	if err != nil {
		return 0, nil, err
	}
	b = &body{r: r}
	if first&newFormat == 0 {
		return tag, b, b.oldLength(first)
	}
	if err := b.length(); err != nil {
		return 0, nil, err
	}
	if b.more && (!hasParts(tag) || b.rest < firstPart) {
		return 0, nil, fmt.Errorf("a packet of type %d has a partial length of %d", tag, b.rest)
	}
	return tag, b, nil
}

// firstPart is the least that the first of several parts may hold.
const firstPart = 512

// hasParts says whether packets of a type may have partial lengths.
func hasParts(tag byte) bool { return tag == tagEncrypted || tag == tagLiteral }

// length reads a length of the new format.
func (b *body) length() error {
	var more [4]byte
	first, err := b.r.ReadByte()
	switch {
	case err != nil:
	case first < 192:
		b.rest, b.more = int64(first), false
	case first < 224:
		_, err = io.ReadFull(b.r, more[:1])
		b.rest, b.more = int64(first-192)<<8+int64(more[0])+192, false
	case first < 255:
		b.rest, b.more = 1<<(first&0x1f), true
	default:
		_, err = io.ReadFull(b.r, more[:])
		b.rest, b.more = int64(binary.BigEndian.Uint32(more[:])), false
	}
	return cut(err)
}

// oldLength reads a length of the old format, whose size the first byte tells.
func (b *body) oldLength(first byte) error {
	size := 1 << (first & 3)
	if size == 8 {
		return errors.New("a packet has no length")
	}
	var bytes [4]byte
	_, err := io.ReadFull(b.r, bytes[4-size:])
	b.rest = int64(binary.BigEndian.Uint32(bytes[:]))
	return cut(err)
}

func (b *body) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for b.rest == 0 {
		if !b.more {
			return 0, io.EOF
		}
		if err := b.length(); err != nil {
			return 0, err
		}
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.rest)])
	b.rest -= int64(n)
	return n, cut(err)
}

// cut is the error of an end where more should have come.
func cut(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return errCut
	}
	return err
}
