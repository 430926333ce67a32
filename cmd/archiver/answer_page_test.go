package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"archiver/archive"
)

// promised are the fields of one verb's answer, by path, with their forms, as
// docs/json.md lists them.
type promised map[string]string

// answersPage reads the page: every verb's fields, those of every verb among them.
func answersPage(t *testing.T) map[string]promised {
	t.Helper()
	text, err := os.ReadFile("../../docs/json.md")
	if err != nil {
		t.Fatal(err)
	}
	page := map[string]promised{}
	for _, section := range strings.Split(string(text), "\n## ")[1:] {
		title, body, _ := strings.Cut(section, "\n")
		fields := promised{}
		for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\| ([a-z ]+) \\|").FindAllStringSubmatch(body, -1) {
			fields[row[1]] = row[2]
		}
		for verb := range strings.SplitSeq(title, ", ") {
			page[verb] = fields
		}
	}
	return page
}

// children are the names right below a path; those of lists end in [].
func (p promised) children(path string) []string {
	names := map[string]bool{}
	for field := range p {
		below := field
		if path != "" {
			var ok bool
			if below, ok = strings.CutPrefix(field, path+"."); !ok {
				continue
			}
		}
		name, _, _ := strings.Cut(below, ".")
		names[name] = true
	}
	return slices.Sorted(maps.Keys(names))
}

// reading holds an answer against what is promised of it.
type reading struct {
	promised
	seen map[string]bool // fields that an answer had
	bad  []string
}

func (r *reading) complain(format string, args ...any) {
	r.bad = append(r.bad, fmt.Sprintf(format, args...))
}

// value holds a value against the form of its path.
func (r *reading) value(path string, v any) {
	form, nullable := strings.CutSuffix(r.promised[path], " or null")
	r.seen[path] = true
	if v == nil && nullable {
		return
	}
	switch {
	case form == "" || form == "object":
		r.object(path, v)
	case form == "entry":
		r.entry(path, v)
	case form == "texts" || form == "entries":
		all, isList := v.([]any)
		if !isList {
			r.complain("%s is no list: %v", path, v)
		}
		for _, item := range all {
			if form == "entries" {
				r.entry(path, item)
			} else if _, isText := item.(string); !isText {
				r.complain("%s holds %v, which is no text", path, item)
			}
		}
	case !isOfForm(form, v):
		r.complain("%s is no %s: %v", path, form, v)
	}
}

// object holds an object's names against those that are promised, no more and no
// less.
func (r *reading) object(path string, v any) {
	o, isObject := v.(map[string]any)
	if !isObject {
		r.complain("%s is no object: %v", path, v)
		return
	}
	prefix := path + "."
	if path == "" {
		prefix = ""
	}
	for _, child := range r.children(path) {
		name, isList := strings.CutSuffix(child, "[]")
		value, there := o[name]
		delete(o, name)
		if !there {
			r.complain("%s lacks %s", path, name)
			continue
		}
		if !isList {
			r.value(prefix+child, value)
			continue
		}
		items, isItems := value.([]any)
		if !isItems {
			r.complain("%s%s is no list: %v", prefix, name, value)
		}
		for _, item := range items {
			r.object(prefix+child, item)
		}
	}
	for name := range o {
		r.complain("%s%s is not on the page", prefix, name)
	}
}

func (r *reading) entry(path string, v any) {
	if e, _ := v.(map[string]any); e["previous"] == nil || e["sequence"] == nil {
		r.complain("%s holds what is no entry: %v", path, v)
	}
}

// isOfForm judges a value that has no parts.
func isOfForm(form string, v any) bool {
	switch v := v.(type) {
	case bool:
		return form == "flag"
	case json.Number:
		return form == "number" && regexp.MustCompile(`^\d+$`).MatchString(v.String())
	case string:
		switch form {
		case "text":
			return true
		case "head":
			h, err := archive.ParseHead(v)
			return v == "" || err == nil && h.String() == v
		case "date":
			_, err := time.Parse(time.DateOnly, v)
			return v == "" || err == nil
		case "time":
			_, err := time.Parse("2006-01-02T15:04:05Z", v)
			return err == nil && len(v) == len("2006-01-02T15:04:05Z")
		}
	}
	return false
}

// wantPromised wants an answer to be one object, to have the fields that the page
// lists for its verb and no others, and to end as every verb's does. alone: it
// failed before it had anything to tell.
func wantPromised(t *testing.T, r *reading, common promised, out string, code int, alone bool) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader([]byte(out)))
	d.UseNumber()
	var answer map[string]any
	if err := d.Decode(&answer); err != nil || d.More() {
		t.Fatalf("not one JSON object (%v): %s", err, out)
	}
	for name, form := range common {
		v, there := answer[name]
		delete(answer, name)
		switch {
		case name == "exit_code" || name == "error" && code != exitDone:
			if !there || !isOfForm(form, v) || v == "" {
				t.Errorf("%s is %v", name, v)
			}
		case there && (code == exitDone || !isOfForm(form, v) || v == ""):
			t.Errorf("%s is %v, with exit code %d", name, v, code)
		}
		if name == "exit_code" && v != json.Number(fmt.Sprint(code)) {
			t.Errorf("exit_code is %v, the process ended with %d", v, code)
		}
	}
	if alone {
		if len(answer) > 0 {
			t.Errorf("it tells of more: %v", answer)
		}
		return
	}
	r.object("", answer)
	if len(r.bad) > 0 {
		t.Errorf("%s\n%s", strings.Join(r.bad, "\n"), out)
	}
	r.bad = nil
}
