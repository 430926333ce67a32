package config

import (
	"errors"
	"fmt"
	"strings"
)

// Pattern turns a date into an index name, or into an expression with a * for
// the names that a rollover makes. Tokens in braces stand for parts of the
// date; all are of fixed width, so that two days never give the same name.
type Pattern string

// token is a part of a date. layout is time.Format's.
type token struct{ text, layout string }

func tokens() []token {
	return []token{
		{"{DDMMYYYY}", "02012006"}, {"{YYYYMMDD}", "20060102"}, {"{YYYY.MM.DD}", "2006.01.02"},
		{"{DD}", "02"}, {"{MM}", "01"}, {"{YYYY}", "2006"},
	}
}

// Expand is the index expression of a date. The pattern must have passed Check.
func (p Pattern) Expand(d Date) string {
	s := string(p)
	for _, t := range tokens() {
		s = strings.ReplaceAll(s, t.text, d.utc().Format(t.layout))
	}
	return s
}

// DateOf is the date whose expression, as Expand gives it, an index's name fits.
// The pattern must have passed Check.
func (p Pattern) DateOf(index string) (Date, bool) {
	parts := map[string]string{}
	rest, name := string(p), index
	for rest != "" && len(parts) < 3 {
		t, err := leadingToken(rest)
		if err != nil {
			t = token{rest[:1], rest[:1]} // it stands for itself
		}
		if len(name) < len(t.layout) {
			return Date{}, false
		}
		for _, part := range []string{"2006", "01", "02"} {
			if at := strings.Index(t.layout, part); at >= 0 {
				parts[part] = name[at : at+len(part)]
			}
		}
		rest, name = rest[len(t.text):], name[len(t.layout):]
	}
	d, err := ParseDate(parts["2006"] + "-" + parts["01"] + "-" + parts["02"])
	return d, err == nil && fits(index, p.Expand(d))
}

// fits tells whether a name fits an expression, whose * stands for anything.
func fits(name, expression string) bool {
	parts := strings.Split(expression, "*")
	for i, part := range parts {
		at := strings.Index(name, part)
		switch {
		case i == len(parts)-1:
			return strings.HasSuffix(name, part) && (i > 0 || name == part)
		case at < 0 || i == 0 && at > 0:
			return false
		}
		name = name[at+len(part):]
	}
	return false // Split gives one part at least
}

// maxIndexName is how long an index name may be, in bytes: MAX_INDEX_NAME_BYTES
// of both vendors' MetadataCreateIndexService.
const maxIndexName = 255

// Check tells why the pattern cannot be used: names must be legal, and an index
// of another day must never match.
func (p Pattern) Check() error {
	if p == "" {
		return errors.New("the pattern is empty")
	}
	literal, after, err := p.dissect()
	if err != nil {
		return err
	}
	if err := legalInIndexName(literal); err != nil {
		return err
	}
	if strings.ContainsAny(string(p[:1]), "-_+") {
		return fmt.Errorf("an index name cannot begin with %q", p[:1])
	}
	if star := strings.IndexByte(literal, '*'); star >= 0 {
		if star < len(literal)-len(after) {
			return errors.New("a * stands before the date, or inside it: it would match other days")
		}
		if after[0] == '*' || '0' <= after[0] && after[0] <= '9' {
			return errors.New("the * is not set apart from the date: put a separator between them, such as -*")
		}
	}
	if n := len(p.Expand(Date{2000, 1, 1})); n > maxIndexName {
		return fmt.Errorf("index names would be %d bytes long; %d are allowed", n, maxIndexName)
	}
	return nil
}

// dissect returns the text outside of the tokens, and what of it stands after
// the last one. It is an error if the tokens do not make a whole date.
func (p Pattern) dissect() (literal, after string, err error) {
	var layouts strings.Builder
	rest := string(p)
	for {
		before, braced, ok := strings.Cut(rest, "{")
		literal += before
		if !ok {
			break
		}
		t, err := leadingToken("{" + braced)
		if err != nil {
			return "", "", err
		}
		layouts.WriteString(t.layout)
		rest = braced[len(t.text)-1:]
	}
	for _, part := range []struct{ layout, name string }{{"02", "day"}, {"01", "month"}, {"2006", "year"}} {
		if !strings.Contains(layouts.String(), part.layout) {
			return "", "", fmt.Errorf("has no %s: it would match other days; use {DDMMYYYY}, {YYYYMMDD}, {YYYY.MM.DD}, or all of {DD}, {MM} and {YYYY}", part.name)
		}
	}
	return literal, rest, nil
}

func leadingToken(s string) (token, error) {
	var known []string
	for _, t := range tokens() {
		if strings.HasPrefix(s, t.text) {
			return t, nil
		}
		known = append(known, t.text)
	}
	name, _, closed := strings.Cut(s, "}")
	if closed {
		name += "}"
	}
	return token{}, fmt.Errorf("%s is no token: use %s", name, strings.Join(known, " "))
}

// legalInIndexName follows the vendors' rules for new index names. A ':' would
// mean another cluster, and '<' date arithmetic.
func legalInIndexName(s string) error {
	for _, r := range s {
		switch {
		case 'A' <= r && r <= 'Z':
			return fmt.Errorf("%q is upper case, and index names are lower case", r)
		case r <= ' ' || r > '~', strings.ContainsRune("\\/?\"<>|,#:}", r):
			return fmt.Errorf("%q cannot stand in an index name", r)
		}
	}
	return nil
}
