package setup

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"archiver/internal/config"
)

// TestRenderedFileSaysWhatWasAnswered: whatever the answers hold, the file reads
// back as they were, or is refused for what they say and not for how.
func TestRenderedFileSaysWhatWasAnswered(t *testing.T) {
	text := rapid.OneOf(
		rapid.SampledFrom([]string{"a", "true", "null", "~", "1", "0x1", "2026-11-20", "a: b", "a #b", "- x", "'", `"`, "\\", "{x}", "[x]", "&a", "*a", "!t", "%x", "@x", "`x", ".", "..", "...", "---", "yes", "No", ".inf", "/srv/x.asc", "C:/x", "a:", "ä ✓"}),
		rapid.StringMatching(`[ -~]{1,20}`),
	)
	rapid.Check(t, func(t *rapid.T) {
		a := Answers{
			Stream: text.Draw(t, "stream"), Cluster: rapid.SliceOfN(text, 1, 3).Draw(t, "cluster"), Username: text.Draw(t, "username"),
			Staging: "s3://logs-staging/x", Archive: "s3://logs-archive", Region: text.Draw(t, "region"), Endpoint: text.Draw(t, "endpoint"),
			PathStyle: rapid.Bool().Draw(t, "path style"), PasswordFile: "/p" + text.Draw(t, "password file"), SigningKey: "/k" + text.Draw(t, "key"),
			PassphraseFile: "/f" + text.Draw(t, "passphrase file"), Indices: []string{text.Draw(t, "indices")},
		}
		c, _, err := config.Load(config.LoadOptions{ReadFile: func(string) ([]byte, error) { return []byte(a.Render()), nil }})
		if err != nil {
			t.Fatalf("%v\n%s", err, a.Render())
		}
		got := Answers{
			Stream: c.Stream, Cluster: c.Cluster.URLs, Username: c.Cluster.Username, Staging: c.Staging.URL.String(), Archive: c.Archive.URL.String(),
			Region: c.S3.Region, Endpoint: c.S3.Endpoint, PathStyle: c.S3.PathStyle, PasswordFile: c.Cluster.PasswordFile,
			SigningKey: c.Signing.KeyFile, PassphraseFile: c.Signing.PassphraseFile, Indices: []string{string(c.Indices[0])},
		}
		if !reflect.DeepEqual(got, a) {
			t.Fatalf("got  %+v\nwant %+v\n%s", got, a, a.Render())
		}
	})
}

func none(string) bool { return false }

func TestAskAsksOnlyForWhatIsNotThere(t *testing.T) {
	a := Answers{Staging: "s3://logs-staging", Recipients: []string{"ops.asc"}}
	in := strings.NewReader("\nlogdata\n\nhttps://a, https://b\nme\ns3://logs-archive\n\nsigner.asc\n/run/secrets/x\n")
	var out strings.Builder
	if err := a.Ask(in, &out, func(flag string) bool { return flag == "region" }); err != nil {
		t.Fatal(err)
	}
	want := Answers{
		Stream: "logdata", Indices: []string{"logdata-{DDMMYYYY}"}, Cluster: []string{"https://a", "https://b"}, Username: "me", PasswordFile: "/run/secrets/x",
		Staging: "s3://logs-staging", Archive: "s3://logs-archive", Recipients: []string{"ops.asc"}, SigningKey: "signer.asc",
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("got  %+v\nwant %+v", a, want)
	}
	if got := strings.Count(out.String(), "Name of the daily indices"); got != 2 {
		t.Errorf("what is needed was asked %d times: %s", got, out.String())
	}
	for _, said := range []string{"Region of", "public keys", "snapshots (a bucket"} {
		if strings.Contains(out.String(), said) {
			t.Errorf("asked for what was given: %s", out.String())
		}
	}
	if missing := a.Missing(); len(missing) > 0 {
		t.Errorf("still missing: %v", missing)
	}
}

