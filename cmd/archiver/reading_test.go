package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// absolute is a path that holds in any working directory.
func absolute(t *testing.T, path string) string {
	t.Helper()
	path, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	return path
}

// goldenSession sets the environment for reading a copy of the golden archive,
// with the operations' private key, and returns the copy's folder.
func goldenSession(t *testing.T) string {
	t.Helper()
	golden := absolute(t, "../../archive/testdata/golden-1")
	keys := absolute(t, "../../testdata/keys")
	t.Chdir(t.TempDir())
	copied := filepath.Join(t.TempDir(), "archive")
	if err := os.CopyFS(copied, os.DirFS(filepath.Join(golden, "archive"))); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"STREAM": "logdata", "ARCHIVE_URL": "file://" + copied,
		"TRUSTED_SIGNERS": keys + "/signer.asc", "OPENING_KEYS": keys + "/ops-private.asc",
	} {
		t.Setenv("ARCHIVER_"+name, value)
	}
	head, err := os.ReadFile(filepath.Join(golden, "head"))
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOLDEN_HEAD", strings.TrimSpace(string(head)))
	t.Setenv("TEST_KEYS", keys)
	return copied
}

// say runs the program and checks its exit code.
func say(t *testing.T, code int, args ...string) (stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	if got := execute(args, &out, &errs); got != code {
		t.Errorf("%q: exit code %d, want %d\n%s%s", args, got, code, out.String(), errs.String())
	}
	return out.String(), errs.String()
}

// volumeFiles are the volumes in a copy.
func volumeFiles(t *testing.T, root string) []string {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "archives/*/*/*/*/*/*/*.pgp"))
	if err != nil || len(found) != 3 {
		t.Fatalf("%v, %v", found, err)
	}
	return found
}

func flip(t *testing.T, path string) {
	t.Helper()
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	body[len(body)/2] ^= 1
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestListAndShowTellOfTheLedgerAlone(t *testing.T) {
	root := goldenSession(t)
	t.Setenv("ARCHIVER_OPENING_KEYS", "") // not needed
	if err := os.RemoveAll(filepath.Join(root, "archives")); err != nil {
		t.Fatal(err)
	}
	out, _ := say(t, exitDone, "list", "--json")
	var all listed
	if err := json.Unmarshal([]byte(out), &all); err != nil {
		t.Fatal(err)
	}
	if rows := all.Archives; len(rows) != 2 || rows[1].Volumes != 2 || rows[1].Head.String() != os.Getenv("GOLDEN_HEAD") || rows[0].Documents != nil {
		t.Error(out)
	}
	for _, c := range []struct {
		args []string
		days int
	}{
		{[]string{"--from", "2026-11-19"}, 1},
		{[]string{"--to", "2026-11-18"}, 1},
		{[]string{"--from", "2026-12-01"}, 0},
		{[]string{"--index", "logdata-b-*"}, 2},
		{[]string{"--index", "logdata-2026-11-19"}, 1},
		{[]string{"--index", "other"}, 0},
	} {
		out, _ := say(t, exitDone, append([]string{"list"}, c.args...)...)
		if got := strings.Count(out, "20261120t120000z-"); got != c.days {
			t.Errorf("%q: %d days, want %d\n%s", c.args, got, c.days, out)
		}
	}
	out, _ = say(t, exitDone, "show", "2026-11-19")
	for _, want := range []string{"does not stand any more", "was abandoned", "was withdrawn", "its volume was lost", "12345 documents", "timed out", "volume      00001", os.Getenv("GOLDEN_HEAD")} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q:\n%s", want, out)
		}
	}
	say(t, exitNothing, "show", "2026-11-01")
	say(t, exitUsage, "show")
	say(t, exitUsage, "show", "yesterday")
	say(t, exitUsage, "list", "--index", "[")
	say(t, exitUsage, "list", "--from", "soon")
}

