package crypto

import (
	"bytes"
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
	"github.com/ProtonMail/go-crypto/openpgp/packet"
	"pgregory.net/rapid"
)

const sampleText = "{\n  \"format\": 1,\n\n  \"stream\": \"logdata\"\n}\n"

func clearSigned(t testing.TB, s *Signer, text string) []byte {
	t.Helper()
	block, err := s.Clear([]byte(text), noon)
	if err != nil {
		t.Fatal(err)
	}
	return block
}

func TestClearWritesTheOneFraming(t *testing.T) {
	block := string(clearSigned(t, signerFile(t, "signer-private.asc", ""), sampleText))
	lines := strings.Split(strings.TrimSuffix(block, "\n"), "\n")
	text := strings.Split(strings.TrimSuffix(sampleText, "\n"), "\n")
	head := append([]string{"-----BEGIN PGP SIGNED MESSAGE-----", "Hash: SHA256", ""}, text...)
	head = append(head, "-----BEGIN PGP SIGNATURE-----", "")
	if !slices.Equal(lines[:len(head)], head) || lines[len(lines)-1] != "-----END PGP SIGNATURE-----" || !strings.HasSuffix(block, "-\n") {
		t.Fatalf("got\n%s", block)
	}
	signature := lines[len(head) : len(lines)-1]
	for i, line := range signature {
		last := i == len(signature)-1
		if len(line) > 64 || (!last && len(line) != 64) || strings.HasSuffix(line, "=") != last {
			t.Errorf("line %d of the signature: %q", i, line)
		}
	}
}

func TestClearRefusesTextThatLeavesItsFormOpen(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	for name, text := range map[string]string{
		"empty":                "",
		"only an end":          "\n",
		"no end":               "text",
		"two ends":             "text\n\n",
		"a blank at a line":    "a \nb\n",
		"a blank at the end":   "a\nb \n",
		"a line of a blank":    "a\n \nb\n",
		"a tab":                "a\tb\n",
		"a tab at a line":      "a\t\nb\n",
		"CRLF":                 "a\r\nb\r\n",
		"a CR":                 "a\rb\n",
		"a NUL":                "a\x00b\n",
		"a DEL":                "a\x7fb\n",
		"not ASCII":            "ä\n",
		"not UTF-8":            "a\xffb\n",
		"a dash":               "a\n-b\n",
		"a dash at the start":  "-b\n",
		"a signature's header": "a\n-----BEGIN PGP SIGNATURE-----\n\n",
		"a long line":          strings.Repeat("x", 16_000) + "\n",
	} {
		if block, err := s.Clear([]byte(text), noon); err == nil {
			t.Errorf("%s: signed\n%s", name, block)
		}
	}
}

func TestGnuPGTakesTheLongestLine(t *testing.T) {
	g := newGnuPG(t)
	s := signerFile(t, "signer-private.asc", "")
	block := clearSigned(t, s, "a\n"+strings.Repeat("x", 15_999)+"\nb\n")
	if err := g.verifies(t, parsePublic(t, "signer.asc", s.PublicKey()), block, nil); err != nil {
		t.Error(err)
	}
	if _, _, _, err := trusting(t, s).OpenClear(block); err != nil {
		t.Error(err)
	}
}

// Each of these says the same in other bytes, and gpgv calls it good.
func TestOpenClearRefusesWhatOnlyGnuPGCallsGood(t *testing.T) {
	g := newGnuPG(t)
	s := signerFile(t, "signer-private.asc", "")
	k, trust := parsePublic(t, "signer.asc", s.PublicKey()), trusting(t, s)
	block := string(clearSigned(t, s, sampleText))
	replace := func(old, new string) string {
		if strings.Count(block, old) == 0 {
			t.Fatalf("%q is not in the block", old)
		}
		return strings.Replace(block, old, new, 1)
	}
	for name, variant := range map[string]string{
		"text before":           "{\"format\": 2}\n" + block,
		"text after":            block + "{\"format\": 2}\n",
		"an empty line after":   block + "\n",
		"no end of the last":    strings.TrimSuffix(block, "\n"),
		"blanks at a line":      replace("logdata\"\n", "logdata\"  \n"),
		"CRLF":                  strings.ReplaceAll(block, "\n", "\r\n"),
		"CRLF in the text":      replace("logdata\"\n", "logdata\"\r\n"),
		"a second Hash header":  replace("Hash: SHA256\n", "Hash: SHA256\nHash: SHA512\n"),
		"two hashes":            replace("SHA256\n", "SHA256,SHA512\n"),
		"a comment":             replace("SIGNATURE-----\n\n", "SIGNATURE-----\nComment: x\n\n"),
		"a CRC24":               withCRC(t, block),
		"a dash-escaped line":   replace("  \"format\"", "-   \"format\""),
		"base64 in other lines": rewrapped(block, 60),
		"two signatures":        reframed(t, block, func(sig []byte) []byte { return append(bytes.Clone(sig), sig...) }),
		"an old packet header":  reframed(t, block, oldHeader),
		"unsigned fields":       reframed(t, block, unsignedField),
	} {
		t.Run(name, func(t *testing.T) {
			if variant == block {
				t.Fatal("the variant is the block")
			}
			if err := g.verifies(t, k, []byte(variant), nil); err != nil {
				t.Error("gpgv does not call it good: the case proves nothing")
			}
			if text, _, _, err := trust.OpenClear([]byte(variant)); !errors.Is(err, ErrMalformed) || text != nil {
				t.Errorf("opened %q, %v", text, err)
			}
		})
	}
}

