package snapshot

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestCanonicalFormIsTheOneThatIsSpecified(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{`{}`, `{}`},
		{" {\r\n\t} ", `{}`},
		{`{"b":1,"a":{"d":[ ],"c":[ 1 , {"z":null,"y":true} ,false]}}`, `{"a":{"c":[1,{"y":true,"z":null},false],"d":[]},"b":1}`},
		{`{"n":[1.0,1,-0,1e9,1E+09,12345678901234567890123]}`, `{"n":[1.0,1,-0,1e9,1E+09,12345678901234567890123]}`},
		{`{"s":"\/\u0041\u00e9\"\\\u0022\u005c\b\f\n\r\t\u0008\u001F\u007f\u2028"}`, `{"s":"/Aé\"\\\"\\\b\f\n\r\t\b\u001f` + "\x7f\u2028" + `"}`},
		{`{"\ud83d\ude00":1,"\uffff":2,"":3,"é":4,"z":5}`, `{"":3,"z":5,"é":4,"` + "\uffff" + `":2,"😀":1}`}, // UTF-16 would have them the other way round
		{`{"a":"x","a\u0000":"y","A":"}]{["}`, `{"A":"}]{[","a":"x","a\u0000":"y"}`},
	} {
		got, err := Canonical([]byte(c.in))
		if err != nil || string(got) != c.want {
			t.Errorf("%s\nbecame %s, %v\nwant   %s", c.in, got, err, c.want)
		}
	}
}

func TestCanonicalRefusesWhatReadersDisagreeOver(t *testing.T) {
	for name, in := range map[string]string{
		"no JSON":                 `{"a":}`,
		"nothing":                 ``,
		"two values":              `{}{}`,
		"no object":               `[1]`,
		"a word":                  `null`,
		"a byte order mark":       "\ufeff{}",
		"a name twice":            `{"a":1,"b":2,"a":1}`,
		"a name twice, escaped":   `{"x":[{"a":1,"\u0061":1}]}`,
		"no UTF-8":                "{\"a\":\"\xff\"}",
		"a surrogate in UTF-8":    "{\"a\":\"\xed\xa0\x80\"}",
		"half a pair":             `{"a":"\ud83d"}`,
		"the second half":         `{"a":"\ude00"}`,
		"half a pair, then text":  `{"a":"\ud83dxxxxxx"}`,
		"two first halves":        `{"a":"\ud83d\ud83d"}`,
		"half a pair in a name":   `{"\ud83d":1}`,
		"deeper than a thousand":  strings.Repeat(`{"a":`, 1001) + "{}" + strings.Repeat(`}`, 1001),
		"deeper, of both kinds":   `{"a":` + strings.Repeat(`[`, 1001) + strings.Repeat(`]`, 1001) + `}`,
		"deeper than any decoder": `{"a":` + strings.Repeat(`[`, 20_000) + strings.Repeat(`]`, 20_000) + `}`,
	} {
		if got, err := Canonical([]byte(in)); err == nil {
			t.Errorf("%s became %s", name, got)
		}
	}
	if _, err := Canonical([]byte(strings.Repeat(`{"a":`, 1000) + "{}" + strings.Repeat(`}`, 1000))); err != nil {
		t.Errorf("a thousand deep: %v", err)
	}
}

// anyJSON draws a value, written in some form, and with names that do not
// repeat.
func anyJSON(t *rapid.T, depth int) string {
	blank := func() string { return rapid.SampledFrom([]string{"", "", " ", "\n\t"}).Draw(t, "blank") }
	quoted := func(s string) string {
		b, _ := json.Marshal(s)
		if rapid.Bool().Draw(t, "escaped") {
			var e strings.Builder
			for _, u := range s {
				if u < 0x10000 {
					fmt.Fprintf(&e, `\u%04X`, u)
				} else {
					e.WriteRune(u)
				}
			}
			return `"` + e.String() + `"`
		}
		return string(b)
	}
	kind := rapid.IntRange(0, 5).Draw(t, "kind")
	if depth == 0 {
		kind = 0
	} else if depth > 3 {
		kind %= 4
	}
	var parts []string
	switch kind {
	case 0, 4:
		for _, name := range rapid.SliceOfNDistinct(rapid.String(), 0, 5, rapid.ID[string]).Draw(t, "names") {
			parts = append(parts, blank()+quoted(name)+blank()+":"+blank()+anyJSON(t, depth+1)+blank())
		}
		return "{" + strings.Join(parts, ",") + "}"
	case 5:
		for range rapid.IntRange(0, 4).Draw(t, "length") {
			parts = append(parts, blank()+anyJSON(t, depth+1)+blank())
		}
		return "[" + strings.Join(parts, ",") + "]"
	case 1:
		return quoted(rapid.String().Draw(t, "text"))
	case 2:
		return rapid.SampledFrom([]string{"0", "-0", "1.50", "1e9", "12345678901234567890"}).Draw(t, "number")
	}
	return rapid.SampledFrom([]string{"true", "false", "null"}).Draw(t, "word")
}

func meaning(t *rapid.T, text []byte) any {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return v
}

func TestCanonicalKeepsTheMeaningAndForgetsTheForm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := []byte(anyJSON(t, 0))
		got, err := Canonical(in)
		if err != nil {
			t.Fatalf("%q: %v", in, err)
		}
		if !reflect.DeepEqual(meaning(t, in), meaning(t, got)) {
			t.Fatalf("%q became %q", in, got)
		}
		again, _ := json.Marshal(meaning(t, in)) // another form of the same
		same, err := Canonical(again)
		if err != nil || !bytes.Equal(got, same) {
			t.Fatalf("%q and %q became %q and %q, %v", in, again, got, same, err)
		}
	})
}

func FuzzCanonicalIsItsOwnCanonicalForm(f *testing.F) {
	for _, seed := range []string{`{}`, `{"b":[1,{"c":"\u00e9"}],"a":null}`, ` { "x" : -0.0e+1 , "y" : "\ud83d\ude00" } `, `{"a":"\ud83d"}`, `[`, `{"a":1,"a":2}`, "{\"\xff\":1}"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		once, err := Canonical(in)
		if err != nil {
			return
		}
		twice, err := Canonical(once)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%q became %q, and that %q, %v", in, once, twice, err)
		}
		if len(once) > len(in) {
			t.Errorf("%q became longer: %q", in, once)
		}
	})
}
