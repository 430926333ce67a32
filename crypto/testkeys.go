package crypto

import (
	"io"
	"slices"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// testMark is in the user ID of every key that GenerateTest makes.
const testMark = "TEST KEY, worthless"

// GenerateTest makes a key for trying things out: version 4, Ed25519 that signs
// and Curve25519 that encrypts, without a passphrase, which is why it protects
// nothing. Its user ID says so, and IsTest tells. Both halves are armored.
//
// Keys for real use are made by gpg, under a passphrase, and the halves that
// decrypt are made elsewhere than where archives are.
func GenerateTest(name string, at time.Time) (public, private []byte, err error) {
	e, err := openpgp.NewEntity(name, testMark, "", &packet.Config{
		Algorithm: packet.PubKeyAlgoEdDSA, Curve: packet.Curve25519, Time: func() time.Time { return at },
	})
	if err != nil {
		return nil, nil, err
	}
	private, err = armored(privateKeyBlock, func(w io.Writer) error { return e.SerializePrivate(w, nil) })
	if err != nil {
		return nil, nil, err
	}
	public, err = armored(publicKeyBlock, e.Serialize)
	return public, private, err
}

// IsTest tells that GenerateTest made the key.
func (k *Key) IsTest() bool {
	return slices.ContainsFunc(k.Names(), func(name string) bool { return strings.Contains(name, testMark) })
}

// Names are the key's user IDs, sorted. Nobody has vouched for them.
func (k *Key) Names() []string {
	e, err := k.entity()
	if err != nil {
		return nil // it was parsed before
	}
	var names []string
	for name := range e.Identities {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
