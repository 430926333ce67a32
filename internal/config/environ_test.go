package config

import (
	"slices"
	"strings"
	"testing"
)

func TestUnknownVariablesWarn(t *testing.T) {
	_, warnings, err := Load(LoadOptions{ReadFile: files{}.read, Env: []string{
		"ARCHIVER_LAB=x", "ARCHIVER_SKIPS=x", "ARCHIVER_CONFIG=", "OTHER=x", "ARCHIVER_SERVICE_HOST=10.0.0.1", "ARCHIVER_CLUSTER_PASWORD=hunter2",
	}})
	if err != nil || len(warnings) != 2 {
		t.Fatalf("%q, %v", warnings, err)
	}
	if w := string(warnings[0]); !strings.Contains(w, "ARCHIVER_CLUSTER_PASWORD") || !strings.Contains(w, "did you mean ARCHIVER_CLUSTER_PASSWORD?") || strings.Contains(w, "hunter2") {
		t.Error(w)
	}
	if w := string(warnings[1]); !strings.Contains(w, "ARCHIVER_SERVICE_HOST") || strings.Contains(w, "did you mean") {
		t.Error(w)
	}
}

func TestWarningsComeWithErrorsToo(t *testing.T) {
	_, warnings, err := Load(LoadOptions{ReadFile: files{}.read, Env: []string{"ARCHIVER_X=1", "ARCHIVER_LIMITS_MEMORY=x"}})
	if err == nil || len(warnings) != 1 || !strings.Contains(err.Error(), "limits.memory (environment variable ARCHIVER_LIMITS_MEMORY)") {
		t.Errorf("%q, %v", warnings, err)
	}
}

func TestListsInTheEnvironment(t *testing.T) {
	for text, want := range map[string][]string{
		"a":               {"a"},
		" a , b":          {"a", "b"},
		`["a, b","c"]`:    {"a, b", "c"},
		` [ "a" ] `:       {"a"},
		"[]":              {},
		" ":               nil,
		`a,"b"`:           {"a", `"b"`},
		"https://h:1/p,b": {"https://h:1/p", "b"},
	} {
		if c := load(t, "", "ARCHIVER_CLUSTER_URLS="+text); !slices.Equal(c.Cluster.URLs, want) {
			t.Errorf("%q: %q", text, c.Cluster.URLs)
		}
	}
	commented := strings.Replace(publicText, "\n\n", "\nComment: a, b\n\n", 1)
	if c := load(t, "", "ARCHIVER_ENCRYPTION_RECIPIENTS="+commented); len(c.Encryption.Recipients) != 1 {
		t.Errorf("armored text was cut at its commas: %v", c.Encryption.Recipients)
	}
	for name, text := range map[string]string{
		"ARCHIVER_CLUSTER_URLS": "[a]", "ARCHIVER_STAGING_SETTINGS": "a=b", "ARCHIVER_STAGING_IGNORE": `[{"a":1}]`, "ARCHIVER_TRUSTED_SIGNERS": "a,,b",
	} {
		if _, _, err := Load(LoadOptions{ReadFile: files{}.read, Env: []string{name + "=" + text}}); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s=%s: %v", name, text, err)
		}
	}
	for _, text := range []string{`{"a":{"b":1}}`, `{"a":null}`, `{"a":[1]}`, `["a"]`} {
		if _, _, err := Load(LoadOptions{ReadFile: files{}.read, Env: []string{"ARCHIVER_STAGING_SETTINGS=" + text}}); err == nil {
			t.Errorf("%s was taken", text)
		}
	}
}

func TestOverridesRefuseSecretsAndUnknownKeys(t *testing.T) {
	for path, text := range map[string]string{
		"cluster.password": "hunter2", "cluster.api_key": "hunter2", "signing.key": privateText, "signing.passphrase": "hunter2",
		"opening.passphrase": "hunter2", "opening.keys": privateText, "opening.kyes": "hunter2", "archive": "hunter2",
	} {
		_, _, err := Load(LoadOptions{ReadFile: files{}.read, Overrides: map[string]string{path: text}})
		if err == nil || !strings.Contains(err.Error(), path+" (command line)") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", path, err)
		}
	}
}

func TestAnEmptyOverrideClears(t *testing.T) {
	c, _, err := Load(LoadOptions{
		ReadFile:  files{"archiver.yaml": "s3: {endpoint: http://x}\nstaging: {ignore: [a], settings: {a: b}}"}.read,
		Overrides: map[string]string{"s3.endpoint": "", "staging.ignore": "", "staging.settings": ""},
	})
	if err != nil || c.S3.Endpoint != "" || c.Archive.S3.Endpoint != "" || len(c.Staging.Ignore)+len(c.Staging.Settings) != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestTyposAreCounted(t *testing.T) {
	for _, c := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"a", "", 1}, {"", "ab", 2}, {"abc", "abc", 0}, {"abc", "acb", 1}, {"abc", "axc", 1}, {"kitten", "sitting", 3}, {"ca", "abc", 3},
	} {
		if got := typos(c.a, c.b); got != c.want {
			t.Errorf("%q and %q: %d, want %d", c.a, c.b, got, c.want)
		}
	}
}
