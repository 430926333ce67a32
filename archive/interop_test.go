package archive

import (
	"bytes"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"archiver/internal/lab"
)

// other is another implementation of OpenPGP: a command line for each thing.
type other struct {
	name    string
	decrypt func(t testing.TB, message []byte) []byte
	encrypt func(t testing.TB, plain []byte) []byte // to the operations key
	verify  func(t testing.TB, signature, manifest string)
}

func others(t testing.TB) []other {
	run := func(t testing.TB, cmd *exec.Cmd, stdin []byte) []byte {
		t.Helper()
		var stdout, stderr bytes.Buffer
		cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(stdin), &stdout, &stderr
		if err := cmd.Run(); err != nil {
			t.Fatalf("%q: %v\n%s", cmd.Args, err, stderr.Bytes())
		}
		return stdout.Bytes()
	}
	home := gnupgHome(t, "ops-private.asc", "signer.asc")
	gpg := func(args ...string) *exec.Cmd {
		return gnupg(home, lab.Tool(t, "gpg"), append([]string{"--batch"}, args...)...)
	}
	all := []other{{
		name:    "gpg",
		decrypt: func(t testing.TB, m []byte) []byte { return run(t, gpg("--decrypt"), m) },
		encrypt: func(t testing.TB, p []byte) []byte {
			return run(t, gpg("--trust-model", "always", "--compress-algo", "none", "--cipher-algo", "AES256", "--set-filename", "",
				"-r", publicKey(t, "ops.asc").Fingerprint(), "--encrypt"), p)
		},
		verify: func(t testing.TB, s, m string) { run(t, gpg("--verify", s, m), nil) },
	}}
	if _, err := exec.LookPath("sq"); err != nil {
		return append(all, other{name: "sq"})
	}
	sequoia := t.TempDir()
	sq := func(args ...string) *exec.Cmd {
		cmd := exec.Command(lab.Tool(t, "sq"), args...)
		cmd.Env = append(os.Environ(), "HOME="+sequoia, "SEQUOIA_HOME="+sequoia)
		return cmd
	}
	// Its options differ before and after version 1.
	option := func(command string, names ...string) string {
		help := string(run(t, sq(command, "--help"), nil))
		for _, n := range names {
			if strings.Contains(help, n) {
				return n
			}
		}
		t.Fatalf("sq %s knows none of %q", command, names)
		return ""
	}
	key := func(name string) string { return "../testdata/keys/" + name }
	encrypt := []string{"encrypt", option("encrypt", "--for-file", "--recipient-file", "--recipient-cert"), key("ops.asc"), "--compression", "none"}
	if strings.Contains(string(run(t, sq("encrypt", "--help"), nil)), "--without-signature") {
		encrypt = append(encrypt, "--without-signature")
	}
	if strings.Contains(string(run(t, sq("encrypt", "--help"), nil)), "--binary") {
		encrypt = append(encrypt, "--binary")
	}
	return append(all, other{
		name: "sq",
		decrypt: func(t testing.TB, m []byte) []byte {
			return run(t, sq("decrypt", option("decrypt", "--recipient-file", "--recipient-key"), key("ops-private.asc")), m)
		},
		encrypt: func(t testing.TB, p []byte) []byte { return run(t, sq(encrypt...), p) },
		verify: func(t testing.TB, s, m string) {
			run(t, sq("verify", option("verify", "--signer-file", "--signer-cert"), key("signer.asc"), option("verify", "--signature-file", "--detached"), s, m), nil)
		},
	})
}

// Each tool alone opens a volume and verifies its manifest.
func TestArchivesOpenWithOtherImplementationsAlone(t *testing.T) {
	k := newKept(t)
	for _, o := range others(t) {
		t.Run(o.name, func(t *testing.T) {
			lab.Tool(t, o.name)
			for n := range k.day.Volumes {
				message := k.read(k.volume(n))
				plain := o.decrypt(t, message)
				if !bytes.Equal(plain, decrypted(t, message)) {
					t.Fatalf("volume %d: %d bytes", n, len(plain))
				}
				files := untar(t, plain)
				manifest, signature := k.path("manifest"), k.path("signature")
				k.write(manifest, files[len(files)-2].body)
				k.write(signature, files[len(files)-1].body)
				o.verify(t, signature, manifest)
			}
		})
	}
}

// And what they encrypt, under an entry that names it, opens here and by hand.
func TestVolumesThatOtherImplementationsEncryptOpen(t *testing.T) {
	tools(t)
	home := gnupgHome(t, "ops-private.asc")
	original := newKept(t)
	for _, o := range others(t) {
		t.Run(o.name, func(t *testing.T) {
			lab.Tool(t, o.name)
			k := original.copy(t)
			want := k.expected()
			for n := range k.day.Volumes {
				k.reseal(n, o.encrypt(t, decrypted(t, k.read(k.volume(n)))))
			}
			if err := k.extract(); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, tree(t, k.path("opened"))); diff != "" {
				t.Error(diff)
			}
			if err := os.RemoveAll(k.path("opened")); err != nil {
				t.Fatal(err)
			}
			if out, code := k.open(home); code != 0 {
				t.Errorf("exit code %d\n%s", code, out)
			}
		})
	}
}
