package crypto

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// signers are one of every kind of key that signs.
func signers(t testing.TB) map[string]*Signer {
	t.Helper()
	subkey := newEntity(t, eddsa(0))
	config := eddsa(0)
	config.Time = func() time.Time { return subkey.PrimaryKey.CreationTime }
	if err := subkey.AddSigningSubkey(&config); err != nil {
		t.Fatal(err)
	}
	return map[string]*Signer{
		"Ed25519":            signerFile(t, "signer-private.asc", ""),
		"Ed25519, locked":    signerFile(t, "signer-passphrase-private.asc", "test-passphrase"),
		"RSA":                signerFile(t, "rsa-signer-private.asc", ""),
		"NIST P-256":         parseSigner(t, privatePackets(t, newEntity(t, nistP256())), ""),
		"a signing subkey":   parseSigner(t, privatePackets(t, subkey), ""),
		"key held elsewhere": heldElsewhere(t),
	}
}

// heldElsewhere signs through a standard library's crypto.Signer that the
// OpenPGP library does not know.
func heldElsewhere(t testing.TB) *Signer {
	t.Helper()
	s := signerFile(t, "rsa-signer-private.asc", "")
	k := *s.secrets[0]
	k.PrivateKey = struct{ *rsa.PrivateKey }{k.PrivateKey.(*rsa.PrivateKey)}
	return &Signer{key: s.key, secrets: []*packet.PrivateKey{&k}}
}

func TestGnuPGAndTrustBelieveEverySigner(t *testing.T) {
	g := newGnuPG(t)
	text := []byte("{\n  \"stream\": \"logdata\"\n}\n")
	for name, s := range signers(t) {
		t.Run(name, func(t *testing.T) {
			k := parsePublic(t, "signer.asc", s.PublicKey())
			trust := trusting(t, s)
			// Several, since salts and ECDSA make lengths that vary.
			for i := range 6 {
				at := noon.Add(time.Duration(i) * time.Second)
				block, err := s.Clear(text, at)
				if err != nil {
					t.Fatal(err)
				}
				if err := g.verifies(t, k, block, nil); err != nil {
					t.Errorf("gpgv on the block: %v\n%s", err, block)
				}
				got, who, when, err := trust.OpenClear(block)
				if err != nil || !bytes.Equal(got, text) || who != s.Fingerprint() || !when.Equal(at) {
					t.Errorf("the block: %q by %s at %s, %v", got, who, when, err)
				}
				sig, err := s.Detached(text, at)
				if err != nil {
					t.Fatal(err)
				}
				if err := g.verifies(t, k, sig, text); err != nil {
					t.Errorf("gpgv on the detached signature: %v\n%s", err, sig)
				}
				who, when, err = trust.OpenDetached(text, sig)
				if err != nil || who != s.Fingerprint() || !when.Equal(at) {
					t.Errorf("the detached signature: by %s at %s, %v", who, when, err)
				}
			}
		})
	}
}

func TestSignaturesArePaddedWhateverTheirLength(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	unpadded := false
	for salt := minSaltBytes; !unpadded && salt < 2*minSaltBytes; salt++ {
		p, err := signPacket(draft(s, packet.SigTypeBinary), nil, salt, s.secrets[0])
		if err != nil {
			t.Fatal(err)
		}
		unpadded = !padded(p)
	}
	if !unpadded {
		t.Fatal("no length was a multiple of three: the test proves nothing")
	}
	for range 50 {
		sig, err := s.sign(packet.SigTypeBinary, nil, noon)
		if err != nil || !padded(sig) {
			t.Fatalf("%d bytes, %v", len(sig), err)
		}
	}
}

func TestSignaturesNameTheirIssuerAndAreBySHA256(t *testing.T) {
	for name, s := range signers(t) {
		raw, err := s.sign(packet.SigTypeText, []byte("x"), noon.Add(999*time.Millisecond))
		if err != nil {
			t.Fatal(err)
		}
		sig, err := readSignature(raw)
		if err != nil {
			t.Fatal(err)
		}
		e, err := s.key.entity()
		if err != nil {
			t.Fatal(err)
		}
		if len(sig.IssuerFingerprint) != 20 || len(issuers(e, sig)) != 1 {
			t.Errorf("%s: issuer %X", name, sig.IssuerFingerprint)
		}
		if sig.Hash.String() != "SHA-256" || !sig.CreationTime.Equal(noon) {
			t.Errorf("%s: by %v at %v", name, sig.Hash, sig.CreationTime)
		}
	}
}