func TestOpenClearRefusesBrokenFraming(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	trust := trusting(t, s)
	block := string(clearSigned(t, s, sampleText))
	before, lines, after := cutSignature(block)
	for name, broken := range map[string]string{
		"nothing":          "",
		"the text alone":   sampleText,
		"only the ends":    clearBegin + clearEnd,
		"no text":          clearBegin + clearBoundary[1:] + lines + after,
		"an empty text":    clearBegin + clearBoundary + lines + after,
		"no base64":        before + after,
		"not base64":       before + "!" + lines + after,
		"an armored key":   before + "xjMEaVXHgBYJKwYBBAHaRw8=" + after,
		"half of it":       block[:len(block)/2],
		"two blocks":       block + block,
		"no Hash header":   strings.Replace(block, "Hash: SHA256\n", "", 1),
		"another header":   strings.Replace(block, "SHA256", "SHA512", 1),
		"a line of a dash": strings.Replace(block, "{\n", "{\n-\n", 1),
		"half a signature": reframed(t, block, func(sig []byte) []byte { return sig[:len(sig)/2] }),
	} {
		if text, _, _, err := trust.OpenClear([]byte(broken)); !errors.Is(err, ErrMalformed) || text != nil {
			t.Errorf("%s: opened %q, %v", name, text, err)
		}
	}
}

// cutSignature parts a block before the base64 of its signature and after it.
func cutSignature(block string) (before, lines, after string) {
	i := strings.Index(block, clearBoundary) + len(clearBoundary)
	j := strings.Index(block, clearEnd)
	return block[:i], block[i:j], block[j:]
}

