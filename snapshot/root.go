package snapshot

// Root is a repository's root metadata, the file index-N: which snapshots
// there are, of which indices, and so which files must lie in the repository.
// Its shape is the one that OpenSearch and Elasticsearch (RepositoryData in
// their sources) write.
type Root struct {
	Snapshots []RootSnapshot // in the file's order
	Indices   []RootIndex    // sorted by name
	// IndexMetadata gives the name of the blob that holds an index's metadata,
	// by the keys that RootSnapshot.IndexMetadata has as values. Nil in
	// repositories of before Elasticsearch 7.9.
	IndexMetadata map[string]string
}

// RootSnapshot is a snapshot in a Root.
type RootSnapshot struct {
	Name    string
	UUID    string
	State   RootState
	Version string // of the server that took it; a bare number from Elasticsearch 8.9 on
	// IndexMetadata maps the index's ID in the repository to a key of
	// Root.IndexMetadata. An index without one has a blob named after the
	// snapshot.
	IndexMetadata map[string]string
}

// RootIndex is an index in a Root, in all of the snapshots that hold it.
type RootIndex struct {
	Name      string
	ID        string   // its folder; not the index's UUID in the cluster
	Snapshots []string // UUIDs
	// ShardGenerations name the current index blob of each shard, by shard
	// number. Empty: unknown, as for a shard that could not be taken.
	ShardGenerations []string
	// ShardPathType is 0 if the shards lie below the index's folder. Any other
	// value puts them outside the repository's base path.
	ShardPathType int64
}

// RootState is a snapshot's state by its number in the root.
type RootState int64

// The states, with the servers' numbers.
const (
	RootInProgress   RootState = 0
	RootSuccess      RootState = 1
	RootFailed       RootState = 2
	RootPartial      RootState = 3
	RootIncompatible RootState = 4
)

// String names the state as the API does.
func (s RootState) String() string {
	switch s {
	case RootInProgress:
		return StateInProgress
	case RootSuccess:
		return StateSuccess
	case RootFailed:
		return StateFailed
	case RootPartial:
		return StatePartial
	case RootIncompatible:
		return "INCOMPATIBLE"
	}
	return "unknown"
}
