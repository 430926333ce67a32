package archive

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"

	"archiver/crypto"
	"archiver/internal/lab"
)

// fate is what became of the signer's key after, or before, it signed.
type fate struct {
	name    string
	at      time.Time // when gpg changed the key
	change  []string  // by gpg
	answers string    // to what gpg asks
	class   Class     // of what this package says; "": it believes the key
	refused string    // what open.sh says; "": it believes the key
}

// fates of the signer's key. gpgv does not tell the reasons of revocations apart.
func fates(signer string) []fate {
	expiry := func(at time.Time) []string {
		return []string{"--quick-set-expire", signer, at.Format("20060102T150405")}
	}
	const revoked = "revoked"
	before, after := noon.AddDate(0, -6, 0), noon.AddDate(0, 0, 1)
	revoke := []string{"--command-fd", "0", "--gen-revoke", signer}
	return []fate{
		{"expired after signing", before, expiry(noon.Add(time.Hour)), "", "", ""},
		{"expired before signing", before, expiry(noon.Add(-time.Hour)), "", ClassLedgerUntrusted, "after the key had expired"},
		{"revoked without a reason", after, revoke, "y\n0\n\ny\n", ClassLedgerUntrusted, revoked},
		{"revoked later, as compromised", after, revoke, "y\n1\nstolen laptop\n\ny\n", ClassLedgerUntrusted, revoked},
		{"revoked later, as superseded", after, revoke, "y\n2\n\ny\n", "", revoked},
		{"revoked later, as retired", after, revoke, "y\n3\n\ny\n", "", revoked},
		{"revoked before, as superseded", before, revoke, "y\n2\n\ny\n", ClassLedgerUntrusted, revoked},
	}
}

func TestUnpackerJudgesSignersAtTheTimeOfSigning(t *testing.T) {
	tools(t)
	original := newKept(t)
	for _, c := range fates(original.signer.Fingerprint()) {
		t.Run(c.name, func(t *testing.T) {
			key, err := crypto.ParsePublic("signer", changedKey(t, c))
			if err != nil {
				t.Fatal(err)
			}
			k := original.copy(t)
			k.ledger.Trust = crypto.NewTrust([]*crypto.Key{key})
			err = k.extract()
			var v *Violation
			if c.class == "" && err != nil || c.class != "" && (!errors.As(err, &v) || v.Class != c.class) {
				t.Errorf("%v, want %q", err, c.class)
			}
		})
	}
}

func TestScriptJudgesSignersAtTheTimeOfSigning(t *testing.T) {
	tools(t)
	home := gnupgHome(t, "ops-private.asc")
	original := newKept(t)
	for _, c := range fates(original.signer.Fingerprint()) {
		t.Run(c.name, func(t *testing.T) {
			k := original.copy(t)
			k.write(k.path("signer.asc"), changedKey(t, c))
			out, code := k.open(home)
			if c.refused == "" && code != 0 || c.refused != "" && (code != 6 || !strings.Contains(out, c.refused)) {
				t.Errorf("exit code %d, want %q\n%s", code, c.refused, out)
			}
		})
	}
}

// changedKey lets gpg change the signer's key, and exports it.
func changedKey(t testing.TB, c fate) []byte {
	t.Helper()
	gpg := lab.Tool(t, "gpg")
	home := gnupgHome(t, "signer-private.asc")
	run := func(stdin string, args ...string) []byte {
		cmd := gnupg(home, gpg, append([]string{"--no-tty", "--yes", "--pinentry-mode", "loopback", "--passphrase", "",
			"--faked-system-time", c.at.Format("20060102T150405!")}, args...)...)
		cmd.Stdin = strings.NewReader(stdin)
		var errors bytes.Buffer
		cmd.Stderr = &errors
		out, err := cmd.Output()
		if err != nil {
			t.Fatalf("gpg %q: %v\n%s", args, err, errors.Bytes())
		}
		return out
	}
	if certificate := run(c.answers, c.change...); len(certificate) > 0 {
		run(string(certificate), "--import")
	}
	return run("", "--armor", "--export")
}
