package archive

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"archiver/internal/lab"
)

// expected is what the day's archive unpacks to.
func (k *kept) expected() map[string]string {
	k.t.Helper()
	files := map[string]string{}
	for n := range k.day.Volumes {
		for _, f := range k.unpack(n) {
			files[f.Name] = string(f.body)
		}
	}
	return files
}

func TestScriptOpensADayOfSeveralVolumesWithEitherKey(t *testing.T) {
	tools(t)
	k := newKept(t)
	for _, key := range []string{"ops-private.asc", "escrow-private.asc"} {
		t.Run(key, func(t *testing.T) {
			out, code := k.open(gnupgHome(t, key), "-H", k.head.String())
			if code != 0 {
				t.Fatalf("exit code %d\n%s", code, out)
			}
			if diff := cmp.Diff(k.expected(), tree(t, k.path("opened"))); diff != "" {
				t.Error(diff)
			}
			for _, want := range []string{"logdata-" + keptDate + ": 12345 documents", "entry 000003", k.signer.Fingerprint(), "head " + k.head.String()} {
				if !strings.Contains(out, want) {
					t.Errorf("the output lacks %q:\n%s", want, out)
				}
			}
			if err := os.RemoveAll(k.path("opened")); err != nil {
				t.Fatal(err)
			}
		})
	}
}

func TestScriptChecksTheLedgerAlone(t *testing.T) {
	tools(t)
	k := newKept(t)
	if err := os.RemoveAll(k.path("archive/archives")); err != nil {
		t.Fatal(err)
	}
	out, code := k.run(gnupgHome(t), "sh", "open.sh", "-s", "signer.asc", "archive", "logdata")
	if want := "head " + k.head.String(); code != 0 || !strings.Contains(out, want) {
		t.Errorf("exit code %d, want 0 and %q\n%s", code, want, out)
	}
}

func TestScriptRefusesWhatWasTamperedWith(t *testing.T) {
	tools(t)
	home := gnupgHome(t, "ops-private.asc")
	original := newKept(t)
	for _, c := range vectors(t) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := original.copy(t)
			c.tamper(k)
			before := k.listing()
			out, code := k.open(home, c.options...)
			if code != 6 || !regexp.MustCompile("(?s)open.sh: REFUSED: .*"+c.refused).MatchString(out) {
				t.Errorf("exit code %d, want 6 and %q\n%s", code, c.refused, out)
			}
			k.wantAsBefore(before)
		})
	}
}

func TestPageAsWrittenOpensTheSame(t *testing.T) {
	tools(t)
	k := newKept(t)
	out, code := k.run(gnupgHome(t, "ops-private.asc"), lab.Tool(t, "bash"), "-e", "-c", strings.Join(pageBlocks(t), "\n"))
	if code != 0 || !strings.HasSuffix(out, "is whole and unaltered\n") {
		t.Fatalf("exit code %d\n%s", code, out)
	}
	want := k.expected()
	for _, dir := range []string{"opened", "by-hand/files"} {
		if diff := cmp.Diff(want, tree(t, k.path(dir))); diff != "" {
			t.Errorf("%s: %s", dir, diff)
		}
	}
}

func TestPagesSingleCommandsRefuseToo(t *testing.T) {
	tools(t)
	bash := lab.Tool(t, "bash")
	home := gnupgHome(t, "ops-private.asc")
	blocks := pageBlocks(t)
	commands := blocks[0] + strings.Join(blocks[2:], "\n") // without the script
	if strings.Contains(commands, "open.sh") {
		t.Fatal("the page's second block is not the script's any more")
	}
	original := newKept(t)
	for _, c := range vectors(t) {
		if c.byScript {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			k := original.copy(t)
			c.tamper(k)
			out, code := k.run(home, bash, "-c", commands)
			if code == 0 || strings.Contains(out, "whole and unaltered") {
				t.Errorf("exit code %d\n%s", code, out)
			}
		})
	}
}

// pageBlocks are the page's shell blocks, in order.
func pageBlocks(t testing.TB) []string {
	t.Helper()
	var blocks []string
	for _, m := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllSubmatch(byHandPage, -1) {
		blocks = append(blocks, string(m[1]))
	}
	if len(blocks) < 3 {
		t.Fatalf("the page has %d blocks", len(blocks))
	}
	return blocks
}

func TestScriptTakesASecondSigner(t *testing.T) {
	tools(t)
	home := gnupgHome(t, "ops-private.asc")
	k := newKept(t)
	k.resignText(signerOf(t, "rsa-signer-private.asc"), noon, func(s string) string { return s })
	k.write(k.path("other.asc"), keyFile(t, "rsa-signer.asc"))
	if out, code := k.open(home); code != 6 {
		t.Errorf("without its key: exit code %d, want 6\n%s", code, out)
	}
	if out, code := k.open(home, "-s", "other.asc"); code != 0 {
		t.Errorf("with its key: exit code %d\n%s", code, out)
	}
}

