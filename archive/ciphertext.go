package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"iter"

	"archiver/archive/store"
)

// Volumes is where volumes are read from: what reading needs of a store.Store.
// Its contracts are the store's.
type Volumes interface {
	Stat(ctx context.Context, key, version string) (store.Info, error)
	Open(ctx context.Context, key string, offset, length int64, pin store.Pin) (io.ReadCloser, error)
}

// ciphertext reads a volume's object through the read-ahead, and hashes it on
// the way. It is always the object that the entry names: its version, and for
// the length of this read its ETag.
type ciphertext struct {
	volume   *Volume
	next     func() (chunk, error, bool)
	stop     func()
	rest     []byte
	head     []byte // its first HeadBytes
	bytes    int64
	sum      hash.Hash
	summing  chan struct{} // closed when the chunk at hand has been hashed
	progress func(int64)
	err      error // what ended it; io.EOF at the object's end
}

// openCiphertext looks at the object first: one that has not the entry's size is
// not read. The caller stops it.
func openCiphertext(ctx context.Context, s Volumes, v *Volume, l lane, progress func(int64)) (*ciphertext, error) {
	info, err := stat(ctx, s, v)
	if err != nil {
		return nil, err
	}
	blob := Blob{Key: v.Key, Size: info.Size, ETag: info.ETag}
	next, stop := iter.Pull2(prefetch(ctx, pinned{s, v}, each1(blob), l))
	return &ciphertext{volume: v, next: next, stop: stop, sum: sha256.New(), progress: progress}, nil
}

// stat finds a volume's object with the size that its entry names.
func stat(ctx context.Context, s Volumes, v *Volume) (store.Info, error) {
	info, err := s.Stat(ctx, v.Key, v.Version)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return info, violatedBy(ClassVolumeMissing, v.Key, err)
	case err != nil:
		return info, fmt.Errorf("looking at volume %s: %w", volumeName(v.Number), err)
	case info.Size != v.Bytes:
		return info, violated(ClassVolumeCiphertext, v.Key, "it has %d bytes, its ledger entry names %d", info.Size, v.Bytes)
	}
	return info, nil
}

// pinned reads chunks of one volume.
type pinned struct {
	s Volumes
	v *Volume
}

func (p pinned) read(ctx context.Context, f *fetch) error {
	if len(f.data) == 0 {
		return nil
	}
	pin := store.Pin{ETag: f.blob.ETag, Version: p.v.Version}
	r, err := p.s.Open(ctx, f.blob.Key, f.offset, int64(len(f.data)), pin)
	if err == nil {
		_, err = io.ReadFull(r, f.data)
		err = errors.Join(err, r.Close())
	}
	switch {
	case errors.Is(err, store.ErrChanged), errors.Is(err, store.ErrNotFound):
		return violated(ClassVolumeCiphertext, p.v.Key, "it was replaced or deleted while it was read: %v", err)
	case err != nil:
		return fmt.Errorf("reading volume %s: %w", volumeName(p.v.Number), err)
	}
	return nil
}

func each1(b Blob) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) { yield(b, nil) }
}

func (c *ciphertext) Read(p []byte) (int, error) {
	for len(c.rest) == 0 {
		if c.err == nil {
			c.err = c.advance()
		}
		if c.err != nil {
			return 0, c.err
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// advance takes the next chunk. It is hashed while its reader decrypts it.
func (c *ciphertext) advance() error {
	if c.summing != nil {
		<-c.summing
		c.summing = nil
	}
	got, err, ok := c.next()
	switch {
	case !ok:
		return io.EOF
	case err != nil:
		return err
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c.sum.Write(got.data)
	}()
	c.rest, c.summing = got.data, done
	c.head = append(c.head, got.data[:min(len(got.data), HeadBytes-len(c.head))]...)
	c.bytes += int64(len(got.data))
	c.progress(int64(len(got.data)))
	return nil
}

// end reads what is left and compares the object with its entry. It tells of
// another object before it tells of anything that was found inside of it.
func (c *ciphertext) end() error {
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	if got := hex.EncodeToString(c.sum.Sum(nil)); got != c.volume.SHA256 || c.bytes != c.volume.Bytes {
		return violated(ClassVolumeCiphertext, c.volume.Key, "it does not have the SHA-256 that its ledger entry names")
	}
	return nil
}

// failed tells that the object could not be read, whatever it holds.
func (c *ciphertext) failed() bool { return c.err != nil && c.err != io.EOF }

// begins tells whether the message has the session keys that its entry names:
// then whoever cannot open it has not the right key.
func (c *ciphertext) begins(sessionKeys string) bool {
	packets, err := base64.StdEncoding.DecodeString(sessionKeys)
	return err == nil && len(packets) > 0 && bytes.HasPrefix(c.head, packets)
}

// because names the cause of an error that came through the cipher: the store,
// a key that is missing, or the message.
func (c *ciphertext) because(err error) error {
	switch {
	case c.failed():
		return c.err
	case fault(err) == FaultNoKey:
		return err
	}
	return violatedBy(ClassMessage, c.volume.Key, err)
}

// plaintext reads what a message holds, and no more than its entry says: whoever
// made a volume that grows when it is opened gets no further.
type plaintextReader struct {
	r     io.Reader
	in    *ciphertext
	bytes int64
}

func (p *plaintextReader) Read(b []byte) (int, error) {
	most := p.in.volume.PlaintextBytes
	n, err := p.r.Read(b[:min(int64(len(b)), most-p.bytes+1)])
	p.bytes += int64(n)
	switch {
	case p.bytes > most:
		return n, violated(ClassVolume, p.in.volume.Key, "it holds more than the %d bytes that its ledger entry names", most)
	case err != nil && err != io.EOF:
		err = p.in.because(err)
	}
	return n, err
}

// close gives everything back.
func (c *ciphertext) close() {
	if c.summing != nil {
		<-c.summing
		c.summing = nil
	}
	c.stop()
}
