package crypto

import "fmt"

// Apart fails if the key that signs is a recipient, too: its private half lies
// where archives are made, and would open them all. The error has a Hint.
func Apart(signer *Key, recipients []*Key) error {
	for _, k := range recipients {
		if k.fingerprint == signer.fingerprint {
			return &sameKeyError{k}
		}
	}
	return nil
}

type sameKeyError struct{ key *Key }

func (e *sameKeyError) Error() string {
	return fmt.Sprintf("%s is the signing key, whose private half is on this machine", e.key)
}

// Hint says what to do about it.
func (e *sameKeyError) Hint() string {
	return "name keys in encryption.recipients whose private halves are kept elsewhere, and never the key that signs"
}
