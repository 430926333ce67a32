package snapshottest

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"strconv"

	"archiver/snapshot/internal/smile"
)

// The framing of Lucene's CodecUtil, in which both segment files and the
// repository's own blobs are wrapped.
const (
	headerMagic = 0x3fd76c17
	footerMagic = 0xc02893e8
	footerSize  = 16
)

// The codec names of a repository's blobs (ChecksumBlobStoreFormat in
// OpenSearch).
const (
	codecShard    = "snapshot"       // indices/<id>/<shard>/snap-<uuid>.dat
	codecShards   = "snapshots"      // indices/<id>/<shard>/index-<generation>
	codecSnapshot = "snapshot"       // snap-<uuid>.dat
	codecGlobal   = "metadata"       // meta-<uuid>.dat
	codecIndex    = "index-metadata" // indices/<id>/meta-<blob>.dat
)

// deflated precedes a body that is compressed.
var deflated = []byte("DFL\x00")

func appendHeader(b []byte, codec string, version uint32) []byte {
	b = binary.BigEndian.AppendUint32(b, headerMagic)
	b = append(b, byte(len(codec)))
	b = append(b, codec...)
	return binary.BigEndian.AppendUint32(b, version)
}

// cutHeader gives what follows the header.
func cutHeader(b []byte, codec string, version uint32) ([]byte, error) {
	rest, ok := bytes.CutPrefix(b, appendHeader(nil, codec, version))
	if !ok {
		return nil, fmt.Errorf("no header of codec %s", codec)
	}
	return rest, nil
}

// appendFooter ends a file with the CRC-32 of all before it.
func appendFooter(b []byte) []byte {
	b = binary.BigEndian.AppendUint32(b, footerMagic)
	b = binary.BigEndian.AppendUint32(b, 0) // the algorithm: CRC-32
	return binary.BigEndian.AppendUint64(b, uint64(crc32.ChecksumIEEE(b)))
}

// cutFooter checks a file's footer and gives what precedes it.
func cutFooter(b []byte) ([]byte, error) {
	n := len(b) - footerSize
	if n < 0 || !bytes.Equal(appendFooter(bytes.Clone(b[:n])), b) {
		return nil, errors.New("the footer's checksum is not the content's")
	}
	return b[:n], nil
}

// checksum is how repositories write a file's footer checksum: in base 36.
func checksum(file []byte) string {
	return strconv.FormatUint(binary.BigEndian.Uint64(file[len(file)-8:]), 36)
}

// encodeBlob frames one of the repository's own blobs.
func encodeBlob(codec string, compress bool, o smile.Object) ([]byte, error) {
	body, err := smile.Encode(o)
	if err != nil {
		return nil, err
	}
	b := appendHeader(nil, codec, 1)
	if !compress {
		return appendFooter(append(b, body...)), nil
	}
	var packed bytes.Buffer
	w, err := flate.NewWriter(&packed, flate.DefaultCompression)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(body); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	b = append(b, deflated...)
	return appendFooter(append(b, packed.Bytes()...)), nil
}

// decodeBlob is the reverse, and checks the footer.
func decodeBlob(codec string, blob []byte) (smile.Object, error) {
	b, err := cutFooter(blob)
	if err != nil {
		return nil, err
	}
	if b, err = cutHeader(b, codec, 1); err != nil {
		return nil, err
	}
	if packed, ok := bytes.CutPrefix(b, deflated); ok {
		if b, err = io.ReadAll(flate.NewReader(bytes.NewReader(packed))); err != nil {
			return nil, err
		}
	}
	return smile.Decode(b)
}

// fill copies an object into a struct with JSON tags.
func fill(o smile.Object, into any) error {
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return json.Unmarshal(data, into)
}
