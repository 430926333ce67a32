package archive

import (
	"errors"
	"fmt"
	"iter"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"archiver/archive/store"
)

// listing is a staging store that is nothing but a listing.
func listed(infos iter.Seq2[store.Info, error]) Staging {
	s := newMemory()
	s.listed = infos
	return Staging{Store: s}
}

func sized(sizes ...int64) []store.Info {
	var infos []store.Info
	for i, n := range sizes {
		infos = append(infos, store.Info{Key: fmt.Sprintf("b%06d", i), Size: n, ETag: fmt.Sprintf("e%d", i), Time: noon})
	}
	return infos
}

func optionsFor(volumeSize int64) PlanOptions {
	return PlanOptions{
		Record: recordOf("logdata", keptDate), VolumeSize: volumeSize,
		Recipients: []string{"AB"}, Signer: "CD", Retention: Retention{Mode: "none", Years: 5},
		Expect: func(Blob) error { return nil },
	}
}

// cut is how many objects a plan puts into each volume.
func cut(t *testing.T, s Staging, volumeSize int64) (objects []int) {
	t.Helper()
	p, err := MakePlan(t.Context(), s, optionsFor(volumeSize))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Volumes {
		objects = append(objects, v.Objects)
	}
	return objects
}

func TestPlanCutsAtTheVolumeSize(t *testing.T) {
	for _, c := range []struct {
		name  string
		sizes []int64
		want  []int // objects per volume
	}{
		{"all in one", []int64{4, 3, 3}, []int{3}},
		{"one byte over", []int64{4, 3, 4}, []int{2, 1}},
		{"exactly full twice", []int64{10, 5, 5}, []int{1, 2}},
		{"larger than a volume stands alone", []int64{1, 11, 1}, []int{1, 1, 1}},
		{"larger than a volume first", []int64{25, 1, 1}, []int{1, 2}},
		{"larger than a volume last", []int64{1, 25}, []int{1, 1}},
		{"empty blobs cost nothing", []int64{0, 10, 0, 0}, []int{4}},
		{"empty blobs after a large one", []int64{11, 0, 0}, []int{1, 2}},
		{"only an empty blob", []int64{0}, []int{1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, cut(t, listed(each(sized(c.sizes...))), 10)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestPlanCutsAtTheNumberOfFiles(t *testing.T) {
	for _, c := range []struct {
		blobs int
		want  []int
	}{
		{maxFiles, []int{maxFiles}},
		{maxFiles + 1, []int{maxFiles, 1}},
		{2 * maxFiles, []int{maxFiles, maxFiles}},
	} {
		many := func(yield func(store.Info, error) bool) {
			for i := range c.blobs {
				if !yield(store.Info{Key: fmt.Sprintf("%07d", i), Size: 1, ETag: "e", Time: noon}, nil) {
					return
				}
			}
		}
		if diff := cmp.Diff(c.want, cut(t, listed(many), 1<<40)); diff != "" {
			t.Errorf("%d blobs: %s", c.blobs, diff)
		}
	}
}

func TestPlanTilesTheListing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 100).Draw(t, "volume size")
		sizes := rapid.SliceOfN(rapid.Int64Range(0, 60), 1, 50).Draw(t, "sizes")
		infos := sized(sizes...)
		p, err := MakePlan(t.Context(), listed(each(infos)), optionsFor(size))
		if err != nil {
			t.Fatal(err)
		}
		after, next := "", 0
		for n, v := range p.Volumes {
			if v.Number != n || v.After != after || v.Objects == 0 {
				t.Fatalf("volume %d: %+v after %q", n, v, after)
			}
			whole := newTally()
			for _, o := range infos[next : next+v.Objects] {
				whole.add(Blob{Key: o.Key, Size: o.Size, ETag: o.ETag})
			}
			next += v.Objects
			if whole.bytes != v.Bytes || whole.digest() != v.Digest || v.Last != infos[next-1].Key {
				t.Fatalf("volume %d: %+v", n, v)
			}
			if v.Bytes > size && v.Objects > 1 {
				t.Fatalf("volume %d has %d bytes in %d objects", n, v.Bytes, v.Objects)
			}
			after = v.Last
		}
		if next != len(infos) || p.Objects != next {
			t.Fatalf("%d of %d objects are in volumes, the plan says %d", next, len(infos), p.Objects)
		}
	})
}

func TestPlanFixesWhatARetryMustNotChange(t *testing.T) {
	o := optionsFor(1 << 20)
	o.Record.Time = time.Date(2024, 2, 29, 1, 2, 3, 0, time.UTC)
	p, err := MakePlan(t.Context(), listed(each(sized(1, 2, 3))), o)
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2029, 3, 1, 1, 2, 3, 0, time.UTC); !p.Retention.Until.Equal(want) {
		t.Errorf("retained until %v, want %v", p.Retention.Until, want)
	}
	var r Record
	if err := decodeJSON([]byte(p.Record), &r); err != nil {
		t.Fatal(err)
	}
	if r.Objects != 3 || r.Bytes != 6 || r.Volumes != 1 || r.Run != p.Run {
		t.Errorf("%+v", r)
	}
	for _, want := range []string{"`logdata-2026-11-20`, 12345 documents", "snap-1/_restore", `"logdata-2026-11-20,logdata-b-2026-11-20"`} {
		if !strings.Contains(p.Restore, want) {
			t.Errorf("RESTORE.md lacks %s", want)
		}
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := DecodePlan(text, SHA256(text))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(p, again); diff != "" {
		t.Error(diff)
	}
}

