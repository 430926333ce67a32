package archive

import (
	"context"
	"errors"

	"archiver/archive/store"
)

// Depth says how far an audit goes into the volumes of an archive.
type Depth int

// Each depth includes the ones before it.
const (
	Stored     Depth = iota // the objects are there, with their size, checksum and retention
	Ciphertext              // their bytes are read and hashed; no private key is needed
	Content                 // they are decrypted, and every file and signature is checked
)

// Audit holds the archives of a believed ledger against what lies in the store.
type Audit struct {
	Store  store.Store
	Trust  Verifier
	Opener Opener // for Content
	Budget Budget
	// Progress is told of ciphertext bytes as they are read. It may be nil.
	Progress func(bytes int64)
}

// Audited is what an audit of one archive found. Nothing is known of what is
// neither counted nor listed.
type Audited struct {
	Date       string       `json:"date"`
	Run        string       `json:"run"`
	Sequence   int          `json:"sequence"`
	Looked     int          `json:"volumes_looked_at"` // in the store, without reading
	Read       int          `json:"volumes_read"`      // whole, to the depth asked for
	Bytes      int64        `json:"bytes_read"`
	Cold       []string     `json:"cold_not_read"` // keys: neither good nor bad
	Violations []*Violation `json:"violations"`
}

// Archive audits one archive, volume by volume, and goes on after a violation.
// An error says that it could not be told: store or key failed. What was found
// counts all the same. Where only a key is missing (ErrNoKey), the rest was
// looked at without reading.
func (a *Audit) Archive(ctx context.Context, e *Entry, depth Depth) (*Audited, error) {
	s := e.Archive
	out := &Audited{Date: s.Date, Run: s.Run, Sequence: e.Sequence, Cold: []string{}, Violations: []*Violation{}}
	u := &Unpacker{Store: a.Store, Entry: e, Opener: a.Opener, Trust: a.Trust, Budget: a.Budget, Progress: a.Progress}
	var contents []*Contents
	var noKey error
	for n := range s.Volumes {
		readable, err := a.look(ctx, s, n, out)
		if err != nil {
			return out, err
		}
		if !readable || depth == Stored {
			continue
		}
		c, err := a.read(ctx, u, n, depth)
		switch {
		case errors.Is(err, store.ErrCold):
			out.Cold = append(out.Cold, s.Volumes[n].Key)
		case errors.Is(err, ErrNoKey):
			noKey, depth = err, Stored
		case err != nil:
			if err := out.note(err); err != nil {
				return out, err
			}
		default:
			out.Read++
			out.Bytes += s.Volumes[n].Bytes
			if c != nil {
				contents = append(contents, c)
			}
		}
	}
	return out, errors.Join(noKey, out.note(Whole(contents)))
}

// read reads a volume to a depth.
func (a *Audit) read(ctx context.Context, u *Unpacker, n int, depth Depth) (*Contents, error) {
	if depth == Content {
		return u.Check(ctx, n)
	}
	return nil, u.CheckCiphertext(ctx, n)
}

// look looks at a volume's object, and tells whether reading it makes sense.
func (a *Audit) look(ctx context.Context, s *Sealed, n int, out *Audited) (readable bool, err error) {
	v := &s.Volumes[n]
	out.Looked++
	info, err := stat(ctx, a.Store, v)
	if err != nil {
		return false, out.note(err)
	}
	if v.CRC64NVME != "" && info.CRC64NVME != "" && info.CRC64NVME != v.CRC64NVME {
		// Not a reason not to read it: the bytes may say more.
		err = violated(ClassVolumeCiphertext, v.Key, "the store keeps the CRC64NVME %s, its ledger entry names %s", info.CRC64NVME, v.CRC64NVME)
		if err := out.note(err); err != nil {
			return false, err
		}
	}
	if s.Retention.Enforced() {
		if err := out.note(asRetention(v, CheckHeld(ctx, a.Store, v.Key, v.Version, s.Retention))); err != nil {
			return false, err
		}
	}
	return true, nil
}

// asRetention gives what CheckHeld says its class.
func asRetention(v *Volume, err error) error {
	if errors.Is(err, ErrNotHeld) || errors.Is(err, store.ErrUnsupported) {
		return violatedBy(ClassVolumeRetention, v.Key, err)
	}
	return err
}

// note keeps a violation, and returns any other error.
func (a *Audited) note(err error) error {
	var v *Violation
	if err == nil || errors.As(err, &v) {
		if v != nil {
			a.Violations = append(a.Violations, v)
		}
		return nil
	}
	return err
}
