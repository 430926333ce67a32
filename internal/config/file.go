package config

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// file reads one YAML file into assignments. It walks the syntax tree instead
// of decoding it: every value keeps its line, and a wrong key is told from a
// wrong value.
type file struct {
	name     string
	known    map[string]field
	sections map[string]bool
	seen     map[string]int // path: line
	out      []assignment
	problems Problems
}

// readFile takes a YAML file apart.
func readFile(name string, data []byte, all []field) ([]assignment, Problems) {
	f := &file{name: name, known: byPath(all), sections: sections(all), seen: map[string]int{}}
	data = bytes.TrimPrefix(data, []byte("\ufeff")) // editors add it, and the parser trips over it
	// Duplicates are reported below, with both lines and the path.
	tree, err := parser.ParseBytes(data, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, Problems{f.syntax(err)}
	}
	documents := 0
	for _, d := range tree.Docs {
		if d.Body == nil {
			continue
		}
		if documents++; documents > 1 {
			f.problem("", d.Body, "begins a second document", "give one")
			break
		}
		f.section("", d.Body)
	}
	return f.out, f.problems
}

// syntax is a parser's error without the piece of the file that the parser
// would quote: there may be a secret in it.
func (f *file) syntax(err error) Problem {
	p := Problem{Origin: Origin(f.name), What: "is not valid YAML"}
	var s *yaml.SyntaxError
	if !errors.As(err, &s) {
		return p
	}
	if t := s.GetToken(); t != nil && t.Position != nil {
		p.Origin = originLine(f.name, t.Position.Line)
	}
	if m := s.GetMessage(); !strings.Contains(m, `"`) {
		p.Remedy = m
	}
	return p
}

func (f *file) problem(path string, at ast.Node, what, remedy string) {
	f.problems = append(f.problems, Problem{Key: path, Origin: originLine(f.name, lineOf(at)), What: what, Remedy: remedy})
}

// section reads a mapping of keys; path is "" for the whole file, and else ends
// in a dot.
func (f *file) section(path string, n ast.Node) {
	pairs, ok := pairsOf(n)
	if !ok {
		f.problem(strings.TrimSuffix(path, "."), n, "holds other keys, and is given as something else", "write one key: value a line, with a blank after the colon")
		return
	}
	for _, p := range pairs {
		name, err := textOf(p.Key)
		if err != nil {
			f.problem("", p.Key, "a key "+err.Error(), "")
			continue
		}
		f.key(path+name, p)
	}
}

func (f *file) key(path string, p *ast.MappingValueNode) {
	_, known := f.known[path]
	if !known && !f.sections[path] {
		f.problem(path, p.Key, "there is no such key", suggestKey(path, f.known, f.sections))
		return
	}
	if first, twice := f.seen[path]; twice {
		f.problem(path, p.Key, fmt.Sprintf("is given twice, first in line %d", first), "keep one")
		return
	}
	f.seen[path] = lineOf(p.Key)
	switch {
	case p.Value == nil || p.Value.Type() == ast.NullType: // as if it were not there
	case known:
		v, err := valueOf(p.Value)
		if err != nil {
			f.problem(path, p.Key, err.Error(), "")
			return
		}
		f.out = append(f.out, assignment{
			path: path, value: v, origin: originLine(f.name, lineOf(p.Key)), dir: filepath.Dir(f.name),
		})
	default:
		f.section(path+".", p.Value)
	}
}

// pairsOf are the entries of a mapping; nothing at all is an empty one.
func pairsOf(n ast.Node) ([]*ast.MappingValueNode, bool) {
	switch n := n.(type) {
	case *ast.MappingNode:
		return n.Values, true
	case *ast.MappingValueNode:
		return []*ast.MappingValueNode{n}, true
	case *ast.NullNode, *ast.CommentGroupNode:
		return nil, true
	}
	return nil, false
}

func valueOf(n ast.Node) (value, error) {
	if s, ok := n.(*ast.SequenceNode); ok {
		v := value{shape: list}
		for _, item := range s.Values {
			text, err := textOf(item)
			if err != nil {
				return value{}, fmt.Errorf("an item of the list %w", err)
			}
			v.items = append(v.items, text)
		}
		return v, nil
	}
	if pairs, ok := pairsOf(n); ok {
		return mappingOf(pairs)
	}
	text, err := textOf(n)
	return value{text: text}, err
}

func mappingOf(pairs []*ast.MappingValueNode) (value, error) {
	v := value{shape: mapping}
	for _, p := range pairs {
		name, err := textOf(p.Key)
		if err != nil {
			return value{}, fmt.Errorf("a name %w", err)
		}
		if _, twice := v.pairs[name]; twice {
			return value{}, fmt.Errorf("%s is given twice", name)
		}
		text, err := textOf(p.Value)
		if err != nil {
			return value{}, fmt.Errorf("%s %w", name, err)
		}
		if v.pairs == nil {
			v.pairs = map[string]string{}
		}
		v.pairs[name] = text
	}
	return v, nil
}

// textOf is a scalar as it is written: 012345678901 keeps its zero. Errors do
// not repeat the text.
func textOf(n ast.Node) (string, error) {
	switch n := n.(type) {
	case *ast.StringNode:
		return n.Value, nil
	case *ast.LiteralNode:
		return n.Value.Value, nil
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, nil
	case *ast.NullNode:
		return "", errors.New("has no value")
	case *ast.TagNode, *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "", errors.New("uses a YAML tag, anchor, alias or merge, which are not read here: put a text that begins with !, & or * in quotes")
	}
	return "", errors.New("is not a single text")
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 0
}

func byPath(all []field) map[string]field {
	out := make(map[string]field, len(all))
	for _, f := range all {
		out[f.Path] = f
	}
	return out
}
