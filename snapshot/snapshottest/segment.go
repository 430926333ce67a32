package snapshottest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
)

// segment is a set of documents that were committed together. Its files are
// real ones outside, with Lucene's header and footer; inside there are the
// documents, one JSON line each.
type segment struct {
	name string // _0, _1, …
	id   [16]byte
	docs []Doc
}

// file is one Lucene file. Small ones have no blob of their own: they are held
// in the shard's metadata.
type file struct {
	name   string
	body   []byte
	inline bool
}

// The codec names of Lucene's files.
const (
	codecData    = "Lucene90CompoundData"
	codecEntries = "Lucene90CompoundEntries"
	codecInfo    = "Lucene90SegmentInfo"
	codecCommit  = "segments"
)

// luceneVersion is shown as written_by.
const luceneVersion = "10.4.0"

// files lists a shard's Lucene files in the order in which a snapshot names
// them.
func (s *shard) files() ([]file, error) {
	var all []file
	var list bytes.Buffer
	for _, g := range s.segments {
		data, err := g.data()
		if err != nil {
			return nil, err
		}
		count := strconv.Itoa(len(g.docs))
		all = append(all,
			file{name: g.name + ".cfe", body: g.file(codecEntries, []byte(g.name+".fdt "+strconv.Itoa(len(data))))},
			file{name: g.name + ".si", body: g.file(codecInfo, []byte("documents "+count)), inline: true},
			file{name: g.name + ".cfs", body: g.file(codecData, data)},
		)
		fmt.Fprintf(&list, "%s %x %s\n", g.name, g.id, count)
	}
	commit := appendFooter(append(appendHeader(nil, codecCommit, 10), list.Bytes()...))
	name := "segments_" + strconv.FormatInt(s.commits, 36)
	return append(all, file{name: name, body: commit, inline: true}), nil
}

func (g segment) file(codec string, body []byte) []byte {
	b := append(appendHeader(nil, codec, 0), g.id[:]...)
	b = append(b, 0) // the length of the segment's suffix
	return appendFooter(append(b, body...))
}

func (g segment) data() ([]byte, error) {
	var b bytes.Buffer
	lines := json.NewEncoder(&b)
	lines.SetEscapeHTML(false)
	for _, d := range g.docs {
		if err := lines.Encode(d); err != nil {
			return nil, fmt.Errorf("document %s: %w", d.ID, err)
		}
	}
	return b.Bytes(), nil
}

// readSegment reads the documents of a .cfs file back.
func readSegment(name string, body []byte) (segment, error) {
	g := segment{name: strings.TrimSuffix(name, ".cfs")}
	b, err := cutFooter(body)
	if err != nil {
		return g, err
	}
	if b, err = cutHeader(b, codecData, 0); err != nil {
		return g, err
	}
	if len(b) <= len(g.id) {
		return g, fmt.Errorf("%s ends early", name)
	}
	copy(g.id[:], b)
	for lines := json.NewDecoder(bytes.NewReader(b[len(g.id)+1:])); lines.More(); {
		var d Doc
		if err := lines.Decode(&d); err != nil {
			return g, err
		}
		g.docs = append(g.docs, d)
	}
	return g, nil
}
