package crypto

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/ProtonMail/go-crypto/openpgp/armor"
)

// Types of armored blocks.
const (
	publicKeyBlock  = "PGP PUBLIC KEY BLOCK"
	privateKeyBlock = "PGP PRIVATE KEY BLOCK"
	signatureBlock  = "PGP SIGNATURE"
)

// armoredSignature is the one way in which this package writes a signature: no
// headers, base64 in 64 columns, and no CRC24, which RFC 9580 6.1 tells writers
// to omit.
func armoredSignature(packet []byte) []byte {
	const columns = 64
	text := base64.StdEncoding.AppendEncode(nil, packet)
	out := []byte("-----BEGIN " + signatureBlock + "-----\n\n")
	for line := range slices.Chunk(text, columns) {
		out = append(append(out, line...), '\n')
	}
	return append(out, "-----END "+signatureBlock+"-----\n"...)
}

// armoredKey is the armored public key.
func armoredKey(packets []byte) ([]byte, error) {
	return armored(publicKeyBlock, func(w io.Writer) error {
		_, err := w.Write(packets)
		return err
	})
}

// armored is what serialize writes, as an armored block with its CRC24: gpg 2.2
// needs it wherever the base64 happens to have no padding.
func armored(kind string, serialize func(io.Writer) error) ([]byte, error) {
	var out bytes.Buffer
	w, err := armor.Encode(&out, kind, nil)
	if err != nil {
		return nil, err
	}
	if err := serialize(w); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
}

// dearmor returns the content of the one armored block in data, as lenient as
// gpg is about what surrounds and how it is laid out; it must be of one of the
// kinds. Binary OpenPGP data, whose first bit is always set, is returned as is.
func dearmor(data []byte, kinds ...string) ([]byte, error) {
	if len(data) > 0 && data[0]&packetMark != 0 {
		return data, nil
	}
	if bytes.Count(data, []byte("-----BEGIN PGP ")) > 1 {
		return nil, errors.New("holds several armored blocks: give exactly one")
	}
	block, err := armor.Decode(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("is no %s", kinds[0])
	}
	if !slices.Contains(kinds, block.Type) {
		return nil, fmt.Errorf("is a %s, not a %s", block.Type, kinds[0])
	}
	body, err := io.ReadAll(block.Body)
	if err != nil {
		return nil, fmt.Errorf("is a damaged %s: %w", block.Type, err)
	}
	return body, nil
}
