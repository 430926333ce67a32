package storetest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"archiver/archive/store"
)

// racers are enough for a store that is not atomic to show it.
const racers = 8

func testCreate(s *suite) {
	s.promise("writes a whole object and describes it", func(x *fixture) {
		info := x.create("a/b.json", "hello")
		x.holds("a/b.json", "hello")
		x.sum(info, []byte("hello"))
		seen, err := x.s.Stat(x.Context(), "a/b.json", "")
		x.no(err)
		if seen.Key != "a/b.json" || seen.Size != 5 || seen.ETag != info.ETag || seen.Version != info.Version || seen.ETag == "" {
			x.Errorf("created %+v, found %+v", info, seen)
		}
		if info.Key != seen.Key || info.Size != seen.Size || info.Time.IsZero() {
			x.Errorf("created %+v", info)
		}
		if x.can.Versions != (info.Version != "") {
			x.Errorf("version is %q", info.Version)
		}
	})
	s.promise("writes an empty object", func(x *fixture) {
		x.sum(x.create("empty", ""), nil)
		x.holds("empty", "")
	})
	s.promise("leaves an existing object alone", func(x *fixture) {
		x.create("k", "first")
		_, err := x.s.Create(x.Context(), "k", []byte("second"))
		x.want(err, store.ErrExists)
		x.holds("k", "first")
	})
	s.promise("refuses the same content twice", func(x *fixture) {
		x.create("k", "same")
		_, err := x.s.Create(x.Context(), "k", []byte("same"))
		x.want(err, store.ErrExists)
	})
	s.promise("lets exactly one of several racers win", func(x *fixture) {
		won := x.race(racers, store.ErrExists, func(i int) error {
			_, err := x.s.Create(x.Context(), "k", fmt.Appendf(nil, "racer %d", i))
			return err
		})
		if won != 1 {
			x.Errorf("%d racers won", won)
		}
	})
	s.promise("writes nothing for an ended context", func(x *fixture) {
		_, err := x.s.Create(x.ended(), "k", []byte("body"))
		x.want(err, context.Canceled)
		x.absent("k")
	})
	s.promise("refuses more than MaxSmall bytes", func(x *fixture) {
		if _, err := x.s.Create(x.Context(), "k", make([]byte, store.MaxSmall+1)); err == nil {
			x.Error("no error")
		}
		x.absent("k")
	})
}

func testReplace(s *suite) {
	s.promise("swaps the object that the ETag names", func(x *fixture) {
		old := x.create("k", "old")
		info, err := x.s.Replace(x.Context(), "k", []byte("newer"), old.ETag)
		x.no(err)
		x.holds("k", "newer")
		x.sum(info, []byte("newer"))
		if info.ETag == old.ETag || info.Size != 5 {
			x.Errorf("replaced %+v by %+v", old, info)
		}
	})
	s.promise("takes the ETag of a listing", func(x *fixture) {
		x.create("k", "old")
		all, err := collect(x.s.List(x.Context(), "", ""))
		x.no(err)
		_, err = x.s.Replace(x.Context(), "k", []byte("new"), all[0].ETag)
		x.no(err)
	})
	s.promise("leaves another object alone", func(x *fixture) {
		old := x.create("k", "old")
		_, err := x.s.Replace(x.Context(), "k", []byte("new"), old.ETag)
		x.no(err)
		for _, etag := range []string{old.ETag, "", "*", "nonsense"} {
			_, err = x.s.Replace(x.Context(), "k", []byte("late"), etag)
			x.want(err, store.ErrChanged)
		}
		x.holds("k", "new")
	})
	s.promise("does not bring back what is gone", func(x *fixture) {
		if x.can.Lingering {
			x.Skip("the store sees what was deleted")
		}
		info := x.create("k", "old")
		x.no(x.s.Delete(x.Context(), "k", info.ETag))
		_, err := x.s.Replace(x.Context(), "k", []byte("new"), info.ETag)
		x.want(err, store.ErrChanged)
		x.absent("k")
	})
	s.promise("lets exactly one of several racers win", func(x *fixture) {
		old := x.create("k", "old")
		won := x.race(racers, store.ErrChanged, func(i int) error {
			_, err := x.s.Replace(x.Context(), "k", fmt.Appendf(nil, "racer %d", i), old.ETag)
			return err
		})
		if won != 1 {
			x.Errorf("%d racers won", won)
		}
	})
	s.promise("writes nothing for an ended context", func(x *fixture) {
		old := x.create("k", "old")
		_, err := x.s.Replace(x.ended(), "k", []byte("new"), old.ETag)
		x.want(err, context.Canceled)
		x.holds("k", "old")
	})
}

