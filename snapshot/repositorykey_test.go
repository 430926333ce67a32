package snapshot_test

import (
	"testing"

	"archiver/snapshot"
)

func TestARepositoryKeyIsToldFromAnyOther(t *testing.T) {
	for key, want := range map[string]bool{
		"index-0": true, "index-12": true, "index.latest": true, "incompatible-snapshots": true,
		"snap-u8Kz0pZTQ3y.dat": true, "meta-u8Kz0pZTQ3y.dat": true,
		"indices/a/0/__x": true, "indices/a/0/snap-u.dat": true, "indices/a/meta-u.dat": true, "tests-xyz/master.dat": true,

		"": false, "indices": false, "indices/": false, "index-": false, "index-1a": false, "snap-x": false, "x.dat": false,
		"dump.sql": false, "backup/indices/a/0/__x": false, "backup/snap-u.dat": false, ".archiver/state.json": false,
	} {
		if got := snapshot.IsRepositoryKey(key); got != want {
			t.Errorf("%q: %v", key, got)
		}
	}
}
