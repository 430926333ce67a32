package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// ParseRoot reads the file index-N. It is strict: a field that it does not
// know, a key given twice, or a reference to something that is not there is an
// error, since a root that is only half understood cannot prove that a
// repository is whole. Every name in the result is safe as a part of a key.
func ParseRoot(data []byte) (Root, error) {
	r, err := parseRoot(data)
	if err == nil {
		err = r.check()
	}
	if err != nil {
		return Root{}, fmt.Errorf("repository root: %w", err)
	}
	slices.SortFunc(r.Indices, func(a, b RootIndex) int { return cmp.Compare(a.Name, b.Name) })
	return r, nil
}

func parseRoot(data []byte) (Root, error) {
	var r Root
	w, err := newWalker(data)
	if err != nil {
		return Root{}, err
	}
	seen := map[string]bool{}
	err = w.object(func(key string) (err error) {
		seen[key] = true
		switch key {
		case "snapshots":
			return w.array(func() error {
				s, err := parseRootSnapshot(w)
				r.Snapshots = append(r.Snapshots, s)
				return err
			})
		case "indices":
			return w.object(func(name string) error {
				i, err := parseRootIndex(w, name)
				r.Indices = append(r.Indices, i)
				return err
			})
		case "index_metadata_identifiers":
			r.IndexMetadata, err = w.strings()
			return err
		case "min_version", "uuid", "cluster_id": // Elasticsearch
			return w.skipScalar()
		}
		return errUnknown
	})
	if err != nil {
		return Root{}, err
	}
	if !seen["snapshots"] || !seen["indices"] {
		return Root{}, errors.New("it lacks snapshots or indices")
	}
	return r, w.end()
}

func parseRootSnapshot(w *walker) (RootSnapshot, error) {
	s := RootSnapshot{State: -1}
	err := w.object(func(key string) (err error) {
		switch key {
		case "name":
			s.Name, err = w.string()
		case "uuid":
			s.UUID, err = w.string()
		case "state":
			var n int64
			n, err = w.int()
			s.State = RootState(n)
		case "index_metadata_lookup":
			s.IndexMetadata, err = w.strings()
		case "version":
			s.Version, err = w.stringOrNumber()
		case "index_version", "start_time_millis", "end_time_millis", "slm_policy": // Elasticsearch
			err = w.skipScalar()
		default:
			err = errUnknown
		}
		return err
	})
	return s, err
}

func parseRootIndex(w *walker, name string) (RootIndex, error) {
	i := RootIndex{Name: name}
	err := w.object(func(key string) (err error) {
		switch key {
		case "id":
			i.ID, err = w.string()
		case "shard_path_type": // OpenSearch
			i.ShardPathType, err = w.int()
		case "snapshots":
			err = w.array(func() error {
				uuid, err := w.string()
				i.Snapshots = append(i.Snapshots, uuid)
				return err
			})
		case "shard_generations":
			err = w.array(func() error {
				generation, err := w.stringOrNull()
				i.ShardGenerations = append(i.ShardGenerations, generation)
				return err
			})
		default:
			err = errUnknown
		}
		return err
	})
	return i, err
}

// check finds what the JSON's shape leaves open.
func (r Root) check() error {
	uuids, names, ids := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, s := range r.Snapshots {
		if s.Name == "" || !isID(s.UUID) || s.State < RootInProgress || s.State > RootIncompatible {
			return fmt.Errorf("snapshot %q has no name, uuid or state that could be one", s.Name)
		}
		if uuids[s.UUID] || names[s.Name] {
			return fmt.Errorf("snapshot %q is listed twice", s.Name)
		}
		uuids[s.UUID], names[s.Name] = true, true
	}
	for _, i := range r.Indices {
		if err := i.check(uuids); err != nil {
			return fmt.Errorf("index %q: %w", i.Name, err)
		}
		if ids[i.ID] {
			return fmt.Errorf("index %q: another has the id %s", i.Name, i.ID)
		}
		ids[i.ID] = true
	}
	for key, blob := range r.IndexMetadata {
		if !isID(blob) {
			return fmt.Errorf("index metadata %q: %q cannot be a part of a file's name", key, blob)
		}
	}
	for _, s := range r.Snapshots {
		for id := range s.IndexMetadata {
			if !ids[id] {
				return fmt.Errorf("snapshot %q has metadata of an index %q that is not listed", s.Name, id)
			}
		}
	}
	return nil
}

func (i RootIndex) check(uuids map[string]bool) error {
	if !isID(i.ID) {
		return fmt.Errorf("%q cannot be a folder's name", i.ID)
	}
	if len(i.Snapshots) == 0 {
		return errors.New("no snapshot holds it")
	}
	seen := map[string]bool{}
	for _, uuid := range i.Snapshots {
		if !uuids[uuid] || seen[uuid] {
			return fmt.Errorf("snapshot %q is not listed, or holds it twice", uuid)
		}
		seen[uuid] = true
	}
	for n, g := range i.ShardGenerations {
		if g != "" && !isID(g) {
			return fmt.Errorf("shard %d: %q cannot be a part of a file's name", n, g)
		}
	}
	return nil
}

// isID is for the servers' identifiers: URL-safe base64, mostly 20 or 22
// characters.
func isID(s string) bool {
	const chars = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"
	return s != "" && len(s) <= 100 && strings.Trim(s, chars) == ""
}
