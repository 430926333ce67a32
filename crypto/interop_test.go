package crypto

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"archiver/internal/lab"
)

func TestWhatGnuPGEncryptsOpensIfItIsOfTheForm(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, keyFile(t, "ops.asc"), "--import")
	g.run(t, keyFile(t, "escrow.asc"), "--import")
	g.run(t, keyFile(t, "signer-private.asc"), "--import")
	ops := publicKey(t, "ops.asc").Fingerprint()
	o := opsOpener(t)
	bare := []string{"--compress-algo", "none", "--cipher-algo", "AES256", "--set-filename", ""}
	with := func(more ...string) []string { return append(more, bare...) }
	for _, c := range []struct {
		name string
		args []string
		want error
	}{
		{"the form", with("-e", "-r", ops), nil},
		{"two recipients", with("-e", "-r", publicKey(t, "escrow.asc").Fingerprint(), "-r", ops), nil},
		{"an unnamed recipient", with("-e", "-R", ops), nil},
		{"to another", with("-e", "-r", publicKey(t, "escrow.asc").Fingerprint()), ErrNoKey},
		{"compressed", []string{"-e", "-r", ops, "--cipher-algo", "AES256"}, ErrMessage},
		{"AES-128", []string{"-e", "-r", ops, "--compress-algo", "none", "--set-filename", "", "--cipher-algo", "AES128"}, ErrMessage},
		{"signed", with("-e", "-s", "-u", publicKey(t, "signer.asc").Fingerprint(), "-r", ops), ErrMessage},
		{"with a passphrase, too", with("-e", "-c", "--passphrase", testPassphrase, "--s2k-count", "1024", "-r", ops), ErrMessage},
		{"armored", with("--armor", "-e", "-r", ops), ErrMessage},
		{"not encrypted", with("--store"), ErrMessage},
		{"text", with("--textmode", "-e", "-r", ops), ErrMessage},
	} {
		t.Run(c.name, func(t *testing.T) {
			sizes := []int{1000}
			if c.want == nil {
				sizes = []int{0, 1, 512, 8192, 1<<20 + 1}
			}
			for _, size := range sizes {
				plain := content(size)
				message := g.run(t, plain, append([]string{"--trust-model", "always"}, c.args...)...)
				got, err := opened(o, message)
				if !errors.Is(err, c.want) || err == nil && !bytes.Equal(got, plain) {
					t.Errorf("%d bytes: %d, %v, want %v", size, len(got), err, c.want)
				}
			}
		})
	}
}

// sequoia is Sequoia's sq, whose options differ before and after version 1.
type sequoia struct {
	sq, home         string
	encrypt, decrypt []string // arguments: to ops, with escrow's key
}

func newSequoia(t testing.TB) *sequoia {
	t.Helper()
	s := &sequoia{sq: lab.Tool(t, "sq"), home: t.TempDir()}
	known := func(command string, options ...string) string {
		help := string(s.run(t, nil, command, "--help"))
		for _, option := range options {
			if strings.Contains(help, option) {
				return option
			}
		}
		return ""
	}
	s.decrypt = []string{"decrypt", known("decrypt", "--recipient-file", "--recipient-key"), testKey("escrow-private.asc")}
	s.encrypt = []string{"encrypt", known("encrypt", "--for-file", "--recipient-file", "--recipient-cert"), testKey("ops.asc")}
	for _, option := range []string{"--without-signature", "--binary"} {
		if known("encrypt", option) != "" {
			s.encrypt = append(s.encrypt, option)
		}
	}
	return s
}

func (s *sequoia) command(args ...string) *exec.Cmd {
	cmd := exec.Command(s.sq, args...)
	cmd.Env = append(os.Environ(), "HOME="+s.home, "SEQUOIA_HOME="+s.home, "LC_ALL=C")
	return cmd
}

func (s *sequoia) run(t testing.TB, stdin []byte, args ...string) []byte {
	t.Helper()
	var stdout, stderr bytes.Buffer
	cmd := s.command(args...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("sq %q: %v\n%s", args, err, stderr.Bytes())
	}
	return stdout.Bytes()
}

func testKey(name string) string { return filepath.Join("..", "testdata", "keys", name) }

func TestSequoiaOpensWhatWasSealed(t *testing.T) {
	s := newSequoia(t)
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"))
	for _, size := range sizes {
		message := seal(t, r, content(size), 1000)
		if got := s.run(t, message, s.decrypt...); !bytes.Equal(got, content(size)) {
			t.Errorf("sq made %d bytes of %d", len(got), size)
		}
	}
}

func TestWhatSequoiaEncryptsOpensIfItIsOfTheForm(t *testing.T) {
	s := newSequoia(t)
	o := opsOpener(t)
	for kind, want := range map[string]error{"none": nil, "zip": ErrMessage} {
		for _, size := range []int{0, 1, 8192, 1<<20 + 1} {
			message := s.run(t, content(size), append(slices.Clone(s.encrypt), "--compression", kind)...)
			got, err := opened(o, message)
			if !errors.Is(err, want) || err == nil && !bytes.Equal(got, content(size)) {
				t.Errorf("compression %s, %d bytes: %d, %v, want %v", kind, size, len(got), err, want)
			}
		}
	}
}
