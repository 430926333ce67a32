package crypto

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func recipients(t testing.TB, keys ...*Key) *Recipients {
	t.Helper()
	r, err := NewRecipients(keys, noon)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestFingerprintsAreInTheOrderGiven(t *testing.T) {
	ops, escrow := publicKey(t, "ops.asc"), publicKey(t, "escrow.asc")
	got := recipients(t, escrow, ops).Fingerprints()
	if want := []string{escrow.Fingerprint(), ops.Fingerprint()}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestNewRecipientsRefusesKeysWithTheirReason(t *testing.T) {
	revokedSubkey := newEntity(t, eddsa(0))
	if err := revokedSubkey.Subkeys[0].Revoke(packet.KeySuperseded, "", &packet.Config{Time: func() time.Time { return noon.Add(-time.Hour) }}); err != nil {
		t.Fatal(err)
	}
	weak := newEntity(t, packet.Config{RSABits: 1024, MinRSABits: 1024})
	for _, c := range []struct {
		name string
		key  *Key
		at   time.Time
		want string
	}{
		{"expired", publicKey(t, "expired.asc"), noon, "is expired"},
		{"revoked", publicKey(t, "revoked.asc"), noon, "is revoked"},
		{"sign-only", publicKey(t, "sign-only.asc"), noon, "has no encryption key"},
		{"revoked subkey", parsePublic(t, "subkey.gpg", publicPackets(t, revokedSubkey)), noon, "is revoked"},
		{"weak", parsePublic(t, "weak.gpg", publicPackets(t, weak)), noon, "cannot encrypt"},
		{"not made yet", publicKey(t, "ops.asc"), noon.AddDate(-1, 0, 0), "check the clock"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := NewRecipients([]*Key{c.key}, c.at)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.key.Fingerprint()) {
				t.Errorf("got %v, want %q of %s", err, c.want, c.key)
			}
		})
	}
}

func TestNewRecipientsNamesEveryUnusableKeyAtOnce(t *testing.T) {
	bad := []*Key{publicKey(t, "expired.asc"), publicKey(t, "revoked.asc"), publicKey(t, "sign-only.asc")}
	_, err := NewRecipients(append(bad, publicKey(t, "ops.asc")), noon)
	if err == nil {
		t.Fatal("accepted")
	}
	for _, k := range bad {
		if !strings.Contains(err.Error(), k.Fingerprint()) {
			t.Errorf("%s is not named in:\n%v", k, err)
		}
	}
}

func TestNewRecipientsRefusesDuplicatesAndNone(t *testing.T) {
	ops := publicKey(t, "ops.asc")
	again := parsePublic(t, "copy-of-ops.gpg", ops.packets)
	if _, err := NewRecipients([]*Key{ops, again}, noon); err == nil || !strings.Contains(err.Error(), "already") {
		t.Errorf("a duplicate: %v", err)
	}
	if _, err := NewRecipients(nil, noon); err == nil {
		t.Error("no recipients were accepted")
	}
}
