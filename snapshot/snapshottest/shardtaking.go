package snapshottest

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
)

// shardTaking is one shard of a snapshot that is being taken.
type shardTaking struct {
	t          *taking
	index      *index
	n          int
	shard      shard
	folder     string  // its key prefix
	old        *string // the generation before; nil: none
	generation string
	failure    string // why it is not in the snapshot; empty: it is, or will be

	files     []fileInfo
	newFiles  int
	newBytes  int64
	doneFiles int
	doneBytes int64
	began     bool
	ended     bool
}

// begin decides what has to be written and gives the writes.
func (s *shardTaking) begin() []func() {
	switch {
	case s.shard.unassigned:
		return []func(){func() { s.fail("primary shard is not allocated") }}
	case s.shard.broken:
		return []func(){func() {
			s.fail("UncategorizedExecutionException[Failed execution]; nested: ExecutionException[org.apache.lucene.index.CorruptIndexException: verification failed]; nested: CorruptIndexException[verification failed]")
		}}
	}
	before, err := s.before()
	if err != nil {
		return []func(){func() { s.fail(err.Error()) }}
	}
	files, err := s.shard.files()
	if err != nil {
		return []func(){func() { s.fail(err.Error()) }}
	}
	var data []func()
	for _, f := range files {
		data = append(data, s.add(f, before)...)
	}
	s.generation = s.t.c.id()
	stateID := fmt.Sprintf("%s-na-%d", s.index.uuid, s.shard.commits)
	after := before.with(s.t.info.Name, stateID, s.files)
	first := func() {
		s.began = true
		s.put("index-"+s.generation, codecShards, after.object())
	}
	last := func() {
		s.put("snap-"+s.t.info.UUID+".dat", codecShard, s.content())
		s.ended = s.failure == ""
	}
	return slices.Concat([]func(){first}, data, []func(){last})
}

// before reads what earlier snapshots hold of the shard.
func (s *shardTaking) before() (*shardIndex, error) {
	if s.old == nil {
		return &shardIndex{}, nil
	}
	key := s.folder + "index-" + *s.old
	blob, err := s.t.r.blobs.Get(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("NoSuchFileException[%s]", key)
	}
	if err != nil {
		return nil, err
	}
	return readShardIndex(blob)
}

// add enters a file, and gives the writes of its blobs if it is new to the
// repository.
func (s *shardTaking) add(f file, before *shardIndex) []func() {
	entry := fileInfo{Physical: f.name, Length: int64(len(f.body)), Checksum: checksum(f.body), PartSize: s.t.parts, WrittenBy: luceneVersion}
	if n := slices.IndexFunc(before.Files, entry.same); n >= 0 {
		s.files = append(s.files, before.Files[n])
		return nil
	}
	entry.Name = "__" + s.t.c.id()
	if f.inline {
		entry.Name, entry.Hash = "v__"+s.t.c.id(), f.body
	}
	s.files = append(s.files, entry)
	s.newFiles++
	s.newBytes += entry.Length
	if f.inline {
		return []func(){func() { s.count(entry.Length, true) }}
	}
	names := entry.blobs()
	var writes []func()
	for n, name := range names {
		body := part(f.body, entry.PartSize, n)
		last := n == len(names)-1
		writes = append(writes, func() {
			s.putBytes(name, body)
			s.count(int64(len(body)), last)
		})
	}
	return writes
}

func (s *shardTaking) count(bytes int64, wholeFile bool) {
	s.doneBytes += bytes
	if wholeFile {
		s.doneFiles++
	}
}

// part is the n-th piece of a file.
func part(body []byte, size int64, n int) []byte {
	if size >= int64(len(body)) {
		return body
	}
	from := int64(n) * size
	return body[from:min(from+size, int64(len(body)))]
}

func (s *shardTaking) content() smileObject {
	start := s.t.info.Start
	return shardSnapshot{
		Name: s.t.info.Name, Commit: s.shard.commits, Start: start, Millis: s.t.c.millis() - start,
		NewSize: s.newFiles, Bytes: s.newBytes, Files: s.files,
	}.object()
}

func (s *shardTaking) put(name, codec string, o smileObject) {
	blob, err := encodeBlob(codec, s.t.r.compress(), o)
	if err != nil {
		s.fail(err.Error())
		return
	}
	s.putBytes(name, blob)
}

// putBytes does nothing more once the shard has failed or the snapshot was
// aborted.
func (s *shardTaking) putBytes(name string, body []byte) {
	if s.t.aborted {
		s.fail("aborted")
	}
	if s.failure != "" {
		return
	}
	if err := s.t.r.blobs.Put(s.folder+name, body); err != nil {
		s.fail("IOException[" + err.Error() + "]")
	}
}

func (s *shardTaking) fail(why string) {
	if s.failure == "" {
		s.failure = why
	}
}
