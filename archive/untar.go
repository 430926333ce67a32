package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"io"
	"strconv"
	"time"
)

const (
	// maxPAX bounds an extended header's records: a path of 1,024 bytes, a size
	// and a time.
	maxPAX = 3 * tarBlock
	// Where a header keeps what is looked at before it is parsed.
	tarSizeAt, tarTypeAt = 124, 156
)

// untarrer reads a tar in the one form that FORMAT.md allows: regular files, each
// header as this format's writer renders it, zeros as padding, a trailer, and
// nothing after it. Anything else is a violation (ClassTar). Errors of the
// reader below are passed on.
type untarrer struct {
	r      io.Reader
	object string // what the tar is, for violations
	left   int64  // bytes of the entry at hand that were not read yet
	pad    int64
}

// tarEntry is what a header may say.
type tarEntry struct {
	Name string
	Size int64
	Time time.Time
}

// next goes to the next entry, over what is left of this one. io.EOF: the trailer
// was read, and the end after it.
func (t *untarrer) next() (tarEntry, error) {
	if _, err := io.Copy(io.Discard, t); err != nil {
		return tarEntry{}, err
	}
	if err := t.zeros(t.pad); err != nil {
		return tarEntry{}, err
	}
	t.pad = 0
	var raw [tarBlock]byte
	if err := t.full(raw[:]); err != nil {
		return tarEntry{}, err
	}
	if raw == [tarBlock]byte{} {
		return tarEntry{}, t.trailer()
	}
	header, err := t.header(raw[:])
	if err != nil {
		return tarEntry{}, err
	}
	e, err := parseHeader(header)
	if err != nil {
		return tarEntry{}, violated(ClassTar, t.object, "%v", err)
	}
	t.left, t.pad = e.Size, roundUp(e.Size)-e.Size
	return e, nil
}

// header is a header's first block with those that belong to it: the records of
// an extended header, and the block that they extend.
func (t *untarrer) header(first []byte) ([]byte, error) {
	if first[tarTypeAt] != tar.TypeXHeader {
		return first, nil
	}
	size, err := strconv.ParseInt(string(bytes.TrimRight(first[tarSizeAt:tarSizeAt+12], "\x00 ")), 8, 64)
	if err != nil || size < 0 || size > maxPAX {
		return nil, violated(ClassTar, t.object, "an extended header has a size that none can have")
	}
	header := make([]byte, tarBlock+roundUp(size)+tarBlock)
	copy(header, first)
	return header, t.full(header[tarBlock:])
}

// parseHeader accepts a header only if rendering what it says gives its bytes
// again: other types, names of links, owners and records do not survive that.
func parseHeader(raw []byte) (tarEntry, error) {
	switch kind := raw[len(raw)-tarBlock+tarTypeAt]; kind {
	case tar.TypeReg:
	default:
		return tarEntry{}, errors.New("it holds an entry of type " + strconv.Quote(string(rune(kind))) + ", which is no regular file")
	}
	h, err := tar.NewReader(bytes.NewReader(raw)).Next()
	if err != nil {
		return tarEntry{}, errors.New("a header cannot be parsed")
	}
	var again bytes.Buffer
	w := tar.NewWriter(&again)
	err = w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: h.Name, Size: h.Size, Mode: fileMode, ModTime: h.ModTime})
	if err != nil || !bytes.Equal(again.Bytes(), raw) {
		return tarEntry{}, errors.New("the header of " + strconv.Quote(h.Name) + " is not in the form of this format")
	}
	return tarEntry{Name: h.Name, Size: h.Size, Time: h.ModTime}, nil
}

// trailer reads what must follow the first block of zeros.
func (t *untarrer) trailer() error {
	if err := t.zeros(tarBlock); err != nil {
		return err
	}
	switch _, err := io.ReadFull(t.r, make([]byte, 1)); err {
	case io.EOF:
		return io.EOF
	case nil:
		return violated(ClassTar, t.object, "it goes on after its trailer")
	default:
		return err
	}
}

// Read reads the entry at hand.
func (t *untarrer) Read(p []byte) (int, error) {
	if t.left == 0 {
		return 0, io.EOF
	}
	n, err := t.r.Read(p[:min(int64(len(p)), t.left)])
	t.left -= int64(n)
	if err == io.EOF {
		if err = nil; t.left > 0 {
			err = t.short()
		}
	}
	return n, err
}

func (t *untarrer) zeros(n int64) error {
	var block [tarBlock]byte
	if err := t.full(block[:n]); err != nil {
		return err
	}
	if block != [tarBlock]byte{} {
		return violated(ClassTar, t.object, "there is something where padding must be")
	}
	return nil
}

// full fills p.
func (t *untarrer) full(p []byte) error {
	_, err := io.ReadFull(t.r, p)
	if err == io.EOF && len(p) > 0 || err == io.ErrUnexpectedEOF {
		return t.short()
	}
	return err
}

func (t *untarrer) short() error {
	return violated(ClassTar, t.object, "it ends before its trailer")
}
