package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxDepth bounds how deep a document is nested. Servers of today refuse more
// than this, too.
const maxDepth = 1000

// Canonical writes a document, a JSON object, in the one form that equal
// documents have in common, whatever blanks, order and escapes they came with:
//
//   - no blanks;
//   - members sorted by the bytes of their names in UTF-8;
//   - strings with \" \\ \b \f \n \r \t, \u00xx in lower-case hex for the other
//     characters below U+0020, and everything else as it is, in UTF-8;
//   - numbers as they are written: servers keep _source to the letter, and 1.0
//     is not 1 there.
//
// Refused are names that occur twice in one object, over which readers disagree,
// what is not UTF-8, escapes of one half of a surrogate pair, which is no
// character, and nesting deeper than 1,000.
func Canonical(source []byte) ([]byte, error) {
	trimmed := bytes.TrimLeft(source, " \t\r\n")
	switch {
	case !utf8.Valid(source):
		return nil, errors.New("canonical JSON: it is not UTF-8")
	case !json.Valid(source) || len(trimmed) == 0:
		return nil, errors.New("canonical JSON: it is not JSON")
	case trimmed[0] != '{':
		return nil, errors.New("canonical JSON: it is not an object")
	}
	c := canonical{text: source, out: make([]byte, 0, len(source))}
	if _, err := c.value(0, 0); err != nil {
		return nil, fmt.Errorf("canonical JSON: %w", err)
	}
	return c.out, nil
}

// canonical writes what it reads. The text is known to be JSON and UTF-8, so
// that nothing of that is checked twice. Its methods take where something
// begins, and give where it has ended.
type canonical struct {
	text []byte
	out  []byte
}

func (c *canonical) value(at, depth int) (int, error) {
	at = c.blanks(at)
	if depth > maxDepth {
		return at, fmt.Errorf("nested deeper than %d", maxDepth)
	}
	switch c.text[at] {
	case '{':
		return c.object(at, depth)
	case '[':
		return c.array(at, depth)
	case '"':
		end := c.skip(at)
		s, err := unquote(c.text[at:end])
		c.out = appendQuoted(c.out, s)
		return end, err
	}
	end := c.skip(at)
	c.out = append(c.out, c.text[at:end]...)
	return end, nil
}

func (c *canonical) array(at, depth int) (int, error) {
	c.out = append(c.out, '[')
	for at = c.blanks(at + 1); c.text[at] != ']'; {
		if c.text[at] == ',' {
			c.out = append(c.out, ',')
			at++
		}
		end, err := c.value(at, depth+1)
		if err != nil {
			return at, err
		}
		at = c.blanks(end)
	}
	c.out = append(c.out, ']')
	return at + 1, nil
}

// member is a name and where its value begins.
type member struct {
	name  string
	value int
}

func (c *canonical) object(at, depth int) (int, error) {
	members, end, err := c.members(at)
	if err != nil {
		return at, err
	}
	slices.SortFunc(members, func(a, b member) int { return strings.Compare(a.name, b.name) })
	c.out = append(c.out, '{')
	for n, m := range members {
		if n > 0 {
			if m.name == members[n-1].name {
				return at, errors.New("a name occurs twice in one object")
			}
			c.out = append(c.out, ',')
		}
		c.out = append(appendQuoted(c.out, m.name), ':')
		if _, err := c.value(m.value, depth+1); err != nil {
			return at, err
		}
	}
	c.out = append(c.out, '}')
	return end, nil
}

func (c *canonical) members(at int) (all []member, end int, err error) {
	for at = c.blanks(at + 1); c.text[at] != '}'; {
		if c.text[at] == ',' {
			at = c.blanks(at + 1)
		}
		end := c.skip(at)
		name, err := unquote(c.text[at:end])
		if err != nil {
			return nil, at, err
		}
		value := c.blanks(c.blanks(end) + 1) // after the colon
		all = append(all, member{name, value})
		at = c.blanks(c.skip(value))
	}
	return all, at + 1, nil
}
