package archive

import (
	"context"
	"errors"
	"fmt"

	"golang.org/x/sync/errgroup"
)

// Unpacker reads an archive back, as FORMAT.md 6 demands it. It needs no local
// disk: a volume streams from its store through hash, cipher and tar into a
// sink, once.
type Unpacker struct {
	Store  Volumes // a store.Store, or what holds copies of the volumes
	Entry  *Entry  // out of a believed Chain; of type archive
	Opener Opener
	Trust  Verifier
	Budget Budget
	// Progress is told of ciphertext bytes as they are read; from many
	// goroutines. It may be nil.
	Progress func(bytes int64)
}

// ErrNoKey: no private key at hand opens an archive.
var ErrNoKey = errors.New("no private key for it is at hand")

// NoKeyError is an ErrNoKey: no private key at hand opens a volume. Nothing is wrong with the
// archive.
type NoKeyError struct {
	Volume     int
	Recipients []string // fingerprints of the keys that open it
	Err        error
}

func (e *NoKeyError) Error() string { return fmt.Sprintf("volume %s: %v", volumeName(e.Volume), e.Err) }

func (e *NoKeyError) Unwrap() []error { return []error{ErrNoKey, e.Err} }

// Hint says which keys would do.
func (e *NoKeyError) Hint() string {
	return fmt.Sprintf("give the private key of one of its recipients in opening.keys: %v", e.Recipients)
}

// Unpack reads all volumes, side by side within the budget, and gives their files
// to the sink, ARCHIVE.json and RESTORE.md once; a nil sink only has them
// checked. It returns what the archive says of itself only if every rule of the
// format holds.
//
// Errors: a Violation for what is wrong with the archive, NoKeyError,
// store.ErrCold, and whatever store and sink fail with.
func (u *Unpacker) Unpack(ctx context.Context, to Sink) (*Record, error) {
	sealed, err := u.sealed()
	if err != nil {
		return nil, err
	}
	what := toWrite
	if to == nil {
		what = toCheck
	}
	lanes, share, err := u.Budget.reading(sealed.Volumes, what)
	if err != nil {
		return nil, err
	}
	all := make([]*Contents, len(sealed.Volumes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lanes)
	for n := range all {
		group.Go(func() (err error) {
			if err := context.Cause(ctx); err != nil {
				return err // another volume failed: do not begin
			}
			all[n], err = u.volume(ctx, n, to, share)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	if err := Whole(all); err != nil {
		return nil, err
	}
	return all[0].Record, nil
}

// Check reads one volume with the whole budget, and keeps nothing. All volumes
// that were checked make an archive if Whole says so. Errors: those of Unpack.
func (u *Unpacker) Check(ctx context.Context, volume int) (*Contents, error) {
	sealed, err := u.sealed()
	if err != nil {
		return nil, err
	}
	_, share, err := u.Budget.reading(sealed.Volumes[volume:volume+1], toCheck)
	if err != nil {
		return nil, err
	}
	return u.volume(ctx, volume, nil, share)
}

// CheckCiphertext reads one volume and compares its bytes with its entry. It
// needs no key. Errors: a Violation, store.ErrCold.
func (u *Unpacker) CheckCiphertext(ctx context.Context, volume int) error {
	sealed, err := u.sealed()
	if err != nil {
		return err
	}
	v := &sealed.Volumes[volume]
	_, share, err := u.Budget.reading(sealed.Volumes[volume:volume+1], toHash)
	if err != nil {
		return err
	}
	in, err := openCiphertext(ctx, u.Store, v, share.lane, u.progress)
	if err != nil {
		return err
	}
	defer in.close()
	return in.end()
}

func (u *Unpacker) sealed() (*Sealed, error) {
	if u.Entry == nil || u.Entry.Archive == nil {
		return nil, errors.New("the ledger entry is of no archive")
	}
	return u.Entry.Archive, nil
}

func (u *Unpacker) progress(n int64) {
	if u.Progress != nil {
		u.Progress(n)
	}
}

// volume reads one volume.
func (u *Unpacker) volume(ctx context.Context, n int, to Sink, share readLane) (*Contents, error) {
	v := &u.Entry.Archive.Volumes[n]
	in, err := openCiphertext(ctx, u.Store, v, share.lane, u.progress)
	if err != nil {
		return nil, err
	}
	defer in.close()
	c, err := u.contents(ctx, in, v, to, share)
	if err == nil {
		err = in.end()
	} else {
		err = u.explain(in, v, err)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// contents decrypts and unpacks one volume.
func (u *Unpacker) contents(ctx context.Context, in *ciphertext, v *Volume, to Sink, share readLane) (*Contents, error) {
	opened, err := u.Opener.Open(in)
	if err != nil {
		return nil, in.because(err)
	}
	plain := &plaintextReader{r: opened, in: in}
	r := newVolumeReader(ctx, u.Entry, v, plain, u.Trust, to, share)
	return r.read()
}

// explain finds out what a failure inside of a volume comes from: bytes that are
// not the sealed ones explain everything else. The rest of the object is read
// for it, unless it is clear that only a key is missing.
func (u *Unpacker) explain(in *ciphertext, v *Volume, err error) error {
	noKey := fault(err) == FaultNoKey
	if in.failed() || !noKey && !errors.Is(err, ErrIntegrity) {
		return err
	}
	if !noKey || !in.begins(v.SessionKeys) {
		if other := in.end(); other != nil {
			return other
		}
	}
	if noKey {
		return &NoKeyError{Volume: v.Number, Recipients: u.Entry.Archive.Recipients, Err: err}
	}
	return err
}

// Whole tells whether volumes that are each as they should be make an archive
// together: their papers are the same. Their ranges follow each other already,
// because the entry's do. Errors: a Violation.
func Whole(all []*Contents) error {
	for _, c := range all {
		if c.restore != all[0].restore {
			return violated(ClassRecord, restoreName, "volumes %s and %s hold different ones", volumeName(all[0].volume), volumeName(c.volume))
		}
	}
	return nil
}
