package snapshot

import "strings"

// IsRepositoryKey says whether a key below the base path is one that a
// repository may write: its root files, the files of snapshots and indices, and
// what its verification writes. It does not say that anything refers to it.
func IsRepositoryKey(key string) bool {
	folder, name, nested := strings.Cut(key, "/")
	if nested {
		return name != "" && (folder == "indices" || strings.HasPrefix(folder, "tests-"))
	}
	framed := strings.HasSuffix(key, ".dat") && (strings.HasPrefix(key, "snap-") || strings.HasPrefix(key, "meta-"))
	return framed || IsRootFile(key) || key == "incompatible-snapshots"
}