func TestInputThatEndsIsNoAnswer(t *testing.T) {
	a := Answers{}
	if err := a.Ask(strings.NewReader("logdata\n"), io.Discard, none); !errors.Is(err, ErrNoAnswer) {
		t.Errorf("%v", err)
	}
}

func TestNamesOfFilesAreMovedToWhereTheFileIs(t *testing.T) {
	t.Chdir(t.TempDir())
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	a := Answers{Recipients: []string{"etc/keys/ops.asc", "escrow.asc", "/srv/third.asc"}, SigningKey: "etc/signer.asc"}
	got, err := a.Beside("etc/archiver.yaml")
	if err != nil {
		t.Fatal(err)
	}
	want := Answers{Recipients: []string{"keys/ops.asc", filepath.Join(here, "escrow.asc"), "/srv/third.asc"}, SigningKey: "signer.asc"}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if a.Recipients[1] != "escrow.asc" {
		t.Error("the answers themselves were changed")
	}
}

func TestTestKeysOverwriteNothing(t *testing.T) {
	dir := t.TempDir()
	k := TestKeyFiles(dir)
	if err := os.WriteFile(k.SignerPrivate, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := MakeTestKeys(dir, time.Now()); !errors.Is(err, ErrExists) {
		t.Errorf("%v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) != 1 {
		t.Errorf("%d files, %v", len(entries), err)
	}
	if text, err := os.ReadFile(k.SignerPrivate); err != nil || string(text) != "mine" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestFileIsNotOverwritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "archiver.yaml")
	a := Answers{Stream: "logdata", Cluster: []string{"http://x"}, Staging: "s3://aaa", Archive: "s3://bbb", Recipients: []string{"a"}, SigningKey: "b"}
	if err := a.Write(path); err != nil {
		t.Fatal(err)
	}
	if err := a.Write(path); !errors.Is(err, ErrExists) {
		t.Errorf("%v", err)
	}
}

func TestAnswerThatNoRunWouldTakeIsAskedForAgainAtOnce(t *testing.T) {
	var a Answers
	in := strings.NewReader("Log Data\nlogdata\n{DD.MM.YYYY}\nlogdata-{DDMMYYYY}\nsearch:9200\nhttp://search:9200\n\n" +
		"logs-staging\ns3://logs-staging/snapshots\ns3://logs-staging/prod\ns3://logs-archive/prod\n\n127.0.0.1:9000\nhttp://127.0.0.1:9000\nops.asc\nsigner.asc\n")
	var out strings.Builder
	if err := a.Ask(in, &out, none); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	want := Answers{
		Stream: "logdata", Indices: []string{"logdata-{DDMMYYYY}"}, Cluster: []string{"http://search:9200"}, Staging: "s3://logs-staging/snapshots",
		Archive: "s3://logs-archive/prod", Endpoint: "http://127.0.0.1:9000", Recipients: []string{"ops.asc"}, SigningKey: "signer.asc",
	}
	if !reflect.DeepEqual(a, want) {
		t.Errorf("got  %+v\nwant %+v\n%s", a, want, out.String())
	}
	for _, said := range []string{"no stream's name", "no token", "entry 1 is no address", "neither s3://", "shares its place with staging.url:"} {
		if strings.Count(out.String(), said) != 1 {
			t.Errorf("%q is not said once: %s", said, out.String())
		}
	}
}

func TestDirectoriesAreNotAskedForTheirRegion(t *testing.T) {
	a := Answers{Stream: "logdata", Indices: []string{"logdata-{DDMMYYYY}"}, Cluster: []string{"http://search:9200"},
		Staging: "file:///srv/snapshots", Archive: "file:///mnt/vault", Recipients: []string{"ops.asc"}, SigningKey: "signer.asc"}
	var out strings.Builder
	if err := a.Ask(strings.NewReader("\n"), &out, none); err != nil || strings.Contains(out.String(), "egion") || strings.Contains(out.String(), "S3") {
		t.Errorf("%v: %s", err, out.String())
	}
}
