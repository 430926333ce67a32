package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// wantEmptyLedger wants the verb to say where it looked and what to do.
func wantEmptyLedger(t *testing.T, place string, args ...string) {
	t.Helper()
	_, errs := say(t, exitUsage, args...)
	for _, says := range []string{"the ledger is empty", place, "what to do: look whether stream and archive.url", "first day", "more: " + troublePage + "#an-empty-ledger"} {
		if !strings.Contains(errs, says) {
			t.Errorf("%q: it does not say %q:\n%s", args, says, errs)
		}
	}
}

// A job that verifies a misspelt stream must not be green for ever.
func TestVerifyOfALedgerWithoutAnEntryIsNotContent(t *testing.T) {
	root := goldenSession(t)
	volume := volumeFiles(t, root)[0]
	t.Setenv("ARCHIVER_STREAM", "logdatta")
	place := "file://" + root + "/ledger/logdatta/"
	for _, args := range [][]string{nil, {"--content"}, {"--sample", "1/30"}, {"--from", "2026-11-01"}, {"--date", "2026-11-18"}, {volume}} {
		wantEmptyLedger(t, place, append([]string{"verify"}, args...)...)
	}
	say(t, exitIntegrity, "verify", "--head", os.Getenv("GOLDEN_HEAD")) // it is known to have had entries
	if out, _ := say(t, exitDone, "list", "--from", "2026-11-01"); !strings.Contains(out, "is empty") {
		t.Error(out)
	}
}

func TestVerifySaysThatNoArchiveWasSelected(t *testing.T) {
	goldenSession(t)
	if out, _ := say(t, exitDone, "verify", "--from", "2026-12-01"); !strings.Contains(out, "holds no such archive") {
		t.Error(out)
	}
}

func TestDrillThatIsToChooseFromAnEmptyLedgerIsNotContent(t *testing.T) {
	root := simulatedSession(t)
	place := "file://" + filepath.Join(root, "archive") + "/ledger/logdata/"
	for _, args := range [][]string{nil, {"--latest"}, {"--random", "--record"}, {"--output", "drill.json"}} {
		wantEmptyLedger(t, place, append([]string{"drill"}, args...)...)
	}
	if _, err := os.Stat("drill.json"); err == nil {
		t.Error("a result was written")
	}
	say(t, exitNothing, "drill", "--date", "2026-11-19")
}
