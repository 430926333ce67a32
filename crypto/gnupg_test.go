package crypto

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"archiver/internal/lab"
)

// gnupg is GnuPG in a home of its own.
type gnupg struct {
	home, gpg, gpgv string
}

func newGnuPG(t testing.TB) *gnupg {
	t.Helper()
	g := &gnupg{gpg: lab.Tool(t, "gpg"), gpgv: lab.Tool(t, "gpgv")}
	gpgconf := lab.Tool(t, "gpgconf")
	// Not t.TempDir: the agent's socket lies in it, and its path must be short.
	home, err := os.MkdirTemp("", "gnupg")
	if err != nil {
		t.Fatal(err)
	}
	g.home = home
	g.file(t, "gpg-agent.conf", []byte("s2k-count 65536\n")) // or the agent measures for seconds
	t.Cleanup(func() {
		if out, err := g.command(gpgconf, "--kill", "all").CombinedOutput(); err != nil {
			t.Errorf("stopping the agent: %v\n%s", err, out)
		}
		if err := os.RemoveAll(home); err != nil {
			t.Error(err)
		}
	})
	return g
}

func (g *gnupg) command(program string, args ...string) *exec.Cmd {
	cmd := exec.Command(program, args...)
	cmd.Env = append(os.Environ(), "GNUPGHOME="+g.home, "LC_ALL=C")
	return cmd
}

// run gives gpg some input and returns what it wrote, failing the test if gpg
// fails.
func (g *gnupg) run(t testing.TB, stdin []byte, args ...string) []byte {
	t.Helper()
	cmd := g.command(g.gpg, append([]string{"--batch", "--no-tty", "--pinentry-mode", "loopback", "--passphrase", ""}, args...)...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("gpg %q: %v\n%s", args, err, stderr.Bytes())
	}
	return stdout.Bytes()
}

func (g *gnupg) file(t testing.TB, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(g.home, name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// verifies says whether gpgv, with k as its only key, calls a signature good:
// of a clear-signed block, or over data where data is not nil.
func (g *gnupg) verifies(t testing.TB, k *Key, signature, data []byte) error {
	t.Helper()
	args := []string{"--keyring", g.file(t, "pinned.gpg", k.packets), g.file(t, "signature.asc", signature)}
	if data != nil {
		args = append(args, g.file(t, "data", data))
	}
	out, err := g.command(g.gpgv, args...).CombinedOutput()
	if err != nil {
		t.Logf("gpgv: %v\n%s", err, out)
	}
	return err
}
