package crypto

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

func TestParsePublicReadsArmoredAndBinaryAlike(t *testing.T) {
	armored := publicKey(t, "ops.asc")
	binary := parsePublic(t, "ops.gpg", armored.packets)
	if armored.Fingerprint() != binary.Fingerprint() || !bytes.Equal(armored.Armored(), binary.Armored()) {
		t.Errorf("%s and %s differ", armored, binary)
	}
	if len(armored.Fingerprint()) != 40 || strings.ToUpper(armored.Fingerprint()) != armored.Fingerprint() {
		t.Errorf("fingerprint %q is not as gpg prints it", armored.Fingerprint())
	}
}

func TestArmoredKeyIsReadByGnuPGWithTheSameFingerprint(t *testing.T) {
	g := newGnuPG(t)
	for _, name := range []string{"ops.asc", "rsa-signer.asc"} {
		k := publicKey(t, name)
		g.run(t, k.Armored(), "--import")
		list := g.run(t, nil, "--with-colons", "--list-keys", k.Fingerprint())
		if !bytes.Contains(list, []byte("fpr:::::::::"+k.Fingerprint()+":")) {
			t.Errorf("%s is not in gpg's list:\n%s", k, list)
		}
	}
}

func TestParsePublicRefuses(t *testing.T) {
	ops, escrow := keyFile(t, "ops.asc"), keyFile(t, "escrow.asc")
	binary := func(data []byte) []byte { return parsePublic(t, "", data).packets }
	signature, err := signerFile(t, "signer-private.asc", "").Detached(nil, noon)
	if err != nil {
		t.Fatal(err)
	}
	// a public key whose subkey is private
	mixed := bytes.Clone(binary(keyFile(t, "signer.asc")))
	var subkey bytes.Buffer
	if err := privateEntity(t, "ops-private.asc").Subkeys[0].Serialize(&subkey, true); err != nil {
		t.Fatal(err)
	}
	mixed = append(mixed, subkey.Bytes()...)
	v6, err := openpgp.NewEntity("v6", "", "", &packet.Config{V6Keys: true, Algorithm: packet.PubKeyAlgoEd25519})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"a private key", keyFile(t, "ops-private.asc"), "is a private key: export the public half with gpg --armor --export " + publicKey(t, "ops.asc").Fingerprint()},
		{"a locked private key", keyFile(t, "signer-passphrase-private.asc"), "is a private key"},
		{"a private subkey among public ones", mixed, "is a private key"},
		{"two armored keys", append(bytes.Clone(ops), escrow...), "exactly one"},
		{"two binary keys", append(binary(ops), binary(escrow)...), "exactly one"},
		{"a key of version 6", publicPackets(t, v6), "version 6"},
		{"a signature", signature, "is a PGP SIGNATURE"},
		{"nothing", nil, "is no PGP PUBLIC KEY BLOCK"},
		{"words", []byte("ops@example.org"), "is no PGP PUBLIC KEY BLOCK"},
		{"half a binary key", binary(ops)[:100], "not a whole"},
		{"half an armored key", ops[:len(ops)/2], "ops.asc: "},
		{"a user ID without a key", binary(ops)[53:], "holds 0 keys"},
	} {
		t.Run(c.name, func(t *testing.T) {
			k, err := ParsePublic("ops.asc", c.data)
			if err == nil {
				t.Fatalf("accepted as %s", k)
			}
			if !strings.HasPrefix(err.Error(), "ops.asc: ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %q does not say %q", err, c.want)
			}
			if strings.Contains(err.Error(), "BEGIN") {
				t.Errorf("error shows the key: %q", err)
			}
		})
	}
}

func TestPublicHalfOfAPrivateKeyHoldsNoSecret(t *testing.T) {
	g := newGnuPG(t)
	private := keyFile(t, "ops-private.asc")
	public := signerFile(t, "ops-private.asc", "").PublicKey()
	if want := publicKey(t, "ops.asc"); !bytes.Equal(public, want.Armored()) {
		t.Errorf("the public half of ops-private.asc is not ops.asc:\n%s", public)
	}
	if bytes.Contains(g.run(t, public, "--list-packets"), []byte("secret")) {
		t.Error("gpg finds a secret in the public half")
	}
	if !bytes.Contains(g.run(t, private, "--list-packets"), []byte("secret")) {
		t.Error("gpg finds no secret in the private key: the test proves nothing")
	}
}
