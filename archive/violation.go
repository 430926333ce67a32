package archive

import (
	"errors"
	"fmt"
)

// Class names which rule an archive breaks. FORMAT.md lists them, with what
// each of them means.
type Class string

// The classes of violations, in the order in which a reader meets them.
const (
	ClassLedgerVersions    Class = "ledger-versions"    // an entry was deleted or written twice
	ClassLedgerForm        Class = "ledger-form"        // an entry is not framed, not canonical or not known
	ClassLedgerSignature   Class = "ledger-signature"   // an entry is not what its signer signed
	ClassLedgerUntrusted   Class = "ledger-untrusted"   // an entry is signed by nobody that is trusted
	ClassLedgerChain       Class = "ledger-chain"       // an entry does not follow the one before it
	ClassHead              Class = "head"               // the chain has not passed through a known head
	ClassVolumeMissing     Class = "volume-missing"     // there is no such object
	ClassVolumeCiphertext  Class = "volume-ciphertext"  // an object has not the bytes that the entry names
	ClassVolumeRetention   Class = "volume-retention"   // an object is held shorter or weaker than the entry says
	ClassMessage           Class = "message"            // a volume is not a whole message in the archive's form
	ClassTar               Class = "tar"                // a message does not hold a tar in the archive's form
	ClassVolume            Class = "volume"             // a tar is not the volume that the entry describes
	ClassFile              Class = "file"               // a file is not what its manifest says
	ClassManifest          Class = "manifest"           // a manifest is not the entry's, or names other files
	ClassManifestSignature Class = "manifest-signature" // a manifest is not signed by a trusted signer
	ClassRecord            Class = "record"             // ARCHIVE.json is not the entry's
)

// Violation is a rule of FORMAT.md that an archive breaks. It is an
// ErrIntegrity.
type Violation struct {
	Class  Class  `json:"class"`
	Object string `json:"object"` // what breaks it
	Reason string `json:"reason"` // how, for people
	cause  error
}

func (v *Violation) Error() string {
	return fmt.Sprintf("%v: %s: %s", ErrIntegrity, v.Object, v.Reason)
}

// Unwrap gives ErrIntegrity, and what was found.
func (v *Violation) Unwrap() []error {
	if v.cause == nil {
		return []error{ErrIntegrity}
	}
	return []error{ErrIntegrity, v.cause}
}

// Hint says what may be done about it.
func (v *Violation) Hint() string {
	if v.Class == ClassLedgerUntrusted {
		return "if this signer is one of yours, name its public key, from a place that the archive cannot alter, in trusted_signers; if not, somebody else wrote this"
	}
	return "repair and delete nothing; keep the store as it is, and find out who could write to it"
}

func violated(c Class, object, format string, args ...any) *Violation {
	return &Violation{Class: c, Object: object, Reason: fmt.Sprintf(format, args...)}
}

// violatedBy is a violation that an error tells of.
func violatedBy(c Class, object string, err error) *Violation {
	return &Violation{Class: c, Object: object, Reason: err.Error(), cause: err}
}

// What the errors of Opener and Verifier may say about themselves by a method
// Fault() string, because their values belong to whoever fulfils these ports.
const (
	FaultMalformed = "malformed" // not in the one form that is accepted
	FaultSignature = "signature" // of a trusted key, but not of this content
	FaultUntrusted = "untrusted" // by no trusted key, or by one that was not valid
	FaultNoKey     = "no key"    // none of the private keys at hand opens it
)

// fault is what an error says about itself; "" if it says nothing.
func fault(err error) string {
	var f interface {
		error
		Fault() string
	}
	if errors.As(err, &f) {
		return f.Fault()
	}
	return ""
}
