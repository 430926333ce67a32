package archive

import (
	"bytes"
	"crypto"
	"crypto/aes"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// messages are volumes whose tar is right, in a message that tools open and that
// is not of the archive's form.
func messages(t testing.TB) []tampering {
	const notOfTheForm = "volume 00001: its message is not in the form"
	inside := func(change func(k *kept, plain []byte) []byte) func(*kept) {
		return func(k *kept) {
			k.reseal(1, enclosed(k.t, packet.CipherAES256, tagMDC, change(k, decrypted(k.t, k.read(k.volume(1))))))
		}
	}
	return []tampering{
		{name: "compressed inside", class: ClassMessage, refused: notOfTheForm, byScript: true, tamper: inside(func(k *kept, p []byte) []byte { return literal(k.t, p, true) })},
		{name: "compressed twice inside", class: ClassMessage, refused: notOfTheForm, byScript: true, tamper: inside(func(k *kept, p []byte) []byte {
			return compress(k.t, literal(k.t, p, true))
		})},
		{name: "signed inside", class: ClassMessage, refused: notOfTheForm, byScript: true, tamper: inside(func(k *kept, p []byte) []byte { return signedInside(k.t, p) })},
		{name: "encrypted twice", class: ClassMessage, refused: notOfTheForm, byScript: true, tamper: func(k *kept) {
			k.reseal(1, enclosed(k.t, packet.CipherAES256, tagMDC, k.read(k.volume(1))))
		}},
		{name: "without a modification detection code", class: ClassMessage, refused: "does not call it whole", tamper: func(k *kept) {
			k.reseal(1, enclosed(k.t, packet.CipherAES256, tagBare, literal(k.t, decrypted(k.t, k.read(k.volume(1))), false)))
		}},
		{name: "another cipher", class: ClassMessage, refused: notOfTheForm, byScript: true, tamper: func(k *kept) {
			k.reseal(1, enclosed(k.t, packet.CipherAES128, tagMDC, literal(k.t, decrypted(k.t, k.read(k.volume(1))), false)))
		}},
		{name: "literal with a name", class: ClassMessage, refused: notOfTheForm, byScript: true, tamper: inside(func(k *kept, p []byte) []byte {
			var out bytes.Buffer
			l, err := packet.SerializeLiteral(nopCloser{&out}, true, "volume.tar", 0)
			if err != nil {
				k.t.Fatal(err)
			}
			_, err = l.Write(p)
			if err := errors.Join(err, l.Close()); err != nil {
				k.t.Fatal(err)
			}
			return out.Bytes()
		})},
	}
}

// Encrypted packets' types: with the modification detection code, and without.
const (
	tagBare = 9
	tagMDC  = 18
)

// enclosed encrypts packets to the operations key, in a form of one's choice.
func enclosed(t testing.TB, cipher packet.CipherFunction, tag byte, packets []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	key := bytes.Repeat([]byte{7}, cipher.KeySize())
	to := entityOf(t, "ops-private.asc").Subkeys[0].PublicKey
	if err := packet.SerializeEncryptedKeyAEADwithHiddenOption(&out, to, cipher, false, key, false, nil); err != nil {
		t.Fatal(err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		t.Fatal(err)
	}
	random := bytes.Repeat([]byte{3}, aes.BlockSize)
	var body []byte
	if tag == tagBare {
		stream, prefix := packet.NewOCFBEncrypter(block, random, packet.OCFBResync)
		stream.XORKeyStream(packets, packets)
		body = append(prefix, packets...)
	} else {
		stream, prefix := packet.NewOCFBEncrypter(block, random, packet.OCFBNoResync)
		data := append(bytes.Clone(packets), 0xd3, sha1.Size)
		sum := sha1.Sum(append(append(bytes.Clone(random), random[len(random)-2:]...), data...))
		data = append(data, sum[:]...)
		stream.XORKeyStream(data, data)
		body = append(append([]byte{1}, prefix...), data...)
	}
	out.Write(binary.BigEndian.AppendUint32([]byte{0xc0 | tag, 255}, uint32(len(body))))
	out.Write(body)
	return out.Bytes()
}

func compress(t testing.TB, packets []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	c, err := packet.SerializeCompressed(nopCloser{&out}, packet.CompressionZLIB, nil)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Write(packets)
	if err := errors.Join(err, c.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// signedInside is a literal packet between the packets of the signer's signature.
func signedInside(t testing.TB, plain []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	signer := entityOf(t, "signer-private.asc")
	first := packet.OnePassSignature{
		Version: 3, SigType: packet.SigTypeBinary, Hash: crypto.SHA256,
		PubKeyAlgo: signer.PrimaryKey.PubKeyAlgo, KeyId: signer.PrimaryKey.KeyId, IsLast: true,
	}
	if err := first.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	out.Write(literal(t, plain, false))
	if err := openpgp.DetachSign(&out, []*openpgp.Entity{signer}, bytes.NewReader(plain), nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func entityOf(t testing.TB, name string) *openpgp.Entity {
	t.Helper()
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(keyFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return ring[0]
}
