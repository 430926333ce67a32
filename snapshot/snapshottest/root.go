package snapshottest

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// root is the repository's root file (RepositoryData in OpenSearch).
type root struct {
	Snapshots   []rootSnapshot       `json:"snapshots"`
	Indices     map[string]rootIndex `json:"indices"` // by name
	Identifiers map[string]string    `json:"index_metadata_identifiers"`
}

type rootSnapshot struct {
	Name    string            `json:"name"`
	UUID    string            `json:"uuid"`
	State   int               `json:"state"`
	Lookup  map[string]string `json:"index_metadata_lookup,omitempty"` // from an index's ID to a key of Identifiers
	Version string            `json:"version"`
}

type rootIndex struct {
	ID          string    `json:"id"`
	PathType    int       `json:"shard_path_type"` // 0 fixed, 1 hashed
	Snapshots   []string  `json:"snapshots"`       // UUIDs
	Generations []*string `json:"shard_generations"`
}

func (i rootIndex) hashed() bool { return i.PathType != 0 }

// clone copies what a new root changes.
func (r *root) clone() *root {
	n := &root{Snapshots: slices.Clone(r.Snapshots), Indices: map[string]rootIndex{}, Identifiers: maps.Clone(r.Identifiers)}
	for name, i := range r.Indices {
		i.Snapshots = slices.Clone(i.Snapshots)
		i.Generations = slices.Clone(i.Generations)
		n.Indices[name] = i
	}
	return n
}

// remove takes a snapshot out, and indices and metadata that nothing refers to
// any more.
func (r *root) remove(uuid string) {
	r.Snapshots = slices.DeleteFunc(r.Snapshots, func(s rootSnapshot) bool { return s.UUID == uuid })
	for name, i := range r.Indices {
		i.Snapshots = slices.DeleteFunc(i.Snapshots, func(u string) bool { return u == uuid })
		r.Indices[name] = i
	}
	maps.DeleteFunc(r.Indices, func(_ string, i rootIndex) bool { return len(i.Snapshots) == 0 })
	used := map[string]bool{}
	for _, s := range r.Snapshots {
		for _, key := range s.Lookup {
			used[key] = true
		}
	}
	maps.DeleteFunc(r.Identifiers, func(key, _ string) bool { return !used[key] })
}

func (r *root) find(name string) (rootSnapshot, bool) {
	i := slices.IndexFunc(r.Snapshots, func(s rootSnapshot) bool { return s.Name == name })
	if i < 0 {
		return rootSnapshot{}, false
	}
	return r.Snapshots[i], true
}

// noGeneration is that of a repository which nothing was written to.
const noGeneration = -1

func rootName(generation int64) string { return "index-" + strconv.FormatInt(generation, 10) }

// load gives the root. The cluster remembers it: it looks for the newest root
// file only once after a registration.
func (r *repository) load() (*root, error) {
	if r.disabled {
		return nil, disabled(r.name)
	}
	if r.root != nil {
		return r.root, nil
	}
	generation, err := r.newest()
	if err != nil {
		return nil, repositoryFault(r.name, "could not list the repository: %v", err)
	}
	read := &root{Indices: map[string]rootIndex{}, Identifiers: map[string]string{}}
	if generation != noGeneration {
		body, err := r.blobs.Get(r.place.key(rootName(generation)))
		if err == nil {
			err = json.Unmarshal(body, read)
		}
		if err != nil {
			fault := repositoryFault(r.name, "could not read repository data from index blob")
			fault.cause = &refusal{typ: "json_parse_exception", reason: err.Error()}
			return nil, fault
		}
	}
	r.root, r.generation = read, generation
	return read, nil
}

func (r *repository) newest() (int64, error) {
	keys, err := r.blobs.List(r.place.key("index-"))
	if err != nil {
		return 0, err
	}
	newest := int64(noGeneration)
	for _, key := range keys {
		digits := strings.TrimPrefix(key, r.place.key("index-"))
		if n, err := strconv.ParseInt(digits, 10, 64); err == nil {
			newest = max(newest, n)
		}
	}
	return newest, nil
}

// replace writes the next generation of the root. The one that the cluster
// remembers must still be there, or the repository is disabled from then on.
func (r *repository) replace(next *root) error {
	if r.generation != noGeneration {
		_, err := r.blobs.Get(r.place.key(rootName(r.generation)))
		if errors.Is(err, fs.ErrNotExist) {
			r.disabled = true
			return repositoryFault(r.name, "concurrent modification of the index-N file, expected current generation [%d] but it was not found in the repository", r.generation)
		}
		if err != nil {
			return repositoryFault(r.name, "could not read the root: %v", err)
		}
	}
	body, err := json.Marshal(next)
	if err == nil {
		err = r.blobs.Put(r.place.key(rootName(r.generation+1)), body)
	}
	if err != nil {
		return repositoryFault(r.name, "Failed to write new root: %v", err)
	}
	r.root, r.generation = next, r.generation+1
	return nil
}

// point writes index.latest. It is a hint for stores that cannot list: failing
// to write it stops nothing.
func (r *repository) point() {
	_ = r.blobs.Put(r.place.key("index.latest"), binary.BigEndian.AppendUint64(nil, uint64(r.generation)))
}

// forget removes the root before the current one.
func (r *repository) forget() {
	if r.generation > 0 {
		r.discard(r.place.key(rootName(r.generation - 1)))
	}
}

// metadataKey identifies the state of an index that its metadata blob holds: as
// long as it is the same, the blob is shared.
func metadataKey(i *index) string { return fmt.Sprintf("%s-_na_-1-2-1", i.uuid) }
