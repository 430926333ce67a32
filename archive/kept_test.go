package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"

	"archiver/internal/lab"
)

// The day that tests open, in the third entry of the ledger.
const (
	keptDate  = "2026-11-20"
	keptEntry = 3
)

// kept is an archive copied down into a folder, beside open.sh and the signer's
// key, as README.md has one arrange it.
type kept struct {
	*made
	t    testing.TB
	dir  string
	day  *Sealed
	head Head
}

func newKept(t testing.TB) *kept {
	t.Helper()
	s := newMemory()
	k := &kept{made: newMade(t, s), t: t, dir: t.TempDir()}
	staging := func(seed uint64) Staging {
		s := newMemory()
		blobs(s, "base/", seed)
		return Staging{Store: s, Base: "base/"}
	}
	k.made.day(t, staging(1), "2026-11-18", 1<<20)
	given := k.chain.Next(noon, "archiver test")
	given.Type, given.Abandoned = TypeAbandoned, &Ended{Date: "2026-11-19", Run: NewRun(noon), Reason: "staging was lost"}
	k.append(t, given)
	k.day = k.made.day(t, staging(2), keptDate, 10_000)
	k.head = k.chain.Head()
	if len(k.day.Volumes) != 3 || k.head.Sequence != keptEntry {
		t.Fatalf("%d volumes in entry %d", len(k.day.Volumes), k.head.Sequence)
	}
	if err := copyDown(t.Context(), s, k.path("archive")); err != nil {
		t.Fatal(err)
	}
	k.write(k.path("open.sh"), byHandScript)
	k.write(k.path("signer.asc"), keyFile(t, "signer.asc"))
	return k
}

func (k *kept) path(name string) string { return filepath.Join(k.dir, filepath.FromSlash(name)) }

func (k *kept) entry(number int) string { return k.path("archive/" + LedgerKey("logdata", number)) }

func (k *kept) volume(number int) string { return k.path("archive/" + k.day.Volumes[number].Key) }

func (k *kept) read(path string) []byte {
	k.t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		k.t.Fatal(err)
	}
	return data
}

func (k *kept) write(path string, data []byte) {
	k.t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) remove(path string) {
	k.t.Helper()
	if err := os.Remove(path); err != nil {
		k.t.Fatal(err)
	}
}

func (k *kept) swap(a, b string) {
	k.t.Helper()
	x, y := k.read(a), k.read(b)
	k.write(a, y)
	k.write(b, x)
}

// replace replaces the first old in a file, which must be there.
func (k *kept) replace(path, old, new string) {
	k.t.Helper()
	before := k.read(path)
	after := bytes.Replace(before, []byte(old), []byte(new), 1)
	if bytes.Equal(before, after) {
		k.t.Fatalf("%s does not hold %q", path, old)
	}
	k.write(path, after)
}

// resign replaces the day's entry by a changed one, signed in earnest: what a
// faulty or hostile archiver could leave.
func (k *kept) resign(change func(*Entry)) {
	k.t.Helper()
	e := &k.chain.Entries[keptEntry-1]
	change(e)
	object, err := e.render(k.signer)
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(k.entry(keptEntry), object)
}

// resignText does it for a text that is no entry.
func (k *kept) resignText(s Signer, at time.Time, change func(text string) string) {
	k.t.Helper()
	text, err := encodeJSON(k.chain.Entries[keptEntry-1])
	if err != nil {
		k.t.Fatal(err)
	}
	object, err := s.Clear([]byte(change(string(text))), at)
	if err != nil {
		k.t.Fatal(err)
	}
	k.write(k.entry(keptEntry), object)
}

// file is an entry of a tar.
type file struct {
	tar.Header
	body []byte
}