func signaturePacket(t testing.TB, block string) []byte {
	t.Helper()
	_, lines, _ := cutSignature(block)
	raw, err := base64.StdEncoding.DecodeString(lines)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func reframed(t testing.TB, block string, change func(sig []byte) []byte) string {
	t.Helper()
	before, _, _ := cutSignature(block)
	i := strings.Index(before, "-----BEGIN PGP SIGNATURE")
	return before[:i] + string(armoredSignature(change(signaturePacket(t, block))))
}

func rewrapped(block string, columns int) string {
	before, lines, after := cutSignature(block)
	var out []string
	for line := range slices.Chunk([]byte(strings.ReplaceAll(lines, "\n", "")), columns) {
		out = append(out, string(line))
	}
	return before + strings.Join(out, "\n") + after
}

func withCRC(t testing.TB, block string) string {
	t.Helper()
	var out bytes.Buffer
	w, err := armor.Encode(&out, signatureBlock, nil)
	if err != nil {
		t.Fatal(err)
	}
	w.Write(signaturePacket(t, block))
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	before, _, _ := cutSignature(block)
	return before[:strings.Index(before, "-----BEGIN PGP SIGNATURE")] + out.String() + "\n"
}

// oldHeader gives a packet the header that gpg writes: 0x88 and one byte, or a
// length in four bytes where the first would leave base64 without padding.
func oldHeader(sig []byte) []byte {
	header, body, _ := packetLength(sig)
	out := append([]byte{0x88, byte(body)}, sig[header:]...)
	if body > 255 || !padded(out) {
		out = append([]byte{0x8a, 0, 0, byte(body >> 8), byte(body)}, sig[header:]...)
	}
	return out
}

// unsignedField adds a notation of the given bytes outside what is signed.
func unsignedField(sig []byte) []byte {
	header, body, _ := packetLength(sig)
	at := header + 6 + int(sig[header+4])<<8 + int(sig[header+5])
	field := []byte{10, 100, 1, 2, 3, 4, 5, 6, 7, 8, 9} // a private type
	out := append([]byte{0x89, 0, 0}, sig[header:at]...)
	out = append(append(out, 0, byte(len(field))), field...)
	out = append(out, sig[at+2:]...)
	body += len(field)
	out[1], out[2] = byte(body>>8), byte(body)
	return out
}

func TestOpenClearRefusesUnsignedFieldsInCanonicalEncoding(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	block := string(clearSigned(t, s, sampleText))
	changed := reframed(t, block, func(sig []byte) []byte {
		p, err := readSignature(unsignedField(sig))
		if err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		if err := p.Serialize(&out); err != nil {
			t.Fatal(err)
		}
		return out.Bytes()
	})
	_, _, _, err := trusting(t, s).OpenClear([]byte(changed))
	if !errors.Is(err, ErrMalformed) {
		t.Errorf("got %v", err)
	}
}

func TestOpenClearRefusesAnotherHashThanItsHeaderNames(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	sig := draft(s, packet.SigTypeText)
	sig.Hash = 7 // SHA-512
	for salt := minSaltBytes; ; salt++ {
		raw, err := signPacket(sig, signedForm([]byte(sampleText)), salt, s.secrets[0])
		if err != nil {
			t.Fatal(err)
		}
		if !padded(raw) {
			sig.Notations = nil
			continue
		}
		if _, _, _, err := trusting(t, s).OpenClear(frame([]byte(sampleText), raw)); !errors.Is(err, ErrMalformed) {
			t.Errorf("got %v", err)
		}
		return
	}
}

func TestNoFlippedBitOfABlockIsAccepted(t *testing.T) {
	for _, name := range []string{"signer-private.asc", "rsa-signer-private.asc"} {
		s := signerFile(t, name, "")
		trust := trusting(t, s)
		block := clearSigned(t, s, "{}\n")
		for i := range len(block) * 8 {
			changed := bytes.Clone(block)
			changed[i/8] ^= 1 << (i % 8)
			if text, _, _, err := trust.OpenClear(changed); err == nil || text != nil {
				t.Fatalf("%s: opened with bit %d flipped:\n%s", name, i, changed)
			}
		}
	}
}

func TestNoFlippedBitOfASignaturePacketIsAccepted(t *testing.T) {
	for _, name := range []string{"signer-private.asc", "rsa-signer-private.asc"} {
		s := signerFile(t, name, "")
		trust := trusting(t, s)
		block := string(clearSigned(t, s, "{}\n"))
		for i := range len(signaturePacket(t, block)) * 8 {
			changed := reframed(t, block, func(sig []byte) []byte { sig[i/8] ^= 1 << (i % 8); return sig })
			if _, _, _, err := trust.OpenClear([]byte(changed)); err == nil {
				t.Errorf("%s: opened with bit %d of the packet flipped", name, i)
			}
		}
	}
}

func TestEveryValidTextComesBack(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	trust := trusting(t, s)
	line := rapid.StringMatching(`([!-,.-~]([ -~]{0,70}[!-~])?)?`)
	rapid.Check(t, func(t *rapid.T) {
		lines := append(rapid.SliceOfN(line, 0, 20).Draw(t, "lines"), rapid.StringMatching(`[!-,.-~]{1,20}`).Draw(t, "last"))
		text := strings.Join(lines, "\n") + "\n"
		block, err := s.Clear([]byte(text), noon)
		if err != nil {
			t.Fatal(err)
		}
		got, who, at, err := trust.OpenClear(block)
		if err != nil || string(got) != text || who != s.Fingerprint() || !at.Equal(noon) {
			t.Fatalf("got %q by %s at %s, %v", got, who, at, err)
		}
	})
}

func TestGnuPGAgreesOnRandomTexts(t *testing.T) {
	g := newGnuPG(t)
	s := signerFile(t, "signer-private.asc", "")
	k := parsePublic(t, "signer.asc", s.PublicKey())
	for _, text := range []string{"x\n", "\nx\n", "\n\n\nx\n", " x\n", "From me\nto you\n", "Hash: SHA512\n\nx\n", "x\n\n\ny\n", "=abcd\n"} {
		if err := g.verifies(t, k, clearSigned(t, s, text), nil); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzOpenClear(f *testing.F) {
	s := signerFile(f, "signer-private.asc", "")
	trust := trusting(f, s)
	block := string(clearSigned(f, s, sampleText))
	f.Add([]byte(block))
	f.Add([]byte(block + block))
	f.Add([]byte(rewrapped(block, 60)))
	f.Add([]byte(reframed(f, block, unsignedField)))
	f.Add([]byte(clearBegin + clearBoundary + clearEnd))
	f.Fuzz(func(t *testing.T, input []byte) {
		text, sig, err := unframe(input)
		if err != nil {
			return
		}
		// What is canonical is rebuilt from what was understood of it.
		var raw bytes.Buffer
		if err := sig.Serialize(&raw); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(frame(text, raw.Bytes()), input) {
			t.Fatalf("two framings of one block:\n%s", input)
		}
		if opened, _, _, err := trust.OpenClear(input); err == nil && string(opened) != sampleText {
			t.Fatalf("opened a text that was never signed: %q", opened)
		}
	})
}
