package crypto

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"errors"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// What the reader takes besides what Seal writes: other encodings of lengths,
// and a date, as other tools write them.
func TestOtherEncodingsOfTheSameFormOpen(t *testing.T) {
	o := opsOpener(t)
	dated := literalPacket('b', "", craftedContent)
	copy(dated[6+2:], "\x65\x43\x21\x00")
	old := append([]byte{packetMark | tagLiteral<<2, byte(6 + len(craftedContent))}, literalPacket('b', "", craftedContent)[6:]...)
	key := crafted{}.sessionKey(t, content(32))
	oldKey := append([]byte{packetMark | tagSessionKey<<2, key[1]}, key[2:]...)
	data := crafted{inside: old}.encrypted(t, content(32))
	for name, message := range map[string][]byte{
		"as crafted":                     crafted{}.build(t),
		"with a date":                    crafted{inside: dated}.build(t),
		"a literal of the old format":    crafted{inside: old}.build(t),
		"a session key of the old":       append(bytes.Clone(oldKey), data...),
		"a recipient of an unknown kind": append(packetOf(tagSessionKey, append([]byte{3, 1, 2, 3, 4, 5, 6, 7, 8, 99}, "whatever"...)), crafted{}.build(t)...),
		"twice the same recipient":       append(bytes.Clone(key), append(bytes.Clone(oldKey), data...)...),
	} {
		if got, err := opened(o, message); err != nil || string(got) != craftedContent {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestOnlyTheArchivesFormOpens(t *testing.T) {
	o := opsOpener(t)
	good := crafted{}.build(t)
	key := crafted{}.sessionKey(t, content(32))
	data := good[len(crafted{}.sessionKey(t, content(32))):]
	literal := literalPacket('b', "", craftedContent)
	marker, padding := packetOf(10, []byte("PGP")), packetOf(21, make([]byte, 8))
	onePass, signature := signedParts(t)
	inside := func(packets ...[]byte) []byte { return crafted{inside: bytes.Join(packets, nil)}.build(t) }
	join := func(packets ...[]byte) []byte { return bytes.Join(packets, nil) }

	for _, c := range []struct {
		name    string
		message []byte
		want    string // in the error
	}{
		{"nothing", nil, "ends before its end"},
		{"text", []byte("good morning"), "not binary"},
		{"an armored message", []byte("-----BEGIN PGP MESSAGE-----\n\n"), "not binary"},
		{"an unencrypted literal", literal, "type 11"},
		{"an unencrypted compressed literal", compressed(t, literal), "type 8"},
		{"an unencrypted signed literal", join(onePass, literal, signature), "type 4"},
		{"a marker first", join(marker, good), "type 10"},
		{"padding first", join(padding, good), "type 21"},
		{"a marker before the data", join(key, marker, data), "type 10"},
		{"padding before the data", join(key, padding, data), "type 21"},
		{"a private packet first", join(packetOf(60, nil), good), "type 60"},
		{"data without session keys", data, "type 18"},
		{"a session key alone", key, "ends before its end"},
		{"a passphrase's session key", join(passphraseKey(t), data), "type 3"},
		{"a passphrase's session key too", join(key, passphraseKey(t), data), "type 3"},

		{"no MDC packet's form (tag 9)", join(key, crafted{tag: 9, inside: literal}.encrypted(t, content(32))), "type 9"},
		{"AEAD of the draft (tag 20)", join(key, packetOf(20, []byte{1, 9, 2, 6})), "type 20"},
		{"AEAD (SEIPD version 2)", aead(t), "version 6, not 3"},
		{"AEAD with an older session key", join(key, aeadData(t)), "version 2, not 1"},
		{"data of version 0", join(key, packetOf(tagEncrypted, append([]byte{0}, data[7:]...))), "version 0, not 1"},
		{"AES-128", crafted{cipher: packet.CipherAES128}.build(t), "16 bytes for cipher 7"},
		{"AES-192", crafted{cipher: packet.CipherAES192}.build(t), "24 bytes for cipher 8"},
		{"AES-128, not naming whom it is for", crafted{cipher: packet.CipherAES128, hidden: true}.build(t), "16 bytes for cipher 7"},
		{"another cipher's session key of 32 bytes", join(crafted{cipher: packet.CipherAES128}.sessionKey(t, content(32)), data), "32 bytes for cipher 7"},
		{"another session key", join(crafted{}.sessionKey(t, bytes.Repeat([]byte{1}, 32)), data), ""},

		{"compressed inside", inside(compressed(t, literal)), "type 8"},
		{"signed inside", inside(onePass, literal, signature), "type 4"},
		{"signed inside, in the old way", inside(signature, literal), "type 2"},
		{"a signature after the literal", inside(literal, signature), "follows its literal"},
		{"a marker inside", inside(marker, literal), "type 10"},
		{"padding inside", inside(padding, literal), "type 21"},
		{"padding after the literal", inside(literal, padding), "follows its literal"},
		{"two literals", inside(literal, literal), "follows its literal"},
		{"a byte after the literal", inside(literal, []byte{0}), "follows its literal"},
		{"encrypted twice", inside(good), "type 1"},
		{"nothing inside", crafted{inside: []byte{}}.build(t), "ends before its end"},
		{"a literal of text", inside(literalPacket('t', "", craftedContent)), "format 't'"},
		{"a literal of UTF-8", inside(literalPacket('u', "", craftedContent)), "format 'u'"},
		{"a literal with a name", inside(literalPacket('b', "_CONSOLE", craftedContent)), "has a name"},
		{"a literal without a length", inside([]byte{packetMark | tagLiteral<<2 | 3}, literal[6:]), "no length"},
		{"half a literal", inside(literal[:len(literal)-5]), "ends before its end"},
		{"a literal's header", inside(literal[:8]), "ends before its end"},
		{"a literal with a small first part", inside([]byte{0xcb, 0xe8}, make([]byte, 256), []byte{0}), "partial length of 256"},

		{"no MDC", crafted{mdc: func([]byte) []byte { return nil }}.build(t), ""},
		{"an MDC of something else", crafted{mdc: func([]byte) []byte { return mdcPacket([]byte("x")) }}.build(t), "modification detection code"},
		{"an MDC without its header", crafted{mdc: headless}.build(t), "modification detection code"},
		{"an MDC of another header", crafted{mdc: misheaded}.build(t), "modification detection code"},
		{"something after the MDC", crafted{mdc: func(p []byte) []byte { return append(mdcPacket(p), 0) }}.build(t), ""},

		{"a byte after it", join(good, []byte{0}), "follows its encrypted"},
		{"a line's end after it", join(good, []byte("\n")), "follows its encrypted"},
		{"another message after it", join(good, good), "follows its encrypted"},
		{"a literal after it", join(good, literal), "follows its encrypted"},
		{"a marker after it", join(good, marker), "follows its encrypted"},

		{"a session key in parts", join([]byte{0xc1, 0xe9}, make([]byte, 512), []byte{0}), "partial length of 512"},
		{"a session key without a length", join([]byte{0x87}, key[2:]), "no length"},
		{"an empty session key", join(packetOf(tagSessionKey, nil), data), "ends before its end"},
		{"half a session key", join(packetOf(tagSessionKey, key[2:50]), data), "session-key packet 0"},
		{"a session key and more", join(packetOf(tagSessionKey, append(bytes.Clone(key[2:]), 0)), data), "not encoded"},
		{"a huge session key", join(packetOf(tagSessionKey, append(bytes.Clone(key[2:]), make([]byte, 9000)...)), data), "larger than"},
		{"a session key of version 2", join(packetOf(tagSessionKey, append([]byte{2}, key[3:]...)), data), "version 2, not 3"},
		{"too many session keys", join(bytes.Repeat(key, 1001), data), "more than 1000"},
		{"data with a small first part", join(key, []byte{0xd2, 0xe8}, make([]byte, 256), []byte{0}), "partial length of 256"},
		{"data that is empty", join(key, packetOf(tagEncrypted, nil)), "ends before its end"},
		{"data of a version alone", join(key, packetOf(tagEncrypted, []byte{1})), "ends before its end"},
		{"data as short as an MDC", join(key, packetOf(tagEncrypted, make([]byte, 30))), ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := opened(o, c.message)
			if !errors.Is(err, ErrMessage) || errors.Is(err, ErrNoKey) {
				t.Fatalf("got %q, %v", got, err)
			}
			if !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
	if got, err := opened(o, good); err != nil || string(got) != craftedContent {
		t.Errorf("the good one: %q, %v", got, err)
	}
}

func TestTheLibraryWouldTakeSomeOfWhatIsRefused(t *testing.T) {
	for name, message := range map[string][]byte{
		"unencrypted": literalPacket('b', "", craftedContent),
		"compressed":  crafted{inside: compressed(t, literalPacket('b', "", craftedContent))}.build(t),
		"AES-128":     crafted{cipher: packet.CipherAES128}.build(t),
	} {
		if got, _, err := open(t, privateEntity(t, "ops-private.asc"), message); err != nil || string(got) != craftedContent {
			t.Errorf("%s: the library refuses it: the case of the same name proves little: %v", name, err)
		}
	}
}

// Points that are on no curve: the library goes on with an empty secret.
func TestASessionKeyWithABadPointDoesNotOpen(t *testing.T) {
	p256 := newEntity(t, nistP256())
	for name, c := range map[string]struct {
		to   *packet.PublicKey
		with *Private
	}{
		"Curve25519": {privateEntity(t, "ops-private.asc").Subkeys[0].PublicKey, privateFile(t, "ops-private.asc")},
		"P-256":      {p256.Subkeys[0].PublicKey, parsePrivate(t, privatePackets(t, p256), "")},
	} {
		key := crafted{to: c.to}.sessionKey(t, content(32))
		clear(key[2+fixedFields+3 : 2+fixedFields+3+32]) // all of the point but its prefix
		message := append(key, crafted{}.encrypted(t, content(32))...)
		if got, err := opened(opener(t, c.with), message); !errors.Is(err, ErrMessage) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func headless(before []byte) []byte {
	sum := sha1.Sum(before)
	return append([]byte{0, 0}, sum[:]...)
}

// misheaded has the hash that it should have, of a header that is not an MDC's.
func misheaded(before []byte) []byte {
	header := []byte{0xcb, sha1.Size}
	sum := sha1.Sum(append(bytes.Clone(before), header...))
	return append(header, sum[:]...)
}

// signedParts are what stands around a literal packet that is signed.
func signedParts(t testing.TB) (onePass, signature []byte) {
	t.Helper()
	s := signerFile(t, "signer-private.asc", "")
	raw, err := s.sign(packet.SigTypeBinary, []byte(craftedContent), noon)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	ops := packet.OnePassSignature{Version: 3, SigType: packet.SigTypeBinary, Hash: crypto.SHA256, PubKeyAlgo: packet.PubKeyAlgoEdDSA, KeyId: s.secrets[0].KeyId, IsLast: true}
	if err := ops.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes(), raw
}

func passphraseKey(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	if _, err := packet.SerializeSymmetricKeyEncrypted(&out, []byte(testPassphrase), &packet.Config{DefaultCipher: packet.CipherAES256}); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// aead is a whole message in the newer form, to ops.
func aead(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	to := privateEntity(t, "ops-private.asc").Subkeys[0].PublicKey
	if err := packet.SerializeEncryptedKeyAEAD(&out, to, packet.CipherAES256, true, content(32), nil); err != nil {
		t.Fatal(err)
	}
	return append(out.Bytes(), aeadData(t)...)
}

func aeadData(t testing.TB) []byte {
	t.Helper()
	var out bytes.Buffer
	suite := packet.CipherSuite{Cipher: packet.CipherAES256, Mode: packet.AEADModeOCB}
	w, err := packet.SerializeSymmetricallyEncrypted(&out, packet.CipherAES256, true, suite, content(32), &packet.Config{AEADConfig: &packet.AEADConfig{}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(literalPacket('b', "", craftedContent)); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func FuzzOpen(f *testing.F) {
	// Only keys that every process of the fuzzer has.
	o := opener(f, privateFile(f, "ops-private.asc"), privateFile(f, "rsa-signer-private.asc"))
	for _, to := range []*packet.PublicKey{
		privateEntity(f, "ops-private.asc").Subkeys[0].PublicKey,
		privateEntity(f, "rsa-signer-private.asc").PrimaryKey,
		privateEntity(f, "stranger-private.asc").Subkeys[0].PublicKey,
	} {
		for _, hidden := range []bool{false, true} {
			message := crafted{to: to, hidden: hidden}.build(f)
			f.Add(message)
			f.Add(append(packetOf(tagSessionKey, append([]byte{3, 1, 2, 3, 4, 5, 6, 7, 8, 99}, "whatever"...)), message...))
		}
	}
	f.Add(aead(f))
	f.Add(crafted{tag: 9}.build(f))
	f.Add(seal(f, recipients(f, publicKey(f, "ops.asc")), content(2000), 0))
	f.Fuzz(func(t *testing.T, message []byte) {
		// Who has no session key can make no message that opens: the fuzzer can
		// only move the seeds' packets about.
		got, err := opened(o, message)
		switch {
		case err == nil && string(got) != craftedContent && !bytes.Equal(got, content(2000)):
			t.Fatalf("opened as %q", got)
		case err != nil && errors.Is(err, ErrMessage) == errors.Is(err, ErrNoKey):
			t.Fatalf("an error that no caller knows: %v", err)
		}
	})
}
