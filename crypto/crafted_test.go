package crypto

import (
	"bytes"
	"crypto/aes"
	"crypto/sha1"
	"encoding/binary"
	"io"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

const craftedContent = "what a crafted message says"

// whenMade is when newEntity's keys were made.
func whenMade() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }

// crafted is a message in any form; its zero value is a good one to ops.
type crafted struct {
	to     *packet.PublicKey // nil: ops's encryption subkey
	hidden bool              // do not name that key
	cipher packet.CipherFunction
	tag    byte // of the encrypted packet; 0: 18
	inside []byte
	// mdc makes the end of the plaintext of what stands before it, the repeated
	// prefix first; nil: as it must be.
	mdc func(before []byte) []byte
}

func (c crafted) build(t testing.TB) []byte {
	t.Helper()
	key := content(32)
	if c.cipher != 0 {
		key = key[:c.cipher.KeySize()]
	}
	return append(c.sessionKey(t, key), c.encrypted(t, key)...)
}

func (c crafted) sessionKey(t testing.TB, key []byte) []byte {
	t.Helper()
	if c.to == nil {
		c.to = privateEntity(t, "ops-private.asc").Subkeys[0].PublicKey
	}
	if c.cipher == 0 {
		c.cipher = packet.CipherAES256
	}
	var out bytes.Buffer
	if err := packet.SerializeEncryptedKeyAEADwithHiddenOption(&out, c.to, c.cipher, false, key, c.hidden, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func (c crafted) encrypted(t testing.TB, key []byte) []byte {
	t.Helper()
	if c.inside == nil {
		c.inside = literalPacket('b', "", craftedContent)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	if c.tag == 9 { // with its resynchronization, and no code
		stream, prefix := packet.NewOCFBEncrypter(block, content(16), packet.OCFBResync)
		data := bytes.Clone(c.inside)
		stream.XORKeyStream(data, data)
		return packetOf(9, append(prefix, data...))
	}
	stream, prefix := packet.NewOCFBEncrypter(block, content(16), packet.OCFBNoResync)
	before := append(append(content(16), content(16)[14:]...), c.inside...)
	if c.mdc == nil {
		c.mdc = mdcPacket
	}
	data := append(bytes.Clone(c.inside), c.mdc(before)...)
	stream.XORKeyStream(data, data)
	return packetOf(tagEncrypted, append(append([]byte{1}, prefix...), data...))
}

func mdcPacket(before []byte) []byte {
	header := []byte{0xd3, sha1.Size}
	sum := sha1.Sum(append(bytes.Clone(before), header...))
	return append(header, sum[:]...)
}

func literalPacket(format byte, name, text string) []byte {
	fields := append([]byte{format, byte(len(name))}, name...)
	return packetOf(tagLiteral, append(append(fields, 0, 0, 0, 0), text...))
}

func packetOf(tag byte, body []byte) []byte {
	header := binary.BigEndian.AppendUint32([]byte{packetMark | newFormat | tag, 255}, uint32(len(body)))
	return append(header, body...)
}

func compressed(t testing.TB, packets []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := packet.SerializeCompressed(nopCloser{&out}, packet.CompressionZLIB, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(packets); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
