package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"unicode/utf8"
)

// walker reads JSON token by token, because encoding/json into structs takes
// keys in any case and the last of several equal ones without a word.
type walker struct{ dec *json.Decoder }

var errUnknown = errors.New("unknown field")

func newWalker(data []byte) (*walker, error) {
	if !utf8.Valid(data) {
		return nil, errors.New("not UTF-8")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	return &walker{dec}, nil
}

// object calls field for each key; field must consume the value.
func (w *walker) object(field func(key string) error) error {
	if err := w.delim('{'); err != nil {
		return err
	}
	seen := map[string]bool{}
	for w.dec.More() {
		key, err := w.string()
		if err != nil {
			return err
		}
		if seen[key] {
			return fmt.Errorf("key %q is given twice", key)
		}
		seen[key] = true
		if err := field(key); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
	}
	return w.delim('}')
}

// array calls item for each element; item must consume it.
func (w *walker) array(item func() error) error {
	if err := w.delim('['); err != nil {
		return err
	}
	for n := 0; w.dec.More(); n++ {
		if err := item(); err != nil {
			return fmt.Errorf("%d: %w", n, err)
		}
	}
	return w.delim(']')
}

// end wants nothing more to follow.
func (w *walker) end() error {
	if _, err := w.dec.Token(); err != io.EOF {
		return errors.New("something follows the end")
	}
	return nil
}

func (w *walker) delim(want json.Delim) error {
	t, err := w.dec.Token()
	if err != nil {
		return err
	}
	if t != want {
		return fmt.Errorf("%v where %v should be", t, want)
	}
	return nil
}

func (w *walker) string() (string, error) {
	t, err := w.dec.Token()
	if err != nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%v where a string should be", t)
	}
	return s, nil
}

func (w *walker) stringOrNull() (string, error) {
	t, err := w.dec.Token()
	if err != nil || t == nil {
		return "", err
	}
	s, ok := t.(string)
	if !ok {
		return "", fmt.Errorf("%v where a string or null should be", t)
	}
	return s, nil
}

func (w *walker) stringOrNumber() (string, error) {
	t, err := w.dec.Token()
	if err != nil {
		return "", err
	}
	switch t := t.(type) {
	case string:
		return t, nil
	case json.Number:
		return t.String(), nil
	}
	return "", fmt.Errorf("%v where a string or a number should be", t)
}

func (w *walker) int() (int64, error) {
	t, err := w.dec.Token()
	if err != nil {
		return 0, err
	}
	n, ok := t.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%v where a number should be", t)
	}
	return strconv.ParseInt(n.String(), 10, 64)
}

// strings reads an object whose values are strings.
func (w *walker) strings() (map[string]string, error) {
	m := map[string]string{}
	err := w.object(func(key string) error {
		s, err := w.string()
		m[key] = s
		return err
	})
	return m, err
}

// skipScalar passes over a value that says nothing about files.
func (w *walker) skipScalar() error {
	t, err := w.dec.Token()
	if _, ok := t.(json.Delim); ok {
		return fmt.Errorf("%v where a plain value should be", t)
	}
	return err
}
