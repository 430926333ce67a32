package job

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/lease"
)

// kept is a versioned bucket, as far as forgetting goes: versions by key, the
// newest first.
type kept struct {
	store.Store
	mu      sync.Mutex
	history map[string][]store.Version
	back    []string // keys whose newest object came back by a deletion
	fail    error    // of every deletion
}

func (k *kept) Versions(_ context.Context, prefix string) iter.Seq2[store.Version, error] {
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []store.Version
	for key, versions := range k.history {
		if len(key) < len(prefix) || key[:len(prefix)] != prefix {
			continue
		}
		for i, v := range versions {
			v.Key, v.Latest = key, i == 0
			all = append(all, v)
		}
	}
	slices.SortStableFunc(all, func(a, b store.Version) int {
		switch {
		case a.Key < b.Key:
			return -1
		case a.Key > b.Key:
			return 1
		}
		return 0
	})
	return func(yield func(store.Version, error) bool) {
		for _, v := range all {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (k *kept) DeleteVersion(_ context.Context, key, version string) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.fail != nil {
		return k.fail
	}
	versions := k.history[key]
	i := slices.IndexFunc(versions, func(v store.Version) bool { return v.Version == version })
	if i < 0 {
		return nil
	}
	if i == 0 && len(versions) > 1 && !versions[1].DeleteMarker {
		k.back = append(k.back, key)
	}
	k.history[key] = slices.Delete(slices.Clone(versions), i, i+1)
	return nil
}

func object(version string) store.Version { return store.Version{Info: store.Info{Version: version}} }
func marker(version string) store.Version {
	return store.Version{Info: store.Info{Version: version}, DeleteMarker: true}
}

func may(context.Context) error { return nil }

func forgetful(k *kept) *day {
	return &day{Job: &Job{Staging: archive.Staging{Store: k, Base: "b/"}, Watch: mute{}}}
}

type mute struct{}

func (mute) Phase(string, Phase)          {}
func (mute) Progress(Phase, int64, int64) {}
func (mute) Note(string, ...slog.Attr)    {}

// TestForgettingLeavesExactlyTheNewestObjects tries all kinds of pasts, in which
// nothing may come back to life while they are forgotten.
func TestForgettingLeavesExactlyTheNewestObjects(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := &kept{history: map[string][]store.Version{}}
		newest := map[string]string{}
		for _, key := range []string{"b/a", "b/b", "b/c", "b/d"} {
			for n := range rapid.IntRange(0, 5).Draw(t, key) {
				v := object(string(rune('1' + n)))
				v.DeleteMarker = rapid.Bool().Draw(t, "marker")
				k.history[key] = append(k.history[key], v)
			}
			if past := k.history[key]; len(past) > 0 && !past[0].DeleteMarker {
				newest[key] = past[0].Version
			}
		}
		d := forgetful(k)
		if err := d.forget(context.Background(), d.Staging.History, may); err != nil {
			t.Fatal(err)
		}
		if len(k.back) > 0 {
			t.Errorf("came back to life: %v", k.back)
		}
		for key, left := range k.history {
			if want, ok := newest[key]; len(left) > 1 || ok != (len(left) == 1) || ok && left[0].Version != want {
				t.Errorf("%s: left are %+v", key, left)
			}
		}
	})
}

func TestForgettingKeepsTheCurrentStateAndTakesItsPastAlong(t *testing.T) {
	k := &kept{history: map[string][]store.Version{
		archive.StateKey:                         {object("9"), object("8"), object("")},
		archive.RunWorkPrefix("r") + "plan.json": {marker("3"), object("2")},
		archive.WorkPrefix + "restores/r/x":      {object("2"), object("1")},
		"b/x":                                    {object("2"), object("1")},
	}}
	d := forgetful(k)
	if err := d.forget(t.Context(), papers(k), may); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]int{
		archive.StateKey:                         2, // the one without a name, too: it may be taken over
		archive.RunWorkPrefix("r") + "plan.json": 0, archive.WorkPrefix + "restores/r/x": 2, "b/x": 2,
	} {
		if got := len(k.history[key]); got != want {
			t.Errorf("%s has %d versions, want %d", key, got, want)
		}
	}
	k.history[archive.StateKey] = []store.Version{object("11"), object("10"), object("9")}
	d.forgetStates(t.Context())
	if left := k.history[archive.StateKey]; len(left) != 1 || left[0].Version != "11" {
		t.Errorf("%+v", left)
	}
}

// TestForgettingLeavesThePastOfWhatIsNotTheRepositorys has somebody keep things
// of their own in the bucket, and in the base path: deleted, but not for good.
func TestForgettingLeavesThePastOfWhatIsNotTheRepositorys(t *testing.T) {
	for _, base := range []string{"", "b/"} {
		past := []store.Version{marker("2"), object("1")}
		k := &kept{history: map[string][]store.Version{
			"dump.sql": past, base + "backup/dump.sql": past, base + "snapshot.tar": past, "other/index-3": past,
			archive.WorkPrefix + "restores/r/restore.json": past,
			base + "indices/a/0/__x":                       past, base + "index-3": past, base + "snap-x.dat": past, base + "tests-x/master.dat": past,
		}}
		d := forgetful(k)
		d.Staging.Base = base
		if err := d.forget(t.Context(), d.blobs(), may); err != nil {
			t.Fatal(err)
		}
		for key, want := range map[string]int{
			"dump.sql": 2, base + "backup/dump.sql": 2, base + "snapshot.tar": 2, "other/index-3": 2,
			archive.WorkPrefix + "restores/r/restore.json": 2,
			base + "indices/a/0/__x":                       0, base + "index-3": 0, base + "snap-x.dat": 0, base + "tests-x/master.dat": 0,
		} {
			if got := len(k.history[key]); got != want {
				t.Errorf("base %q: %s has %d versions left, want %d", base, key, got, want)
			}
		}
	}
}

func TestForgettingStopsWhenItMayNotGoOn(t *testing.T) {
	refused := errors.New("AccessDenied")
	for name, stop := range map[string]struct{ may, fail, want error }{
		"the lease is lost":     {may: lease.ErrLost, want: lease.ErrLost},
		"a deletion is refused": {fail: refused, want: refused},
	} {
		k := &kept{history: map[string][]store.Version{"b/a": {object("2"), object("1")}}, fail: stop.fail}
		d := forgetful(k)
		err := d.forget(t.Context(), d.Staging.History, func(context.Context) error { return stop.may })
		if !errors.Is(err, stop.want) || len(k.history["b/a"]) != 2 {
			t.Errorf("%s: %v, left are %v", name, err, k.history)
		}
	}
}
