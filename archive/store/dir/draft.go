package dir

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path"
	"time"

	"github.com/minio/crc64nvme"

	"archiver/archive/store"
)

// A draft is an object before it has its name: a file in the private folder,
// <id>, beside a symbolic link, <id>.key, whose target is the key that it is
// meant for. (A link comes to be whole, in one call.) The link is made first
// and removed last, so that every draft that a dead process left can be found
// by key and aborted.
type draft struct {
	s    *Store
	key  string
	name string // of its file
	file *os.File
	sum  hash.Hash64
	size int64
}

const keySuffix = ".key"

// begin starts a draft; the caller discards it in any case.
func (s *Store) begin(key string) (*draft, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	var id [8]byte
	_, _ = rand.Read(id[:]) // never fails (crypto/rand)
	name, err := s.enterPrivate(hex.EncodeToString(id[:]))
	if err != nil {
		return nil, err
	}
	if err := s.root.Symlink(key, name+keySuffix); err != nil {
		return nil, err
	}
	d := &draft{s: s, key: key, name: name, sum: crc64nvme.New()}
	d.file, err = s.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, filePerm)
	if err != nil {
		d.discard()
		return nil, err
	}
	return d, nil
}

// discard removes what is left of the draft. The object, if it came to be,
// stays.
func (d *draft) discard() {
	if d.file != nil {
		d.file.Close()
	}
	_ = d.s.root.Remove(d.name)
	_ = d.s.root.Remove(d.name + keySuffix)
}

func (d *draft) Write(p []byte) (int, error) {
	n, err := d.file.Write(p)
	d.sum.Write(p[:n])
	d.size += int64(n)
	return n, err
}

// finish brings the content to the disk.
func (d *draft) finish() error {
	if err := keepSum(d.file, d.sum); err != nil {
		return err
	}
	return d.file.Sync()
}

// sameTick: two times that are further apart than this were not taken from a
// clock that merely ticks too slowly.
const sameTick = time.Minute

// outlive makes a draft that is to replace a file newer than it, even if the
// clock has not ticked in between. So no state of a key has the ETag of an
// earlier one, although inodes are used again: the compare in compare-and-swap
// depends on it. (A clock that was set back is left alone.)
func (d *draft) outlive(old time.Time) error {
	for _, step := range []time.Duration{time.Nanosecond, time.Second} { // the second, where files have whole seconds
		fi, err := d.file.Stat()
		if err != nil {
			return err
		}
		if behind := old.Sub(fi.ModTime()); behind < 0 || behind > sameTick {
			return nil
		}
		if err := d.s.root.Chtimes(d.name, time.Time{}, old.Add(step)); err != nil {
			return err
		}
		if err := d.finish(); err != nil { // the checksum is bound to the time
			return err
		}
	}
	return nil
}

// linkTries bound how often a folder is made again that vanished before the
// draft was linked into it.
const linkTries = 20

// create gives the draft its name, if that is free. Errors: ErrExists.
func (d *draft) create() (store.Info, error) {
	folder := path.Dir(d.key)
	var err error
	for range linkTries {
		err = d.s.makeFolder(folder)
		if err == nil {
			err = d.s.root.Link(d.name, d.key)
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
		if _, gone := d.s.root.Lstat(d.name); gone != nil {
			return store.Info{}, fmt.Errorf("the upload was aborted: %w", err)
		}
		d.s.durable.Clear()
	}
	if errors.Is(err, fs.ErrExist) {
		err = d.taken()
	}
	if err != nil {
		return store.Info{}, err
	}
	return d.settle()
}

// taken says who has the name: on a network file system it may be this draft,
// where the answer to a first call was lost.
func (d *draft) taken() error {
	there, err := d.s.root.Lstat(d.key)
	if err != nil {
		return fmt.Errorf("%w, or did a moment ago", store.ErrExists)
	}
	if there.IsDir() {
		return errors.New("there is a folder of this name")
	}
	if ours, err := d.file.Stat(); err == nil && os.SameFile(ours, there) {
		return nil
	}
	return store.ErrExists
}

// settle makes the name outlast a power loss, unless it was deleted already, and
// its folder with it.
func (d *draft) settle() (store.Info, error) {
	if err := d.s.syncFolder(path.Dir(d.key)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return store.Info{}, fmt.Errorf("it was written, but may not outlast a power loss: %w", err)
	}
	return inspect(d.key, d.file)
}