// repack replaces a volume by one with other files, and its hash in the entry.
func (k *kept) repack(number int, change func([]file) []file) {
	k.t.Helper()
	files := change(k.unpack(number))
	var message bytes.Buffer
	sealed, err := k.sealer.Seal(&message)
	if err != nil {
		k.t.Fatal(err)
	}
	counted := &countWriter{w: sealed}
	out := tar.NewWriter(counted)
	for _, f := range files {
		h := f.Header
		h.Size = int64(len(f.body))
		if err := out.WriteHeader(&h); err != nil {
			k.t.Fatal(err)
		}
		if _, err := out.Write(f.body); err != nil {
			k.t.Fatal(err)
		}
	}
	if err := errors.Join(out.Close(), sealed.Close()); err != nil {
		k.t.Fatal(err)
	}
	k.reseal(number, message.Bytes())
	k.resign(func(e *Entry) {
		e.Archive.Volumes[number].PlaintextBytes = counted.n
		for _, f := range files {
			if v := &e.Archive.Volumes[number]; f.Name == manifestName(number) {
				v.ManifestSHA256, v.Files = SHA256(f.body), bytes.Count(f.body, []byte("\n"))
			}
		}
	})
}

// reseal replaces a volume by another message, and its hash in the entry.
func (k *kept) reseal(number int, message []byte) {
	k.t.Helper()
	k.write(k.volume(number), message)
	k.resign(func(e *Entry) {
		v := &e.Archive.Volumes[number]
		v.Bytes, v.SHA256 = int64(len(message)), SHA256(message)
	})
}

// unpack decrypts a volume and returns its files.
func (k *kept) unpack(number int) []file {
	k.t.Helper()
	return untar(k.t, decrypted(k.t, k.read(k.volume(number))))
}

func decrypted(t testing.TB, message []byte) []byte {
	t.Helper()
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(keyFile(t, "ops-private.asc")))
	if err != nil {
		t.Fatal(err)
	}
	m, err := openpgp.ReadMessage(bytes.NewReader(message), ring, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	plain, err := io.ReadAll(m.UnverifiedBody)
	if err != nil {
		t.Fatal(err)
	}
	return plain
}

func untar(t testing.TB, plain []byte) []file {
	t.Helper()
	var files []file
	for r := tar.NewReader(bytes.NewReader(plain)); ; {
		h, err := r.Next()
		if err == io.EOF {
			return files
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file{*h, body})
	}
}

// gnupgHome is a keyring with the private keys of these names.
func gnupgHome(t testing.TB, names ...string) string {
	t.Helper()
	// Not t.TempDir: the agent's socket lies in it, and its path must be short.
	home, err := os.MkdirTemp("", "gnupg")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if out, err := gnupg(home, lab.Tool(t, "gpgconf"), "--kill", "all").CombinedOutput(); err != nil {
			t.Errorf("stopping the agent: %v\n%s", err, out)
		}
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	for _, n := range names {
		path := filepath.Join("..", "testdata", "keys", n)
		if out, err := gnupg(home, lab.Tool(t, "gpg"), "--batch", "--quiet", "--import", path).CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	return home
}

func gnupg(home, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+home, "LC_ALL=C")
	return cmd
}

// tools skips where one that a person needs is missing.
func tools(t testing.TB) {
	t.Helper()
	for _, name := range []string{"sh", "gpg", "gpgv", "gpgconf", "jq", "sha256sum", "tar"} {
		lab.Tool(t, name)
	}
}

// run runs a shell command in the folder, as a person would.
func (k *kept) run(home string, command ...string) (output string, code int) {
	k.t.Helper()
	cmd := gnupg(home, command[0], command[1:]...)
	cmd.Dir = k.dir
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		k.t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// open runs open.sh for the day, into the folder "opened".
func (k *kept) open(home string, options ...string) (output string, code int) {
	k.t.Helper()
	args := append([]string{"sh", "open.sh", "-s", "signer.asc", "-o", "opened"}, options...)
	return k.run(home, append(args, "archive", "logdata", keptDate)...)
}

// tree reads every file below a folder.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		if !d.Type().IsRegular() {
			return fmt.Errorf("%s is no file", path)
		}
		body, err := os.ReadFile(path)
		name, _ := filepath.Rel(dir, path)
		files[filepath.ToSlash(name)] = string(body)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
