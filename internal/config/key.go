package config

import (
	"reflect"
	"strings"
)

// Key is one key of the configuration, for reference pages and for people who
// look for it.
type Key struct {
	Path    string   // in the file, such as archive.volume_size
	Env     string   // environment variable
	Type    string   // in words
	Default string   // in words if it depends on other keys; "" if there is none
	Doc     string   // what it means
	Choices []string // the values it takes; nil: see Type
	Secret  bool     // cannot be given on the command line
}

// Keys are all keys, in the order of the struct.
func Keys() []Key {
	var keys []Key
	for _, f := range fields() {
		keys = append(keys, f.Key)
	}
	return keys
}

// field is a key and where its value lives.
type field struct {
	Key
	index   []int  // in Config, for reflect
	literal string // default value, as text; "" if there is none
	file    bool   // names a file
	parent  string // path of the key whose value is used if this is not given
}

// fields reads the tags of Config.
func fields() []field { return walk(reflect.TypeFor[Config](), "", nil, "") }

// walk lists the fields of a struct. inherits is the path of the section that
// this one takes its defaults from, "" if there is none.
func walk(t reflect.Type, prefix string, index []int, inherits string) []field {
	var out []field
	for s := range t.Fields() {
		name, ok := s.Tag.Lookup("yaml")
		if !ok {
			continue
		}
		at := append(index[:len(index):len(index)], s.Index...)
		if isSection(s.Type) {
			out = append(out, walk(s.Type, prefix+name+".", at, s.Tag.Get("inherits"))...)
			continue
		}
		f := describe(s, prefix+name, at)
		if inherits != "" {
			f.parent = inherits + "." + name
			f.literal, f.Default = "", f.parent
		}
		out = append(out, f)
	}
	return out
}

// isSection tells a struct of keys from a struct that is a value.
func isSection(t reflect.Type) bool {
	if t.Kind() != reflect.Struct {
		return false
	}
	for f := range t.Fields() {
		if _, ok := f.Tag.Lookup("yaml"); ok {
			return true
		}
	}
	return false
}

func describe(s reflect.StructField, path string, index []int) field {
	f := field{
		Key: Key{
			Path: path, Env: variable(path), Type: typeName(s.Type), Default: s.Tag.Get("derived"), Doc: s.Tag.Get("doc"),
			Choices: strings.Fields(s.Tag.Get("oneof")), Secret: s.Type == reflect.TypeFor[Secret](),
		},
		index: index, literal: s.Tag.Get("default"), file: s.Tag.Get("file") != "",
	}
	if f.literal != "" {
		f.Default = f.literal
	}
	switch {
	case f.file:
		f.Type = "file"
	case len(f.Choices) == 0:
		f.Choices = nil
	}
	return f
}

// variable is the environment variable of a path.
func variable(path string) string {
	return variablePrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

func typeName(t reflect.Type) string {
	switch t {
	case reflect.TypeFor[Secret]():
		return "secret"
	case reflect.TypeFor[Bytes]():
		return "size"
	case reflect.TypeFor[Duration]():
		return "duration"
	case reflect.TypeFor[Timezone]():
		return "time zone"
	case reflect.TypeFor[Location]():
		return "store url"
	case reflect.TypeFor[Pattern]():
		return "index pattern"
	case reflect.TypeFor[KeySource]():
		return "key"
	}
	switch t.Kind() {
	case reflect.Slice:
		return "list of " + typeName(t.Elem()) + "s"
	case reflect.Map:
		return "map of texts"
	case reflect.Int:
		return "whole number"
	case reflect.Bool:
		return "true or false"
	default:
		return "text"
	}
}

// sections are the paths that hold keys and are none themselves.
func sections(all []field) map[string]bool {
	out := map[string]bool{}
	for _, f := range all {
		for path := f.Path; strings.Contains(path, "."); {
			path = path[:strings.LastIndexByte(path, '.')]
			out[path] = true
		}
	}
	return out
}
