package config

import (
	"flag"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

var update = flag.Bool("update", false, "write testdata/keys.golden anew")

// The keys are what people's files and deployments hold: a change of this list
// is a decision, and is written into CHANGELOG.md.
func TestTheKeysAreTheAgreedOnes(t *testing.T) {
	var b strings.Builder
	for _, k := range Keys() {
		fmt.Fprintf(&b, "%s | %s | %s | %s | %s\n", k.Path, k.Env, k.Type, strings.Join(k.Choices, " "), k.Default)
	}
	const golden = "testdata/keys.golden"
	if *update {
		if err := os.WriteFile(golden, []byte(b.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got := b.String(); got != string(want) {
		t.Errorf("the keys have changed (go test -update writes them down):\n%s", got)
	}
}

func TestEveryKeyIsDocumentedAndUnambiguous(t *testing.T) {
	seen := map[string]string{}
	paths := sections(fields())
	for _, k := range Keys() {
		if k.Doc == "" || !strings.HasSuffix(k.Doc, ".") {
			t.Errorf("%s is not documented in sentences: %q", k.Path, k.Doc)
		}
		if other, twice := seen[k.Env]; twice || isForeign(k.Env) {
			t.Errorf("%s: %s means something else too: %s", k.Path, k.Env, other)
		}
		seen[k.Env] = k.Path
		if paths[k.Path] {
			t.Errorf("%s is a key and a section", k.Path)
		}
		if k.Secret {
			if f := byPath(fields())[k.Path+"_file"]; !f.file {
				t.Errorf("%s has no file to come from", k.Path)
			}
		}
	}
}

// full gives every key that is no secret a value that is not the default.
func full(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("testdata/full.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAConfigurationIsReadBackAsItWas(t *testing.T) {
	c := load(t, full(t))
	for _, k := range Keys() {
		if !k.Secret && !c.given(k.Path) {
			t.Errorf("testdata/full.yaml does not give %s: the test proves nothing about it", k.Path)
		}
	}
	for _, text := range []string{full(t), "stream: a", ""} {
		c := load(t, text)
		written, err := yaml.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		back := load(t, string(written))
		for _, f := range fields() {
			of := func(c *Config) any { return reflect.ValueOf(c).Elem().FieldByIndex(f.index).Interface() }
			was, is := of(c), of(back)
			if v := reflect.ValueOf(was); (v.Kind() == reflect.Slice || v.Kind() == reflect.Map) && v.Len() == 0 && reflect.ValueOf(is).Len() == 0 {
				continue
			}
			if !reflect.DeepEqual(was, is) {
				t.Errorf("%s was %v and is %v, from\n%s", f.Path, was, is, written)
			}
		}
	}
}

// The environment can say whatever a file can, with the same result.
func TestFileAndEnvironmentAgree(t *testing.T) {
	fromFile := load(t, full(t))
	for _, f := range fields() {
		if f.Secret {
			continue
		}
		of := func(c *Config) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(f.index) }
		text, err := yaml.MarshalWithOptions(of(fromFile).Interface(), yaml.JSON())
		if err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(string(text), "\n")
		if k := of(fromFile).Kind(); k != reflect.Slice && k != reflect.Map {
			line = strings.Trim(line, `"`)
		}
		if fromEnv := load(t, "", f.Env+"="+line); !reflect.DeepEqual(of(fromFile).Interface(), of(fromEnv).Interface()) {
			t.Errorf("%s=%s gives %v, and the file %v", f.Env, line, of(fromEnv), of(fromFile))
		}
	}
}
