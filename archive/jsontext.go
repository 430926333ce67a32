package archive

import (
	"bytes"
	"encoding/json"
	"fmt"
	"unicode/utf16"
)

// maxLine bounds a line of JSON in bytes: gpg calls a clear-signed text with a
// line of 30,000 bytes bad.
const maxLine = 16_000

// EncodeJSON renders v as every JSON text that is signed in clear: indented, in
// ASCII, with one LF at the end.
func EncodeJSON(v any) ([]byte, error) { return encodeJSON(v) }

// encodeJSON renders v canonically: two-space indent, ASCII (everything else
// escaped), LF, one LF at the end. Equal values give equal bytes.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(v); err != nil {
		return nil, err
	}
	text := escapeNonASCII(b.Bytes())
	for line := range bytes.Lines(text) {
		if len(line) > maxLine {
			return nil, fmt.Errorf("a line of %d bytes in JSON; at most %d can be signed in clear", len(line), maxLine)
		}
	}
	return text, nil
}

// escapeNonASCII writes what is not ASCII as \uXXXX. Outside of strings JSON is
// ASCII already.
func escapeNonASCII(text []byte) []byte {
	out := make([]byte, 0, len(text))
	for _, r := range string(text) {
		switch {
		case r < 0x7f:
			out = append(out, byte(r))
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		}
	}
	return out
}

// decodeJSON parses text into v and accepts it only if encoding v gives the
// same bytes again. That refuses duplicate and unknown keys, other spellings of
// keys and numbers, and anything before or after, all at once; what v's type
// leaves open, checkValues sees to.
func decodeJSON(text []byte, v any) error {
	if err := json.Unmarshal(text, v); err != nil {
		return err
	}
	again, err := encodeJSON(v)
	if err != nil {
		return err
	}
	if !bytes.Equal(text, again) {
		return fmt.Errorf("not in canonical form: %s", firstDifference(text, again))
	}
	return checkValues(text)
}

// firstDifference names the first line in which a differs from b.
func firstDifference(a, b []byte) string {
	la, lb := bytes.Split(a, []byte("\n")), bytes.Split(b, []byte("\n"))
	for i := range la {
		if i >= len(lb) || !bytes.Equal(la[i], lb[i]) {
			return fmt.Sprintf("line %d: %.80q", i+1, la[i])
		}
	}
	return fmt.Sprintf("it ends after line %d", len(la))
}
