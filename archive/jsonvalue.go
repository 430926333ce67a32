package archive

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
)

const (
	// maxNesting bounds objects and arrays within each other, the outermost
	// counted: parsers have limits of their own, and must not differ over a text.
	maxNesting = 32
	// maxNumber is below 2^53: some parsers keep numbers as floating point.
	maxNumber = 1<<53 - 1
)

// checkValues renders a text anew by nothing but the rules for values, and wants
// the same bytes. Types see to the members that they know. This sees to bodies
// that are kept as they are, and to numbers that a type would take and no other
// reader: negative ones, fractions, those of 2^53 and more.
func checkValues(text []byte) error {
	r := renderer{dec: json.NewDecoder(bytes.NewReader(text))}
	r.dec.UseNumber()
	if err := r.value(0); err != nil {
		return err
	}
	if _, err := r.dec.Token(); err != io.EOF {
		return errors.New("something follows its value")
	}
	again := escapeNonASCII(append(r.out.Bytes(), '\n'))
	if !bytes.Equal(text, again) {
		return fmt.Errorf("not in canonical form: %s", firstDifference(text, again))
	}
	return nil
}

// renderer writes the value that dec reads.
type renderer struct {
	dec *json.Decoder
	out bytes.Buffer
}

func (r *renderer) value(depth int) error {
	token, err := r.dec.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		if depth == maxNesting {
			return fmt.Errorf("values are nested more than %d deep", maxNesting)
		}
		return r.several(t, depth+1)
	case string:
		return r.text(t)
	case json.Number:
		if n, err := strconv.ParseUint(t.String(), 10, 64); err != nil || n > maxNumber || strconv.FormatUint(n, 10) != t.String() {
			return fmt.Errorf("%.40s is not a number from 0 to 2^53-1", t)
		}
		r.out.WriteString(t.String())
	case bool:
		r.out.WriteString(strconv.FormatBool(t))
	case nil:
		r.out.WriteString("null")
	}
	return nil
}

// several renders what is in an object or array up to its end.
func (r *renderer) several(begin json.Delim, depth int) error {
	r.out.WriteString(begin.String())
	names := map[string]bool{}
	first := true
	for ; r.dec.More(); first = false {
		if !first {
			r.out.WriteByte(',')
		}
		r.line(depth)
		if begin == '{' {
			if err := r.name(names); err != nil {
				return err
			}
		}
		if err := r.value(depth); err != nil {
			return err
		}
	}
	end, err := r.dec.Token()
	if err != nil {
		return err
	}
	if !first {
		r.line(depth - 1)
	}
	fmt.Fprint(&r.out, end)
	return nil
}

// name renders a member's name, which must not have come in its object before.
func (r *renderer) name(before map[string]bool) error {
	token, err := r.dec.Token()
	if err != nil {
		return err
	}
	name, _ := token.(string)
	if before[name] {
		return fmt.Errorf("the member %.80q comes twice", name)
	}
	before[name] = true
	if err := r.text(name); err != nil {
		return err
	}
	r.out.WriteString(": ")
	return nil
}

func (r *renderer) text(s string) error {
	enc := json.NewEncoder(&r.out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return err
	}
	r.out.Truncate(r.out.Len() - 1) // its line end
	return nil
}

func (r *renderer) line(depth int) {
	r.out.WriteString("\n" + strings.Repeat("  ", depth))
}
