package config

import (
	"fmt"
	"strings"
)

// Reference is the page on every key, in Markdown: a table for each section.
// docs/configuration.md holds it, and a test keeps the two equal.
func Reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	var sections []string
	keys := map[string][]Key{}
	for _, k := range Keys() {
		in := sectionOf(k.Path)
		if keys[in] == nil {
			sections = append(sections, in)
		}
		keys[in] = append(keys[in], k)
	}
	for _, section := range sections {
		if section == "" {
			b.WriteString("\n## Top level\n\n")
		} else {
			fmt.Fprintf(&b, "\n## %s\n\n", section)
		}
		if parent := inheritedFrom(section); parent != "" {
			fmt.Fprintf(&b, "The same keys as in `%s`, whose values are used where these are not given.\n\n", parent)
		}
		b.WriteString("| key | environment variable | value | default | meaning |\n|---|---|---|---|---|\n")
		for _, k := range keys[section] {
			fmt.Fprintf(&b, "| `%s` | `%s` | %s | %s | %s |\n", k.Path, k.Env, k.values(), k.standard("`"), cell(k.Doc))
		}
	}
	return b.String()
}

// ReferenceText is the same for a terminal.
func ReferenceText() string {
	var b strings.Builder
	for _, k := range Keys() {
		fmt.Fprintf(&b, "%s\n    %s\n    %s", k.Path, k.Env, k.values())
		if d := k.standard(""); d != "" {
			fmt.Fprintf(&b, "; default: %s", d)
		}
		fmt.Fprintf(&b, "\n%s\n", wrap(k.Doc, "    ", 80))
	}
	return strings.TrimSuffix(b.String(), "\n")
}

const referenceHead = `# Configuration

One file describes one stream. It is YAML: the one named by ` + "`--config`" + `, else by
` + "`ARCHIVER_CONFIG`" + `, else ` + "`archiver.yaml`" + ` in the working directory. The environment goes over
the file, and ` + "`--set key=value`" + ` over both. ` + "`archiver init`" + ` writes a short file to begin
with; ` + "`archiver check`" + ` proves it against the cluster and the stores.

Relative names of files in the file are meant from its own folder. In the
environment and in ` + "`--set`" + `, a list is written with commas or as a JSON array, and a map
as a JSON object. Sizes are written as ` + "`32GiB`" + `, durations as ` + "`6h`" + ` or ` + "`1h30m`" + `.
Secrets have no flag; each can be given in a file instead. An unknown key is an
error.

This page is made from the program's own description of its keys, which
` + "`archiver help configuration`" + ` prints.
`

// values says what a key takes.
func (k Key) values() string {
	if len(k.Choices) > 0 {
		return strings.Join(k.Choices, ", ")
	}
	return k.Type
}

// standard is the default, in quotes if it is meant to the letter.
func (k Key) standard(quote string) string {
	if k.Default == "" || strings.Contains(k.Default, " ") {
		return k.Default
	}
	return quote + k.Default + quote
}

func sectionOf(path string) string {
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		return path[:i]
	}
	return ""
}

// inheritedFrom is the section whose values stand in for this one's.
func inheritedFrom(section string) string {
	for _, f := range fields() {
		if f.parent != "" && sectionOf(f.Path) == section {
			return sectionOf(f.parent)
		}
	}
	return ""
}

// cell keeps a text from breaking out of its table: as a column, or as HTML.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "<", "&lt;", ">", "&gt;").Replace(s)
}

// wrap breaks a text into lines of at most width, each behind the indent.
func wrap(text, indent string, width int) string {
	var b strings.Builder
	column := 0
	for _, word := range strings.Fields(text) {
		switch {
		case column == 0:
			b.WriteString(indent)
			column = len(indent)
		case column+1+len(word) > width:
			b.WriteString("\n" + indent)
			column = len(indent)
		default:
			b.WriteByte(' ')
			column++
		}
		b.WriteString(word)
		column += len(word)
	}
	return b.String()
}