func testDelete(s *suite) {
	s.promise("removes the object that the ETag names", func(x *fixture) {
		info := x.create("k", "body")
		x.no(x.s.Delete(x.Context(), "k", info.ETag))
		x.absent("k")
	})
	s.promise("leaves another object alone", func(x *fixture) {
		old := x.create("k", "old")
		_, err := x.s.Replace(x.Context(), "k", []byte("new"), old.ETag)
		x.no(err)
		for _, etag := range []string{old.ETag, "", "*", "nonsense"} {
			x.want(x.s.Delete(x.Context(), "k", etag), store.ErrChanged)
		}
		x.holds("k", "new")
	})
	s.promise("succeeds where nothing is", func(x *fixture) {
		info := x.create("k", "body")
		x.no(x.s.Delete(x.Context(), "k", info.ETag))
		x.no(x.s.Delete(x.Context(), "k", info.ETag))
		x.no(x.s.Delete(x.Context(), "never/was", info.ETag))
	})
	s.promise("frees the key", func(x *fixture) {
		if x.can.Lingering {
			x.Skip("the store sees what was deleted")
		}
		info := x.create("k", "body")
		x.no(x.s.Delete(x.Context(), "k", info.ETag))
		x.create("k", "again")
		x.holds("k", "again")
	})
	s.promise("removes nothing for an ended context", func(x *fixture) {
		info := x.create("k", "body")
		x.want(x.s.Delete(x.ended(), "k", info.ETag), context.Canceled)
		x.holds("k", "body")
	})
}

func testRead(s *suite) {
	s.promise("tells what is missing", func(x *fixture) {
		_, err := x.s.Get(x.Context(), "nope")
		x.want(err, store.ErrNotFound)
		_, err = x.s.Stat(x.Context(), "nope", "")
		x.want(err, store.ErrNotFound)
		_, err = x.s.Open(x.Context(), "nope", 0, -1, store.Pin{})
		x.want(err, store.ErrNotFound)
	})
	s.promise("tells a version that is missing", func(x *fixture) {
		x.create("k", "body")
		for _, version := range []string{"01BX5ZZKBKACTAV9WEVGEMMVRZ", "nonsense"} {
			_, err := x.s.Stat(x.Context(), "k", version)
			x.want(err, store.ErrNotFound)
			_, err = x.s.Open(x.Context(), "k", 0, -1, store.Pin{Version: version})
			x.want(err, store.ErrNotFound)
		}
	})
	s.promise("Get gives the whole description and the store's clock", func(x *fixture) {
		made := x.create("k", "body")
		o, err := x.s.Get(x.Context(), "k")
		x.no(err)
		seen, err := x.s.Stat(x.Context(), "k", "")
		x.no(err)
		if o.Info != seen || o.ETag != made.ETag {
			x.Errorf("Get says %+v, Stat %+v, Create said %+v", o.Info, seen, made)
		}
		// A store's clock may count in whole seconds, and its times with it.
		if age := o.Now.Sub(o.Time); age < -time.Second || age > time.Minute {
			x.Errorf("an object of %v was read at %v", o.Time, o.Now)
		}
	})
	s.promise("reads nothing for an ended context", func(x *fixture) {
		x.create("k", "body")
		_, err := x.s.Get(x.ended(), "k")
		x.want(err, context.Canceled)
		_, err = x.s.Stat(x.ended(), "k", "")
		x.want(err, context.Canceled)
		_, err = x.s.Open(x.ended(), "k", 0, -1, store.Pin{})
		x.want(err, context.Canceled)
	})
	s.Run("URL names the root", func(t *testing.T) {
		if a, b := s.open(t).URL(), s.open(t).URL(); a == b || !strings.Contains(a, "://") {
			t.Errorf("two roots are %q and %q", a, b)
		}
	})
}
