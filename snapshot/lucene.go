package snapshot

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// ErrDamaged: a file's bytes are not the ones that the cluster wrote. It can
// only be taken again.
var ErrDamaged = errors.New("the bytes are not those that were written")

// The framing of Lucene's CodecUtil: around segment files, and around all of
// the repository's own files but its root.
const (
	headerMagic = 0x3fd76c17
	footerMagic = 0xc02893e8
	footerBytes = 16
)

// codecVersion is the one version of the framing that servers have written and
// read since 2014 (ChecksumBlobStoreFormat in their sources).
const codecVersion = 1

// maxMetadata bounds what a metadata file may hold, in bytes and unpacked. A
// shard's own file has some 200 bytes for each of its Lucene files.
const maxMetadata = 16 << 20

// openCodec checks a metadata file's frame and gives what it holds, unpacked.
// Only a footer that does not fit is ErrDamaged: a file that is as it was
// written, and has another frame, is one that this program does not know.
func openCodec(data []byte, codec string) ([]byte, error) {
	if len(data) > maxMetadata {
		return nil, fmt.Errorf("%d bytes, at most %d are read", len(data), maxMetadata)
	}
	if err := checkFooter(crc32.ChecksumIEEE(data), data); err != nil {
		return nil, err
	}
	body, ok := bytes.CutPrefix(data[:len(data)-footerBytes], codecHeader(codec))
	if !ok {
		return nil, fmt.Errorf("no header of the codec %q, version %d", codec, codecVersion)
	}
	if packed, ok := bytes.CutPrefix(body, []byte("DFL\x00")); ok {
		return inflate(packed)
	}
	return body, nil
}

func codecHeader(codec string) []byte {
	b := binary.BigEndian.AppendUint32(nil, headerMagic)
	b = append(b, byte(len(codec)))
	b = append(b, codec...)
	return binary.BigEndian.AppendUint32(b, codecVersion)
}

// inflate unpacks all of a raw deflate stream and wants nothing to follow it.
func inflate(packed []byte) ([]byte, error) {
	in := bytes.NewReader(packed) // an io.ByteReader: not a byte more is read than is needed
	body, err := io.ReadAll(io.LimitReader(flate.NewReader(in), maxMetadata+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("unpacking: %w", err)
	case len(body) > maxMetadata:
		return nil, fmt.Errorf("more than %d bytes when unpacked", maxMetadata)
	case in.Len() > 0:
		return nil, fmt.Errorf("%d bytes behind the packed ones", in.Len())
	}
	return body, nil
}

// isFooter says whether bytes end like a footer, whatever its checksum.
func isFooter(tail []byte) bool {
	n := len(tail) - footerBytes
	return n >= 0 && binary.BigEndian.Uint32(tail[n:]) == footerMagic &&
		binary.BigEndian.Uint64(tail[n+4:]) == 0 // algorithm 0, and a checksum of 32 bits
}

// checkFooter holds a file's footer against its content. sum is the CRC-32 of
// the whole file, footer included; tail is at least the file's last 16 bytes.
//
// The footer names the CRC-32 of all before its last 8 bytes. Appending the same
// bytes to equal sums gives equal sums, and to others gives others, so that the
// sum of the whole file tells as well, and nobody has to know where it ends.
func checkFooter(sum uint32, tail []byte) error {
	if !isFooter(tail) {
		return fmt.Errorf("%w: no footer at the end", ErrDamaged)
	}
	named := tail[len(tail)-8:]
	if crc32.Update(binary.BigEndian.Uint32(named[4:]), crc32.IEEETable, named) != sum {
		return fmt.Errorf("%w: the footer's checksum is not the content's", ErrDamaged)
	}
	return nil
}
