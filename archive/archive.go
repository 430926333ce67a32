// Package archive is what an archive is: how its keys are laid out, what its
// volumes hold, how they are planned, packed and proved, and the signed ledger
// in which an archive comes to exist. FORMAT.md specifies the bytes.
//
// It reads blobs from one store and writes volumes into another, reads them back
// and believes nothing before it was checked. It declares the Sealer, Opener,
// Signer and Verifier that package crypto fulfils. It knows no
// cluster, no OpenPGP and no order of phases: those are package snapshot,
// package crypto and internal/job.
package archive

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"strings"
	"time"
)

// Format is the version of the archive format that this package writes.
const Format = 1

// Errors that callers decide on.
var (
	// ErrIntegrity: something that was signed, counted or hashed is not what it
	// was. Never retried.
	ErrIntegrity = errors.New("integrity violation")
	// ErrNoArchive: the ledger holds no archive of a date.
	ErrNoArchive = errors.New("the ledger holds no archive of this date")
	// ErrStagingChanged: staging is not what was planned. Nothing was sealed.
	ErrStagingChanged error = &advised{errors.New("staging changed after it was planned"),
		"run again: what still stands is kept, and the rest is taken anew. Nothing but the cluster and this program may write to the staging bucket"}
	// ErrMisfit: a plan does not go with the keys or the memory at hand.
	ErrMisfit = errors.New("the plan does not go with the configuration")
	// ErrMemory: not even one volume can be read within the budget.
	ErrMemory = errors.New("limits.memory is too low")
	// ErrForeign: staging holds an object that nobody expected.
	ErrForeign = errors.New("unexpected object in staging")
	// ErrDamaged: a blob does not hold what the cluster has written. Nothing was
	// sealed, and packing it again does not help.
	ErrDamaged = errors.New("a blob in staging is damaged")
)

// Sealer encrypts volumes to fixed recipients.
type Sealer interface {
	// Fingerprints of the recipients' primary keys.
	Fingerprints() []string
	// Seal starts one message under a fresh session key. Only Close ends the
	// message; a caller that fails drops it unclosed, so that what was written
	// cannot be taken for a whole one.
	Seal(w io.Writer) (io.WriteCloser, error)
	// Bound is an upper bound of the message's bytes for n bytes of plaintext.
	Bound(n int64) int64
	// SessionKeyPackets returns the packets that lead a message and carry its
	// session key, given at least HeadBytes of it (or all).
	SessionKeyPackets(head []byte) ([]byte, error)
}

// HeadBytes is how much of a message SessionKeyPackets is shown: room for some
// hundred recipients.
const HeadBytes = 64 << 10

// Signer signs manifests and ledger entries.
type Signer interface {
	// Fingerprint of the signer's primary key.
	Fingerprint() string
	// Detached signs data, binary type; the result is armored and at most
	// SignatureBytes long.
	Detached(data []byte, at time.Time) ([]byte, error)
	// Clear signs ASCII text ending in one LF and returns the canonical
	// clear-signed block, signed at the given whole second.
	Clear(text []byte, at time.Time) ([]byte, error)
}

// Inspector judges what the blobs of one volume hold, as they stream by. An
// archive knows nothing of what is in a blob; whoever does can stop the volume
// here, before it exists. It is used from one goroutine, and errors name the
// blob: they become ErrDamaged.
type Inspector interface {
	// Next announces a blob, by its key below the base path. They come in order
	// of key. An error is about one that came before.
	Next(key string) error
	// Write takes the next bytes of that blob.
	io.Writer
	// End is called after the volume's last blob. What cannot be judged without
	// other volumes it gives as JSON, which the receipt keeps for whoever sees
	// them all; if there is nothing, it says so in JSON too.
	End() (leftOpen json.RawMessage, err error)
}

// SignatureBytes bounds an armored detached signature: RSA-8192 needs 1.6 KiB.
const SignatureBytes = 4 << 10

// Opener decrypts volumes.
type Opener interface {
	// Open reads what leads a message and returns its plaintext, whose reader
	// says io.EOF only after a whole message whose integrity was verified and
	// that nothing follows. An error that is not the message reader's own says
	// by its Fault whether only a key is missing (FaultNoKey); else the message
	// is not in the archive's form.
	Open(message io.Reader) (io.Reader, error)
}

// Verifier believes the signers that this side trusts, each judged at the time
// it signed. Its errors say by their Fault what kind they are.
type Verifier interface {
	// OpenClear returns the text of a canonical clear-signed block, the
	// signer's fingerprint and the time of signing, or why it is not believed.
	OpenClear(block []byte) (text []byte, fingerprint string, at time.Time, err error)
	// OpenDetached does so for an armored signature over data, binary type, in the
	// one form that Signer writes.
	OpenDetached(data, signature []byte) (fingerprint string, at time.Time, err error)
}

// NewRun names a run that starts at t: yyyymmddthhmmssz-xxxxxxxx, lower case
// because snapshot names must be.
func NewRun(t time.Time) string {
	return strings.ToLower(t.UTC().Format("20060102T150405Z")) + "-" + randomHex()
}

// randomHex returns 8 random hex digits.
func randomHex() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails (crypto/rand)
	return hex.EncodeToString(b[:])
}

// Seconds is t as archives record times: UTC, whole seconds.
func Seconds(t time.Time) time.Time { return t.UTC().Truncate(time.Second) }
