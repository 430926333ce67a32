// Package store is the one way to objects: the port that everything above
// speaks, and the contracts that its adapters (s3, dir) keep. The suite in
// storetest holds every adapter to them.
//
// No knowledge of archives, snapshots or keys may come in here.
package store

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// What a caller decides on. Adapters wrap these, so that errors.Is finds them
// behind the operation, the key and the server's own words.
var (
	// ErrNotFound: no object has this key (or this version of it).
	ErrNotFound = errors.New("object not found")
	// ErrExists: Create or Upload found an object under the key.
	ErrExists = errors.New("object exists already")
	// ErrChanged: the object is not the one that the caller's ETag names any
	// more: replaced, or deleted.
	ErrChanged = errors.New("object changed")
	// ErrCold: the object lies in a storage class that cannot be read from
	// directly: it must be thawed first.
	ErrCold = errors.New("object is in cold storage")
	// ErrUnsupported: the store cannot keep a contract that was asked of it,
	// such as retention on a bucket without Object Lock.
	ErrUnsupported = errors.New("not supported by this store")
)

// Info describes one object. Keys are relative to the store's root.
type Info struct {
	Key     string
	Size    int64  // bytes
	ETag    string // opaque, compared only for equality
	Version string // "" in an unversioned store, and in listings
	// Time is the last modification, by the store's clock; in what Create and
	// Replace return, that clock when it answered.
	Time time.Time
	// CRC64NVME is the checksum of the whole object as the store keeps it,
	// base64 of eight big-endian bytes; "" where the store keeps none. Listings
	// leave it empty.
	CRC64NVME string
	// StorageClass is the store's word for where the object lies; "" is its
	// standard class, and what a store without classes says.
	StorageClass string
	// Cold: reading it answers ErrCold, because it was not thawed or is still
	// being thawed. Listings leave it false: they do not know of thawed copies.
	Cold bool
}

// Object is a small object read whole, with the store's clock at that moment:
// the only clock that leases are judged by.
type Object struct {
	Info
	Body []byte
	Now  time.Time
}

// Pin names the exact object that a read wants. A zero field does not bind.
type Pin struct {
	ETag    string // if the object under the key has another one: ErrChanged
	Version string // read this version, not the newest
}

// UploadOptions bound an upload before its first byte.
type UploadOptions struct {
	// Bound is an upper bound of the body's length in bytes. It fixes the part
	// size; a body that exceeds it fails.
	Bound int64
	// Concurrency is the number of parts in flight; 0 means 2. Memory is about
	// (Concurrency + 2) × PartSize(Bound).
	Concurrency int
}

// Upload is an unfinished multipart upload.
type Upload struct {
	Key     string
	ID      string
	Started time.Time
}

// RetentionMode says how strongly a retained version is held.
type RetentionMode string

// The modes of S3 Object Lock.
const (
	Governance RetentionMode = "governance" // may be lifted by a privileged operator
	Compliance RetentionMode = "compliance" // may be shortened by nobody
)

// Retention holds one version of one object until a time.
type Retention struct {
	Mode  RetentionMode
	Until time.Time
}

