package snapshot

import (
	"errors"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// blanks skips white space.
func (c *canonical) blanks(at int) int {
	for at < len(c.text) && (c.text[at] == ' ' || c.text[at] == '\t' || c.text[at] == '\r' || c.text[at] == '\n') {
		at++
	}
	return at
}

// skip gives the end of the value that begins there.
func (c *canonical) skip(at int) int {
	open := 0
	for ; ; at++ {
		switch c.text[at] {
		case '"':
			at = c.endOfString(at)
		case '{', '[':
			open++
			continue
		case '}', ']':
			open--
		case ' ', '\t', '\r', '\n', ':', ',': // inside of something
			continue
		default:
			at = c.endOfWord(at)
		}
		if open == 0 {
			return at + 1
		}
	}
}

// endOfString gives the place of the closing quote.
func (c *canonical) endOfString(at int) int {
	for at++; c.text[at] != '"'; at++ {
		if c.text[at] == '\\' {
			at++
		}
	}
	return at
}

// endOfWord gives the last byte of a number, true, false or null.
func (c *canonical) endOfWord(at int) int {
	for at+1 < len(c.text) {
		switch c.text[at+1] {
		case ' ', '\t', '\r', '\n', ',', '}', ']':
			return at
		}
		at++
	}
	return at
}

// unquote reads a string with its quotes. encoding/json would put U+FFFD in the
// place of a lone surrogate, so that two different documents became equal.
func unquote(quoted []byte) (string, error) {
	in := quoted[1 : len(quoted)-1]
	out := make([]byte, 0, len(in))
	for len(in) > 0 {
		if in[0] != '\\' {
			out, in = append(out, in[0]), in[1:]
			continue
		}
		if in[1] != 'u' {
			out, in = append(out, plainEscape(in[1])), in[2:]
			continue
		}
		r := hex4(in[2:])
		in = in[6:]
		if utf16.IsSurrogate(r) {
			if len(in) < 6 || in[0] != '\\' || in[1] != 'u' {
				return "", errLoneSurrogate
			}
			if r = utf16.DecodeRune(r, hex4(in[2:])); r == utf8.RuneError {
				return "", errLoneSurrogate
			}
			in = in[6:]
		}
		out = utf8.AppendRune(out, r)
	}
	return string(out), nil
}

var errLoneSurrogate = errors.New("a string holds one half of a surrogate pair")

func hex4(digits []byte) rune {
	n, _ := strconv.ParseUint(string(digits[:4]), 16, 16) // of valid JSON
	return rune(n)
}

func plainEscape(b byte) byte {
	switch b {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return b // " \ /
}

func appendQuoted(out []byte, s string) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for i := range len(s) {
		switch b := s[i]; {
		case b == '"', b == '\\':
			out = append(out, '\\', b)
		case b == '\b':
			out = append(out, `\b`...)
		case b == '\f':
			out = append(out, `\f`...)
		case b == '\n':
			out = append(out, `\n`...)
		case b == '\r':
			out = append(out, `\r`...)
		case b == '\t':
			out = append(out, `\t`...)
		case b < ' ':
			out = append(out, '\\', 'u', '0', '0', hex[b>>4], hex[b&15])
		default:
			out = append(out, b)
		}
	}
	return append(out, '"')
}
