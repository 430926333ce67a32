package archive

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"archiver/crypto"
)

// golden is an archive of format 1 that was written once and must be readable
// for ever: testdata/golden-1. ARCHIVER_UPDATE=1 writes it anew, which a frozen
// format forbids.
const golden = "testdata/golden-1"

// goldenDates are the days that stand in it, the second one in two volumes, after
// a run that was abandoned and an archive that was withdrawn.
var goldenDates = []string{"2026-11-18", "2026-11-19"}

func TestGoldenArchiveIsReadByThisPackage(t *testing.T) {
	updateGolden(t)
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

// updateGolden writes the golden archive, if that is asked for.
func updateGolden(t *testing.T) {
	if os.Getenv("ARCHIVER_UPDATE") == "" {
		return
	}
	s := newMemory()
	m := newMade(t, s)
	staging := func(seed uint64, names ...string) Staging {
		s := newMemory()
		blobs(s, "base/", seed)
		for _, n := range names {
			s.put("base/"+n, "named at length")
		}
		return Staging{Store: s, Base: "base/"}
	}
	m.day(t, staging(1), goldenDates[0], 1<<20)
	end := func(kind, run, reason string) {
		e := m.chain.Next(noon.Add(time.Hour), "archiver test")
		body := &Ended{Date: goldenDates[1], Run: run, Reason: reason}
		if e.Type = kind; kind == TypeAbandoned {
			e.Abandoned = body
		} else {
			e.Withdrawn = body
		}
		m.append(t, e)
	}
	end(TypeAbandoned, NewRun(noon), "staging was lost")
	lost := m.day(t, staging(2), goldenDates[1], 1<<20)
	for _, v := range lost.Volumes {
		delete(s.objects, v.Key)
	}
	end(TypeWithdrawn, lost.Run, "its volume was lost")
	day := m.day(t, staging(3, "n"+strings.Repeat("x", 150), strings.Repeat("folder/", 40)+"n"), goldenDates[1], 16_000)
	if len(day.Volumes) != 2 {
		t.Fatalf("%d volumes", len(day.Volumes))
	}
	if err := os.RemoveAll(golden); err != nil {
		t.Fatal(err)
	}
	if err := copyDown(t.Context(), s, filepath.Join(golden, "archive")); err != nil {
		t.Fatal(err)
	}
	write := func(path, text string) {
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(golden, "head"), m.chain.Head().String()+"\n")
	for _, e := range m.chain.Archives() {
		files := map[string]string{}
		for _, v := range e.Archive.Volumes {
			for _, f := range untar(t, decrypted(t, s.objects[v.Key])) {
				files[f.Name] = string(bytes.Clone(f.body))
			}
		}
		write(expectedFile(e.Archive.Date), sums(files))
	}
}