func TestPlanWithOtherBytesThanTheStateNamesIsAnIntegrityViolation(t *testing.T) {
	p, err := MakePlan(t.Context(), listed(each(sized(1))), optionsFor(1))
	if err != nil {
		t.Fatal(err)
	}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := DecodePlan(append(text, ' '), SHA256(text)); !errors.Is(err, ErrIntegrity) {
		t.Errorf("%v", err)
	}
	newer := []byte(strings.Replace(string(text), `"format": 1`, `"format": 2`, 1))
	if _, err := DecodePlan(newer, SHA256(newer)); err == nil {
		t.Error("a plan of another format was taken")
	}
	unknown := []byte(strings.Replace(string(text), `"format": 1`, `"format": 1, "more": 1`, 1))
	if _, err := DecodePlan(unknown, SHA256(unknown)); err == nil {
		t.Error("a plan with an unknown field was taken")
	}
}

func TestPlanIsRefused(t *testing.T) {
	lost := errors.New("connection lost")
	failing := func(yield func(store.Info, error) bool) {
		_ = yield(sized(1)[0], nil) && yield(store.Info{}, lost)
	}
	unexpected := errors.New("nothing refers to it")
	o := optionsFor(10)
	o.Expect = func(b Blob) error {
		if b.Key == "b000001" {
			return unexpected
		}
		return nil
	}
	if _, err := MakePlan(t.Context(), listed(each(sized())), optionsFor(10)); err == nil {
		t.Error("of nothing")
	}
	if _, err := MakePlan(t.Context(), listed(failing), optionsFor(10)); !errors.Is(err, lost) {
		t.Errorf("of a listing that fails: %v", err)
	}
	if _, err := MakePlan(t.Context(), listed(each(sized(1, 1))), o); !errors.Is(err, unexpected) {
		t.Errorf("of an unexpected blob: %v", err)
	}
	many := func(yield func(store.Info, error) bool) {
		for i := range maxVolumes + 1 {
			if !yield(store.Info{Key: fmt.Sprintf("%07d", i), Size: 1}, nil) {
				return
			}
		}
	}
	if _, err := MakePlan(t.Context(), listed(many), optionsFor(1)); err == nil || !strings.Contains(err.Error(), "volume_size") {
		t.Errorf("of too many volumes: %v", err)
	}
}

func TestStagingThatChangedSinceThePlanIsNoticed(t *testing.T) {
	sizes := []int64{5, 5, 5, 5, 5}
	p, err := MakePlan(t.Context(), listed(each(sized(sizes...))), optionsFor(10))
	if err != nil {
		t.Fatal(err)
	}
	if err := CheckStaging(t.Context(), listed(each(sized(sizes...))), p); err != nil {
		t.Fatal(err)
	}
	insert := func(at int, key string) func([]store.Info) []store.Info {
		return func(l []store.Info) []store.Info {
			return append(l[:at:at], append([]store.Info{{Key: key, ETag: "e"}}, l[at:]...)...)
		}
	}
	for name, change := range map[string]func([]store.Info) []store.Info{
		"added first":       insert(0, "a"),
		"added in a volume": insert(1, "b000000-"),
		"added between":     insert(2, "b000001-"),
		"added last":        insert(5, "c"),
		"removed first":     func(l []store.Info) []store.Info { return l[1:] },
		"removed inside":    func(l []store.Info) []store.Info { return append(l[:2:2], l[3:]...) },
		"removed last":      func(l []store.Info) []store.Info { return l[:4] },
		"volume removed":    func(l []store.Info) []store.Info { return append(l[:2:2], l[4:]...) },
		"all removed":       func([]store.Info) []store.Info { return nil },
		"replaced":          func(l []store.Info) []store.Info { l[3].ETag = "other"; return l },
		"of another size":   func(l []store.Info) []store.Info { l[3].Size++; return l },
		"renamed":           func(l []store.Info) []store.Info { l[3].Key += "x"; return l },
		"sizes exchanged": func(l []store.Info) []store.Info {
			l[0].Size, l[1].Size = 4, 6
			return l
		},
	} {
		t.Run(name, func(t *testing.T) {
			err := CheckStaging(t.Context(), listed(each(change(sized(sizes...)))), p)
			if !errors.Is(err, ErrStagingChanged) {
				t.Errorf("%v", err)
			}
		})
	}
}

func TestCheckOfStagingPassesTheListingsErrorOn(t *testing.T) {
	p, err := MakePlan(t.Context(), listed(each(sized(1))), optionsFor(1))
	if err != nil {
		t.Fatal(err)
	}
	lost := errors.New("connection lost")
	failing := func(yield func(store.Info, error) bool) { yield(store.Info{}, lost) }
	if err := CheckStaging(t.Context(), listed(failing), p); !errors.Is(err, lost) || errors.Is(err, ErrStagingChanged) {
		t.Errorf("%v", err)
	}
}