func TestVerifyPassesAWholeArchiveAtEveryDepth(t *testing.T) {
	root := goldenSession(t)
	files := volumeFiles(t, root)
	for _, c := range []struct {
		args []string
		read int
	}{
		{nil, 0},
		{[]string{"--ciphertext"}, 3},
		{[]string{"--content"}, 3},
		{[]string{"--content", "--date", "2026-11-18"}, 1},
		{[]string{"--content", "--sample", "1/1"}, 3},
		{[]string{"--head", os.Getenv("GOLDEN_HEAD")}, 0},
		{files, 3},
		{append([]string{"--content"}, files...), 3},
	} {
		out, _ := say(t, exitDone, append([]string{"verify", "--json"}, c.args...)...)
		var found verified
		if err := json.Unmarshal([]byte(out), &found); err != nil {
			t.Fatal(err)
		}
		read := 0
		for _, a := range found.Archives {
			read += a.Read
		}
		if read != c.read || len(found.Violations) > 0 || found.Head.String() != os.Getenv("GOLDEN_HEAD") {
			t.Errorf("%q: %d volumes read, want %d\n%s", c.args, read, c.read, out)
		}
	}
	if out, _ := say(t, exitDone, "verify", files[0]); !strings.Contains(out, files[0]+" is a volume of 2026-11-") {
		t.Errorf("the day that a file belongs to is not told:\n%s", out)
	}
	for _, flag := range []string{"--date", "--from", "--to"} { // a file of another day must not pass for one of this
		say(t, exitUsage, "verify", flag, "2026-11-18", files[0])
	}
	say(t, exitNothing, "verify", "--date", "2026-11-01")
	for _, args := range [][]string{{"--sample", "1"}, {"--sample", "2/1"}, {"--sample", "0/3"}, {"--date", "2026-11-18", "--to", "2026-11-18"}, {"--head", "7"}, {"--sample", "1/2", "file"}} {
		say(t, exitUsage, append([]string{"verify"}, args...)...)
	}
}

