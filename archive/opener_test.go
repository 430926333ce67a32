package archive

import (
	"testing"

	"archiver/crypto"
)

// openerOf opens with one private key.
func openerOf(t testing.TB, name string) Opener {
	t.Helper()
	key, err := crypto.ParsePrivate(name, keyFile(t, name), nil)
	if err != nil {
		t.Fatal(err)
	}
	o, err := crypto.NewOpener([]*crypto.Private{key})
	if err != nil {
		t.Fatal(err)
	}
	return o
}