func TestASigningSubkeyWorksWithoutThePrimarysSecret(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, nil, "--quick-generate-key", "archiver TEST", "ed25519", "cert", "never")
	list := string(g.run(t, nil, "--with-colons", "--list-keys"))
	_, after, _ := strings.Cut(list, "fpr:::::::::")
	primary, _, _ := strings.Cut(after, ":")
	g.run(t, nil, "--quick-add-key", primary, "ed25519", "sign", "never")
	now := time.Now().Add(time.Second)

	s := parseSigner(t, g.run(t, nil, "--export-secret-subkeys", primary), "")
	if s.Fingerprint() != primary {
		t.Errorf("fingerprint %s, want the primary's, %s", s.Fingerprint(), primary)
	}
	block, err := s.Clear([]byte("text\n"), now)
	if err != nil {
		t.Fatal(err)
	}
	if _, who, _, err := trusting(t, s).OpenClear(block); err != nil || who != primary {
		t.Errorf("by %s, %v", who, err)
	}
	stub := privatePackets(t, func() *openpgp.Entity {
		ring, err := openpgp.ReadKeyRing(bytes.NewReader(g.run(t, nil, "--export-secret-subkeys", primary)))
		if err != nil {
			t.Fatal(err)
		}
		ring[0].Subkeys = nil
		return ring[0]
	}())
	if _, err := ParseSigner("stub.gpg", stub, nil); err == nil || !strings.Contains(err.Error(), "cannot sign") {
		t.Errorf("the primary's stub alone: %v", err)
	}
}

func TestParseSignerRefuses(t *testing.T) {
	locked := keyFile(t, "signer-passphrase-private.asc")
	p384 := privatePackets(t, newEntity(t, packet.Config{Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP384}))
	newEd25519 := privatePackets(t, newEntity(t, packet.Config{Algorithm: packet.PubKeyAlgoEd25519}))
	for _, c := range []struct {
		name       string
		data       []byte
		passphrase string
		want       string
	}{
		{"a public key", keyFile(t, "signer.asc"), "", "is a public key"},
		{"a locked key without a passphrase", locked, "", "no passphrase was given"},
		{"a locked key with a wrong one", locked, "hunter2-wrong", "not by the given passphrase"},
		{"two keys", append(keyFile(t, "signer-private.asc"), locked...), "", "exactly one"},
		{"a curve that SHA-256 is too short for", p384, "", "cannot sign"},
		{"Ed25519 in the form that gpg does not know", newEd25519, "", "cannot sign"},
		{"half a key", keyFile(t, "rsa-signer-private.asc")[:1000], "", "private.asc: "},
		{"nothing", nil, "", "is no PGP"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := ParseSigner("private.asc", c.data, []byte(c.passphrase))
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "private.asc") {
				t.Fatalf("error %v does not say %q", err, c.want)
			}
			if c.passphrase != "" && strings.Contains(err.Error(), c.passphrase) {
				t.Errorf("error shows the passphrase: %q", err)
			}
		})
	}
}

func TestCheckAndSigningRefuseAKeyThatIsNotValidThen(t *testing.T) {
	at := func(t time.Time) *packet.Config { return &packet.Config{Time: func() time.Time { return t }} }
	revoked := newEntity(t, eddsa(0))
	if err := revoked.Revoke(packet.KeyRetired, "", at(noon)); err != nil {
		t.Fatal(err)
	}
	certifies := newEntity(t, eddsa(0))
	for _, id := range certifies.Identities {
		id.SelfCertifications[0].Packet.FlagSign = false
		if err := id.ReSign(at(certifies.PrimaryKey.CreationTime)); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		name string
		key  *openpgp.Entity
		at   time.Time
		want string
	}{
		{"valid", newEntity(t, eddsa(0)), noon, ""},
		{"not expired yet", newEntity(t, eddsa(400*24*time.Hour)), noon, ""},
		{"expired", newEntity(t, eddsa(24*time.Hour)), noon, "is expired"},
		{"revoked", revoked, noon.Add(time.Hour), "is revoked"},
		{"not revoked yet", revoked, noon.Add(-time.Hour), ""},
		{"not made yet", newEntity(t, eddsa(0)), noon.AddDate(-1, 0, 0), "check the clock"},
		{"not meant for signing", certifies, noon, "cannot sign"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parseSigner(t, privatePackets(t, c.key), "")
			_, errDetached := s.Detached([]byte("x"), c.at)
			_, errClear := s.Clear([]byte("x\n"), c.at)
			for _, err := range []error{s.Check(c.at), errDetached, errClear} {
				if c.want == "" && err != nil {
					t.Errorf("refused: %v", err)
				}
				if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), s.Fingerprint())) {
					t.Errorf("got %v, want %q", err, c.want)
				}
			}
		})
	}
}

// unwilling is a key service that answers with an error.
type unwilling struct{ *rsa.PrivateKey }

func (unwilling) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return nil, errors.New("throttled")
}

func TestAKeyThatFailsToSignGivesAnErrorAndNoSignature(t *testing.T) {
	s := heldElsewhere(t)
	s.secrets[0].PrivateKey = unwilling{}
	if sig, err := s.Detached([]byte("x"), noon); err == nil {
		t.Errorf("signed:\n%s", sig)
	}
}

func TestSignersWorkSideBySide(t *testing.T) {
	s := signerFile(t, "signer-private.asc", "")
	trust := trusting(t, s)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			block, err := s.Clear([]byte("text\n"), noon)
			if err != nil {
				t.Error(err)
				return
			}
			if _, _, _, err := trust.OpenClear(block); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
}