func TestScriptTakesTheLatestArchiveThatStands(t *testing.T) {
	tools(t)
	k := newKept(t)
	end := k.chain.Next(noon.Add(time.Minute), "archiver test")
	end.Type, end.Withdrawn = TypeWithdrawn, &Ended{Date: keptDate, Run: k.day.Run, Reason: "volume lost"}
	k.append(t, end)
	if err := copyDown(t.Context(), k.archive, k.path("archive")); err != nil {
		t.Fatal(err)
	}
	if out, code := k.open(gnupgHome(t, "ops-private.asc")); code != 3 || !strings.Contains(out, "no archive of "+keptDate) {
		t.Errorf("exit code %d, want 3\n%s", code, out)
	}

	s := newMemory()
	blobs(s, "", 3)
	k.day = k.made.day(t, Staging{Store: s}, keptDate, 10_000)
	if err := copyDown(t.Context(), k.archive, k.path("archive")); err != nil {
		t.Fatal(err)
	}
	if out, code := k.open(gnupgHome(t, "ops-private.asc")); code != 0 || !strings.Contains(out, k.day.Run) {
		t.Errorf("exit code %d, want 0 and run %s\n%s", code, k.day.Run, out)
	}
}

func TestScriptFailsWithoutAPrivateKeyAndLeavesNothing(t *testing.T) {
	tools(t)
	k := newKept(t)
	before := k.listing()
	out, code := k.open(gnupgHome(t, "stranger-private.asc"))
	if code != 1 || !strings.Contains(out, "private key") {
		t.Errorf("exit code %d, want 1\n%s", code, out)
	}
	k.wantAsBefore(before)
}

func TestScriptFailsWhereTheDayCannotBeUnpackedAndLeavesNothing(t *testing.T) {
	tools(t)
	k := newKept(t)
	stubs := t.TempDir()
	if err := os.WriteFile(filepath.Join(stubs, "tar"), []byte("#!/bin/sh\ncase $1 in -x) echo disk full >&2; exit 2 ;; esac\nexec "+lab.Tool(t, "tar")+" \"$@\"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	before := k.listing()
	out, code := k.run(gnupgHome(t, "ops-private.asc"), "env", "PATH="+stubs+string(os.PathListSeparator)+os.Getenv("PATH"),
		"sh", "open.sh", "-s", "signer.asc", "-o", "opened", "archive", "logdata", keptDate)
	if code != 1 || !strings.Contains(out, "disk full") {
		t.Errorf("exit code %d, want 1\n%s", code, out)
	}
	k.wantAsBefore(before)
}

func TestScriptOpensOnlyIntoANewOrEmptyFolder(t *testing.T) {
	tools(t)
	home := gnupgHome(t, "ops-private.asc")
	k := newKept(t)
	if err := os.Mkdir(k.path("opened"), 0o700); err != nil {
		t.Fatal(err)
	}
	k.write(k.path("opened/mine"), []byte("mine"))
	before := k.listing()
	if out, code := k.open(home); code != 2 || !strings.Contains(out, "not empty") {
		t.Errorf("exit code %d, want 2\n%s", code, out)
	}
	k.wantAsBefore(before)
	k.remove(k.path("opened/mine"))
	if out, code := k.open(home); code != 0 {
		t.Errorf("exit code %d\n%s", code, out)
	}
}

func TestScriptSaysHowItIsUsed(t *testing.T) {
	tools(t)
	k := newKept(t)
	home := gnupgHome(t)
	for _, args := range [][]string{
		{},
		{"archive", "logdata"},
		{"-s", "signer.asc", "archive"},
		{"-s", "signer.asc", "-x", "archive", "logdata"},
		{"-s", "signer.asc", "nowhere", "logdata"},
		{"-s", "signer.asc", "archive", "../logdata"},
		{"-s", "signer.asc", "archive", "logdata", "yesterday"},
		{"-s", "signer.asc", "-H", "3", "archive", "logdata"},
		{"-s", "open.sh", "archive", "logdata"},
		{"-s", "missing.asc", "archive", "logdata"},
	} {
		if out, code := k.run(home, append([]string{"sh", "open.sh"}, args...)...); code != 2 || out == "" {
			t.Errorf("%q: exit code %d, want 2 and a word\n%s", args, code, out)
		}
	}
}

// copy lets a test tamper with a copy of the folder.
func (k *kept) copy(t testing.TB) *kept {
	t.Helper()
	c := *k
	c.t, c.dir = t, filepath.Join(t.TempDir(), "copy")
	if err := os.CopyFS(c.dir, os.DirFS(k.dir)); err != nil {
		t.Fatal(err)
	}
	chain := *k.chain
	chain.Entries = nil
	for _, e := range k.chain.Entries {
		if e.Archive != nil {
			body := *e.Archive
			body.Volumes = append([]Volume(nil), body.Volumes...)
			e.Archive = &body
		}
		chain.Entries = append(chain.Entries, e)
	}
	m := *k.made
	m.chain = &chain
	c.made = &m
	return &c
}

// listing is every file and folder of the folder, with sizes.
func (k *kept) listing() []string {
	k.t.Helper()
	var all []string
	err := filepath.WalkDir(k.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		all = append(all, fmt.Sprintf("%s %d", path, info.Size()))
		return err
	})
	if err != nil {
		k.t.Fatal(err)
	}
	return all
}

// wantAsBefore wants nothing left in the folder, and nothing taken from it.
func (k *kept) wantAsBefore(before []string) {
	k.t.Helper()
	if diff := cmp.Diff(before, k.listing()); diff != "" {
		k.t.Errorf("the folder is not as it was: %s", diff)
	}
}