// Store is a flat, ordered name space of immutable-until-replaced objects.
//
// Every call is safe for concurrent use and ends soon after its context does.
// Reads are retried by the adapter. A write is never retried blindly: where
// its answer was lost, the adapter says so with the error it got, and the
// caller settles by looking. (A conditional write repeated by the adapter may
// answer ErrExists or ErrChanged about itself; the caller compares content.)
type Store interface {
	// URL names the root for people and for records, without credentials.
	URL() string

	// Get reads a whole small object (at most MaxSmall bytes).
	// Errors: ErrNotFound, ErrCold.
	Get(ctx context.Context, key string) (Object, error)

	// Stat describes one object without reading it; version "" is the newest.
	// Errors: ErrNotFound.
	Stat(ctx context.Context, key, version string) (Info, error)

	// Open streams length bytes from offset of the pinned object; length -1
	// reads to the end. A connection that breaks or stalls is resumed where it
	// stood, under the same ETag, so that the bytes are always of one object.
	// The reader fails with io.ErrUnexpectedEOF rather than end early, and with
	// ErrChanged if the object is replaced meanwhile.
	// Errors: ErrNotFound, ErrChanged, ErrCold.
	Open(ctx context.Context, key string, offset, length int64, pin Pin) (io.ReadCloser, error)

	// Create writes a small object under a key that must be free. It is atomic:
	// whole or not at all, for one of several racing callers.
	// Errors: ErrExists.
	Create(ctx context.Context, key string, body []byte) (Info, error)

	// Replace swaps the object whose ETag is etag for body, atomically.
	// Errors: ErrChanged (also if the object is gone).
	Replace(ctx context.Context, key string, body []byte, etag string) (Info, error)

	// Upload streams a large object to a key that must be free. The object
	// comes to be only after body ended with io.EOF, and is returned only if
	// the store's checksum equals the one computed here. Any other end (an
	// error from body, a cancelled context, a lost connection) leaves no
	// object, and aborts what was sent with a context of its own: whoever feeds
	// the body decides by its last answer whether the object is to be.
	// Errors: ErrExists.
	Upload(ctx context.Context, key string, body io.Reader, o UploadOptions) (Info, error)

	// Uploads lists unfinished uploads below prefix; Abort ends one. Abort of
	// an upload that is gone succeeds.
	Uploads(ctx context.Context, prefix string) iter.Seq2[Upload, error]
	Abort(ctx context.Context, u Upload) error

	// List yields the objects below prefix whose key is greater than after, in
	// strictly ascending bytewise order of the full key, without holding the
	// listing in memory. It fails rather than yield out of order. The sequence
	// ends after it yields an error.
	List(ctx context.Context, prefix, after string) iter.Seq2[Info, error]

	// Versions yields every version and delete marker below prefix, in key
	// order. A store without versions yields each object once, Version "".
	Versions(ctx context.Context, prefix string) iter.Seq2[Version, error]

	// Delete removes the object if it still has this ETag. Deleting what is
	// gone succeeds. Errors: ErrChanged.
	Delete(ctx context.Context, key, etag string) error

	// DeleteVersion removes one superseded version, or one delete marker, that
	// Versions has named, for good. Version "" is the one that was written
	// while the store kept no versions; if that is the newest, or there are
	// none, it is left alone. Deleting what is gone succeeds. Whoever deletes
	// a key's newest delete marker makes the version below it the newest: it
	// goes last. Errors: ErrUnsupported.
	DeleteVersion(ctx context.Context, key, version string) error

	// Retain holds one version until a time. Repeating it, or asking for less
	// than is held already, changes nothing. Errors: ErrNotFound, ErrUnsupported.
	Retain(ctx context.Context, key, version string, r Retention) error

	// Retention reads what Retain set; a zero value means none.
	// Errors: ErrNotFound, ErrUnsupported.
	Retention(ctx context.Context, key, version string) (Retention, error)
}

// Version is one entry of an object's history.
type Version struct {
	Info
	Latest       bool
	DeleteMarker bool
}

// MaxSmall is the largest object, in bytes, that Get reads and Create and
// Replace write: state, plans, receipts, key lists, ledger entries.
const MaxSmall = 64 << 20

// Limits of S3 that shape an upload.
const (
	minPart  = 8 << 20 // below this, requests cost more than they carry
	maxPart  = 5 << 30
	maxParts = 9900 // of 10,000: a reserve against a bound that is a little low
)

// ErrTooLarge: no schedule of parts holds an object of this size.
var ErrTooLarge = errors.New("object is larger than a multipart upload can be")

// PartSize is the size in bytes of every part but the last of an upload of at
// most bound bytes: at least 8 MiB, so many bytes that 9,900 parts suffice, and
// at most 5 GiB (S3's limits: 10,000 parts of 5 MiB to 5 GiB).
func PartSize(bound int64) (int64, error) {
	if bound > maxParts*maxPart {
		return 0, ErrTooLarge
	}
	return max(minPart, (bound+maxParts-1)/maxParts), nil
}
