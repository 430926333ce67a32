package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
)

// cutWorld has a day whose largest files have more than ten parts each, and lie
// in three volumes or more wherever the volumes end.
func cutWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, slow)
	w.addDay(date, 60)
	w.cut("100b", 400)
	return w
}

// manyParts is the first file in staging with more than ten parts: its key
// without the number, and how many there are.
func (w *world) manyParts() (key string, parts int) {
	w.t.Helper()
	for o, err := range w.staging.List(context.Background(), "snapshots/indices/", "") {
		if err != nil {
			w.t.Fatal(err)
		}
		name, _, _ := strings.Cut(o.Key, ".part")
		if name != key {
			if parts > 10 {
				break
			}
			key, parts = name, 0
		}
		parts++
	}
	if parts <= 10 {
		w.t.Fatal("there is no such file")
	}
	return key, parts
}

func partOf(key string, n int) string { return fmt.Sprintf("%s.part%d", key, n) }

func TestDayWhoseFilesAreCutBetweenVolumesIsSealed(t *testing.T) {
	w := cutWorld(t)
	var cut string
	if err := w.behindSuccess(date, "", func() { cut, _ = w.manyParts() }); err != nil {
		t.Fatal(err)
	}
	e, _ := w.chain().Sealed(date)
	ended := 0
	for _, v := range e.Archive.Volumes {
		if strings.HasPrefix("snapshots/"+v.Last, cut+".part") {
			ended++
		}
	}
	if ended < 2 {
		t.Errorf("%d volumes end in %s: this proves too little", ended, cut)
	}
	if err := w.check(date); err != nil {
		t.Error(err)
	}
}

func TestDamagedPartOfAFileThatIsCutBetweenVolumesIsNotSealedAndTakenAgain(t *testing.T) {
	for name, part := range map[string]func(parts int) int{
		"first":      func(int) int { return 0 },
		"middle":     func(parts int) int { return parts / 2 },
		"next to it": func(parts int) int { return parts/2 + 1 },
		"last":       func(parts int) int { return parts - 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := cutWorld(t)
			var key string
			err := w.behindSuccess(date, "", func() {
				var parts int
				key, parts = w.manyParts()
				w.alter(partOf(key, part(parts)), func(body []byte) []byte {
					body[0] ^= 1 // it may be shorter than a footer
					return body
				})
			})
			w.wantGivenUp(err, key)
			if err := w.again(date); err != nil {
				t.Fatal(err)
			}
			if err := w.check(date); err != nil {
				t.Error(err)
			}
		})
	}
}

// wantGivenUp wants an attempt to be given up over a damaged file.
func (w *world) wantGivenUp(err error, key string) {
	w.t.Helper()
	if !errors.Is(err, archive.ErrDamaged) || !strings.Contains(err.Error(), strings.TrimPrefix(key, "snapshots/")+":") {
		w.t.Errorf("%v; want %v of %s", err, archive.ErrDamaged, key)
	}
	var hint interface{ Hint() string }
	if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "run again") || errors.Is(err, job.ErrPerson) {
		w.t.Errorf("the remedy is not told: %v", err)
	}
	if w.hasLedger() || w.snapshots() != 0 {
		w.t.Errorf("sealed: %v; snapshots left: %d", w.hasLedger(), w.snapshots())
	}
}

// packHalf runs a day until all but its last volumes have their receipts.
func (w *world) packHalf(do func()) {
	w.t.Helper()
	volumes := 0
	gate := storetest.NewGate(func(c storetest.Call) storetest.Fate {
		if strings.HasPrefix(c.Name, "archive Upload") {
			if volumes++; volumes == 10 {
				return storetest.KillBefore
			}
		}
		return storetest.Pass
	})
	onSuccess(gate, do)
	if _, err := w.run(gate, date); err == nil {
		w.t.Fatal("there are too few volumes")
	}
	w.clock.Advance(time.Hour)
}

func TestPartsThatAnEarlierProcessPackedAreJoinedWithTheRest(t *testing.T) {
	w := cutWorld(t)
	var key string
	w.packHalf(func() {
		key, _ = w.manyParts()
		w.alter(partOf(key, 0), flipped)
	})
	gate := healthy()
	_, err := w.run(gate, date)
	w.wantGivenUp(err, key)
	for _, c := range gate.Calls() {
		if c.Name == "staging Open "+partOf(key, 0) {
			t.Error("it was read again: this proves nothing")
		}
	}
}

// The receipts of a program that knew nothing of cut files are no damage.
func TestRunThatAnOlderProgramBeganIsFinished(t *testing.T) {
	w := cutWorld(t)
	w.packHalf(func() {})
	older := 0
	for o, err := range w.staging.List(t.Context(), archive.RunsPrefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(o.Key, "/receipt-") {
			continue
		}
		older++
		w.alter(o.Key, func(body []byte) []byte {
			var paper map[string]json.RawMessage
			if err := json.Unmarshal(body, &paper); err != nil {
				t.Fatal(err)
			}
			if paper["left_open"] == nil {
				t.Fatalf("%s has nothing to take away", o.Key)
			}
			delete(paper, "left_open")
			text, err := json.Marshal(paper)
			if err != nil {
				t.Fatal(err)
			}
			return text
		})
	}
	if older == 0 {
		t.Fatal("no receipt was left")
	}
	if err := w.again(date); err != nil {
		t.Fatal(err)
	}
	if err := w.check(date); err != nil {
		t.Error(err)
	}
}
