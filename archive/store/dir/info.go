package dir

import (
	"encoding/base64"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"archiver/archive/store"
)

// errIrregular: something below the root is neither a file nor a folder: a
// symbolic link, a socket, a device. It is neither read nor replaced, and
// listings fail at it. (A link among the folders above a key is not looked for
// each time; it cannot lead out of the root: see os.Root.)
var errIrregular = errors.New("neither a file nor a folder")

// describe makes an object's Info from its file's attributes.
func describe(key string, fi fs.FileInfo) store.Info {
	return store.Info{Key: key, Size: fi.Size(), ETag: etag(fi), Time: fi.ModTime().UTC()}
}

// etag names one state of one file: inode, size in bytes, and modification
// time in nanoseconds. It costs no reading, so that a listing of what a cluster
// wrote is cheap. Writing to a file moves its time, and renaming another over
// it brings another inode; an inode that is used again by the next replacement
// but one differs in time (see draft.outlive).
//
// The change time (ctime) is left out: linking and unlinking the unfinished
// file's name, a chmod, or a backup made of hard links moves it, while the
// object stays the same.
func etag(fi fs.FileInfo) string {
	return fmt.Sprintf("%x-%x-%x", fi.Sys().(*syscall.Stat_t).Ino, fi.Size(), fi.ModTime().UnixNano())
}

// sumAttr is the extended attribute that holds an object's CRC64NVME, with the
// size and time of the file that it is about: "<base64> <bytes> <nanoseconds>".
// A file that was written since has no checksum rather than a wrong one; a copy
// that kept time and attributes keeps it.
const sumAttr = "user.crc64nvme"

// sumOf renders a checksum as the port has it.
func sumOf(h hash.Hash64) string { return base64.StdEncoding.EncodeToString(h.Sum(nil)) }

func stamp(fi fs.FileInfo) string {
	return fmt.Sprintf(" %d %d", fi.Size(), fi.ModTime().UnixNano())
}

// keepSum notes a file's checksum beside it. File systems without extended
// attributes keep none: computing it instead would mean to read a whole volume
// whenever it is only looked at. So a failure is no error, and what the file
// then has is what everyone is told, its writer too.
func keepSum(f *os.File, h hash.Hash64) error {
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	_ = unix.Fsetxattr(int(f.Fd()), sumAttr, []byte(sumOf(h)+stamp(fi)), 0)
	return nil
}

// inspect describes an open file, with its checksum.
func inspect(key string, f *os.File) (store.Info, error) {
	fi, err := f.Stat()
	if err != nil {
		return store.Info{}, err
	}
	info := describe(key, fi)
	var value [128]byte
	if n, err := unix.Fgetxattr(int(f.Fd()), sumAttr, value[:]); err == nil {
		if sum, ok := strings.CutSuffix(string(value[:n]), stamp(fi)); ok {
			info.CRC64NVME = sum
		}
	}
	return info, nil
}

// lstat looks at the file of a key. A folder is no object.
func (s *Store) lstat(key string) (fs.FileInfo, error) {
	fi, err := s.root.Lstat(key)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTDIR):
		return nil, store.ErrNotFound
	case err != nil:
		return nil, err
	case fi.IsDir():
		return nil, store.ErrNotFound
	}
	return fi, regular(fi)
}

func regular(fi fs.FileInfo) error {
	if fi.Mode().IsRegular() {
		return nil
	}
	return fmt.Errorf("%w (%v)", errIrregular, fi.Mode())
}

// open opens the file of a key for reading.
func (s *Store) open(key, version string) (*os.File, error) {
	if err := checkKey(key); err != nil {
		return nil, err
	}
	if version != "" {
		return nil, fmt.Errorf("%w: a directory keeps no versions, %q was asked for", store.ErrNotFound, version)
	}
	if _, err := s.lstat(key); err != nil { // before opening: a pipe would wait for its other end
		return nil, err
	}
	f, err := s.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, store.ErrNotFound
	}
	return f, err
}
