package config

import (
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestUnknownKeysNameLineAndNearestKey(t *testing.T) {
	wrong(t, "stream: a\n\nindeces: [x]", "indeces (archiver.yaml:3)", "no such key", "did you mean indices?")
	wrong(t, "archive:\n  volume-size: 1", "archive.volume-size (archiver.yaml:2)", "did you mean archive.volume_size?")
	wrong(t, "volume_size: 1GiB", "did you mean archive.volume_size?")
	wrong(t, "archive:\n  s3:\n    regoin: x", "did you mean archive.s3.region?")
	wrong(t, "clutser:\n  urls: [x]", "clutser (archiver.yaml:1)", "did you mean cluster?")
	wrong(t, "cluster: {pasword: hunter2}", "did you mean cluster.password?")
	_, _, err := Load(LoadOptions{ReadFile: files{"archiver.yaml": "unrelated: 1"}.read})
	if err == nil || strings.Contains(err.Error(), "did you mean") {
		t.Errorf("nothing is near: %v", err)
	}
}

func TestDuplicateKeysNameBothLines(t *testing.T) {
	wrong(t, "stream: a\nstream: b", "stream (archiver.yaml:2)", "first in line 1")
	wrong(t, "cluster:\n  region: a\ns3: {}\ncluster:\n  region: b", "cluster (archiver.yaml:4)", "first in line 1")
	wrong(t, "s3:\n  region: a\n  \"region\": a", "s3.region (archiver.yaml:3)", "first in line 2")
	wrong(t, "staging: {settings: {a: 1, a: 2}}", "staging.settings (archiver.yaml:1)", "a is given twice")
}

func TestValuesOfTheWrongKindAreRefused(t *testing.T) {
	for text, what := range map[string]string{
		"stream: [a]":                            "one value",
		"stream: {a: b}":                         "one value",
		"indices: a-{DDMMYYYY}":                  "takes a list",
		"indices: [[a]]":                         "not a single text",
		"indices: [~]":                           "has no value",
		"cluster: x":                             "holds other keys",
		"cluster: [x]":                           "holds other keys",
		"- a":                                    "holds other keys",
		"just text":                              "holds other keys",
		"staging: {settings: x}":                 "takes names with values",
		"staging: {settings: {a: {b: c}}}":       "not a single text",
		"staging: {settings: {a: }}":             "has no value",
		"s3: {path_style: yes}":                  "neither true nor false",
		"snapshot: {retries: two}":               "not a whole number",
		"snapshot: {retries: 1.5}":               "not a whole number",
		"snapshot: {timeout: 6}":                 "not a duration",
		"archive: {volume_size: big}":            "not a size",
		"timezone: Mars":                         "not a time zone",
		"archive: {url: logs}":                   "neither s3://",
		"cluster: {auth: sigv5}":                 "none, basic, api-key, sigv4",
		"archive: {retention: {mode: forever}}":  "governance",
		"stream: !!str a":                        "quotes",
		"stream: &a b":                           "quotes",
		"stream: &a b\ntimezone: *a":             "quotes",
		"s3: &x {region: a}\nstaging: {s3: *x}":  "holds other keys",
		"s3: {region: a}\narchive: {<<: {a: b}}": "quotes",
		"stream: a\n---\nstream: b":              "second document",
		"stream: a\n\tb: c":                      "not valid YAML",
		"stream: 'a":                             "not valid YAML",
		"indices: [a-{DDMMYYYY}":                 "archiver.yaml:1",
	} {
		wrong(t, text, what)
	}
}

func TestAllProblemsAreToldAtOnce(t *testing.T) {
	wrong(t, "strem: a\nsnapshot: {retries: x, settle: y}\nlimits: {memory: z}",
		"4 problems", "strem", "snapshot.retries", "snapshot.settle", "limits.memory (archiver.yaml:3)")
}

func TestSecretsAreInNoError(t *testing.T) {
	for _, text := range []string{
		"cluster: {password: [hunter2]}", "cluster: {password: {hunter2: x}}", "cluster: {password: !hunter2 x}", "cluster: {password: &hunter2 x}",
		"cluster: {password: *hunter2}", "cluster:\n  password: \"hunter2", "cluster:\n  password: 'hunter2\n", "cluster:\n  password:hunter2",
		"cluster:\n  password: a: hunter2", "cluster:\n  password: @hunter2", "cluster:\n  password: `hunter2", "cluster:\n  password: %hunter2\n x",
		"cluster:\n  password: x\n  hunter2\n  region: y", "cluster:\n  pasword: hunter2", "cluster: {password: hunter2", "cluster:\n  password: \"\\hunter2\"",
		"cluster:\n  password: hunter2\n  password: hunter2", "cluster: {urls: [https://me:hunter2@host], auth: wrong}",
		"archive: {url: 's3://me:hunter2@abc'}", "signing:\n  key: hunter2\n   x: y", "opening: {keys: [[hunter2]]}", "cluster:\n  password: |x\n    hunter2",
	} {
		c, _, err := Load(LoadOptions{ReadFile: files{"archiver.yaml": text}.read})
		if err == nil {
			err = c.Validate(NeedAll)
		}
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTextIsTakenAsItIsWritten(t *testing.T) {
	c := load(t, "\ufeff# a comment\r\n"+strings.ReplaceAll(`---
stream: 007   # comment
indices:
  - logdata-{DDMMYYYY}   # needs no quotes here
  - "b-{YYYY.MM.DD}-*"
cluster:
  username: true
  password: "12 # 34"
  region:
  profile: ~
staging: {settings: {n: 0x10, b: false, t: "x: y", max_restore_bytes_per_sec: 40mb}}
s3: {expected_bucket_owner: 012345678901}
encryption:
  recipients:
    - |
      -----BEGIN PGP PUBLIC KEY BLOCK-----

      abc
      -----END PGP PUBLIC KEY BLOCK-----
limits:
`, "\n", "\r\n"))
	for got, want := range map[string]string{
		c.Stream: "007", c.Cluster.Username: "true", c.Cluster.Password.Reveal(): "12 # 34", c.S3.ExpectedBucketOwner: "012345678901",
		c.Encryption.Recipients[0].String(): "(armored text)", c.Cluster.Region + c.Cluster.Profile: "",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if !slices.Equal(c.Indices, []Pattern{"logdata-{DDMMYYYY}", "b-{YYYY.MM.DD}-*"}) {
		t.Errorf("indices: %q", c.Indices)
	}
	want := map[string]string{"n": "0x10", "b": "false", "t": "x: y", "max_restore_bytes_per_sec": "40mb"}
	if !reflect.DeepEqual(c.Staging.Settings, want) {
		t.Errorf("settings: %q", c.Staging.Settings)
	}
	if keys, err := c.Recipients(); err != nil || strings.ReplaceAll(string(keys[0].Data), "\r", "") != publicText {
		t.Errorf("%q, %v", keys[0].Data, err)
	}
}

func TestAnEmptyFileIsAConfiguration(t *testing.T) {
	for _, text := range []string{"", "\n", "# nothing\n", "---\n", "{}", "~"} {
		c := load(t, text, "ARCHIVER_STREAM=a")
		if c.Stream != "a" {
			t.Errorf("%q: %+v", text, c)
		}
	}
}

// FuzzLoad holds that no file makes Load panic, or return neither a
// configuration nor an error, and that no error shows a secret.
func FuzzLoad(f *testing.F) {
	for _, text := range []string{
		"stream: logdata\nindices: [\"a-{DDMMYYYY}\"]", "cluster: {password: hunter2, urls: [a, b]}", "a: &a [*a]", "? a\n: b", "<<: {}", "- - -",
		"staging:\n  settings: {a: 'b'}\n", "x: |\n  y\n", "--- !!map\na: b\n...\n%YAML 1.2", "stream: \"\\x41\"",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, _, err := Load(LoadOptions{ReadFile: files{"archiver.yaml": text}.read})
		if (c == nil) == (err == nil) {
			t.Fatalf("%v, %v", c, err)
		}
		if c == nil {
			return
		}
		err = c.Validate(NeedAll)
		if p := c.Cluster.Password.Reveal(); len(p) > 8 && err != nil && strings.Contains(err.Error(), p) && strings.Count(text, p) == 1 {
			t.Fatalf("the password is in the error: %v", err)
		}
	})
}
