package storetest

import (
	"time"

	"archiver/archive/store"
)

func testRetention(s *suite) {
	until := time.Now().UTC().Truncate(time.Second).AddDate(0, 0, 1)
	s.promise("holds a version, and only ever longer", func(x *fixture) {
		info := x.create("k", "body")
		if !x.can.Retention {
			x.want(x.s.Retain(x.Context(), "k", info.Version, store.Retention{Mode: store.Governance, Until: until}), store.ErrUnsupported)
			_, err := x.s.Retention(x.Context(), "k", info.Version)
			x.want(err, store.ErrUnsupported)
			return
		}
		x.retention("k", info.Version, store.Retention{})
		longer := until.AddDate(0, 0, 1)
		for _, step := range []struct{ ask, held time.Time }{
			{until, until}, {until, until}, {longer, longer}, {until, longer},
		} {
			x.no(x.s.Retain(x.Context(), "k", info.Version, store.Retention{Mode: store.Governance, Until: step.ask}))
			x.retention("k", info.Version, store.Retention{Mode: store.Governance, Until: step.held})
		}
		x.no(x.s.Delete(x.Context(), "k", info.ETag)) // hides it, and does not remove the version
		if err := x.s.DeleteVersion(x.Context(), "k", info.Version); err == nil {
			x.Error("a held version was deleted")
		}
		got, err := x.read("k", 0, -1, store.Pin{Version: info.Version})
		x.no(err)
		if got != "body" {
			x.Errorf("the version holds %q", got)
		}
	})
	s.promise("tells what is missing", func(x *fixture) {
		if !x.can.Retention {
			x.Skip("the store holds nothing")
		}
		x.want(x.s.Retain(x.Context(), "nope", "", store.Retention{Mode: store.Governance, Until: until}), store.ErrNotFound)
		_, err := x.s.Retention(x.Context(), "nope", "")
		x.want(err, store.ErrNotFound)
	})
}

func (x *fixture) retention(key, version string, want store.Retention) {
	x.Helper()
	got, err := x.s.Retention(x.Context(), key, version)
	x.no(err)
	if got.Mode != want.Mode || !got.Until.Equal(want.Until) {
		x.Errorf("held are %+v, want %+v", got, want)
	}
}
