package archive

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"archiver/archive/store"
)

// ended is an entry that gives a run up.
func (m *made) ended(now time.Time) Entry {
	e := m.chain.Next(now, "archiver test")
	e.Type, e.Abandoned = TypeAbandoned, &Ended{Date: keptDate, Run: NewRun(now), Reason: "é <why>"}
	return e
}

func (m *made) object(t testing.TB, s Signer, e Entry) []byte {
	t.Helper()
	object, err := e.render(s)
	if err != nil {
		t.Fatal(err)
	}
	return object
}

// ledgerOf is a ledger of n entries, a minute apart.
func ledgerOf(t testing.TB, n int) (*made, *memory) {
	t.Helper()
	s := newMemory()
	m := newMade(t, s)
	for i := range n {
		m.append(t, m.ended(noon.Add(time.Duration(i)*time.Minute)))
	}
	return m, s
}

func TestLedgerLoadsWhatWasAppended(t *testing.T) {
	m, _ := ledgerOf(t, 20) // more than are read side by side
	chain, err := m.ledger.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m.chain.Entries, chain.Entries); diff != "" {
		t.Error(diff)
	}
	if chain.Head() != m.chain.Head() || chain.Head().Sequence != 20 || !chain.Holds(m.chain.Head()) {
		t.Errorf("head %v, want %v", chain.Head(), m.chain.Head())
	}
}

func TestLedgerOfAnotherStreamLiesApart(t *testing.T) {
	m, s := ledgerOf(t, 2)
	other := Ledger{Store: s, Stream: "log", Trust: m.ledger.Trust}
	chain, err := other.Load(t.Context())
	if err != nil || chain.Head() != (Head{}) || chain.Head().String() != "empty" {
		t.Errorf("head %v, %v", chain.Head(), err)
	}
}

func TestTamperedLedgerIsAnIntegrityViolationThatNamesTheObject(t *testing.T) {
	key := func(n int) string { return LedgerKey("logdata", n) }
	recipient := signerOf(t, "ops-private.asc")
	signed := func(change func(e *Entry)) func(*made, *memory) {
		return func(m *made, s *memory) {
			e := m.chain.Entries[2]
			change(&e)
			s.objects[key(3)] = m.object(t, m.signer, e)
		}
	}
	worded := func(change func(text string) string) func(*made, *memory) {
		return func(m *made, s *memory) {
			text, err := encodeJSON(m.chain.Entries[2])
			if err != nil {
				t.Fatal(err)
			}
			changed := change(string(text))
			if changed == string(text) {
				t.Fatal("the case changes nothing")
			}
			if s.objects[key(3)], err = m.signer.Clear([]byte(changed), m.chain.Entries[2].Time); err != nil {
				t.Fatal(err)
			}
		}
	}
	replaced := func(old, new string) func(string) string {
		return func(text string) string { return strings.Replace(text, old, new, 1) }
	}
	for _, c := range []struct {
		name   string
		tamper func(m *made, s *memory)
		names  int // the entry that the error names
	}{
		{"first removed", func(_ *made, s *memory) { delete(s.objects, key(1)) }, 2},
		{"one removed", func(_ *made, s *memory) { delete(s.objects, key(2)) }, 3},
		{"two exchanged", func(_ *made, s *memory) {
			s.objects[key(1)], s.objects[key(2)] = s.objects[key(2)], s.objects[key(1)]
		}, 1},
		{"one replaced by an earlier one", func(_ *made, s *memory) { s.objects[key(3)] = s.objects[key(1)] }, 3},
		{"one replaced by another that follows", func(m *made, s *memory) {
			e := m.chain.Entries[1]
			e.Abandoned = &Ended{Date: keptDate, Run: e.Abandoned.Run, Reason: "another"}
			s.objects[key(2)] = m.object(t, m.signer, e)
		}, 3},
		{"byte flipped", func(_ *made, s *memory) {
			s.objects[key(2)] = bytes.Replace(s.objects[key(2)], []byte("abandoned"), []byte("abandonee"), 1)
		}, 2},
		{"text after the block", func(_ *made, s *memory) { s.objects[key(4)] = append(s.objects[key(4)], '\n') }, 4},
		{"signed by a recipient", func(m *made, s *memory) { s.objects[key(3)] = m.object(t, recipient, m.chain.Entries[2]) }, 3},
		{"empty", func(_ *made, s *memory) { s.put(key(4), "") }, 4},
		{"foreign key at the end", func(_ *made, s *memory) { s.put("ledger/logdata/notes.txt", "") }, 0},
		{"foreign key inside", func(_ *made, s *memory) { s.put("ledger/logdata/000002.json.asc.old", "") }, 0},
		{"second version", func(_ *made, s *memory) {
			info := store.Info{Key: key(2)}
			s.history = map[string][]store.Version{key(2): {{Info: info, Latest: true}, {Info: info}}}
		}, 2},
		{"delete marker on top", func(_ *made, s *memory) {
			info := store.Info{Key: key(2)}
			s.history = map[string][]store.Version{key(2): {{Info: info, Latest: true, DeleteMarker: true}, {Info: info}}}
		}, 2},
		{"delete marker below", func(_ *made, s *memory) {
			info := store.Info{Key: key(4)}
			s.history = map[string][]store.Version{key(4): {{Info: info, Latest: true}, {Info: info, DeleteMarker: true}}}
		}, 4},

		{"other stream", signed(func(e *Entry) { e.Stream = "other" }), 3},
		{"other sequence", signed(func(e *Entry) { e.Sequence = 4 }), 3},
		{"other previous", signed(func(e *Entry) { e.Previous = genesis }), 3},
		{"time going back", signed(func(e *Entry) { e.Time = noon }), 3},
		{"time not that of the signature", worded(replaced("12:02:00Z", "12:01:59Z")), 3},
		{"fraction of a second", worded(replaced("12:02:00Z", "12:02:00.5Z")), 3},
		{"other time zone", worded(replaced("12:02:00Z", "13:02:00+01:00")), 3},
		{"duplicate member", worded(replaced("{\n", "{\n  \"format\": 1,\n")), 3},
		{"unknown member", worded(replaced("{\n", "{\n  \"more\": 1,\n")), 3},
		{"other format", worded(replaced(`"format": 1`, `"format": 2`)), 3},
		{"unknown type", worded(replaced(`"type": "abandoned"`, `"type": "expired"`)), 3},
		{"type without its body", worded(replaced(`"type": "abandoned"`, `"type": "withdrawn"`)), 3},
		{"malformed run", worded(replaced(`"run": "2026`, `"run": "../2026`)), 3},
		{"malformed date", worded(replaced(`"date": "2026-11-20"`, `"date": "20261120"`)), 3},
		{"day that there is not", worded(replaced(`"date": "2026-11-20"`, `"date": "2026-02-31"`)), 3},
		{"no JSON", worded(func(string) string { return "hello\n" }), 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			m, s := ledgerOf(t, 4)
			c.tamper(m, s)
			_, err := m.ledger.Load(t.Context())
			want := "ledger/logdata/"
			if c.names > 0 {
				want = key(c.names)
			}
			if !errors.Is(err, ErrIntegrity) || !strings.Contains(err.Error(), want) {
				t.Errorf("%v, want an integrity violation that names %s", err, want)
			}
		})
	}
}

