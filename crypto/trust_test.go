package crypto

import (
	"bytes"
	"crypto"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// draft is a signature as Signer begins it, for tests to change.
func draft(s *Signer, kind packet.SignatureType) *packet.Signature {
	k := s.secrets[0]
	return &packet.Signature{Version: 4, SigType: kind, PubKeyAlgo: k.PubKeyAlgo, Hash: crypto.SHA256, CreationTime: noon, IssuerKeyId: &k.KeyId}
}

func finish(t testing.TB, s *Signer, sig *packet.Signature, content string) []byte {
	t.Helper()
	notations := sig.Notations
	for salt := minSaltBytes; ; salt++ {
		sig.Notations = slices.Clone(notations)
		raw, err := signPacket(sig, []byte(content), salt, s.secrets[0])
		if err != nil {
			t.Fatal(err)
		}
		if padded(raw) {
			return armoredSignature(raw)
		}
	}
}

func TestUnknownSignersAreUntrusted(t *testing.T) {
	pinned := trusting(t, signerFile(t, "signer-private.asc", ""))
	for _, name := range []string{"stranger-private.asc", "ops-private.asc" /* a recipient */, "rsa-signer-private.asc"} {
		s := signerFile(t, name, "")
		if _, who, _, err := pinned.OpenClear(clearSigned(t, s, sampleText)); !errors.Is(err, ErrUntrusted) || who != "" {
			t.Errorf("%s, clear: %v", name, err)
		}
		sig, err := s.Detached([]byte("data"), noon)
		if err != nil {
			t.Fatal(err)
		}
		_, _, err = pinned.OpenDetached([]byte("data"), sig)
		if !errors.Is(err, ErrUntrusted) || !strings.Contains(err.Error(), s.Fingerprint()) {
			t.Errorf("%s, detached: %v", name, err)
		}
		if _, _, err := NewTrust(nil).OpenDetached([]byte("data"), sig); !errors.Is(err, ErrUntrusted) {
			t.Errorf("%s, nobody trusted: %v", name, err)
		}
	}
}

func TestSeveralPinnedKeysAreTriedByFingerprint(t *testing.T) {
	a, b := signerFile(t, "signer-private.asc", ""), signerFile(t, "rsa-signer-private.asc", "")
	trust := trusting(t, a, b)
	for _, s := range []*Signer{a, b} {
		if _, who, _, err := trust.OpenClear(clearSigned(t, s, sampleText)); err != nil || who != s.Fingerprint() {
			t.Errorf("%s: %s, %v", s.Fingerprint(), who, err)
		}
	}
}

func TestChangedContentIsABadSignature(t *testing.T) {
	for name, s := range signers(t) {
		trust := trusting(t, s)
		block := bytes.Replace(clearSigned(t, s, sampleText), []byte("logdata"), []byte("logdatb"), 1)
		if _, _, _, err := trust.OpenClear(block); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s, clear: %v", name, err)
		}
		sig, err := s.Detached([]byte("data"), noon)
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := trust.OpenDetached([]byte("datA"), sig); !errors.Is(err, ErrBadSignature) {
			t.Errorf("%s, detached: %v", name, err)
		}
	}
}

func TestASignatureOutlivesItsKeysExpiry(t *testing.T) {
	s := parseSigner(t, privatePackets(t, newEntity(t, eddsa(24*time.Hour))), "")
	trust := trusting(t, s)
	made := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at   time.Time
		want error
	}{
		{made.Add(-time.Second), ErrUntrusted},
		{made, nil},
		{made.Add(12 * time.Hour), nil},
		{made.Add(25 * time.Hour), ErrUntrusted},
	} {
		sig := draft(s, packet.SigTypeBinary)
		sig.CreationTime = c.at
		if _, _, err := trust.OpenDetached([]byte("x"), finish(t, s, sig, "x")); !errors.Is(err, c.want) {
			t.Errorf("made at %s: %v, want %v", c.at, err, c.want)
		}
	}
}

