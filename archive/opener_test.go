package archive

import (
	"bytes"
	"errors"
	"io"
	"testing"

	pgperrors "github.com/ProtonMail/go-crypto/openpgp/errors"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// libraryOpener opens as leniently as the library does.
type libraryOpener struct{ ring openpgp.EntityList }

type noKey struct{ error }

func (noKey) Fault() string { return FaultNoKey }

func openerOf(t testing.TB, name string) Opener {
	t.Helper()
	ring, err := openpgp.ReadArmoredKeyRing(bytes.NewReader(keyFile(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	return libraryOpener{ring}
}

func (o libraryOpener) Open(message io.Reader) (io.Reader, error) {
	m, err := openpgp.ReadMessage(message, o.ring, nil, nil)
	if errors.Is(err, pgperrors.ErrKeyIncorrect) {
		return nil, noKey{err}
	}
	if err != nil {
		return nil, err
	}
	return m.UnverifiedBody, nil
}
