package smile

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"math"
	"reflect"
	"strings"
	"testing"
)

func TestWhatIsWrittenReadsBackTheSame(t *testing.T) {
	var o Object
	add := func(v any) { o = append(o, Field{fmt.Sprintf("field %d", len(o)), v}) }
	for _, n := range []int64{0, 1, -1, 15, 16, -16, -17, 63, 64, 1 << 20, math.MaxInt32, math.MinInt32, math.MaxInt32 + 1, math.MaxInt64, math.MinInt64} {
		add(n)
	}
	for _, n := range []int{0, 1, 2, 31, 32, 33, 34, 63, 64, 65, 66, 67, 1000} {
		add(strings.Repeat("a", n))
		add(strings.Repeat("a", n) + "é")
		add(bytes.Repeat([]byte{0xfc}, n))
	}
	for _, v := range []any{nil, true, false, []any{}, Object{}, []any{Object{{"x", int64(1)}, {"", []any{nil}}}, "y"}} {
		add(v)
	}
	o = append(o, Field{strings.Repeat("n", 64), "a"}, Field{strings.Repeat("n", 65), "b"}, Field{"é", "c"}, Field{strings.Repeat("é", 40), "d"})
	if back := thereAndBack(t, o); !reflect.DeepEqual(back, o) {
		t.Errorf("got  %v\nwant %v", back, o)
	}
}

func thereAndBack(t *testing.T, o Object) Object {
	t.Helper()
	data, err := Encode(o)
	if err != nil {
		t.Fatal(err)
	}
	back, err := Decode(data)
	if err != nil {
		t.Fatal(err)
	}
	return back
}

// A name's second and later uses are references, also beyond the 64 short ones
// and after the table of 1,024 was started anew.
func TestSharedNamesReadBackTheSame(t *testing.T) {
	var list []any
	for i := range 2500 {
		list = append(list, Object{{fmt.Sprint("n", i), int64(i)}, {fmt.Sprint("n", i/2), "again"}})
	}
	o := Object{{"list", list}}
	if !reflect.DeepEqual(thereAndBack(t, o), o) {
		t.Error("not the same")
	}
}

func TestEncodeWritesWhatJacksonWrites(t *testing.T) {
	for want, o := range map[string]Object{
		"3a290a05" + "fa" + "83" + "6e616d65" + "41" + "7331" + "fb":                                {{"name", "s1"}},
		"3a290a05" + "fa" + "80" + "61" + "c6" + "80" + "62" + "f8fa" + "40" + "c1" + "fbf9" + "fb": {{"a", int64(3)}, {"b", []any{Object{{"a", int64(-1)}}}}},
		"3a290a05" + "fa" + "80" + "61" + "25" + "01507f380f7dba" + "fb":                            {{"a", int64(1795258646461)}},
		"3a290a05" + "fa" + "80" + "61" + "24" + "108a" + "fb":                                      {{"a", int64(517)}},
		"3a290a05" + "fa" + "80" + "61" + "fd" + "82" + "fcfd" + "fb":                               {{"a", []byte{0xfc, 0xfd}}},
	} {
		got, err := Encode(o)
		if err != nil || hex.EncodeToString(got) != want {
			t.Errorf("%v: %x (%v), want %s", o, got, err, want)
		}
	}
}

func TestEncodeRefusesOtherTypes(t *testing.T) {
	for _, v := range []any{1.5, struct{}{}, map[string]any{}} {
		if _, err := Encode(Object{{"a", []any{v}}}); err == nil {
			t.Errorf("%T was written", v)
		}
	}
}

func TestDecodeRefusesDamage(t *testing.T) {
	whole, err := Encode(Object{{"name", "s1"}, {"files", []any{Object{{"name", []byte("abc")}, {"length", int64(1 << 40)}}}}})
	if err != nil {
		t.Fatal(err)
	}
	for n := range whole {
		if _, err := Decode(whole[:n]); err == nil {
			t.Errorf("the first %d bytes were read", n)
		}
	}
	for name, data := range map[string]string{
		"something behind":       string(whole) + "x",
		"no object":              ":)\n\x05\xc0",
		"other flags":            ":)\n\x01\xfa\xfb",
		"a reference to nothing": ":)\n\x05\xfa\x40\xc0\xfb",
		"a floating number":      ":)\n\x05\xfa\x80a\x28\xfb",
		"a number without end":   ":)\n\x05\xfa\x80a\x24" + strings.Repeat("\x01", 20),
		"nested too deep":        ":)\n\x05\xfa\x80a" + strings.Repeat("\xf8", 1000),
		"a number of 65 bits":    ":)\n\x05\xfa\x80a\x25\x04" + strings.Repeat("\x00", 8) + "\x80\xfb",
		"a short number of 33":   ":)\n\x05\xfa\x80a\x24\x20\x00\x00\x00\x80\xfb",
		"too many values":        ":)\n\x05\xfa\x80a\xf8" + strings.Repeat("\x21", maxValues) + "\xf9\xfb",
		"a length beyond":        ":)\n\x05\xfa\x80a\xfd\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\xbf",
	} {
		if _, err := Decode([]byte(data)); err == nil {
			t.Errorf("%s was read", name)
		}
	}
}

func FuzzDecode(f *testing.F) {
	seed, err := Encode(Object{{"name", "s1"}, {"files", []any{Object{{"name", []byte("abc")}, {"length", int64(1 << 40)}}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, data []byte) {
		o, err := Decode(data)
		if err != nil {
			return
		}
		again, err := Encode(o)
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Decode(again); err != nil || !reflect.DeepEqual(back, o) {
			t.Errorf("%v became %v (%v)", o, back, err)
		}
	})
}
