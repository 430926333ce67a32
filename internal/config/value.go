package config

import (
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// value is what one source says about one key, before its type is looked at.
type value struct {
	shape shape
	text  string            // plain and line
	items []string          // list
	pairs map[string]string // mapping
}

type shape int

const (
	plain   shape = iota // one text
	list                 // several
	mapping              // texts with names
	line                 // text from outside the file: any of these, as the key needs it
)

// assignment is a value on its way into the configuration.
type assignment struct {
	path   string
	value  value
	origin Origin
	dir    string // folder that relative names of files are meant from; "": the working directory
}

// assign puts a value into the configuration. The error says what is wrong with
// the value, without repeating it if it may be secret.
func (f field) assign(c *Config, a assignment) error {
	target := reflect.ValueOf(c).Elem().FieldByIndex(f.index)
	switch target.Kind() {
	case reflect.Slice:
		return f.assignList(target, a)
	case reflect.Map:
		pairs, err := a.value.asMapping()
		if err != nil {
			return err
		}
		target.Set(reflect.ValueOf(pairs))
		return nil
	}
	if a.value.shape != plain && a.value.shape != line {
		return errors.New("takes one value, not several")
	}
	return f.assignText(target, a.value.text, a.dir)
}

func (f field) assignList(target reflect.Value, a assignment) error {
	items, err := a.value.asList()
	if err != nil {
		return err
	}
	out := reflect.Zero(target.Type())
	for _, text := range items {
		item := reflect.New(target.Type().Elem()).Elem()
		if err := f.assignText(item, text, a.dir); err != nil {
			return err
		}
		out = reflect.Append(out, item)
	}
	target.Set(out)
	return nil
}

// assignText sets one scalar.
func (f field) assignText(target reflect.Value, text, dir string) error {
	if f.file || target.Type() == reflect.TypeFor[KeySource]() {
		text = relativeTo(dir, text)
	}
	if u, ok := target.Addr().Interface().(encoding.TextUnmarshaler); ok {
		return u.UnmarshalText([]byte(text))
	}
	switch target.Kind() {
	case reflect.Int:
		n, err := strconv.Atoi(text)
		if err != nil {
			return fmt.Errorf("%q is not a whole number", text)
		}
		target.SetInt(int64(n))
	case reflect.Bool:
		if text != "true" && text != "false" {
			return fmt.Errorf("%q is neither true nor false", text)
		}
		target.SetBool(text == "true")
	default:
		if len(f.Choices) > 0 && !slices.Contains(f.Choices, text) {
			return fmt.Errorf("%q is not one of %s", text, strings.Join(f.Choices, ", "))
		}
		target.SetString(text)
	}
	return nil
}

// relativeTo makes the name of a file relative to a folder.
func relativeTo(dir, name string) string {
	if dir == "" || name == "" || filepath.IsAbs(name) || isArmored(name) || strings.Contains(name, "\n") {
		return name
	}
	return filepath.Join(dir, name)
}

// asList reads a line as a JSON array, or as items with commas between them.
// Armored text is one item, since its headers may hold commas.
func (v value) asList() ([]string, error) {
	switch v.shape {
	case list:
		return v.items, nil
	case line:
	default:
		return nil, errors.New("takes a list: write [a, b], or one item a line, each after a hyphen")
	}
	text := strings.TrimSpace(v.text)
	switch {
	case text == "":
		return nil, nil
	case isArmored(text):
		return []string{v.text}, nil
	case strings.HasPrefix(text, "["):
		var items []string
		if err := json.Unmarshal([]byte(text), &items); err != nil {
			return nil, errors.New(`begins like a JSON array, and is not one of texts: write ["a","b"], or a,b`)
		}
		return items, nil
	}
	items := strings.Split(text, ",")
	for i := range items {
		items[i] = strings.TrimSpace(items[i])
	}
	return items, nil
}

// asMapping reads a line as a JSON object.
func (v value) asMapping() (map[string]string, error) {
	switch v.shape {
	case mapping:
		return v.pairs, nil
	case line:
	default:
		return nil, errors.New("takes names with values: write {name: value}")
	}
	if strings.TrimSpace(v.text) == "" {
		return nil, nil
	}
	var raw map[string]json.RawMessage
	if err := json.Unmarshal([]byte(v.text), &raw); err != nil {
		return nil, errors.New(`is not a JSON object: write {"name":"value"}`)
	}
	pairs := make(map[string]string, len(raw))
	for name, r := range raw {
		text, err := jsonText(r)
		if err != nil {
			return nil, fmt.Errorf("%s %w", name, err)
		}
		pairs[name] = text
	}
	return pairs, nil
}

// jsonText is a JSON text, or a number or boolean as it is written.
func jsonText(raw json.RawMessage) (string, error) {
	switch raw[0] {
	case '"':
		var text string
		err := json.Unmarshal(raw, &text)
		return text, err
	case '{', '[', 'n':
		return "", errors.New("is not a text, a number, true or false")
	}
	return string(raw), nil
}
