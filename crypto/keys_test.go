package crypto

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// noon is a time at which the test keys are valid, and long past for gpgv.
var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

func keyFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "keys", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func publicKey(t testing.TB, name string) *Key {
	t.Helper()
	return parsePublic(t, name, keyFile(t, name))
}

func parsePublic(t testing.TB, name string, data []byte) *Key {
	t.Helper()
	k, err := ParsePublic(name, data)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signerFile(t testing.TB, name, passphrase string) *Signer {
	t.Helper()
	return parseSigner(t, keyFile(t, name), passphrase)
}

func parseSigner(t testing.TB, data []byte, passphrase string) *Signer {
	t.Helper()
	s, err := ParseSigner("private.asc", data, []byte(passphrase))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// trusting pins the keys of these signers.
func trusting(t testing.TB, signers ...*Signer) *Trust {
	t.Helper()
	var keys []*Key
	for _, s := range signers {
		keys = append(keys, parsePublic(t, "signer.asc", s.PublicKey()))
	}
	return NewTrust(keys)
}

// newEntity makes a key as of 2026-01-01, with the config's other wishes.
func newEntity(t testing.TB, c packet.Config) *openpgp.Entity {
	t.Helper()
	c.Time = func() time.Time { return time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC) }
	e, err := openpgp.NewEntity("archiver TEST", "worthless", "", &c)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func nistP256() packet.Config {
	return packet.Config{Algorithm: packet.PubKeyAlgoECDSA, Curve: packet.CurveNistP256}
}

func eddsa(lifetime time.Duration) packet.Config {
	return packet.Config{Algorithm: packet.PubKeyAlgoEdDSA, KeyLifetimeSecs: uint32(lifetime / time.Second)}
}

func privatePackets(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.SerializePrivateWithoutSigning(&out, nil); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func publicPackets(t testing.TB, e *openpgp.Entity) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := e.Serialize(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func privateEntity(t testing.TB, name string) *openpgp.Entity {
	t.Helper()
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(keyFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return ring[0]
}
