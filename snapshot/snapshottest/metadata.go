package snapshottest

import (
	"errors"
	"maps"
	"slices"
	"strconv"

	"archiver/snapshot/snapshottest/internal/smile"
)

type smileObject = smile.Object

// globalMetadata is meta-<uuid>.dat of a snapshot without the global state, and
// all that is simulated of one with it.
func globalMetadata() smile.Object {
	return smile.Object{{Name: "meta-data", Value: smile.Object{
		{Name: "version", Value: 0},
		{Name: "cluster_uuid", Value: "_na_"},
		{Name: "cluster_uuid_committed", Value: false},
		{Name: "cluster_coordination", Value: smile.Object{
			{Name: "term", Value: 0},
			{Name: "last_committed_config", Value: []any{}},
			{Name: "last_accepted_config", Value: []any{}},
			{Name: "voting_config_exclusions", Value: []any{}},
		}},
		{Name: "templates", Value: smile.Object{}},
		{Name: "data_stream", Value: smile.Object{{Name: "data_stream", Value: smile.Object{}}}},
	}}}
}

// indexMetadata is indices/<id>/meta-<blob>.dat, with what a real server wants
// to find there, too.
func indexMetadata(i *index) smile.Object {
	state := "open"
	if i.closed {
		state = "close"
	}
	terms := []any{}
	for range i.shards {
		terms = append(terms, 1)
	}
	return smile.Object{{Name: i.name, Value: smile.Object{
		{Name: "version", Value: 3},
		{Name: "mapping_version", Value: 2},
		{Name: "settings_version", Value: 1},
		{Name: "aliases_version", Value: 1},
		{Name: "routing_num_shards", Value: 1024},
		{Name: "state", Value: state},
		{Name: "settings", Value: smile.Object{
			{Name: "index.creation_date", Value: strconv.FormatInt(i.created, 10)},
			{Name: "index.number_of_replicas", Value: "0"},
			{Name: "index.number_of_shards", Value: strconv.Itoa(len(i.shards))},
			{Name: "index.provided_name", Value: i.name},
			{Name: "index.replication.type", Value: "DOCUMENT"},
			{Name: "index.uuid", Value: i.uuid},
			{Name: "index.version.created", Value: i.version},
		}},
		{Name: "mappings", Value: []any{}},
		{Name: "aliases", Value: smile.Object{}},
		{Name: "primary_terms", Value: terms},
		{Name: "rollover_info", Value: smile.Object{}},
		{Name: "system", Value: false},
	}}}
}

// readIndexMetadata reads from an index's metadata how many shards it has, and
// the number of the version that created it.
func readIndexMetadata(blob []byte) (shards int, version string, err error) {
	o, err := decodeBlob(codecIndex, blob)
	if err != nil {
		return 0, "", err
	}
	var byName map[string]struct {
		Settings struct {
			Shards  string `json:"index.number_of_shards"`
			Version string `json:"index.version.created"`
		} `json:"settings"`
	}
	if err := fill(o, &byName); err != nil {
		return 0, "", err
	}
	for _, m := range byName {
		shards, err := strconv.Atoi(m.Settings.Shards)
		return shards, m.Settings.Version, err
	}
	return 0, "", errors.New("no index in it")
}

// shardPaths is the blob that tells of hashed shards. Only its key is that of
// OpenSearch: nothing reads it.
func shardPaths(id string, i *index) smile.Object {
	return smile.Object{
		{Name: "indexId", Value: id},
		{Name: "indexName", Value: i.name},
		{Name: "number_of_shards", Value: len(i.shards)},
		{Name: "shard_path_type", Value: 1},
	}
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
