package crypto

import (
	"crypto/rand"
	"errors"
	"io"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const (
	// sessionKeyBytes: AES-256's.
	sessionKeyBytes = 32
	// chunkBytes is what the library's packet writers are given at a time. They
	// make a partial length of the largest power of two that they hold, and hold
	// up to twice of what they are given: writes of a tar's sizes would cost a
	// length byte for a few hundred bytes, or a copy of a whole buffer.
	chunkBytes = 64 << 10
)

// Seal starts a message to all recipients, to be written to w: AES-256 under a
// session key of its own, kept nowhere, in the form that every tool in use
// reads (SEIPDv1 with its MDC), uncompressed, and one binary literal packet
// without name or date.
//
// Only Close ends the message, and it does not close w. A caller that fails
// must not call Close: what was written then has no end, and no reader takes
// it for whole. After a failed write Close writes nothing either and returns
// that failure.
func (r *Recipients) Seal(w io.Writer) (io.WriteCloser, error) {
	key := make([]byte, sessionKeyBytes)
	rand.Read(key)
	defer clear(key)
	for _, to := range r.encryption {
		if err := packet.SerializeEncryptedKeyAEAD(w, to, packet.CipherAES256, false, key, nil); err != nil {
			return nil, err
		}
	}
	encrypted, err := packet.SerializeSymmetricallyEncrypted(w, packet.CipherAES256, false, packet.CipherSuite{}, key, nil)
	if err != nil {
		return nil, err
	}
	literal, err := packet.SerializeLiteral(encrypted, true, "", 0)
	if err != nil {
		return nil, err
	}
	return &message{literal: literal, chunk: make([]byte, 0, chunkBytes)}, nil
}

// Bound is an upper bound of a message's bytes for n bytes of plaintext. It
// exceeds the real size by some dozen bytes and about one in 60,000.
func (r *Recipients) Bound(n int64) int64 {
	const (
		literal   = 1 + 1 + 1 + 4       // tag, format, no name, date
		encrypted = 1 + 1 + 18 + 1 + 21 // tag, version, prefix, MDC's tag, length and hash
		ends      = 5 + 5               // the last lengths of both packets
		closing   = 3                   // lengths that the encrypted packet's last writes may cause
		perChunk  = 3                   // one in the literal packet, up to two around it
	)
	chunks := n/chunkBytes + 1
	return r.overhead + n + literal + encrypted + ends + closing + perChunk*chunks
}

// message feeds a literal packet in chunks. The library's writers forget a
// failure, and would go on with a hole in the stream; this one does not.
type message struct {
	literal io.WriteCloser
	chunk   []byte
	err     error
}

var errClosed = errors.New("the encrypted message is closed already")

func (m *message) Write(p []byte) (int, error) {
	written := 0
	for m.err == nil && written < len(p) {
		if len(m.chunk) == cap(m.chunk) {
			m.flush()
			continue
		}
		n := min(len(p)-written, cap(m.chunk)-len(m.chunk))
		m.chunk = append(m.chunk, p[written:written+n]...)
		written += n
	}
	return written, m.err
}

func (m *message) flush() {
	_, m.err = m.literal.Write(m.chunk)
	m.chunk = m.chunk[:0]
}

func (m *message) Close() error {
	if m.err == nil {
		m.flush()
	}
	if m.err != nil {
		return m.err
	}
	if err := m.literal.Close(); err != nil {
		m.err = err
		return err
	}
	m.err = errClosed
	return nil
}
