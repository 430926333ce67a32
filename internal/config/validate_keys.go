package config

import "strings"

// keys checks what signs, encrypts and opens. Whether a key is any good is for
// those who parse it.
func (v *validator) keys() {
	c := v.c
	v.signing()
	v.either("signing.passphrase", !c.Signing.Passphrase.IsZero(), c.Signing.PassphraseFile)
	if c.Signing.KMSKey != "" && c.given("signing.passphrase") {
		v.contradiction("signing.passphrase", "signing.kms_key")
	}
	if c.Signing.KMSKey != "" && c.given("signing.passphrase_file") {
		v.contradiction("signing.passphrase_file", "signing.kms_key")
	}
	v.either("opening.passphrase", !c.Opening.Passphrase.IsZero(), c.Opening.PassphraseFile)
	v.names()
}

// names refuses a key's text in the place of a file's name: the error about a
// file that is not there would show it.
func (v *validator) names() {
	c := v.c
	for _, x := range []struct{ path, name string }{
		{"cluster.password_file", c.Cluster.PasswordFile},
		{"cluster.api_key_file", c.Cluster.APIKeyFile},
		{"cluster.ca_file", c.Cluster.CAFile},
		{"signing.key_file", c.Signing.KeyFile},
		{"signing.passphrase_file", c.Signing.PassphraseFile},
		{"opening.passphrase_file", c.Opening.PassphraseFile},
	} {
		if strings.Contains(x.name, armorMark) {
			v.bad(x.path, "holds a key and not the name of a file", "write the key into a file, and name that; a signing key may stand in signing.key")
		}
	}
}

func (v *validator) signing() {
	s := v.c.Signing
	if !s.Key.IsZero() && !isArmored(s.Key.Reveal()) {
		v.bad("signing.key", "is no armored key", "it begins with "+armorMark+"…; for the name of a file use signing.key_file")
	}
	var given []string
	for _, x := range []struct {
		path string
		is   bool
	}{
		{"signing.key", !s.Key.IsZero()},
		{"signing.key_file", s.KeyFile != ""},
		{"signing.kms_key", s.KMSKey != ""},
	} {
		if x.is {
			given = append(given, x.path)
		}
	}
	for _, other := range given[min(1, len(given)):] {
		v.contradiction(given[0], other)
	}
}
