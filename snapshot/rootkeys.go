package snapshot

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// ErrOutsideBase: shard data lies outside the repository's base path, where
// neither a listing of the base path nor a copy of it finds it. The remedy is
// the setting shard_path_type: fixed in an empty repository.
var ErrOutsideBase = errors.New("shard data lies outside the repository's base path")

// Keys lists every file that must exist according to the root, as sorted keys
// below the base path, without the root files themselves. The shards' data
// files are not among them: each shard's snap-<uuid>.dat names those.
//
// Only a repository whose snapshots all ended in SUCCESS can be told so
// exactly; anything else is an error, and so is ErrOutsideBase.
func (r Root) Keys() ([]string, error) {
	var keys []string
	byUUID := map[string]RootSnapshot{}
	for _, s := range r.Snapshots {
		if s.State != RootSuccess {
			return nil, fmt.Errorf("snapshot %s is %s: what it left in the repository cannot be told", s.Name, s.State)
		}
		byUUID[s.UUID] = s
		keys = append(keys, "snap-"+s.UUID+".dat", "meta-"+s.UUID+".dat")
	}
	for _, i := range r.Indices {
		more, err := r.indexKeys(i, byUUID)
		if err != nil {
			return nil, fmt.Errorf("index %s: %w", i.Name, err)
		}
		keys = append(keys, more...)
	}
	slices.Sort(keys)
	return slices.Compact(keys), nil // snapshots share an index's metadata
}

func (r Root) indexKeys(i RootIndex, snapshots map[string]RootSnapshot) ([]string, error) {
	if i.ShardPathType != 0 {
		return nil, fmt.Errorf("%w (shard_path_type %d)", ErrOutsideBase, i.ShardPathType)
	}
	if len(i.ShardGenerations) == 0 {
		return nil, errors.New("no shard has a generation")
	}
	folder := "indices/" + i.ID + "/"
	var keys []string
	for _, uuid := range i.Snapshots {
		blob, err := r.metadataBlob(snapshots[uuid], i.ID)
		if err != nil {
			return nil, err
		}
		keys = append(keys, folder+"meta-"+blob+".dat")
	}
	for n, generation := range i.ShardGenerations {
		shard := folder + strconv.Itoa(n) + "/"
		if !reliable(generation) {
			return nil, fmt.Errorf("shard %d has no generation (%q)", n, generation)
		}
		keys = append(keys, shard+"index-"+generation)
		for _, uuid := range i.Snapshots {
			keys = append(keys, shard+"snap-"+uuid+".dat")
		}
	}
	return keys, nil
}

// metadataBlob follows the two steps from a snapshot to the blob of an index's
// metadata.
func (r Root) metadataBlob(s RootSnapshot, indexID string) (string, error) {
	key, ok := s.IndexMetadata[indexID]
	if !ok {
		return s.UUID, nil
	}
	blob, ok := r.IndexMetadata[key]
	if !ok {
		return "", fmt.Errorf("its metadata in snapshot %s has no identifier", s.Name)
	}
	return blob, nil
}

// reliable is false for generations that name no file: none; _new and _deleted,
// which the servers use in computations; and bare numbers, which they mistrust
// themselves (elastic/elasticsearch#57798).
func reliable(generation string) bool {
	return generation != "_new" && generation != "_deleted" && strings.Trim(generation, "0123456789") != ""
}
