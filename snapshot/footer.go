package snapshot

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
)

// Footers checks files of a repository against their own footers as they stream
// by: data blobs, and all metadata but the root. Files come in bytewise order of
// their keys below the base path. It costs one CRC-32 of every byte.
//
// Of a Lucene file that was cut into parts only the last part has the footer.
// Where all parts stream by, the whole file is checked. Parts at either end,
// whose file may go on in another volume, are left open: End gives them, and
// JoinFooters checks them.
//
// The zero value is ready for the first file. Errors are ErrDamaged and name the
// key.
type Footers struct {
	key   string
	kind  fileKind
	file  piece
	begun bool // a file is streaming by
	cut   cutFile
	open  []cutFile
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
	f.key, f.kind, f.begun = key, kindOf(key), true
	name, number, _ := cutPart(key)
	f.file = piece{Number: number}
	if f.kind != partOfFile || name != f.cut.Name {
		if err := f.endCut(); err != nil {
			return err
		}
	}
	if f.kind == partOfFile {
		f.cut.Name = name
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

// End ends the last file, and gives for JoinFooters what is left open, if only
// that there is nothing.
func (f *Footers) End() (json.RawMessage, error) {
	if err := f.endFile(); err != nil {
		return nil, err
	}
	open := append([]cutFile{}, f.open...)
	if len(f.cut.Parts) > 0 {
		open = append(open, f.cut)
	}
	return json.Marshal(open)
}

func (f *Footers) endFile() error {
	if !f.begun {
		return nil
	}
	f.begun = false
	switch f.kind {
	case framed:
		if err := checkFooter(f.file.CRC32, f.file.Tail); err != nil {
			return fmt.Errorf("%s: %w", f.key, err)
		}
	case partOfFile:
		f.cut.Parts = append(f.cut.Parts, f.file)
	}
	return nil
}

// endCut ends the parts of a file, behind which the key of another has come:
// those that are missing can only have come before.
func (f *Footers) endCut() error {
	cut := f.cut
	f.cut = cutFile{}
	switch {
	case len(cut.Parts) == 0:
		return nil
	case cut.Parts[0].Number > 0: // the first part has the first key
		f.open = append(f.open, cut)
		return nil
	}
	return cut.check()
}

// piece is one blob, as much of it as is needed later.
type piece struct {
	Number int64  `json:"number"` // of the part
	Bytes  int64  `json:"bytes"`
	CRC32  uint32 `json:"crc32"`
	Tail   []byte `json:"tail"` // the last bytes, as many as a footer has
}

func (p *piece) write(b []byte) {
	p.Bytes += int64(len(b))
	p.CRC32 = crc32.Update(p.CRC32, crc32.IEEETable, b)
	p.Tail = lastBytes(p.Tail, b)
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
