package crypto

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

const testPassphrase = "test-passphrase"

func privateFile(t testing.TB, name string) *Private {
	t.Helper()
	return parsePrivate(t, keyFile(t, name), "")
}

func parsePrivate(t testing.TB, data []byte, passphrase string) *Private {
	t.Helper()
	p, err := ParsePrivate("private.asc", data, []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// locked are a key's packets, locked by testPassphrase.
func locked(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	if err := e.EncryptPrivateKeys([]byte(testPassphrase), nil); err != nil {
		t.Fatal(err)
	}
	return privatePackets(t, e)
}

func TestParsePrivateReadsArmoredAndBinaryAlike(t *testing.T) {
	want := publicKey(t, "ops.asc").Fingerprint()
	binary := privatePackets(t, privateEntity(t, "ops-private.asc"))
	for name, data := range map[string][]byte{"armored": keyFile(t, "ops-private.asc"), "binary": binary} {
		if p := parsePrivate(t, data, ""); p.Fingerprint() != want || p.String() != want+" (private.asc)" {
			t.Errorf("%s: got %s", name, p)
		}
	}
}

func TestALockedKeyOpensWithItsPassphraseOnly(t *testing.T) {
	e := newEntity(t, packet.Config{})
	message := seal(t, recipients(t, parsePublic(t, "locked.gpg", publicPackets(t, e))), content(1000), 0)
	data := locked(t, e)
	o := opener(t, parsePrivate(t, data, testPassphrase))
	if got, err := opened(o, message); err != nil || !bytes.Equal(got, content(1000)) {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	for passphrase, want := range map[string]string{
		"":                                      "is locked, and no passphrase was given",
		"wrong-passphrase":                      "is locked, and not by the given passphrase",
		testPassphrase + "\n":                   "is locked, and not by the given passphrase",
		strings.Repeat("wrong-passphrase", 100): "is locked, and not by the given passphrase",
	} {
		_, err := ParsePrivate("locked.gpg", data, []byte(passphrase))
		name := fingerprint(e.PrimaryKey) + " (locked.gpg)"
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), want) {
			t.Errorf("passphrase %q: %v", passphrase, err)
		} else if strings.Contains(err.Error(), testPassphrase) || strings.Contains(err.Error(), "wrong") {
			t.Errorf("the error shows the passphrase: %v", err)
		}
	}
}

func TestAKeyThatGnuPGLockedOpens(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, nil, "--faked-system-time", "20260101T000000!", "--passphrase", testPassphrase, "--quick-generate-key", "locked TEST", "future-default", "default")
	public := parsePublic(t, "locked.gpg", g.run(t, nil, "--export"))
	private := g.run(t, nil, "--passphrase", testPassphrase, "--armor", "--export-secret-keys")
	r := recipients(t, public)
	if got, err := opened(opener(t, parsePrivate(t, private, testPassphrase)), seal(t, r, content(10), 0)); err != nil || len(got) != 10 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
	if _, err := ParsePrivate("locked.asc", private, []byte("x")); err == nil || !strings.Contains(err.Error(), public.Fingerprint()) {
		t.Errorf("a wrong passphrase: %v", err)
	}
}

func TestAnUnlockedKeyTakesAnyPassphrase(t *testing.T) {
	parsePrivate(t, keyFile(t, "ops-private.asc"), "not looked at")
}

func TestAKeyOpensWithoutItsPrimarysSecret(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, keyFile(t, "ops-private.asc"), "--import")
	stub := g.run(t, nil, "--export-secret-subkeys")
	if list := g.run(t, stub, "--list-packets"); !bytes.Contains(list, []byte("gnu-dummy")) {
		t.Fatalf("no stub: the case proves nothing\n%s", list)
	}
	message := seal(t, recipients(t, publicKey(t, "ops.asc")), content(10), 0)
	if got, err := opened(opener(t, parsePrivate(t, stub, "")), message); err != nil || len(got) != 10 {
		t.Errorf("got %d bytes, %v", len(got), err)
	}
}

func TestParsePrivateRefuses(t *testing.T) {
	ops := privatePackets(t, privateEntity(t, "ops-private.asc"))
	v6, err := openpgp.NewEntity("v6", "", "", &packet.Config{V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519})
	if err != nil {
		t.Fatal(err)
	}
	two := append(bytes.Clone(keyFile(t, "ops-private.asc")), keyFile(t, "escrow-private.asc")...)
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"a public key", keyFile(t, "ops.asc"), "is a public key"},
		{"a key that only signs", keyFile(t, "signer-private.asc"), "it has no encryption key"},
		{"a locked key that only signs", keyFile(t, "signer-passphrase-private.asc"), "it has no encryption key"},
		{"a stub", stubbed(t, "ops-private.asc"), "stands a stub"},
		{"two armored keys", two, "exactly one"},
		{"two binary keys", append(bytes.Clone(ops), ops...), "exactly one"},
		{"a key of version 6", privatePackets(t, v6), "version 6"},
		{"nothing", nil, "is no PGP PRIVATE KEY BLOCK"},
		{"half a key", ops[:len(ops)/2], "ops.asc: "},
	} {
		t.Run(c.name, func(t *testing.T) {
			p, err := ParsePrivate("ops.asc", c.data, nil)
			if err == nil {
				t.Fatalf("accepted as %s", p)
			}
			if !strings.Contains(err.Error(), "ops.asc") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
		})
	}
}

// stubbed is a key whose every secret is replaced by gpg's stub.
func stubbed(t testing.TB, name string) []byte {
	t.Helper()
	_, secrets, err := splitKey(keyFile(t, name), privateKeyBlock)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	for _, k := range secrets {
		var public bytes.Buffer
		if err := k.PublicKey.Serialize(&public); err != nil {
			t.Fatal(err)
		}
		p, err := packet.NewOpaqueReader(&public).Next()
		if err != nil {
			t.Fatal(err)
		}
		p.Tag = tagSecretKey
		if k.IsSubkey {
			p.Tag = tagSecretSubkey
		}
		p.Contents = append(p.Contents, "\xff\x00\x65\x00GNU\x01"...)
		if err := p.Serialize(&out); err != nil {
			t.Fatal(err)
		}
	}
	return out.Bytes()
}

func TestPrintingAPrivateKeyShowsNoSecret(t *testing.T) {
	p := privateFile(t, "ops-private.asc")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if got := fmt.Sprintf(verb, p); got != p.String() {
			t.Errorf("%s prints %q", verb, got)
		}
	}
}

func TestNewOpenerRefusesNoKeysAndTheSameTwice(t *testing.T) {
	if _, err := NewOpener(nil); err == nil {
		t.Error("no keys were taken")
	}
	ops, escrow := privateFile(t, "ops-private.asc"), privateFile(t, "escrow-private.asc")
	if _, err := NewOpener([]*Private{ops, escrow, ops}); err == nil || !strings.Contains(err.Error(), ops.Fingerprint()) {
		t.Errorf("the same key twice: %v", err)
	}
	if got := opener(t, ops, escrow).Fingerprints(); len(got) != 2 || got[0] != ops.Fingerprint() || got[1] != escrow.Fingerprint() {
		t.Errorf("fingerprints %v", got)
	}
}
