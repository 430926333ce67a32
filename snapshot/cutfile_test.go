package snapshot

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// volumes lets the files pass in several volumes, each of which ends with one of
// the keys, and joins what they leave open. judged: a volume found the damage by
// itself.
func volumes(files map[string][]byte, ends ...string) (judged bool, err error) {
	var left []json.RawMessage
	keys := slices.Sorted(maps.Keys(files))
	for _, end := range append(ends, keys[len(keys)-1]) {
		n, _ := slices.BinarySearch(keys, end+"\x00") // behind it, whether it is there or not
		open, err := streamBy(files, keys[:n], 64)
		if err != nil {
			return true, err
		}
		left, keys = append(left, open), keys[n:]
	}
	return false, JoinFooters(left)
}

func bPart(n int64) string { return shardFolder + partName("__b", n) }

// inParts is a file of the parts 0 to 11, the last of them with 26 bytes, and its
// neighbours. In the order of keys part10 and part11 stand behind part1.
func inParts() map[string][]byte {
	files := map[string][]byte{shardFolder + "__a": withFooter([]byte("a")), shardFolder + "__c": withFooter([]byte("c"))}
	content := make([]byte, 1000)
	for i := range content {
		content[i] = byte(i * i)
	}
	cutUp(files, "__b", withFooter(content), 90)
	return files
}

func TestFileInPartsIsCheckedAsAWholeWhereverVolumesEnd(t *testing.T) {
	for name, ends := range map[string][]string{
		"one volume":            nil,
		"before the first part": {shardFolder + "__a"},
		"behind the last part":  {bPart(9)}, // of the keys
		"in both these places":  {shardFolder + "__a", bPart(9)},
		"behind the first part": {bPart(0)},
		"before part10":         {bPart(1)},
		"behind part10":         {bPart(10)},
		"behind the footer":     {bPart(11)},
		"over three volumes":    {bPart(10), bPart(5)},
		"over all volumes":      {bPart(0), bPart(1), bPart(10), bPart(11), bPart(2)},
	} {
		files := inParts()
		if _, err := volumes(files, ends...); err != nil {
			t.Errorf("%s: a file that is whole: %v", name, err)
		}
		for n := range int64(12) {
			files := inParts()
			damaged := bytes.Clone(files[bPart(n)])
			damaged[len(damaged)/2] ^= 1
			files[bPart(n)] = damaged
			if _, err := volumes(files, ends...); !errors.Is(err, ErrDamaged) || !strings.HasPrefix(err.Error(), shardFolder+"__b: ") {
				t.Errorf("%s, one bit of part %d: %v", name, n, err)
			}
			delete(files, bPart(n))
			if _, err := volumes(files, ends...); !errors.Is(err, ErrDamaged) || !strings.HasPrefix(err.Error(), shardFolder+"__b: ") {
				t.Errorf("%s, without part %d: %v", name, n, err)
			}
		}
	}
}

func TestMissingPartIsNamed(t *testing.T) {
	for _, c := range []struct {
		part int64
		says string
	}{{0, "its part 0 is missing"}, {1, "its part 1 is missing"}, {10, "its part 10 is missing"}, {11, "no footer at the end"}} {
		files := inParts()
		delete(files, bPart(c.part))
		if _, err := volumes(files, bPart(10), bPart(5)); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("part %d: %v, want %q", c.part, err, c.says)
		}
	}
}

// A volume does not wait for the others with what it can tell by itself.
func TestVolumeWithAllPartsOfAFileChecksIt(t *testing.T) {
	files := inParts()
	files[bPart(3)] = bytes.Repeat([]byte{1}, 90)
	if judged, err := volumes(files, shardFolder+"__a"); !judged || !errors.Is(err, ErrDamaged) {
		t.Errorf("by the volume: %v; %v", judged, err)
	}
}

// A footer may be cut itself, between volumes too.
func TestFileOfPartsShorterThanAFooterIsCheckedAcrossVolumes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		files := map[string][]byte{}
		cutUp(files, "__b", withFooter(rapid.SliceOfN(rapid.Byte(), 1, 60).Draw(t, "content")), rapid.IntRange(1, 20).Draw(t, "part size"))
		keys := slices.Sorted(maps.Keys(files))
		ends := rapid.SliceOfNDistinct(rapid.SampledFrom(keys), 0, 4, rapid.ID[string]).Draw(t, "ends")
		slices.Sort(ends)
		if _, err := volumes(files, ends...); err != nil {
			t.Fatal(err)
		}
		key := rapid.SampledFrom(keys).Draw(t, "bad part")
		files[key] = bytes.Clone(files[key])
		files[key][0] ^= 1
		if _, err := volumes(files, ends...); !errors.Is(err, ErrDamaged) {
			t.Fatalf("one bit of %s: %v", key, err)
		}
	})
}

// No snapshot is given up for a paper that another version of the program wrote.
func TestWhatIsLeftOpenAndNotUnderstoodIsNoDamage(t *testing.T) {
	for _, text := range []string{"", "{}", `[{"name":"x","pieces":[]}]`, `[{"name":"x","parts":[{"number":"0"}]}]`} {
		if err := JoinFooters([]json.RawMessage{json.RawMessage(text)}); err == nil || errors.Is(err, ErrDamaged) {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func FuzzJoinFooters(f *testing.F) {
	files := inParts()
	left, err := streamBy(files, slices.Sorted(maps.Keys(files))[:5], 64)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte(left))
	f.Add([]byte("[]"))
	f.Fuzz(func(t *testing.T, text []byte) {
		cut, err := decodeCutFiles(text)
		if err == nil && len(cut) > 0 && JoinFooters([]json.RawMessage{text, text}) == nil {
			t.Fatal("a file that has each of its parts twice is taken for whole")
		}
	})
}
