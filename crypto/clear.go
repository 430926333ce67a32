package crypto

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// The clear-signed framework (RFC 9580 7) leaves much open that no signature
// covers: text around the block, headers, blanks at line ends, how the base64
// is laid out. Here a text and a signature have exactly one framing, and only
// texts are signed whose form leaves nothing open either.
const (
	clearBegin    = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
	clearBoundary = "\n-----BEGIN " + signatureBlock + "-----\n\n"
	clearEnd      = "\n-----END " + signatureBlock + "-----\n"

	// maxLine is over what a clear text's line may hold: gpg calls blocks with
	// lines of about 20,000 bytes bad.
	maxLine = 16_000
)

// Clear signs a text and returns it in the canonical clear-signed block. The
// text must be printable ASCII in lines of under 16,000 bytes, each ended by
// one LF, the last one not empty, none that ends with a blank or starts with a
// dash. The signature's time is the given one, to the second; the key must be
// valid then.
func (s *Signer) Clear(text []byte, at time.Time) ([]byte, error) {
	if err := checkText(text); err != nil {
		return nil, fmt.Errorf("text cannot be clear-signed: %w", err)
	}
	sig, err := s.sign(packet.SigTypeText, signedForm(text), at)
	if err != nil {
		return nil, err
	}
	return frame(text, sig), nil
}

// OpenClear returns the text of a canonical clear-signed block, the fingerprint
// of the signer's primary key and the time of signing. Whatever is not, to the
// byte, as Clear writes it is ErrMalformed, though gpg may call it good. See
// Trust for what is believed, and for the other errors.
func (t *Trust) OpenClear(block []byte) (text []byte, fingerprint string, at time.Time, err error) {
	text, sig, err := unframe(block)
	if err != nil {
		return nil, "", time.Time{}, fmt.Errorf("%w: clear-signed block: %w", ErrMalformed, err)
	}
	fingerprint, at, err = t.verify(sig, packet.SigTypeText, signedForm(text))
	if err != nil {
		return nil, "", time.Time{}, err
	}
	return text, fingerprint, at, nil
}

func frame(text, sig []byte) []byte {
	return append(append([]byte(clearBegin), text...), armoredSignature(sig)...)
}

// unframe takes a block apart and proves it canonical by framing it again.
func unframe(block []byte) (text []byte, sig *packet.Signature, err error) {
	body, begins := bytes.CutPrefix(block, []byte(clearBegin))
	body, ends := bytes.CutSuffix(body, []byte(clearEnd))
	if !begins || !ends {
		return nil, nil, errors.New("it does not begin and end as it must")
	}
	text, lines, found := bytes.Cut(body, []byte(clearBoundary))
	if !found {
		return nil, nil, errors.New("it holds no signature")
	}
	text = append(bytes.Clone(text), '\n')
	if err := checkText(text); err != nil {
		return nil, nil, err
	}
	raw, err := base64.StdEncoding.DecodeString(string(lines))
	if err != nil {
		return nil, nil, err
	}
	if !bytes.Equal(frame(text, raw), block) {
		return nil, nil, errors.New("its signature is not laid out as it must")
	}
	sig, err = readSignature(raw)
	if err != nil {
		return nil, nil, err
	}
	return text, sig, checkCanonical(sig, raw)
}

// checkText says why a text cannot be clear-signed.
func checkText(text []byte) error {
	body, ended := strings.CutSuffix(string(text), "\n")
	if !ended {
		return errors.New("its last line has no end")
	}
	var last string
	for line := range strings.SplitSeq(body, "\n") {
		switch {
		case len(line) >= maxLine:
			return fmt.Errorf("a line has %d bytes; %d are too many", len(line), maxLine)
		case strings.HasPrefix(line, "-"):
			return errors.New("a line starts with a dash")
		case strings.HasSuffix(line, " "):
			return errors.New("a line ends with a blank")
		case strings.ContainsFunc(line, func(r rune) bool { return r < ' ' || r > '~' }):
			return errors.New("a line has a character that is not printable ASCII")
		}
		last = line
	}
	if last == "" {
		return errors.New("its last line is empty")
	}
	return nil
}

// signedForm is what a text signature covers: lines ended by CRLF, and no end
// of the last one (RFC 9580 7.2).
func signedForm(text []byte) []byte {
	return bytes.ReplaceAll(bytes.TrimSuffix(text, []byte("\n")), []byte("\n"), []byte("\r\n"))
}
