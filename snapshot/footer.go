package snapshot

import (
	"cmp"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
)

// Footers checks files of a repository against their own footers as they stream
// by: data blobs, and all metadata but the root. Files come in bytewise order of
// their keys below the base path. It costs one CRC-32 of every byte.
//
// Of a Lucene file that was cut into parts only the last part has the footer.
// Where all parts stream by, the whole file is checked. Where some do not,
// because a volume ends between them, a part that must be the last (it is shorter
// than another) has to end like a footer, and no more can be told.
//
// The zero value is ready for the first file. Errors are ErrDamaged and name the
// key.
type Footers struct {
	file  piece
	kind  fileKind
	cut   cutFile
	begun bool // a file is streaming by
}

type fileKind int

const (
	unframed fileKind = iota // the root, which is JSON, and what is not known
	framed
	partOfFile
)

// kindOf tells what a key below the base path is.
func kindOf(key string) fileKind {
	folder, name := "", key
	if i := strings.LastIndexByte(key, '/'); i >= 0 {
		folder, name = key[:i], key[i+1:]
	}
	switch {
	case strings.HasSuffix(name, ".dat") && (strings.HasPrefix(name, "snap-") || strings.HasPrefix(name, "meta-")):
		return framed
	case !strings.HasPrefix(folder, "indices/"):
		return unframed
	case strings.HasPrefix(name, "index-"):
		return framed
	case strings.HasPrefix(name, "__"):
		if _, _, ok := cutPart(name); ok {
			return partOfFile
		}
		return framed
	}
	return unframed
}

// Next ends the file that streamed by, and begins the one with this key.
func (f *Footers) Next(key string) error {
	if err := f.endFile(); err != nil {
		return err
	}
	f.kind, f.begun = kindOf(key), true
	name, number, _ := cutPart(key)
	f.file = piece{key: key, number: number}
	if f.cut.pieces != nil && (f.kind != partOfFile || name != f.cut.name) {
		if err := f.endCut(true); err != nil {
			return err
		}
	}
	if f.kind == partOfFile {
		f.cut.name = name
	}
	return nil
}

// Write takes the next bytes of the file. It never fails.
func (f *Footers) Write(p []byte) (int, error) {
	if f.kind != unframed {
		f.file.write(p)
	}
	return len(p), nil
}

// End ends the last file.
func (f *Footers) End() error {
	if err := f.endFile(); err != nil {
		return err
	}
	return f.endCut(false)
}

func (f *Footers) endFile() error {
	if !f.begun {
		return nil
	}
	f.begun = false
	switch f.kind {
	case framed:
		if err := checkFooter(f.file.sum, f.file.tail); err != nil {
			return fmt.Errorf("%s: %w", f.file.key, err)
		}
	case partOfFile:
		f.cut.pieces = append(f.cut.pieces, f.file)
	}
	return nil
}

// endCut checks the parts that came. more: a later key has come, so that there
// is no part behind them.
func (f *Footers) endCut(more bool) error {
	cut := f.cut
	f.cut = cutFile{}
	if len(cut.pieces) == 0 {
		return nil
	}
	if err := cut.check(more); err != nil {
		return fmt.Errorf("%s: %w", cut.name, err)
	}
	return nil
}

// piece is one blob, as much of it as is needed later.
type piece struct {
	key    string
	number int64 // of the part
	size   int64
	sum    uint32
	tail   []byte // the last bytes, as many as a footer has
}

func (p *piece) write(b []byte) {
	p.size += int64(len(b))
	p.sum = crc32.Update(p.sum, crc32.IEEETable, b)
	p.tail = lastBytes(p.tail, b)
}

// lastBytes gives the last bytes of a and b behind each other, as many as a
// footer has. It may write into a, and keeps nothing of b.
func lastBytes(a, b []byte) []byte {
	if len(b) >= footerBytes {
		return append(a[:0], b[len(b)-footerBytes:]...)
	}
	if over := len(a) + len(b) - footerBytes; over > 0 {
		a = a[:copy(a, a[over:])]
	}
	return append(a, b...)
}

// cutFile is a file in parts, in the order of their keys: part10 comes before
// part2, but part0 before all.
type cutFile struct {
	name   string // the parts' keys, without the number
	pieces []piece
}

func (c *cutFile) check(ended bool) error {
	slices.SortFunc(c.pieces, func(a, b piece) int { return cmp.Compare(a.number, b.number) })
	var sum uint32
	var tail []byte
	var longest int64
	for i, p := range c.pieces {
		longest = max(longest, p.size)
		if p.number != int64(i) { // parts are elsewhere
			if c.pieces[0].number == 0 && ended {
				return fmt.Errorf("%w: its part %d is missing", ErrDamaged, i)
			}
			return c.checkShorter()
		}
		sum = joinCRC(sum, p.sum, p.size)
		tail = lastBytes(tail, p.tail)
	}
	// All parts from the first on. Is the last of them the file's last?
	if last := c.pieces[len(c.pieces)-1]; !ended && last.size == longest && !isFooter(tail) {
		return nil
	}
	return checkFooter(sum, tail)
}

// checkShorter looks at the part that must be the last, if it is among them.
func (c *cutFile) checkShorter() error {
	var longest int64
	for _, p := range c.pieces {
		longest = max(longest, p.size)
	}
	for _, p := range c.pieces {
		// A footer may itself be cut in two.
		if p.size < longest && p.size >= footerBytes && !isFooter(p.tail) {
			return fmt.Errorf("%w: no footer at the end of its last part, %d", ErrDamaged, p.number)
		}
	}
	return nil
}
