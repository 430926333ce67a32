package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"archiver/internal/lease"
	"archiver/internal/restore"
	"archiver/snapshot/snapshottest"
)

// simulatedSession sets the environment for all verbs: a stream on a simulated
// cluster that has two days, everything in directories. It returns their root.
func simulatedSession(t *testing.T) string {
	t.Helper()
	keys := absolute(t, "../../testdata/keys")
	root := t.TempDir()
	t.Chdir(root)
	for _, name := range []string{"staging", "archive"} {
		if err := os.Mkdir(name, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	cluster := snapshottest.New(snapshottest.Options{Blobs: snapshottest.Dir("/")})
	url, stop, err := cluster.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	for _, index := range []string{"logdata-19112026", "logdata-20112026"} {
		var docs []snapshottest.Doc
		for i := range 5 {
			docs = append(docs, snapshottest.Doc{ID: fmt.Sprint(i), Source: []byte(fmt.Sprintf(`{"n":%d}`, i))})
		}
		cluster.AddIndex(index, 1, docs)
	}
	for name, value := range map[string]string{
		"STREAM": "logdata", "INDICES": "logdata-{DDMMYYYY}", "CLUSTER_URLS": url,
		"STAGING_URL": "file://" + root + "/staging", "ARCHIVE_URL": "file://" + root + "/archive",
		"ENCRYPTION_RECIPIENTS": keys + "/ops.asc", "SIGNING_KEY_FILE": keys + "/signer-private.asc", "OPENING_KEYS": keys + "/ops-private.asc",
	} {
		t.Setenv("ARCHIVER_"+name, value)
	}
	return root
}

// put writes a file and the folders above it.
func put(t *testing.T, path string, v any) {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// dies leaves what a run leaves that has died at its start, with its lease.
func dies(t *testing.T, root string) {
	t.Helper()
	path := filepath.Join(root, "staging/.archiver/state.json")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var state map[string]json.RawMessage
	if err := json.Unmarshal(text, &state); err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"holder": `"box"`, "run": `"20261120t030000z-0123abcd"`, "date": `"2026-11-19"`, "phase": `"resolve"`, "attempt": `0`, "last_error": `"the box is gone"`,
	} {
		state[name] = json.RawMessage(value)
	}
	put(t, path, state)
}

// strays leaves a volume and a drill whose runs have died.
func strays(t *testing.T, root string) {
	t.Helper()
	put(t, filepath.Join(root, "archive/archives/logdata/2026/11/20/20261120t030000z-0123abcd/0123abcd/00000.tar.pgp"), "stray")
	const id = "20261120t030000z-0123abcd"
	claim := restore.Claim{
		Format: 1, Kind: restore.KindDrill, ID: id, Mark: lease.Mark{Holder: "box", LeaseSeconds: 60}, Stream: "logdata", Date: "2026-11-20", Run: id, Phase: restore.PhaseUnpack,
		Repository: "archiver-restore-" + id, Files: restore.Prefix + id + "/repository/",
	}
	path := filepath.Join(root, "staging", restore.Prefix, id, "restore.json")
	put(t, path, claim)
	put(t, filepath.Join(filepath.Dir(path), "repository/index-0"), "stray")
	if err := os.Chtimes(path, time.Time{}, time.Now().Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
}

// TestAnswersHaveTheFieldsThatThePageLists drives every verb that answers in JSON
// through a day's way and back, and holds each answer against docs/json.md. The
// cases build on each other.
func TestAnswersHaveTheFieldsThatThePageLists(t *testing.T) {
	page, root := answersPage(t), simulatedSession(t)
	common := page["Every verb"]
	delete(page, "Every verb")
	readings := map[string]*reading{}
	for verb, fields := range page {
		readings[verb] = &reading{promised: fields, seen: map[string]bool{}}
	}
	for n, c := range []struct {
		verb  string // of the page
		args  []string
		code  int
		alone bool // it fails before it has anything to tell
		first func(*testing.T, string)
	}{
		{verb: "check"},
		{verb: "unlock"},
		{verb: "list"},
		{verb: "verify", code: exitUsage, alone: true}, // nothing is archived yet
		{verb: "run --dry-run", args: []string{"--date", "2026-11-19"}},
		{verb: "run", args: []string{"--date", "2026-11-19"}},
		{verb: "run", args: []string{"--date", "2026-11-19"}}, // sealed already
		{verb: "run", args: []string{"--date", "2026-11-18"}, code: exitNothing},
		{verb: "run --dry-run", args: []string{"--date", "2026-11-18"}, code: exitNothing, alone: true},
		{verb: "run --dry-run", args: []string{"--date", "2026-11-19"}},
		{verb: "list"},
		{verb: "list", args: []string{"--from", "2026-12-01"}},
		{verb: "verify", args: []string{"--content"}},
		{verb: "verify", args: []string{"--date", "2026-11-18"}, code: exitNothing, alone: true},
		{verb: "extract", args: []string{"--date", "2026-11-19", "--output", "opened"}},
		{verb: "extract", args: []string{"--date", "2026-11-19", "--output", "opened"}, code: exitUsage, alone: true}, // not empty
		{verb: "restore", args: []string{"--date", "2026-11-19", "--rename", "back-{index}"}},
		{verb: "restore", args: []string{"--date", "2026-11-19"}, code: exitUsage}, // it is there
		{verb: "drill", args: []string{"--record"}},
		{verb: "show", args: []string{"2026-11-19"}},
		{verb: "show", args: []string{"2026-11-18"}, code: exitNothing, alone: true},
		{verb: "clean", first: strays},
		{verb: "clean", args: []string{"--yes"}},
		{verb: "clean"},
		{verb: "unlock", first: dies},
		{verb: "run", args: []string{"--date", "2026-11-20"}, code: exitHeld},
		{verb: "unlock", args: []string{"--yes"}},
		{verb: "run --dry-run", args: []string{"--date", "2026-11-20"}},
		{verb: "version"},
		{verb: "verify", code: exitIntegrity, first: func(t *testing.T, root string) {
			volumes, err := filepath.Glob(filepath.Join(root, "archive/archives/*/*/*/*/*/*/*.pgp"))
			if err != nil || len(volumes) != 1 {
				t.Fatal(volumes, err)
			}
			if err := os.Remove(volumes[0]); err != nil {
				t.Fatal(err)
			}
		}},
		{verb: "check", args: []string{"--set", "encryption.recipients=none.asc"}, code: exitUsage},
	} {
		args := slices.Concat(strings.Fields(c.verb), []string{"--json"}, c.args)
		t.Run(fmt.Sprintf("%02d %s", n, strings.Join(args, " ")), func(t *testing.T) {
			if c.first != nil {
				c.first(t, root)
			}
			out, _ := say(t, c.code, args...)
			wantPromised(t, readings[c.verb], common, out, c.code, c.alone)
		})
	}
	for verb, r := range readings {
		for _, field := range slices.Sorted(maps.Keys(r.promised)) {
			if !r.seen[field] {
				t.Errorf("%s: no answer had %s", verb, field)
			}
		}
	}
}

func TestTheFileOfADrillNamesTheEntryThatRecordsIt(t *testing.T) {
	simulatedSession(t)
	say(t, exitDone, "run", "--date", "2026-11-19")
	say(t, exitDone, "drill", "--record", "--output", "drill.json.asc")
	text, err := os.ReadFile("drill.json.asc")
	if err != nil || !strings.Contains(string(text), `"recorded": "000002:`) {
		t.Errorf("%v: %s", err, text)
	}
}

// TestADrillThatFailsLeavesItsOutputFree: the next one, which a scheduler starts
// with the same name, would be refused for an empty file.
func TestADrillThatFailsLeavesItsOutputFree(t *testing.T) {
	root := simulatedSession(t)
	say(t, exitDone, "run", "--date", "2026-11-19")
	before := names(t, ".")
	say(t, exitUsage, "drill", "--record", "--output", "drill.json.asc", "--set", "encryption.recipients=none.asc") // nothing to record it with
	if _, errs := say(t, exitUsage, "drill", "--output", filepath.Join("none", "drill.json.asc")); !strings.Contains(errs, "--output") {
		t.Error(errs)
	}
	dies(t, root) // whoever holds the lease keeps the drill from being recorded
	say(t, exitHeld, "drill", "--record", "--output", "unrecorded.json.asc")
	if got := names(t, "."); !slices.Equal(got, append(before, "unrecorded.json.asc")) {
		t.Errorf("%v, and before it %v", got, before)
	}
	say(t, exitDone, "drill", "--output", "drill.json.asc")
	say(t, exitUsage, "drill", "--output", "drill.json.asc") // never overwritten
}

func names(t *testing.T, folder string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range all {
		names = append(names, x.Name())
	}
	return names
}

// TestAMistakeBeforeTheFlagForJSONIsAnsweredInJSON: flags are read in their order,
// and a program that asks gets an answer wherever the mistake stands.
func TestAMistakeBeforeTheFlagForJSONIsAnsweredInJSON(t *testing.T) {
	for _, args := range [][]string{{"run", "--nonsense", "--json"}, {"nonsense", "--json"}, {"run", "--date", "--json"}, {"restore", "--replicas", "x", "--json"}} {
		out, _ := say(t, exitUsage, args...)
		var answer ending
		if err := json.Unmarshal([]byte(out), &answer); err != nil || answer.ExitCode != exitUsage || answer.Error == "" {
			t.Errorf("%q: %v: %s", args, err, out)
		}
	}
}

// TestEveryVerbTellsItsErrorInJSON starts each without anything that it needs.
func TestEveryVerbTellsItsErrorInJSON(t *testing.T) {
	page := answersPage(t)
	t.Chdir(t.TempDir())
	for _, c := range rootCommand().Commands() {
		if c.RunE == nil || c.Name() == "check" { // which tells of it as an item
			continue
		}
		t.Run(c.Name(), func(t *testing.T) {
			out, errs := say(t, exitUsage, c.Name(), "--json", "--nonsense")
			wantPromised(t, nil, page["Every verb"], out, exitUsage, true)
			if !strings.Contains(errs, "--nonsense") {
				t.Errorf("people do not read of it: %s", errs)
			}
		})
	}
}
