package storetest

import (
	"context"
	"slices"

	"archiver/archive/store"
)

func testVersions(s *suite) {
	s.promise("yields each object once where there are none, or one", func(x *fixture) {
		keys := []string{"a-b/x", "a/x", "b"}
		x.createAll(keys)
		all, err := collect(x.s.Versions(x.Context(), ""))
		x.no(err)
		var got []string
		for _, v := range all {
			got = append(got, v.Key)
			if !v.Latest || v.DeleteMarker || v.ETag == "" || x.can.Versions != (v.Version != "") {
				x.Errorf("unexpected %+v", v)
			}
		}
		if !slices.Equal(got, keys) {
			x.Errorf("listed %q", got)
		}
		all, err = collect(x.s.Versions(x.Context(), "a/"))
		x.no(err)
		if len(all) != 1 || all[0].Key != "a/x" {
			x.Errorf("below a/: %+v", all)
		}
	})
	s.promise("fails for an ended context", func(x *fixture) {
		x.create("k", "")
		_, err := collect(x.s.Versions(x.ended(), ""))
		x.want(err, context.Canceled)
	})
	s.promise("yields what was replaced and deleted, in the order of keys", func(x *fixture) {
		if !x.can.Versions {
			x.Skip("the store keeps no versions")
		}
		first := x.create("b", "first")
		second, err := x.s.Replace(x.Context(), "b", []byte("second"), first.ETag)
		x.no(err)
		x.no(x.s.Delete(x.Context(), "b", second.ETag))
		x.createAll([]string{"a", "c"})
		all, err := collect(x.s.Versions(x.Context(), ""))
		x.no(err)
		if keys := keysOf(all); !slices.Equal(keys, []string{"a", "b", "b", "b", "c"}) {
			x.Fatalf("listed %q", keys)
		}
		old := map[string]bool{}
		for _, v := range all[1:4] {
			if v.Latest != v.DeleteMarker {
				x.Errorf("the marker is the newest of b: %+v", v)
			}
			old[v.Version] = !v.DeleteMarker
		}
		if !old[first.Version] || !old[second.Version] || len(old) != 3 {
			x.Errorf("versions of b are %v, want %s and %s", old, first.Version, second.Version)
		}
	})
	testDeleteVersion(s)
}

func testDeleteVersion(s *suite) {
	s.promise("leaves the newest alone where there are no versions", func(x *fixture) {
		if x.can.Versions {
			x.Skip("the store keeps versions")
		}
		x.create("k", "body")
		x.want(x.s.DeleteVersion(x.Context(), "k", ""), store.ErrUnsupported)
		x.holds("k", "body")
	})
	s.promise("deletes a superseded version for good, and no other", func(x *fixture) {
		x.needVersions()
		first := x.create("k", "first")
		second, err := x.s.Replace(x.Context(), "k", []byte("second"), first.ETag)
		x.no(err)
		third, err := x.s.Replace(x.Context(), "k", []byte("third"), second.ETag)
		x.no(err)
		for range 2 { // it is gone
			x.no(x.s.DeleteVersion(x.Context(), "k", second.Version))
		}
		x.no(x.s.DeleteVersion(x.Context(), "never/was", second.Version))
		all, err := collect(x.s.Versions(x.Context(), ""))
		x.no(err)
		if len(all) != 2 || all[0].Version == second.Version || all[1].Version == second.Version {
			x.Errorf("left are %+v", all)
		}
		x.holds("k", "third")
		for version, want := range map[string]string{first.Version: "first", third.Version: "third"} {
			if got, err := x.read("k", 0, -1, store.Pin{Version: version}); err != nil || got != want {
				x.Errorf("version %s holds %q, %v", version, got, err)
			}
		}
	})
	s.promise("deletes a delete marker, and the key is as if it had never been", func(x *fixture) {
		x.needVersions()
		info := x.create("k", "body")
		x.no(x.s.Delete(x.Context(), "k", info.ETag))
		x.no(x.s.DeleteVersion(x.Context(), "k", info.Version))
		all, err := collect(x.s.Versions(x.Context(), ""))
		x.no(err)
		if len(all) != 1 || !all[0].DeleteMarker || !all[0].Latest {
			x.Fatalf("left are %+v", all)
		}
		for range 2 {
			x.no(x.s.DeleteVersion(x.Context(), "k", all[0].Version))
		}
		all, err = collect(x.s.Versions(x.Context(), ""))
		x.no(err)
		if len(all) != 0 {
			x.Errorf("left are %+v", all)
		}
		x.create("k", "again")
		x.holds("k", "again")
	})
	s.promise("deletes no version for an ended context", func(x *fixture) {
		x.needVersions()
		info := x.create("k", "body")
		x.want(x.s.DeleteVersion(x.ended(), "k", info.Version), context.Canceled)
		x.holds("k", "body")
	})
}

func (x *fixture) needVersions() {
	x.Helper()
	if !x.can.Versions {
		x.Skip("the store keeps no versions")
	}
}

func keysOf(all []store.Version) (keys []string) {
	for _, v := range all {
		keys = append(keys, v.Key)
	}
	return keys
}
