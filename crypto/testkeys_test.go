package crypto

import (
	"bytes"
	"io"
	"os"
	"testing"
	"time"
)

func TestTestKeysSealSignAndSayWhatTheyAre(t *testing.T) {
	at := time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)
	public, private, err := GenerateTest("operations", at)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParsePublic("operations.asc", public)
	if err != nil {
		t.Fatal(err)
	}
	if !key.IsTest() || len(key.Names()) != 1 || key.Names()[0] != "operations (TEST KEY, worthless)" {
		t.Errorf("a test key that does not say so: %q", key.Names())
	}
	if _, err := NewRecipients([]*Key{key}, at); err != nil {
		t.Error(err)
	}
	signer, err := ParseSigner("private", private, nil)
	if err != nil {
		t.Fatal(err)
	}
	signature, err := signer.Detached([]byte("text"), at)
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := NewTrust([]*Key{key}).OpenDetached([]byte("text"), signature); err != nil {
		t.Error(err)
	}
	if _, err := ParsePublic("private", private); err == nil {
		t.Error("the private half passes for the public one")
	}
}

func TestKeysForRealUseAreNoTestKeys(t *testing.T) {
	text, err := os.ReadFile("../testdata/keys/ops.asc")
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParsePublic("ops.asc", text)
	if err != nil {
		t.Fatal(err)
	}
	if key.IsTest() || len(key.Names()) == 0 {
		t.Errorf("names %q", key.Names())
	}
}

func TestGnupgDecryptsWithATestKey(t *testing.T) {
	g := newGnuPG(t)
	now := time.Now()
	public, private, err := GenerateTest("operations", now)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ParsePublic("operations.asc", public)
	if err != nil {
		t.Fatal(err)
	}
	to, err := NewRecipients([]*Key{key}, now)
	if err != nil {
		t.Fatal(err)
	}
	var message bytes.Buffer
	w, err := to.Seal(&message)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "a day of logs"); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	g.run(t, private, "--import")
	if got := g.run(t, message.Bytes(), "--decrypt"); string(got) != "a day of logs" {
		t.Errorf("gpg decrypted %q", got)
	}
}
