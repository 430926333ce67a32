package config

import (
	"os"
	"strings"
	"testing"
)

const referencePage = "../../docs/configuration.md"

// TestReferencePageIsUpToDate: ARCHIVER_UPDATE=1 writes it anew.
func TestReferencePageIsUpToDate(t *testing.T) {
	want := Reference()
	if os.Getenv("ARCHIVER_UPDATE") == "1" {
		if err := os.WriteFile(referencePage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	have, err := os.ReadFile(referencePage)
	if err != nil {
		t.Fatal(err)
	}
	if string(have) != want {
		t.Errorf("%s is not what the keys say: ARCHIVER_UPDATE=1 go test ./internal/config", referencePage)
	}
}

func TestReferencesNameEveryKey(t *testing.T) {
	page, text := Reference(), ReferenceText()
	for _, k := range Keys() {
		if k.Doc == "" {
			t.Errorf("%s: nobody says what it means", k.Path)
		}
		if !strings.Contains(page, "| `"+k.Path+"` | `"+k.Env+"` |") {
			t.Errorf("%s is not on the page", k.Path)
		}
		if !strings.Contains(text, k.Path+"\n    "+k.Env+"\n") {
			t.Errorf("%s is not in the text", k.Path)
		}
	}
	for line := range strings.SplitSeq(page, "\n") {
		if n := strings.Count(line, "|") - strings.Count(line, `\|`); strings.HasPrefix(line, "|") && n != 6 {
			t.Errorf("a row has %d bars: %s", n, line)
		}
	}
	for line := range strings.SplitSeq(text, "\n") {
		if len(line) > 80 {
			t.Errorf("a line is %d long: %s", len(line), line)
		}
	}
}