func TestARevocationCountsFromItsTimeUnlessTheKeyWasCompromised(t *testing.T) {
	for _, c := range []struct {
		name          string
		reason        packet.ReasonForRevocation
		before, after error
	}{
		{"superseded", packet.KeySuperseded, nil, ErrUntrusted},
		{"retired", packet.KeyRetired, nil, ErrUntrusted},
		{"compromised", packet.KeyCompromised, ErrUntrusted, ErrUntrusted},
		{"no reason", packet.NoReason, ErrUntrusted, ErrUntrusted},
	} {
		for _, whose := range []string{"primary", "subkey"} {
			t.Run(c.name+" "+whose, func(t *testing.T) {
				e := newEntity(t, eddsa(0))
				config := eddsa(0)
				config.Time = func() time.Time { return e.PrimaryKey.CreationTime }
				if err := e.AddSigningSubkey(&config); err != nil {
					t.Fatal(err)
				}
				s := parseSigner(t, privatePackets(t, e), "") // before it is revoked
				config.Time = func() time.Time { return noon }
				var err error
				if whose == "primary" {
					err = e.Revoke(c.reason, "", &config)
				} else {
					err = e.Subkeys[1].Revoke(c.reason, "", &config)
				}
				if err != nil {
					t.Fatal(err)
				}
				trust := NewTrust([]*Key{parsePublic(t, "revoked.gpg", publicPackets(t, e))})
				for at, want := range map[time.Time]error{noon.Add(-time.Hour): c.before, noon.Add(time.Hour): c.after} {
					sig, err := s.Detached([]byte("x"), at)
					if err != nil {
						t.Fatal(err)
					}
					if _, _, err := trust.OpenDetached([]byte("x"), sig); !errors.Is(err, want) {
						t.Errorf("signed at %s: %v, want %v", at, err, want)
					}
				}
			})
		}
	}
}

func TestASignatureOutlivesTheRenewalOfItsKey(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, nil, "--faked-system-time", "20240101T000000!", "--quick-generate-key", "archiver TEST", "ed25519", "sign", "1y")
	old := parseSigner(t, g.run(t, nil, "--export-secret-keys"), "")
	at := time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)
	sig, err := old.Detached([]byte("x"), at)
	if err != nil {
		t.Fatal(err)
	}
	// gpg's export then has no self-signature as old as the signature.
	g.run(t, nil, "--faked-system-time", "20260101T000000!", "--quick-set-expire", old.Fingerprint(), "1y")
	renewed := parsePublic(t, "renewed.gpg", g.run(t, nil, "--export"))
	if renewed.Fingerprint() != old.Fingerprint() || bytes.Equal(renewed.packets, old.key.packets) {
		t.Fatal("the key was not renewed")
	}
	if err := g.verifies(t, renewed, sig, []byte("x")); err != nil {
		t.Errorf("gpgv: %v", err)
	}
	trust := NewTrust([]*Key{renewed})
	for range 2 {
		if _, when, err := trust.OpenDetached([]byte("x"), sig); err != nil || !when.Equal(at) {
			t.Errorf("signed at %s: %v", when, err)
		}
	}
	late := draft(old, packet.SigTypeBinary)
	late.CreationTime = time.Date(2027, 6, 1, 0, 0, 0, 0, time.UTC)
	if _, _, err := trust.OpenDetached([]byte("x"), finish(t, old, late, "x")); !errors.Is(err, ErrUntrusted) {
		t.Errorf("signed after the renewed key's expiry: %v", err)
	}
}

func TestVerdictsDoNotDependOnTheirOrder(t *testing.T) {
	s := parseSigner(t, privatePackets(t, newEntity(t, eddsa(24*time.Hour))), "")
	good := draft(s, packet.SigTypeBinary)
	good.CreationTime = time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	late := draft(s, packet.SigTypeBinary)
	goodSig, lateSig := finish(t, s, good, "x"), finish(t, s, late, "x")
	trust := trusting(t, s)
	for range 2 {
		if _, _, err := trust.OpenDetached([]byte("x"), lateSig); !errors.Is(err, ErrUntrusted) {
			t.Errorf("late: %v", err)
		}
		if _, _, err := trust.OpenDetached([]byte("x"), goodSig); err != nil {
			t.Errorf("in time: %v", err)
		}
	}
}

