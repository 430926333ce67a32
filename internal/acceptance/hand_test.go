package acceptance

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"archiver/internal/lab"
)

// keyring is a GNUPGHOME that holds the operations key's private half.
func keyring(t *testing.T) string {
	t.Helper()
	gpg := lab.Tool(t, "gpg")
	// A socket's path has about 100 characters at most: not t.TempDir.
	home, err := os.MkdirTemp("/tmp", "gpg-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd := exec.Command("gpgconf", "--kill", "all")
		cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
		_ = cmd.Run()
		os.RemoveAll(home)
	})
	cmd := exec.Command(gpg, "--batch", "--import", "../../testdata/keys/ops-private.asc")
	cmd.Env = append(os.Environ(), "GNUPGHOME="+home)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return home
}

// openByHand runs the open.sh that lies with the archive, as a person would
// who has copied the bucket, and returns the opened folder.
func (w *world) openByHand(date string) (dir, output string) {
	w.t.Helper()
	for _, tool := range []string{"gpg", "gpgv", "jq", "sha256sum", "tar"} {
		lab.Tool(w.t, tool)
	}
	dir = filepath.Join(w.t.TempDir(), "opened")
	signer, _ := filepath.Abs("../../testdata/keys/signer.asc")
	cmd := exec.Command("sh", filepath.Join(w.vault, "open.sh"), "-s", signer, "-o", dir, w.vault, w.stream, date)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+keyring(w.t))
	out, err := cmd.CombinedOutput()
	if err != nil {
		w.t.Fatalf("open.sh of %s: %v\n%s", date, err, out)
	}
	if !strings.Contains(string(out), w.index(date)) {
		w.t.Errorf("open.sh does not name the index:\n%s", out)
	}
	return dir, string(out)
}
