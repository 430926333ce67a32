package archive

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"archiver/crypto"
)

// golden is an archive of format 1 that was written once and must be readable
// for ever: testdata/golden-1. The format is frozen, so nothing writes it anew:
// another version gets another folder.
const golden = "testdata/golden-1"

// goldenDates are the days that stand in it, the second one in two volumes, after
// a drill, an entry of a type that is reserved, a run that was abandoned and an
// archive that was withdrawn.
var goldenDates = []string{"2026-11-18", "2026-11-19"}

func TestGoldenArchiveIsReadByThisPackage(t *testing.T) {
	k := goldenCopy(t)
	chain := k.chain
	if head := chain.Head().String() + "\n"; head != string(k.read(filepath.Join(golden, "head"))) {
		t.Errorf("the head is %s", head)
	}
	var dates []string
	for _, e := range chain.Archives() {
		dates = append(dates, e.Archive.Date)
		to := newGathered()
		u := k.unpacker(openerOf(t, "escrow-private.asc"))
		u.Entry = e
		if _, err := u.Unpack(t.Context(), to); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(k.read(expectedFile(e.Archive.Date))), sums(to.files)); diff != "" {
			t.Error(diff)
		}
	}
	if !slices.Equal(dates, goldenDates) {
		t.Errorf("it holds %v", dates)
	}
}

func TestGoldenArchiveIsReadByHand(t *testing.T) {
	tools(t)
	k := goldenCopy(t)
	home := gnupgHome(t, "ops-private.asc")
	for _, date := range goldenDates {
		out, code := k.run(home, "sh", "open.sh", "-s", "signer.asc", "-H", k.chain.Head().String(), "-o", date, "archive", "logdata", date)
		if code != 0 {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		if diff := cmp.Diff(string(k.read(expectedFile(date))), sums(tree(t, k.path(date)))); diff != "" {
			t.Error(diff)
		}
	}
}

func expectedFile(date string) string { return filepath.Join(golden, date+".sha256") }

// sums lists files as sha256sum does.
func sums(files map[string]string) string {
	var b strings.Builder
	var names []string
	for n := range files {
		names = append(names, n)
	}
	slices.Sort(names)
	for _, n := range names {
		fmt.Fprintf(&b, "%s  %s\n", SHA256([]byte(files[n])), n)
	}
	return b.String()
}

// goldenCopy is a copy of the golden archive, with its ledger believed.
func goldenCopy(t testing.TB) *kept {
	t.Helper()
	k := &kept{t: t, dir: t.TempDir()}
	if err := os.CopyFS(k.path("archive"), os.DirFS(filepath.Join(golden, "archive"))); err != nil {
		t.Fatal(err)
	}
	k.write(k.path("open.sh"), byHandScript)
	k.write(k.path("signer.asc"), keyFile(t, "signer.asc"))
	k.made = &made{ledger: Ledger{Stream: "logdata", Trust: crypto.NewTrust([]*crypto.Key{publicKey(t, "signer.asc")})}}
	s := newMemory()
	for name, body := range tree(t, k.path("archive")) {
		s.put(name, body)
	}
	k.ledger.Store = s
	chain, err := k.ledger.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	k.chain, k.head = chain, chain.Head()
	return k
}

// goldenSum is the SHA-256 over the golden folder's files, as sums lists them.
const goldenSum = "c1226e66b5fb2dea79c575da6d0b674a291c07ef204b6989d68488fc86433d58"

// A reader that is fitted to new bytes would pass every other test.
func TestGoldenArchiveNeverChanges(t *testing.T) {
	if got := SHA256([]byte(sums(tree(t, golden)))); got != goldenSum {
		t.Errorf("its files were changed, which a frozen format forbids: %s", got)
	}
}
