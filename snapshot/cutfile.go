package snapshot

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// cutFile is a Lucene file that the repository cut into parts, or some of its
// parts in the order of their keys: part10 comes before part2, but part0 before
// all.
type cutFile struct {
	Name  string  `json:"name"` // the parts' keys, without the number
	Parts []piece `json:"parts"`
}

// JoinFooters checks the files of which each of several Footers saw some parts:
// left is what their Ends gave, of all that the repository's files streamed by.
// Errors: ErrDamaged, with the key; any other if what was left is not understood.
func JoinFooters(left []json.RawMessage) error {
	parts := map[string][]piece{}
	for _, text := range left {
		files, err := decodeCutFiles(text)
		if err != nil {
			return fmt.Errorf("reading which files were left open: %w", err)
		}
		for _, f := range files {
			parts[f.Name] = append(parts[f.Name], f.Parts...)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(parts)) {
		if err := (&cutFile{name, parts[name]}).check(); err != nil {
			return err
		}
	}
	return nil
}

// decodeCutFiles refuses what it does not know: half understood, a file that is
// whole would look damaged.
func decodeCutFiles(text []byte) (files []cutFile, err error) {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	err = d.Decode(&files)
	return files, err
}

// check joins the parts, and holds the whole file against the footer at its end.
// If the last parts are missing, there is none.
func (c *cutFile) check() error {
	slices.SortFunc(c.Parts, func(a, b piece) int { return cmp.Compare(a.Number, b.Number) })
	var sum uint32
	var tail []byte
	for i, p := range c.Parts {
		if p.Number != int64(i) {
			return fmt.Errorf("%s: %w: its part %d is missing", c.Name, ErrDamaged, i)
		}
		sum = joinCRC(sum, p.CRC32, p.Bytes)
		tail = lastBytes(tail, p.Tail)
	}
	if err := checkFooter(sum, tail); err != nil {
		return fmt.Errorf("%s: %w", c.Name, err)
	}
	return nil
}