func TestChainThatWasCutOrWentElsewhereDoesNotHoldTheHead(t *testing.T) {
	m, s := ledgerOf(t, 3)
	head := m.chain.Head()
	for sequence := 1; sequence <= 3; sequence++ {
		if h := (Head{sequence, SHA256(s.objects[LedgerKey("logdata", sequence)])}); !m.chain.Holds(h) {
			t.Errorf("%v is not held", h)
		}
	}
	if !m.chain.Holds(Head{}) {
		t.Error("the head of an empty ledger is not held")
	}
	if m.chain.Holds(Head{3, genesis}) || m.chain.Holds(Head{2, head.SHA256}) || m.chain.Holds(Head{4, head.SHA256}) {
		t.Error("another head is held")
	}
	delete(s.objects, LedgerKey("logdata", 3))
	cut, err := m.ledger.Load(t.Context())
	if err != nil || cut.Holds(head) {
		t.Errorf("a chain that was cut holds the old head, or does not load: %v", err)
	}
}

func TestAppendSettlesByLookingWhereItsAnswerWasLost(t *testing.T) {
	m, s := ledgerOf(t, 1)
	object := m.object(t, m.signer, m.ended(noon))
	lost := errors.New("connection lost")
	s.created = func(string) error { return lost }
	head, err := m.ledger.Append(t.Context(), m.chain, object)
	if err != nil || head.Sequence != 2 || m.chain.Head() != head {
		t.Fatalf("head %v, %v", head, err)
	}
	// Later, with the same bytes, as a run that was interrupted does it.
	again, err := m.ledger.Load(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if repeated, err := m.ledger.Append(t.Context(), again, object); err != nil || repeated != head || len(again.Entries) != 2 {
		t.Errorf("repeated: head %v of %d entries, %v", repeated, len(again.Entries), err)
	}
}

func TestAppendGivesWayToAnotherWriter(t *testing.T) {
	m, s := ledgerOf(t, 1)
	mine, other := m.object(t, m.signer, m.ended(noon)), m.object(t, m.signer, m.ended(noon))
	s.objects[LedgerKey("logdata", 2)] = other
	before := m.chain.Head()
	if _, err := m.ledger.Append(t.Context(), m.chain, mine); !errors.Is(err, ErrIntegrity) {
		t.Errorf("%v", err)
	}
	if !bytes.Equal(s.objects[LedgerKey("logdata", 2)], other) || m.chain.Head() != before {
		t.Error("the other's entry was touched, or taken for ours")
	}
}

func TestAppendThatFailsLeavesTheChainAsItWas(t *testing.T) {
	m, _ := ledgerOf(t, 1)
	object := m.object(t, m.signer, m.ended(noon))
	m.ledger.Store = &failingCreate{newMemory()}
	before := m.chain.Head()
	if _, err := m.ledger.Append(t.Context(), m.chain, object); err == nil || errors.Is(err, ErrIntegrity) {
		t.Errorf("%v", err)
	}
	if m.chain.Head() != before {
		t.Error("the chain has an entry that was not written")
	}
}

type failingCreate struct{ *memory }

func (s *failingCreate) Create(context.Context, string, []byte) (store.Info, error) {
	return store.Info{}, errors.New("connection lost")
}

func TestAppendRefusesWhatDoesNotFitTheChain(t *testing.T) {
	recipient := signerOf(t, "ops-private.asc")
	for name, make := range map[string]func(m *made) []byte{
		"by another signer": func(m *made) []byte { return m.object(t, recipient, m.ended(noon)) },
		"altered": func(m *made) []byte {
			return bytes.Replace(m.object(t, m.signer, m.ended(noon)), []byte("why"), []byte("who"), 1)
		},
		"with a gap": func(m *made) []byte {
			e := m.ended(noon)
			e.Sequence++
			return m.object(t, m.signer, e)
		},
		"of another stream": func(m *made) []byte {
			e := m.ended(noon)
			e.Stream = "other"
			return m.object(t, m.signer, e)
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, s := ledgerOf(t, 1)
			if _, err := m.ledger.Append(t.Context(), m.chain, make(m)); !errors.Is(err, ErrIntegrity) {
				t.Errorf("%v", err)
			}
			if len(s.objects) != 1 {
				t.Errorf("%d objects", len(s.objects))
			}
		})
	}
}

