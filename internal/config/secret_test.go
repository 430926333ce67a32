package config

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

const (
	publicText  = "-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nabc\n-----END PGP PUBLIC KEY BLOCK-----\n"
	privateText = "-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nhunter2\n-----END PGP PRIVATE KEY BLOCK-----\n"
)

// ways are all ways in which a value may get out by mistake.
func ways(t *testing.T, v any) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%T"} {
		out[verb] = fmt.Sprintf(verb, v)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("m", "v", v)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("m", "v", v)
	out["slog"] = log.String()
	for name, marshal := range map[string]func(any) ([]byte, error){"json": json.Marshal, "yaml": yaml.Marshal} {
		text, err := marshal(v)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		out[name] = string(text)
	}
	return out
}

func TestSecretsDoNotShow(t *testing.T) {
	secret := NewSecret("hunter2")
	var key KeySource
	if err := key.UnmarshalText([]byte(privateText)); err != nil {
		t.Fatal(err)
	}
	type foreign struct {
		inner Secret
		key   KeySource
	}
	c := &Config{Cluster: Cluster{Password: secret}, Opening: Opening{Keys: []KeySource{key}}, Signing: Signing{Key: NewSecret(privateText)}}
	for name, v := range map[string]any{
		"a secret":                   secret,
		"a pointer to one":           &secret,
		"a list":                     []Secret{secret},
		"a map":                      map[string]Secret{"x": secret},
		"an unexported field":        foreign{secret, key},
		"a key source":               key,
		"key material":               KeyMaterial{Name: "opening.keys[0]", Data: []byte(privateText)},
		"a pointer to key material":  &KeyMaterial{Name: "opening.keys[0]", Data: []byte(privateText)},
		"a list of key material":     []KeyMaterial{{Name: "opening.keys[0]", Data: []byte(privateText)}},
		"a configuration":            *c,
		"a pointer to configuration": c,
	} {
		for way, text := range ways(t, v) {
			for _, leak := range []string{"hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%X", "hunter2"), "104 117 110 116"} {
				if strings.Contains(text, leak) {
					t.Errorf("%s shows by %s: %s", name, way, text)
				}
			}
		}
	}
}

func TestSecretIsRevealedOnRequest(t *testing.T) {
	if got := NewSecret("hunter2").Reveal(); got != "hunter2" {
		t.Error(got)
	}
	if s := NewSecret(""); !s.IsZero() || s.Reveal() != "" || s.String() != "" {
		t.Error("an empty secret is none")
	}
	if got := fmt.Sprintf("%v %#v", NewSecret("x"), NewSecret("x")); got != `(hidden) config.Secret("(hidden)")` {
		t.Error(got)
	}
}

func TestKeySourceTellsFilesFromText(t *testing.T) {
	for text, file := range map[string]string{"ops.asc": "ops.asc", "/a/b": "/a/b", publicText: "", "\n " + privateText: ""} {
		var k KeySource
		if err := k.UnmarshalText([]byte(text)); err != nil || k.File() != file {
			t.Errorf("%q: file %q, %v", text, k.File(), err)
		}
	}
	for _, text := range []string{"", " ", "abc\ndef", "keys/ops.asc " + armorMarkPrivate + " KEY BLOCK-----"} {
		var k KeySource
		if err := k.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
}
