package storetest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

// oddKeys stand where folder by folder, case-blind, or in the order of a
// language they would not, and hold what URLs and XML must escape.
var oddKeys = []string{
	"A", "B/x", "a b/c d", "a!/x", "a+b", "a-b/x", "a.b", "a/x", "a/y/z", "a0", "a=b", "ab", "a~",
	"per%20cent%", "q?x=1&y=2#z", "quote'\"<>", "z/é", "z/ü/x", "z/日本",
}

func testList(s *suite) {
	s.promise("an empty root lists nothing", func(x *fixture) {
		all, err := collect(x.s.List(x.Context(), "", ""))
		x.no(err)
		if len(all) != 0 {
			x.Errorf("listed %v", all)
		}
	})
	s.promise("orders odd keys bytewise", func(x *fixture) {
		for _, i := range shuffled(len(oddKeys)) {
			x.create(oddKeys[i], oddKeys[i])
		}
		want := slices.Sorted(slices.Values(oddKeys))
		x.lists("", "", want)
		for _, key := range oddKeys {
			x.holds(key, key)
		}
		for i, after := range want {
			x.lists("", after, want[i+1:])
		}
		for _, prefix := range []string{"a", "a/", "a-", "a/y", "z/", "z/é", "nope", "nope/"} {
			x.lists(prefix, "", below(want, prefix))
			x.lists(prefix, "a.b", below(want[slices.Index(want, "a.b")+1:], prefix))
		}
	})
	s.promise("starts after a key that does not exist", func(x *fixture) {
		for _, key := range []string{"a/1", "a/3", "b"} {
			x.create(key, "")
		}
		x.lists("", "a/2", []string{"a/3", "b"})
		x.lists("a/", "a/2", []string{"a/3"})
		x.lists("", "a0", []string{"b"})
		x.lists("", "z", nil)
	})
	s.promise("describes as Stat does", func(x *fixture) {
		x.create("k", "body")
		all, err := collect(x.s.List(x.Context(), "", ""))
		x.no(err)
		seen, err := x.s.Stat(x.Context(), "k", "")
		x.no(err)
		if len(all) != 1 {
			x.Fatalf("listed %v", all)
		}
		got := all[0]
		// Some clocks of listings have fractions of a second and others have not.
		near := got.Time.Sub(seen.Time).Abs() < time.Second
		if got.Key != "k" || got.Size != 4 || got.ETag != seen.ETag || got.CRC64NVME != "" || !near ||
			got.StorageClass != seen.StorageClass || seen.Cold {
			x.Errorf("listed %+v, Stat says %+v", got, seen)
		}
	})
	s.promise("does not list what was deleted", func(x *fixture) {
		info := x.create("a/gone", "")
		x.create("b", "")
		x.no(x.s.Delete(x.Context(), "a/gone", info.ETag))
		x.lists("", "", []string{"b"})
	})
	s.promise("goes on over page after page", func(x *fixture) {
		var want []string
		for i := range 1005 { // a page of S3 has 1,000
			want = append(want, fmt.Sprintf("d%d/%04d", i/600, i))
		}
		x.createAll(want)
		x.lists("", "", want)
	})
	s.promise("may be left early, and begun again", func(x *fixture) {
		x.createAll([]string{"a", "b", "c"})
		seq := x.s.List(x.Context(), "", "")
		for range 2 {
			for info, err := range seq {
				x.no(err)
				if info.Key != "a" {
					x.Errorf("began at %s", info.Key)
				}
				break
			}
		}
	})
	s.promise("fails for an ended context", func(x *fixture) {
		x.create("k", "")
		_, err := collect(x.s.List(x.ended(), "", ""))
		x.want(err, context.Canceled)
	})
	s.promise("stops when the context ends", func(x *fixture) {
		x.createAll([]string{"a", "b", "c"})
		ctx, cancel := context.WithCancel(x.Context())
		defer cancel()
		var last error
		for _, err := range x.s.List(ctx, "", "") {
			last = err
			cancel()
		}
		x.want(last, context.Canceled)
	})
}

func (x *fixture) lists(prefix, after string, want []string) {
	x.Helper()
	all, err := collect(x.s.List(x.Context(), prefix, after))
	x.no(err)
	var got []string
	for _, info := range all {
		got = append(got, info.Key)
	}
	if !slices.Equal(got, want) {
		x.Errorf("prefix %q after %q lists\n%q, want\n%q", prefix, after, got, want)
	}
}

// createAll creates empty objects, some at once.
func (x *fixture) createAll(keys []string) {
	x.Helper()
	const lanes = 8
	won := x.race(lanes, nil, func(lane int) error {
		for i := lane; i < len(keys); i += lanes {
			if _, err := x.s.Create(x.Context(), keys[i], nil); err != nil {
				return err
			}
		}
		return nil
	})
	if won != lanes {
		x.FailNow()
	}
}

func below(keys []string, prefix string) (some []string) {
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			some = append(some, key)
		}
	}
	return some
}

// shuffled are the numbers below n in an order that is always the same.
func shuffled(n int) []int {
	order := make([]int, n)
	for i := range order {
		order[i] = (i*7 + 3) % n
	}
	return order
}
