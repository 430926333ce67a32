package archive

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"testing"
)

// canonical fails if a text was taken that is not the rendering of what it says.
func canonical[T any](t *testing.T, text []byte, v *T) bool {
	t.Helper()
	if decodeJSON(text, v) != nil {
		return false
	}
	again, err := encodeJSON(v)
	if err != nil || !bytes.Equal(again, text) {
		t.Fatalf("taken, but rendered again it is another text: %v\n%q\n%q", err, text, again)
	}
	return true
}

func FuzzEntry(f *testing.F) {
	k := newKept(f)
	for _, e := range k.chain.Entries {
		text, err := encodeJSON(e)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var e Entry
		if !canonical(t, text, &e) || e.check() != nil || e.Archive == nil {
			return
		}
		for n, v := range e.Archive.Volumes {
			if !strings.HasPrefix(v.Key, "archives/"+e.Stream+"/") || strings.Contains(v.Key, "..") || v.Number != n {
				t.Fatalf("volume %d lies at %q", n, v.Key)
			}
		}
	})
}

func FuzzClearSignedEntry(f *testing.F) {
	k := goldenCopy(f) // fixed: every worker must know the same entries
	known := map[string]bool{}
	for n := range k.chain.Entries {
		object := k.read(k.entry(n + 1))
		f.Add(object)
		known[string(object)] = true
	}
	f.Fuzz(func(t *testing.T, object []byte) {
		if _, err := k.ledger.open(object); err == nil && !known[string(object)] {
			t.Fatalf("an entry that nobody signed is believed: %q", object)
		}
	})
}

func FuzzRecord(f *testing.F) {
	k := newKept(f)
	f.Add(k.unpack(0)[0].body)
	f.Fuzz(func(t *testing.T, text []byte) { canonical(t, text, new(Record)) })
}

func FuzzVolumeRecord(f *testing.F) {
	k := newKept(f)
	f.Add(k.unpack(1)[2].body)
	f.Fuzz(func(t *testing.T, text []byte) { canonical(t, text, new(VolumeRecord)) })
}

func FuzzUntar(f *testing.F) {
	k := newKept(f)
	f.Add(decrypted(f, k.read(k.volume(0))))
	f.Add(make([]byte, tarTrailer))
	var long bytes.Buffer
	w := newVolumeWriter(&long, &Plan{Time: noon, Volumes: []PlannedVolume{{}}}, 0)
	if err := errors.Join(w.whole(strings.Repeat("n/", 200)+"n", []byte("x")), w.tar.Close()); err != nil {
		f.Fatal(err)
	}
	f.Add(long.Bytes())
	f.Fuzz(func(t *testing.T, text []byte) {
		in := bytes.NewReader(text)
		u := &untarrer{r: in, object: "fuzzed"}
		var again bytes.Buffer
		w := newVolumeWriter(&again, &Plan{}, 0)
		for {
			e, err := u.next()
			if err == io.EOF {
				break
			}
			if err != nil {
				if !errors.As(err, new(*Violation)) {
					t.Fatalf("%v is no violation", err)
				}
				return
			}
			body, err := io.ReadAll(u)
			if err != nil {
				return
			}
			if err := w.header(e.Name, e.Size, e.Time); err != nil {
				t.Fatal(err)
			}
			if _, err := w.tar.Write(body); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.tar.Close(); err != nil || !bytes.Equal(again.Bytes(), text) {
			t.Fatalf("taken, but written again it is another tar: %v", err)
		}
	})
}

func FuzzKeyList(f *testing.F) {
	f.Add([]byte("12 etag indices/x/0/__a\n0  snap-u.dat\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newMemory()
		s.put("list", string(text))
		if _, err := KeyList(t.Context(), s, &Receipt{KeyList: "list"}); err == nil {
			t.Fatal("a list without its digest is believed")
		}
	})
}

func FuzzReceipt(f *testing.F) {
	text, err := encodePaper(&Receipt{Format: Format, PlanSHA256: genesis})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, text []byte) {
		s := newMemory()
		s.put(ReceiptKey("run", genesis, 0), string(text))
		if r, err := ReadReceipt(t.Context(), s, "run", genesis, 0); err == nil && (r.PlanSHA256 != genesis || r.Volume.Number != 0) {
			t.Fatal("the receipt of something else is taken")
		}
	})
}

func FuzzPlan(f *testing.F) {
	f.Add([]byte(`{"format": 1, "stream": "logdata", "volumes": [{"number": 0}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if p, err := DecodePlan(text, SHA256(text)); err == nil && p.Format != Format {
			t.Fatal("a plan of another format is taken")
		}
	})
}

func FuzzParseHead(f *testing.F) {
	f.Add("000007:" + genesis)
	f.Fuzz(func(t *testing.T, text string) {
		h, err := ParseHead(text)
		if err != nil {
			return
		}
		if again, err := ParseHead(h.String()); err != nil || again != h || h.Sequence < 1 {
			t.Fatalf("%q is %v, which is %v, %v", text, h, again, err)
		}
	})
}

func FuzzCompareManifests(f *testing.F) {
	f.Add([]byte(genesis+"  a\n"), []byte(genesis+"  b\n"))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if err := compareManifests("m", a, b); (err == nil) != bytes.Equal(a, b) {
			t.Fatalf("%q and %q: %v", a, b, err)
		}
	})
}
