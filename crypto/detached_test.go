package crypto

import (
	"bytes"
	"crypto"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func detachedSignature(t testing.TB, s *Signer, data string) []byte {
	t.Helper()
	sig, err := s.Detached([]byte(data), noon)
	if err != nil {
		t.Fatal(err)
	}
	return sig
}

func TestEveryDetachedSignatureOpens(t *testing.T) {
	for name, s := range signers(t) {
		trust := trusting(t, s)
		for range 20 { // their lengths vary
			sig := detachedSignature(t, s, "data")
			if who, at, err := trust.OpenDetached([]byte("data"), sig); err != nil || who != s.Fingerprint() || !at.Equal(noon) {
				t.Fatalf("%s: %q, %s, %v\n%s", name, who, at, err, sig)
			}
			if _, _, err := trust.OpenDetached([]byte("datA"), sig); !errors.Is(err, ErrBadSignature) {
				t.Fatalf("%s, other data: %v", name, err)
			}
		}
	}
}

func TestOpenDetachedBelievesPinnedSignersOnly(t *testing.T) {
	trust := trusting(t, signerFile(t, "signer-private.asc", ""))
	stranger := signerFile(t, "stranger-private.asc", "")
	who, _, err := trust.OpenDetached([]byte("data"), detachedSignature(t, stranger, "data"))
	if !errors.Is(err, ErrUntrusted) || who != "" || !strings.Contains(err.Error(), stranger.Fingerprint()) {
		t.Errorf("got %q, %v", who, err)
	}
}

// Each of these says the same in other bytes, and gpgv calls it good.
func TestOpenDetachedRefusesWhatOnlyGnuPGCallsGood(t *testing.T) {
	g := newGnuPG(t)
	s := signerFile(t, "signer-private.asc", "")
	k, trust := parsePublic(t, "signer.asc", s.PublicKey()), trusting(t, s)
	good := detachedSignature(t, s, "data")
	raw := rawDetached(t, good)
	for name, variant := range map[string][]byte{
		"text before":          append([]byte("a note\n"), good...),
		"text after":           append(bytes.Clone(good), "a note\n"...),
		"an empty line before": append([]byte("\n"), good...),
		"an empty line after":  append(bytes.Clone(good), '\n'),
		"no end of the last":   bytes.TrimSuffix(good, []byte("\n")),
		"CRLF":                 bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")),
		"a comment":            bytes.Replace(good, []byte("-\n\n"), []byte("-\nComment: x\n\n"), 1),
		"a version":            bytes.Replace(good, []byte("-\n\n"), []byte("-\nVersion: x\n\n"), 1),
		"a CRC24":              []byte(withCRC(t, "\n"+string(good))[1:]),
		"lines of 60":          columns(raw, 60),
		"one line":             columns(raw, 4000),
		"binary":               raw,
		"an old packet header": armoredSignature(oldHeader(raw)),
		"unsigned fields":      padTo(t, unsignedField(raw)),
	} {
		t.Run(name, func(t *testing.T) {
			if bytes.Equal(variant, good) {
				t.Fatal("the variant is the signature")
			}
			if err := g.verifies(t, k, variant, []byte("data")); err != nil {
				t.Error("gpgv does not call it good: the case proves nothing")
			}
			if who, _, err := trust.OpenDetached([]byte("data"), variant); !errors.Is(err, ErrMalformed) || who != "" {
				t.Errorf("opened: %q, %v", who, err)
			}
		})
	}
}

func TestOpenDetachedRefusesBrokenFraming(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	trust := trusting(t, s)
	good := detachedSignature(t, s, "data")
	raw := rawDetached(t, good)
	sha512 := draft(s, packet.SigTypeBinary)
	sha512.Hash = crypto.SHA512
	for name, sig := range map[string][]byte{
		"nothing":         nil,
		"only the ends":   []byte(detachedBegin + detachedEnd[1:]),
		"an empty block":  armoredSignature(nil),
		"a key":           keyFile(t, "signer.asc"),
		"a clear text":    clearSigned(t, s, sampleText),
		"two blocks":      append(bytes.Clone(good), good...),
		"two packets":     armoredSignature(append(bytes.Clone(raw), raw...)),
		"bytes after it":  armoredSignature(append(bytes.Clone(raw), 0)),
		"half a packet":   armoredSignature(raw[:50]),
		"not base64":      bytes.Replace(good, []byte("-\n\n"), []byte("-\n\n!!!!"), 1),
		"a NUL after it":  append(bytes.Clone(good), 0),
		"too many bytes":  columns(make([]byte, 4000), 64),
		"SHA-512":         finish(t, s, sha512, "data"),
		"without padding": armoredSignature(unpadded(t, s)),
	} {
		if who, _, err := trust.OpenDetached([]byte("data"), sig); !errors.Is(err, ErrMalformed) || who != "" {
			t.Errorf("%s: %q, %v", name, who, err)
		}
	}
}

// No bit of a signature can be changed without it being refused.
func TestAChangedBitOfADetachedSignatureIsNotBelieved(t *testing.T) {
	for name, s := range signers(t) {
		trust := trusting(t, s)
		good := detachedSignature(t, s, "data")
		for i := range good {
			changed := bytes.Clone(good)
			changed[i] ^= 1 << (i % 8)
			if who, _, err := trust.OpenDetached([]byte("data"), changed); err == nil || who != "" {
				t.Errorf("%s: byte %d: believed", name, i)
			}
		}
	}
}

func rawDetached(t testing.TB, block []byte) []byte {
	t.Helper()
	lines := strings.TrimSuffix(strings.TrimPrefix(string(block), detachedBegin), detachedEnd)
	raw, err := base64.StdEncoding.DecodeString(lines)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// columns armors a packet in lines of another length.
func columns(packet []byte, n int) []byte {
	out := []byte(detachedBegin)
	for line := range slices.Chunk(base64.StdEncoding.AppendEncode(nil, packet), n) {
		out = append(append(out, line...), '\n')
	}
	return append(out, detachedEnd[1:]...)
}

// padTo armors a packet with a CRC24 where gpg needs one.
func padTo(t testing.TB, packet []byte) []byte {
	t.Helper()
	block := armoredSignature(packet)
	if padded(packet) {
		return block
	}
	return []byte(withCRC(t, "\n"+string(block))[1:])
}

// unpadded is a good signature of "data" whose base64 has no padding.
func unpadded(t testing.TB, s *Signer) []byte {
	t.Helper()
	for salt := minSaltBytes; ; salt++ {
		sig := draft(s, packet.SigTypeBinary)
		raw, err := signPacket(sig, []byte("data"), salt, s.secrets[0])
		if err != nil {
			t.Fatal(err)
		}
		if !padded(raw) {
			return raw
		}
	}
}

func FuzzOpenDetached(f *testing.F) {
	s := signerFile(f, "signer-private.asc", "")
	trust := trusting(f, s)
	good := detachedSignature(f, s, "data")
	f.Add(good, []byte("data"))
	f.Add(armoredSignature([]byte{0xc2, 4, 4, 0, 22, 8}), []byte("data"))
	f.Add(rawDetached(f, good), []byte{})
	f.Fuzz(func(t *testing.T, sig, data []byte) {
		who, _, err := trust.OpenDetached(data, sig)
		if err != nil {
			if !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrUntrusted) && !errors.Is(err, ErrBadSignature) {
				t.Fatalf("an error that no caller knows: %v", err)
			}
			return
		}
		if string(data) != "data" || who != s.Fingerprint() || !bytes.HasPrefix(sig, []byte(detachedBegin)) {
			t.Fatalf("believed %q by %s", data, who)
		}
	})
}
