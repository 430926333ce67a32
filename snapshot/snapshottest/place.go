package snapshottest

import (
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
)

// Place is where a repository lies among the blobs: its own keys begin with
// Root and Base. Each is empty or ends in a slash. With hashed paths, shards lie
// below Root and outside Base.
type Place struct {
	Root string
	Base string
}

// DefaultPlace puts an fs repository below its location, whose leading slash is
// dropped, and an s3 repository below bucket and base_path.
func DefaultPlace(typ string, settings map[string]string) (Place, error) {
	switch typ {
	case "fs":
		if settings["location"] == "" {
			return Place{}, errors.New("missing location")
		}
		return Place{Root: folder(settings["location"])}, nil
	case "s3":
		if settings["bucket"] == "" {
			return Place{}, errors.New("no bucket defined for s3 repository")
		}
		return Place{Root: folder(settings["bucket"]), Base: folder(settings["base_path"])}, nil
	}
	return Place{}, fmt.Errorf("no place is known for a repository of type %s", typ)
}

func folder(path string) string {
	if path = strings.Trim(path, "/"); path == "" {
		return ""
	}
	return path + "/"
}

// key is that of a blob below the base path.
func (p Place) key(name string) string { return p.Root + p.Base + name }

func (p Place) index(id string) string { return p.key("indices/" + id + "/") }

// shard is a shard's folder. Hashed, each begins with a folder of its own
// (hashed_prefix, OpenSearch's default from 3.1 to 3.6, as seen in 3.6.0).
func (p Place) shard(id string, n int, hashed bool) string {
	if !hashed {
		return fmt.Sprintf("%s%d/", p.index(id), n)
	}
	h := fnv.New64a()
	fmt.Fprint(h, id, n)
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
	sum := h.Sum64()
	return fmt.Sprintf("%s%c%014b/%sindices/%s/%d/", p.Root, letters[sum%32], sum>>32&0x3fff, p.Base, id, n)
}

// shardPaths is a blob that says where hashed shards lie.
func (p Place) shardPaths(id, name string, shards int) string {
	return p.key(fmt.Sprintf("snapshot_shard_paths/snapshot_path_%s.%s.%d.1.1", id, name, shards))
}
