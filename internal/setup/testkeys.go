package setup

import (
	"fmt"
	"os"
	"path/filepath"
	"time"

	"archiver/crypto"
)

// TestKeys are the files of a throw-away pair.
type TestKeys struct {
	Recipient, RecipientPrivate string
	Signer, SignerPrivate       string
}

// TestKeyFiles names the files that MakeTestKeys makes in a folder.
func TestKeyFiles(dir string) TestKeys {
	return TestKeys{
		Recipient: filepath.Join(dir, "test-recipient.asc"), RecipientPrivate: filepath.Join(dir, "test-recipient-private.asc"),
		Signer: filepath.Join(dir, "test-signer.asc"), SignerPrivate: filepath.Join(dir, "test-signer-private.asc"),
	}
}

// MakeTestKeys writes a recipient's and a signer's key into a folder, which is
// made if need be. None has a passphrase, and all say that they are for tests.
// Errors: ErrExists.
func MakeTestKeys(dir string, at time.Time) (TestKeys, error) {
	k := TestKeyFiles(dir)
	for _, file := range []string{k.Recipient, k.RecipientPrivate, k.Signer, k.SignerPrivate} {
		if _, err := os.Lstat(file); err == nil {
			return k, fmt.Errorf("%s %w", file, ErrExists)
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return k, err
	}
	for _, x := range []struct{ name, public, private string }{
		{"test recipient", k.Recipient, k.RecipientPrivate}, {"test signer", k.Signer, k.SignerPrivate},
	} {
		public, private, err := crypto.GenerateTest(x.name, at)
		if err != nil {
			return k, err
		}
		if err := create(x.public, public, 0o600); err != nil {
			return k, err
		}
		if err := create(x.private, private, 0o600); err != nil {
			return k, err
		}
	}
	return k, nil
}
