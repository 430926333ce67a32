package config

import (
	"errors"
	"io/fs"
	"strings"
	"testing"
)

func TestSecretsComeFromTheirFilesAtUse(t *testing.T) {
	disk := files{"archiver.yaml": `
cluster: {password_file: pw, api_key_file: key}
signing: {passphrase_file: sign}
opening: {passphrase_file: open}
`, "pw": "one\n", "key": "two\r\n", "sign": " three \n\n", "open": "four"}
	c, _, err := Load(LoadOptions{ReadFile: disk.read})
	if err != nil {
		t.Fatal(err)
	}
	for want, get := range map[string]func() (Secret, error){
		"one": c.Password, "two": c.APIKey, " three \n": c.SigningPassphrase, "four": c.OpeningPassphrase,
	} {
		if s, err := get(); err != nil || s.Reveal() != want {
			t.Errorf("%q, %v, want %q", s.Reveal(), err, want)
		}
	}
	disk["pw"] = "rotated"
	if s, err := c.Password(); err != nil || s.Reveal() != "rotated" {
		t.Errorf("%q, %v", s.Reveal(), err)
	}
	disk["pw"] = "\n"
	if _, err := c.Password(); err == nil || !strings.Contains(err.Error(), "cluster.password_file (archiver.yaml:2): pw is empty") {
		t.Errorf("an empty file: %v", err)
	}
	delete(disk, "pw")
	if _, err := c.Password(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "cluster.password_file (archiver.yaml:2)") {
		t.Errorf("a missing file: %v", err)
	}
}

func TestSecretsComeFromTheConfiguration(t *testing.T) {
	c := load(t, "cluster: {password: one}", "ARCHIVER_OPENING_PASSPHRASE=two\n")
	if s, err := c.Password(); err != nil || s.Reveal() != "one" {
		t.Errorf("%q, %v", s.Reveal(), err)
	}
	if s, err := c.OpeningPassphrase(); err != nil || s.Reveal() != "two\n" {
		t.Errorf("%q, %v", s.Reveal(), err)
	}
	if s, err := c.SigningPassphrase(); err != nil || !s.IsZero() {
		t.Errorf("%q, %v", s.Reveal(), err)
	}
}

func TestKeysComeFromFilesAndText(t *testing.T) {
	disk := files{"archiver.yaml": "cluster: {ca_file: ca}\nencryption: {recipients: [a.asc]}\nsigning: {key_file: s.asc}", "a.asc": "A", "s.asc": "\x95binary\n", "ca": "PEM"}
	c, _, err := Load(LoadOptions{ReadFile: disk.read, Env: []string{"ARCHIVER_TRUSTED_SIGNERS=" + publicText, "ARCHIVER_OPENING_KEYS=b.asc"}})
	if err != nil {
		t.Fatal(err)
	}
	if k, err := c.Recipients(); err != nil || len(k) != 1 || k[0].Name != "a.asc" || string(k[0].Data) != "A" {
		t.Errorf("recipients: %v, %v", k, err)
	}
	if k, err := c.TrustedKeys(); err != nil || len(k) != 1 || k[0].Name != "trusted_signers[0]" || string(k[0].Data) != publicText {
		t.Errorf("trusted: %v, %v", k, err)
	}
	if k, err := c.SigningKey(); err != nil || k.Name != "s.asc" || string(k.Data) != "\x95binary\n" {
		t.Errorf("signing: %v, %v", k, err)
	}
	if _, err := c.OpeningKeys(); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "opening.keys (environment variable ARCHIVER_OPENING_KEYS)") {
		t.Errorf("opening: %v", err)
	}
	if pem, err := c.CA(); err != nil || string(pem) != "PEM" {
		t.Errorf("ca: %q, %v", pem, err)
	}
	none := load(t, "")
	if pem, err := none.CA(); err != nil || pem != nil {
		t.Errorf("no ca: %q, %v", pem, err)
	}
	if k, err := none.SigningKey(); err != nil || k.Data != nil {
		t.Errorf("no signing key: %v, %v", k, err)
	}
	inline := load(t, "", "ARCHIVER_SIGNING_KEY="+privateText)
	if k, err := inline.SigningKey(); err != nil || k.Name != "signing.key" || string(k.Data) != privateText {
		t.Errorf("signing.key: %v, %v", k, err)
	}
}
