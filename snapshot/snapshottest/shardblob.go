package snapshottest

import (
	"fmt"
	"slices"

	"archiver/snapshot/internal/smile"
)

// shardSnapshot is the content of a shard's snap-<uuid>.dat
// (BlobStoreIndexShardSnapshot in OpenSearch): which files make up the shard.
type shardSnapshot struct {
	Name    string     `json:"name"`
	Commit  int64      `json:"index_version"`
	Start   int64      `json:"start_time"` // milliseconds since 1970
	Millis  int64      `json:"time"`
	NewSize int        `json:"number_of_files"` // that were not in the repository before
	Bytes   int64      `json:"total_size"`      // of those
	Files   []fileInfo `json:"files"`
}

// fileInfo says where a Lucene file lies: in the blob Name, in Name.part0 and
// so on if it is longer than PartSize, or in Hash if Name begins with v__.
type fileInfo struct {
	Name      string `json:"name"`
	Physical  string `json:"physical_name"`
	Length    int64  `json:"length"`
	Checksum  string `json:"checksum"`
	PartSize  int64  `json:"part_size"`
	WrittenBy string `json:"written_by"`
	Hash      []byte `json:"meta_hash"`
}

func (f fileInfo) inline() bool { return f.Hash != nil }

// same is how a repository recognizes a file that it has already. It does not
// look whether the blob is still there.
func (f fileInfo) same(other fileInfo) bool {
	return f.Physical == other.Physical && f.Length == other.Length && f.Checksum == other.Checksum
}

// blobs are the names of the blobs that hold the file.
func (f fileInfo) blobs() []string {
	if f.inline() {
		return nil
	}
	if f.Length <= f.PartSize {
		return []string{f.Name}
	}
	var parts []string
	for at := int64(0); at < f.Length; at += f.PartSize {
		parts = append(parts, fmt.Sprintf("%s.part%d", f.Name, len(parts)))
	}
	return parts
}

func (f fileInfo) object() smile.Object {
	o := smile.Object{
		{Name: "name", Value: f.Name},
		{Name: "physical_name", Value: f.Physical},
		{Name: "length", Value: f.Length},
		{Name: "checksum", Value: f.Checksum},
		{Name: "part_size", Value: f.PartSize},
		{Name: "written_by", Value: f.WrittenBy},
	}
	if f.inline() {
		o = append(o, smile.Field{Name: "meta_hash", Value: f.Hash})
	}
	return o
}

func fileObjects(files []fileInfo) []any {
	list := []any{}
	for _, f := range files {
		list = append(list, f.object())
	}
	return list
}

func (s shardSnapshot) object() smile.Object {
	return smile.Object{
		{Name: "name", Value: s.Name},
		{Name: "index_version", Value: s.Commit},
		{Name: "start_time", Value: s.Start},
		{Name: "time", Value: s.Millis},
		{Name: "number_of_files", Value: s.NewSize},
		{Name: "total_size", Value: s.Bytes},
		{Name: "files", Value: fileObjects(s.Files)},
	}
}

// shardIndex is the content of a shard's index-<generation>
// (BlobStoreIndexShardSnapshots): all files of all of its snapshots.
type shardIndex struct {
	Files     []fileInfo                  `json:"files"`
	Snapshots map[string]shardIndexMember `json:"snapshots"` // by name
	order     []string                    // of Snapshots
}

type shardIndexMember struct {
	Files   []string `json:"files"`
	StateID string   `json:"shard_state_id"`
}

func readShardIndex(blob []byte) (*shardIndex, error) {
	o, err := decodeBlob(codecShards, blob)
	if err != nil {
		return nil, err
	}
	var x shardIndex
	if err := fill(o, &x); err != nil {
		return nil, err
	}
	members, _ := o.Get("snapshots").(smile.Object)
	for _, m := range members {
		x.order = append(x.order, m.Name)
	}
	return &x, nil
}

func (x *shardIndex) object() smile.Object {
	members := smile.Object{}
	for _, name := range x.order {
		names := []any{}
		for _, f := range x.Snapshots[name].Files {
			names = append(names, f)
		}
		members = append(members, smile.Field{Name: name, Value: smile.Object{
			{Name: "files", Value: names},
			{Name: "shard_state_id", Value: x.Snapshots[name].StateID},
		}})
	}
	return smile.Object{{Name: "files", Value: fileObjects(x.Files)}, {Name: "snapshots", Value: members}}
}

// with adds a snapshot; x stays as it was.
func (x *shardIndex) with(name, stateID string, files []fileInfo) *shardIndex {
	next := &shardIndex{Files: slices.Clone(x.Files), order: append(slices.Clone(x.order), name), Snapshots: map[string]shardIndexMember{}}
	for n, m := range x.Snapshots {
		next.Snapshots[n] = m
	}
	member := shardIndexMember{StateID: stateID}
	for _, f := range files {
		member.Files = append(member.Files, f.Name)
		if !slices.ContainsFunc(x.Files, func(have fileInfo) bool { return have.Name == f.Name }) {
			next.Files = append(next.Files, f)
		}
	}
	next.Snapshots[name] = member
	return next
}

// keeping drops the snapshots that are not named, and the files of theirs alone.
func (x *shardIndex) keeping(names map[string]bool) *shardIndex {
	next := &shardIndex{Snapshots: map[string]shardIndexMember{}}
	used := map[string]bool{}
	for _, name := range x.order {
		if !names[name] {
			continue
		}
		next.order = append(next.order, name)
		next.Snapshots[name] = x.Snapshots[name]
		for _, f := range x.Snapshots[name].Files {
			used[f] = true
		}
	}
	for _, f := range x.Files {
		if used[f.Name] {
			next.Files = append(next.Files, f)
		}
	}
	return next
}