func TestVerifyTellsEveryViolationAndExits6(t *testing.T) {
	root := goldenSession(t)
	files := volumeFiles(t, root)
	flip(t, files[0])
	if err := os.Remove(files[1]); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(files[2], []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, depth := range []string{"--ciphertext", "--content"} {
		out, _ := say(t, exitIntegrity, "verify", "--json", depth)
		var found verified
		if err := json.Unmarshal([]byte(out), &found); err != nil {
			t.Fatal(err)
		}
		var classes []string
		for _, v := range found.Violations {
			classes = append(classes, string(v.Class))
		}
		slices.Sort(classes) // packs, and so the files, are named by chance
		if got := strings.Join(classes, " "); got != "volume-ciphertext volume-ciphertext volume-missing" {
			t.Errorf("%s: %s\n%s", depth, got, out)
		}
	}
	if out, _ := say(t, exitIntegrity, "verify"); !strings.Contains(out, "VIOLATION volume-missing") {
		t.Errorf("it does not name the volume:\n%s", out)
	}
	say(t, exitIntegrity, "verify", files[0])
	say(t, exitIntegrity, "extract", "--date", "2026-11-18", "--output", "out")
	if _, err := os.Stat("out"); err == nil {
		t.Error("something was left")
	}
}

// TestVerifyTellsWhatItFoundAlsoIfItCannotGoOn has a violation, and then something
// that cannot be told: the scheduler must hear of the first.
func TestVerifyTellsWhatItFoundAlsoIfItCannotGoOn(t *testing.T) {
	wantClass := func(out string, classes ...string) {
		t.Helper()
		var found verified
		if err := json.Unmarshal([]byte(out), &found); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, v := range found.Violations {
			got = append(got, string(v.Class))
		}
		if !slices.Equal(got, classes) || found.Error == "" {
			t.Errorf("violations %q, want %q; error %q", got, classes, found.Error)
		}
	}
	unreadable := func(path string) { // not a file: the store says so, and it is no violation
		t.Helper()
		if err := errors.Join(os.Remove(path), os.Symlink("elsewhere", path)); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("in the store", func(t *testing.T) {
		root := goldenSession(t)
		first, err := filepath.Glob(filepath.Join(root, "archives/*/2026/11/18/*/*/*.pgp"))
		if err != nil || len(first) != 1 {
			t.Fatal(first, err)
		}
		last, err := filepath.Glob(filepath.Join(root, "archives/*/2026/11/19/*/*/00001.tar.pgp"))
		if err != nil || len(last) != 1 {
			t.Fatal(last, err)
		}
		flip(t, first[0])
		unreadable(last[0])
		out, errs := say(t, exitIntegrity, "verify", "--json", "--content")
		wantClass(out, "volume-ciphertext")
		if !strings.Contains(errs, "2026-11-19") {
			t.Errorf("it does not say what could not be told: %s", errs)
		}
		say(t, exitFailed, "verify", "--date", "2026-11-19")
	})
	t.Run("of files", func(t *testing.T) {
		files := volumeFiles(t, goldenSession(t))
		flip(t, files[1])
		out, _ := say(t, exitIntegrity, "verify", "--json", "not-there", files[1], files[2])
		wantClass(out, "volume-ciphertext")
		if out, _ := say(t, exitUsage, "verify", "not-there", files[2]); strings.Contains(out, "No violation was found.\n") || !strings.Contains(out, "1 read") {
			t.Error(out)
		}
	})
	t.Run("without the key", func(t *testing.T) {
		root := goldenSession(t)
		t.Setenv("ARCHIVER_OPENING_KEYS", os.Getenv("TEST_KEYS")+"/stranger-private.asc")
		last, err := filepath.Glob(filepath.Join(root, "archives/*/2026/11/19/*/*/00001.tar.pgp"))
		if err != nil || len(last) != 1 {
			t.Fatal(last, err)
		}
		say(t, exitUsage, "verify", "--content")
		if err := os.Remove(last[0]); err != nil {
			t.Fatal(err)
		}
		out, _ := say(t, exitIntegrity, "verify", "--json", "--content")
		wantClass(out, "volume-missing")
	})
}

func TestVerifyHoldsTheLedgerAgainstAKnownHead(t *testing.T) {
	root := goldenSession(t)
	if err := os.Remove(filepath.Join(root, "ledger/logdata/000007.json.asc")); err != nil {
		t.Fatal(err)
	}
	say(t, exitDone, "verify", "--to", "2026-11-18")
	if out, _ := say(t, exitIntegrity, "verify", "--head", os.Getenv("GOLDEN_HEAD")); !strings.Contains(out, "cut off") {
		t.Errorf("it does not say why:\n%s", out)
	}
	t.Setenv("ARCHIVER_TRUSTED_SIGNERS", os.Getenv("TEST_KEYS")+"/stranger.asc")
	if out, _ := say(t, exitIntegrity, "verify"); !strings.Contains(out, "ledger-untrusted") || !strings.Contains(out, "not believed") {
		t.Errorf("it does not say why:\n%s", out)
	}
	if _, errs := say(t, exitIntegrity, "list"); !strings.Contains(errs, "trusted_signers") {
		t.Errorf("it gives no remedy:\n%s", errs)
	}
}

func TestExtractOpensADayOrSaysWhatIsMissing(t *testing.T) {
	goldenSession(t)
	out, _ := say(t, exitDone, "extract", "--date", "2026-11-19", "--output", "out", "--head", os.Getenv("GOLDEN_HEAD"))
	if !strings.Contains(out, "15 files") {
		t.Error(out)
	}
	for _, name := range []string{"ARCHIVE.json", "repository/index-1", "SHA256SUMS.00001.asc"} {
		if _, err := os.Stat(filepath.Join("out", name)); err != nil {
			t.Error(err)
		}
	}
	say(t, exitUsage, "extract", "--date", "2026-11-19", "--output", "out") // not empty
	if err := os.MkdirAll("died/.unchecked/repository", 0o700); err != nil {
		t.Fatal(err)
	}
	if _, errs := say(t, exitUsage, "extract", "--date", "2026-11-19", "--output", "died"); !strings.Contains(errs, "broken off") {
		t.Error(errs)
	}
	say(t, exitNothing, "extract", "--date", "2026-11-01", "--output", "other")
	say(t, exitUsage, "extract", "--date", "2026-11-01")
	t.Setenv("ARCHIVER_OPENING_KEYS", os.Getenv("TEST_KEYS")+"/stranger-private.asc")
	if _, errs := say(t, exitUsage, "extract", "--date", "2026-11-19", "--output", "other"); !strings.Contains(errs, "opening.keys") {
		t.Error(errs)
	}
	t.Setenv("ARCHIVER_OPENING_KEYS", os.Getenv("TEST_KEYS")+"/ops.asc")
	if _, errs := say(t, exitUsage, "extract", "--date", "2026-11-19", "--output", "other"); !strings.Contains(errs, "what to do: correct opening.keys") ||
		!strings.Contains(errs, "#a-key-that-cannot-be-used") {
		t.Error(errs)
	}
	t.Setenv("ARCHIVER_OPENING_KEYS", os.Getenv("TEST_KEYS")+"/none.asc")
	if _, errs := say(t, exitUsage, "extract", "--date", "2026-11-19", "--output", "other"); !strings.Contains(errs, "what to do: correct the name of the file") {
		t.Error(errs)
	}
	t.Setenv("ARCHIVER_OPENING_KEYS", "")
	if _, errs := say(t, exitUsage, "extract", "--date", "2026-11-19", "--output", "other"); !strings.Contains(errs, "opening.keys") {
		t.Error(errs)
	}
	if _, err := os.Stat("other"); err == nil {
		t.Error("something was left")
	}
}

// An archive that is read may be evidence: not even a clock is left in it.
func TestReadingVerbsLeaveTheArchiveAsItIs(t *testing.T) {
	root := goldenSession(t)
	look := func() map[string]string {
		all := map[string]string{}
		err := filepath.WalkDir(root, func(path string, d os.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := d.Info()
			all[path] = fmt.Sprint(info.Mode(), info.ModTime().UnixNano())
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return all
	}
	before := look()
	for _, args := range [][]string{
		{"list"}, {"show", "2026-11-19"}, {"verify"}, {"verify", "--content"},
		{"extract", "--date", "2026-11-19", "--output", "out"},
	} {
		say(t, exitDone, args...)
		if after := look(); !maps.Equal(before, after) {
			t.Fatalf("%q changed it: %v, before %v", args, after, before)
		}
	}
}

func TestReadingVerbsMakeNoArchiveWhereThereIsNone(t *testing.T) {
	root := goldenSession(t)
	t.Setenv("ARCHIVER_ARCHIVE_URL", "file://"+root+"-misspelt")
	_, errs := say(t, exitUsage, "list")
	if !strings.Contains(errs, "what to do: check the spelling") || strings.Contains(errs, "create "+filepath.Dir(root)) {
		t.Error(errs)
	}
	if _, err := os.Stat(root + "-misspelt"); err == nil {
		t.Error("there is one now")
	}
}

// A span that holds no day would be verified without a violation for ever.
func TestDaysTheWrongWayRoundAreRefused(t *testing.T) {
	goldenSession(t)
	for _, verb := range []string{"list", "verify"} {
		_, errs := say(t, exitUsage, verb, "--from", "2026-11-20", "--to", "2026-11-19")
		if !strings.Contains(errs, "--from 2026-11-20 is after --to 2026-11-19: exchange them") {
			t.Error(errs)
		}
		say(t, exitDone, verb, "--from", "2026-11-19", "--to", "2026-11-19")
	}
}

func TestVerifyClaimsNothingOfWhatItDidNotRead(t *testing.T) {
	goldenSession(t)
	t.Setenv("ARCHIVER_OPENING_KEYS", os.Getenv("TEST_KEYS")+"/stranger-private.asc")
	if out, _ := say(t, exitUsage, "verify", "--content"); !strings.Contains(out, "none was read") || strings.Contains(out, "every file") {
		t.Error(out)
	}
}

// TestVerifyReadsFilesOnly: a pipe that nobody writes to would be waited for, and no
// signal would end that.
func TestVerifyReadsFilesOnly(t *testing.T) {
	goldenSession(t)
	pipe := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{pipe, t.TempDir()} {
		if _, errs := say(t, exitUsage, "verify", name); !strings.Contains(errs, name) {
			t.Error(errs)
		}
	}
}
