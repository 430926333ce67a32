package archive

import (
	"errors"
	"slices"
	"testing"
)

func TestStagingYieldsBlobsBelowItsBaseAndPassesOverWhatDoesNotCount(t *testing.T) {
	s := newMemory()
	for _, key := range []string{
		"base/index-1", "base/indices/a/0/__1", "base/indices/a-b/0/__1", "base/tests-file",
		".archiver/state.json", ".archiver/runs/r/plan.json", "notes/todo.txt",
		"base/tests-abc/master.dat", "base/tests-abc/data-1.dat",
	} {
		s.put(key, "x")
	}
	s.put("base/", "")
	s.put("folder/", "")
	got, err := keysOf(Staging{Store: s, Base: "base/", Ignore: []string{"notes/"}}, t)
	want := []string{"index-1", "indices/a-b/0/__1", "indices/a/0/__1", "tests-file"}
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%q, %v; want %q", got, err, want)
	}
}

func keysOf(s Staging, t *testing.T) (keys []string, err error) {
	for b, err := range s.All(t.Context()) {
		if err != nil {
			return keys, err
		}
		keys = append(keys, b.Key)
	}
	return keys, nil
}

func TestStagingStopsAtAnObjectThatNobodyExpected(t *testing.T) {
	for _, key := range []string{
		"other/index-1",             // outside of the base path
		"0110/base/indices/a/0/__1", // hashed_prefix
		"base/a b", "base/ä", "base/a\\b", "base/a\nb", "base/a:b",
		"base/../index-1", "base/./a", "base/a/", "base//a", "base/a/../b", "base/..",
		"tests-abc/master.dat", // a verification's leftover lies below the base
		"archiver/state.json",
	} {
		s := newMemory()
		s.put("base/index-1", "x")
		s.put(key, "x")
		_, err := keysOf(Staging{Store: s, Base: "base/"}, t)
		var foreign *ForeignError
		if !errors.Is(err, ErrForeign) || !errors.As(err, &foreign) || foreign.Key != key || foreign.Hint() == "" {
			t.Errorf("%q: %v", key, err)
		}
	}
}

func TestStagingAfterYieldsTheRestOfTheBaseOnly(t *testing.T) {
	s := newMemory()
	for _, key := range []string{"a", "base/a", "base/b", "base/b-", "base/b/x", "c"} {
		s.put(key, "x")
	}
	var got []string
	for b, err := range (Staging{Store: s, Base: "base/"}).After(t.Context(), "b") {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, b.Key)
	}
	if want := []string{"b-", "b/x"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestStagingsHistoryIsTheRepositorysAlone(t *testing.T) {
	for base, want := range map[string][]string{
		"base/": {"base/indices/a/0/__1", "base/tests-abc/master.dat"},
		"":      {"base/indices/a/0/__1", "base/tests-abc/master.dat", "other/x"},
	} {
		s := newMemory()
		for _, key := range []string{"base/indices/a/0/__1", "base/tests-abc/master.dat", "base/theirs/x", "other/x", ".archiver/state.json", ".archiver/runs/r/plan.json"} {
			s.put(key, "x")
		}
		var got []string
		for v, err := range (Staging{Store: s, Base: base, Ignore: []string{"base/theirs/"}}).History(t.Context()) {
			if err != nil {
				t.Fatal(err)
			}
			got = append(got, v.Key)
		}
		if !slices.Equal(got, want) {
			t.Errorf("base %q: %q, want %q", base, got, want)
		}
	}
}
