package archive

import (
	"bytes"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"archiver/internal/lab"
)

func anyRecord(t *rapid.T) Record {
	text := rapid.String()
	r := Record{
		Format: Format, Stream: text.Draw(t, "stream"), Time: noon, Tool: text.Draw(t, "tool"),
		Cluster: Cluster{Name: text.Draw(t, "cluster"), UUID: "\b\f\n\r\t\x00\x1f<>&/\"\\\u2028\U0001f600"},
		Objects: rapid.IntRange(0, 1<<53-1).Draw(t, "objects"),
	}
	for _, name := range rapid.SliceOfN(text, 0, 3).Draw(t, "indices") {
		i := Index{Name: name, Bytes: rapid.Int64Range(0, 1<<53-1).Draw(t, "bytes")}
		if rapid.Bool().Draw(t, "counted") {
			i.Documents = new(int64)
		}
		r.Snapshot.Indices = append(r.Snapshot.Indices, i)
	}
	return r
}

func TestJSONIsASCIIAndReadsBackAsWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anyRecord(t)
		text, err := encodeJSON(want)
		if err != nil {
			t.Fatal(err)
		}
		if i := bytes.IndexFunc(text, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }); i >= 0 {
			t.Fatalf("byte %d is %q", i, text[i])
		}
		if !bytes.HasSuffix(text, []byte("\n}\n")) {
			t.Fatalf("ends in %q", text[len(text)-4:])
		}
		var got Record
		if err := decodeJSON(text, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	})
}

// The procedure by hand relies on it.
func TestJSONIsWhatJQRenders(t *testing.T) {
	jq := lab.Tool(t, "jq")
	var texts bytes.Buffer
	gen := rapid.Custom(func(t *rapid.T) Record { return anyRecord(t) })
	for seed := range 200 {
		r := gen.Example(seed)
		// U+007F is no name's, and jq 1.6 writes it as it is.
		text, err := encodeJSON(r)
		if err != nil {
			t.Fatal(err)
		}
		texts.Write(bytes.ReplaceAll(text, []byte(`\u007f`), nil))
	}
	cmd := exec.CommandContext(t.Context(), jq, "-a", "--indent", "2", ".")
	cmd.Stdin = bytes.NewReader(texts.Bytes())
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(out, texts.Bytes()) {
		t.Error(firstDifference(out, texts.Bytes()))
	}
}

func TestJSONThatIsNotCanonicalIsRefused(t *testing.T) {
	ended := Ended{Date: "2026-11-20", Run: "r", Reason: "é"}
	text, err := encodeJSON(ended)
	if err != nil {
		t.Fatal(err)
	}
	canonical := string(text)
	if err := decodeJSON(text, new(Ended)); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]string{
		"duplicate member":     strings.Replace(canonical, "{\n", "{\n  \"date\": \"2026-11-19\",\n", 1),
		"unknown member":       strings.Replace(canonical, "{\n", "{\n  \"more\": 1,\n", 1),
		"member in other case": strings.Replace(canonical, `"date"`, `"Date"`, 1),
		"member missing":       strings.Replace(canonical, "  \"run\": \"r\",\n", "", 1),
		"other order":          "{\n  \"run\": \"r\",\n  \"date\": \"2026-11-20\",\n  \"reason\": \"\\u00e9\"\n}\n",
		"upper-case escape":    strings.Replace(canonical, `\u00e9`, `\u00E9`, 1),
		"unescaped":            strings.Replace(canonical, `\u00e9`, `é`, 1),
		"needless escape":      strings.Replace(canonical, `"r"`, `"\u0072"`, 1),
		"other indent":         strings.Replace(canonical, "  ", "\t", 1),
		"compact":              `{"date":"2026-11-20","run":"r","reason":"\u00e9"}` + "\n",
		"text before":          " " + canonical,
		"no line end":          strings.TrimSuffix(canonical, "\n"),
		"second line end":      canonical + "\n",
		"second value":         canonical + canonical,
		"null":                 "null\n",
		"empty":                "",
	} {
		t.Run(name, func(t *testing.T) {
			if c == canonical {
				t.Fatal("the case changes nothing")
			}
			if err := decodeJSON([]byte(c), new(Ended)); err == nil {
				t.Errorf("accepted: %s", c)
			}
		})
	}
}

func TestBodyThatIsKeptAsItIsMustBeCanonicalToo(t *testing.T) {
	entry := func(body string) []byte {
		text, err := encodeJSON(Entry{Format: Format, Time: noon, Reserved: Reserved{Absent: json.RawMessage("{}")}})
		if err != nil {
			t.Fatal(err)
		}
		return []byte(strings.Replace(string(text), `"absent": {}`, `"absent": `+body, 1))
	}
	one := func(member string) string { return "{\n    " + member + "\n  }" }
	nested := func(deep int) string {
		open, end := "", ""
		for i := range deep {
			open += "[\n" + strings.Repeat("  ", i+3)
			end = "\n" + strings.Repeat("  ", i+2) + "]" + end
		}
		return one(`"a": ` + open + "1" + end)
	}
	for body, ok := range map[string]bool{
		`{}`:                                  true,
		one(`"a": 9007199254740991`):          true,
		one(`"a": true`):                      true,
		one(`"a": null`):                      true,
		one(`"a": []`):                        true,
		one(`"": "\u00e9\ud83d\ude00\u2028"`): true,
		nested(maxNesting - 2):                true,
		nested(maxNesting - 1):                false,
		one(`"a": 9007199254740992`):          false,
		one(`"a": -1`):                        false,
		one(`"a": -0`):                        false,
		one(`"a": 1.5`):                       false,
		one(`"a": 1e3`):                       false,
		one("\"a\": 1,\n    \"a\": 1"):        false,
		one(`"a": "\u0061"`):                  false,
		one(`"a": "\/"`):                      false,
		one(`"a": "\u00E9"`):                  false,
		one(`"a": "\ud800"`):                  false,
	} {
		if err := decodeJSON(entry(body), new(Entry)); (err == nil) != ok {
			t.Errorf("%s: %v", body, err)
		}
	}
}

func TestJSONLineThatGPGWouldCallBadIsRefused(t *testing.T) {
	overhead := len("  \"reason\": \"\"\n")
	for _, c := range []struct {
		line int
		ok   bool
	}{{maxLine, true}, {maxLine + 1, false}} {
		_, err := encodeJSON(Ended{Reason: strings.Repeat("x", c.line-overhead)})
		if (err == nil) != c.ok {
			t.Errorf("line of %d bytes: %v", c.line, err)
		}
	}
}

func FuzzDecodedEntriesEncodeToTheSameBytes(f *testing.F) {
	seed, err := encodeJSON(Entry{Format: Format, Archive: &Sealed{Volumes: []Volume{{}}}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(seed)
	f.Fuzz(func(t *testing.T, text []byte) {
		var e Entry
		if decodeJSON(text, &e) != nil {
			return
		}
		again, err := encodeJSON(e)
		if err != nil || !bytes.Equal(again, text) {
			t.Fatalf("%v: %q became %q", err, text, again)
		}
		if !json.Valid(text) {
			t.Fatal("not JSON")
		}
	})
}