func TestEntryThatBreaksTheRulesIsNotSigned(t *testing.T) {
	m, _ := ledgerOf(t, 0)
	for name, change := range map[string]func(e *Entry){
		"format":        func(e *Entry) { e.Format = 2 },
		"stream":        func(e *Entry) { e.Stream = "Logs" },
		"previous":      func(e *Entry) { e.Previous = "" },
		"time":          func(e *Entry) { e.Time = e.Time.Add(time.Millisecond) },
		"type":          func(e *Entry) { e.Type = "expired" },
		"no body":       func(e *Entry) { e.Abandoned = nil },
		"two bodies":    func(e *Entry) { e.Withdrawn = e.Abandoned },
		"date":          func(e *Entry) { e.Abandoned.Date = "yesterday" },
		"run":           func(e *Entry) { e.Abandoned.Run = "x" },
		"line too long": func(e *Entry) { e.Tool = strings.Repeat("x", maxLine) },
	} {
		e := m.ended(noon)
		change(&e)
		if _, err := e.Sign(m.signer); err == nil {
			t.Errorf("%s: signed", name)
		}
	}
}

func TestNextEntryIsNeverBeforeTheLastEvenIfTheClockIs(t *testing.T) {
	m, _ := ledgerOf(t, 2)
	last := m.chain.Entries[1].Time
	for _, c := range []struct{ now, want time.Time }{
		{last.Add(-time.Hour), last},
		{last.Add(1500 * time.Millisecond), last.Add(time.Second)},
		{last.Add(time.Hour).In(time.FixedZone("", 3600)), last.Add(time.Hour)},
	} {
		if e := m.chain.Next(c.now, "t"); e.Time != c.want.UTC() || e.Sequence != 3 || e.Previous != m.chain.Head().SHA256 {
			t.Errorf("at %v: %+v", c.now, e)
		}
	}
}

func TestArchiveOfADateIsTheLastThatStands(t *testing.T) {
	c := &Chain{Entries: []Entry{
		{Type: TypeArchive, Archive: &Sealed{Date: "2026-11-20", Run: "a"}},
		{Type: TypeArchive, Archive: &Sealed{Date: "2026-11-21", Run: "b"}},
		{Type: TypeWithdrawn, Withdrawn: &Ended{Date: "2026-11-20", Run: "a"}},
		{Type: TypeAbandoned, Abandoned: &Ended{Date: "2026-11-20", Run: "c"}},
	}}
	if e, ok := c.Sealed("2026-11-20"); ok {
		t.Errorf("%+v stands, though it was withdrawn", e)
	}
	if e, ok := c.Sealed("2026-11-21"); !ok || e.Archive.Run != "b" {
		t.Errorf("%+v, %v", e, ok)
	}
	if _, ok := c.Sealed("2026-11-22"); ok {
		t.Error("a day that was never archived is sealed")
	}
	c.Entries = append(c.Entries, Entry{Type: TypeArchive, Archive: &Sealed{Date: "2026-11-20", Run: "d"}})
	if e, ok := c.Sealed("2026-11-20"); !ok || e.Archive.Run != "d" {
		t.Errorf("%+v, %v", e, ok)
	}
	for run, want := range map[string]string{"a": TypeArchive, "c": TypeAbandoned, "d": TypeArchive} {
		if e, ok := c.Run(run); !ok || e.Type != want {
			t.Errorf("run %s: %+v", run, e)
		}
	}
	if _, ok := c.Run("e"); ok {
		t.Error("an unknown run has an entry")
	}
	for run, want := range map[string]bool{"a": true, "b": false, "c": true, "d": false} {
		if _, closed := c.Closed(run); closed != want {
			t.Errorf("run %s: closed is %v", run, closed)
		}
	}
}