func TestOnlyKeysMeantForSigningAreBelieved(t *testing.T) {
	e := newEntity(t, eddsa(0))
	s := parseSigner(t, privatePackets(t, e), "")
	for _, id := range e.Identities {
		id.SelfCertifications[0].Packet.FlagSign = false
		if err := id.ReSign(nil); err != nil {
			t.Fatal(err)
		}
	}
	certifies := NewTrust([]*Key{parsePublic(t, "certifies.gpg", publicPackets(t, e))})
	if _, _, _, err := certifies.OpenClear(clearSigned(t, s, sampleText)); !errors.Is(err, ErrUntrusted) {
		t.Errorf("got %v", err)
	}
}

func TestSomeSignaturesAreRefusedWhoeverMadeThem(t *testing.T) {
	s := signerFile(t, "rsa-signer-private.asc", "")
	trust := trusting(t, s)
	lifetime := uint32(3600)
	for _, c := range []struct {
		name   string
		change func(*packet.Signature)
		want   error
	}{
		{"nothing changed", func(*packet.Signature) {}, nil},
		{"SHA-384", func(s *packet.Signature) { s.Hash = crypto.SHA384 }, ErrMalformed},
		{"SHA-512", func(s *packet.Signature) { s.Hash = crypto.SHA512 }, ErrMalformed},
		{"SHA-1", func(s *packet.Signature) { s.Hash = crypto.SHA1 }, ErrMalformed},
		{"SHA-224", func(s *packet.Signature) { s.Hash = crypto.SHA224 }, ErrMalformed},
		{"a text signature", func(s *packet.Signature) { s.SigType = packet.SigTypeText }, ErrBadSignature},
		{"a certification", func(s *packet.Signature) { s.SigType = packet.SigTypeGenericCert }, ErrBadSignature},
		{"an expiry of its own", func(s *packet.Signature) { s.SigLifetimeSecs = &lifetime }, ErrBadSignature},
		{"a critical notation", func(s *packet.Signature) {
			s.Notations = []*packet.Notation{{Name: "x@example.org", Value: []byte("y"), IsCritical: true}}
		}, ErrBadSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			sig := draft(s, packet.SigTypeBinary)
			c.change(sig)
			who, _, err := trust.OpenDetached([]byte("x"), finish(t, s, sig, "x"))
			if !errors.Is(err, c.want) || (err == nil) != (who == s.Fingerprint()) {
				t.Errorf("got %q, %v, want %v", who, err, c.want)
			}
		})
	}
}

func TestOneKindOfSignatureIsNotTakenForTheOther(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	trust := trusting(t, s)
	raw, err := s.sign(packet.SigTypeBinary, signedForm([]byte(sampleText)), noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, _, err := trust.OpenClear(frame([]byte(sampleText), raw)); !errors.Is(err, ErrBadSignature) {
		t.Errorf("a binary signature in a clear-signed block: %v", err)
	}
}

func TestMalformedDetachedSignatures(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	trust := trusting(t, s)
	raw, err := s.sign(packet.SigTypeBinary, []byte("x"), noon)
	if err != nil {
		t.Fatal(err)
	}
	v6, err := openpgp.NewEntity("v6", "", "", &packet.Config{V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519})
	if err != nil {
		t.Fatal(err)
	}
	var ofV6 bytes.Buffer
	if err := openpgp.DetachSign(&ofV6, []*openpgp.Entity{v6}, strings.NewReader("x"), nil); err != nil {
		t.Fatal(err)
	}
	good := armoredSignature(raw)
	for name, sig := range map[string][]byte{
		"nothing":          nil,
		"text":             []byte("good signature"),
		"a key":            keyFile(t, "signer.asc"),
		"a key's packets":  armoredSignature(s.key.packets),
		"two blocks":       append(bytes.Clone(good), good...),
		"two packets":      armoredSignature(append(bytes.Clone(raw), raw...)),
		"bytes after it":   armoredSignature(append(bytes.Clone(raw), 0)),
		"half a packet":    armoredSignature(raw[:50]),
		"a version 6 one":  armoredSignature(ofV6.Bytes()),
		"an empty block":   armoredSignature(nil),
		"not even base64":  bytes.Replace(good, []byte("\n\n"), []byte("\n\n!!!!"), 1),
		"a padding packet": armoredSignature([]byte{0xd5, 1, 0}),
	} {
		if _, _, err := trust.OpenDetached([]byte("x"), sig); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, _, err := trust.OpenDetached([]byte("x"), good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}
