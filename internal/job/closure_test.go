package job_test

import (
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"strings"
	"sync"
	"testing"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
)

// behindSuccess runs a day, and does something to staging after the snapshot's
// SUCCESS and before anything is listed for the plan.
func (w *world) behindSuccess(date, chunkSize string, do func()) error {
	w.t.Helper()
	if chunkSize != "" {
		w.cut(chunkSize, 1<<20) // all parts of a file in one volume
	}
	gate := healthy()
	onSuccess(gate, do)
	_, err := w.run(gate, date)
	return err
}

// cut has files cut into parts, and volumes of a size.
func (w *world) cut(chunkSize string, volumeSize int64) {
	w.tune = func(j *job.Job) {
		j.Register.Settings["chunk_size"], j.VolumeSize = chunkSize, volumeSize
	}
}

// onSuccess does something once, between SUCCESS and plan.
func onSuccess(gate *storetest.Gate, do func()) {
	var once sync.Once
	gate.Before = func(c storetest.Call) {
		if strings.HasPrefix(c.Name, "staging List snapshots/index-") {
			once.Do(do)
		}
	}
}

// staged finds the first key in staging that matches: it begins and ends so.
func (w *world) staged(prefix, last string) string {
	w.t.Helper()
	for o, err := range w.staging.List(context.Background(), "snapshots/"+prefix, "") {
		if err != nil {
			w.t.Fatal(err)
		}
		if name := o.Key[strings.LastIndexByte(o.Key, '/')+1:]; strings.HasPrefix(name, last) {
			return o.Key
		}
	}
	w.t.Fatalf("no %s… in %s", last, prefix)
	return ""
}

func (w *world) drop(key string) {
	w.t.Helper()
	o, err := w.staging.Stat(context.Background(), key, "")
	if err == nil {
		err = w.staging.Delete(context.Background(), key, o.ETag)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) alter(key string, change func(body []byte) []byte) {
	w.t.Helper()
	o, err := w.staging.Get(context.Background(), key)
	if err == nil {
		_, err = w.staging.Replace(context.Background(), key, change(o.Body), o.ETag)
	}
	if err != nil {
		w.t.Fatal(err)
	}
}

func flipped(body []byte) []byte {
	body[len(body)/2] ^= 1
	return body
}

func TestSnapshotThatIsNotWholeInStagingIsNotSealedAndTakenAgain(t *testing.T) {
	drop := func(w *world, key string) { w.drop(key) }
	flip := func(w *world, key string) { w.alter(key, flipped) }
	for name, c := range map[string]struct {
		prefix, last string
		chunkSize    string
		spoil        func(w *world, key string)
		want         error
		says         string
	}{
		"a data blob is gone":               {"indices/", "__", "", drop, job.ErrHole, "index " + indexOf(date) + ", shard 0"},
		"a data blob is shorter":            {"indices/", "__", "", func(w *world, key string) { w.alter(key, func(b []byte) []byte { return b[:len(b)-1] }) }, job.ErrHole, "bytes, not "},
		"a part of a file is gone":          {"indices/", "__", "50b", drop, job.ErrHole, ".part0"},
		"a shard's own file is gone":        {"indices/", "snap-", "", drop, job.ErrHole, "snap-"},
		"a shard's own file is damaged":     {"indices/", "snap-", "", flip, job.ErrHole, "shard 0"},
		"the index's metadata is gone":      {"indices/", "meta-", "", drop, job.ErrHole, "meta-"},
		"one bit of a data blob is another": {"indices/", "__", "", flip, archive.ErrDamaged, "footer"},
		"one bit of a part is another":      {"indices/", "__", "50b", flip, archive.ErrDamaged, "footer"},
		"one bit of a shard's index":        {"indices/", "index-", "", flip, archive.ErrDamaged, "footer"},
		"one bit of the index's metadata":   {"indices/", "meta-", "", flip, archive.ErrDamaged, "footer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, slow)
			w.addDay(date, 40)
			var key string
			err := w.behindSuccess(date, c.chunkSize, func() {
				key = w.staged(c.prefix, c.last)
				c.spoil(w, key)
			})
			blob, _, _ := strings.Cut(strings.TrimPrefix(key, "snapshots/"), ".part")
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), blob) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("%v; want %v of %s, with %q", err, c.want, key, c.says)
			}
			var hint interface{ Hint() string }
			if !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "run again") || errors.Is(err, job.ErrPerson) {
				t.Errorf("the remedy is not told: %v", err)
			}
			if w.hasLedger() || w.snapshots() != 0 {
				t.Errorf("sealed: %v; snapshots left: %d", w.hasLedger(), w.snapshots())
			}
			if err := w.behindSuccess(date, c.chunkSize, func() {}); err != nil {
				t.Fatal(err)
			}
			if err := w.check(date); err != nil {
				t.Error(err)
			}
		})
	}
}

// The cluster itself cannot read such a repository any more: a person must help.
func TestDamagedFileOfTheSnapshotIsNamedAndNotSealed(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	var key string
	err := w.behindSuccess(date, "", func() {
		key = w.staged("snap-", "snap-")
		w.alter(key, flipped)
	})
	if !errors.Is(err, archive.ErrDamaged) || !strings.Contains(err.Error(), strings.TrimPrefix(key, "snapshots/")) || w.hasLedger() {
		t.Errorf("%v; sealed: %v", err, w.hasLedger())
	}
}

func TestSpoiledSnapshotIsKeptWhenItsIndexIsGone(t *testing.T) {
	for name, spoil := range map[string]func(w *world, key string){
		"hole":   func(w *world, key string) { w.drop(key) },
		"damage": func(w *world, key string) { w.alter(key, flipped) },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slow)
			w.addDay(date, 40)
			err := w.behindSuccess(date, "", func() {
				spoil(w, w.staged("indices/", "__"))
				w.mustDelete(indexOf(date))
			})
			if !errors.Is(err, job.ErrPerson) || !strings.Contains(err.Error(), "/0/__") {
				t.Errorf("%v, want a call for a person that names the blob", err)
			}
			if w.hasLedger() || w.snapshots() != 1 {
				t.Errorf("sealed: %v; snapshots: %d", w.hasLedger(), w.snapshots())
			}
		})
	}
}

// A whole snapshot is not deleted for what lies beside it, whatever else is
// found missing.
func TestDataBlobThatNoFileLiesInStopsTheRunAndKeepsTheSnapshot(t *testing.T) {
	for name, alsoMissing := range map[string]bool{"alone": false, "beside a hole": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, slow)
			w.addDay(date, 40)
			var stray string
			err := w.behindSuccess(date, "", func() {
				blob := w.staged("indices/", "__")
				stray = blob[:strings.LastIndexByte(blob, '/')] + "/__stray"
				w.put(stray)
				if alsoMissing {
					w.drop(blob)
				}
			})
			if !errors.Is(err, archive.ErrForeign) || !strings.Contains(err.Error(), stray) || errors.Is(err, job.ErrHole) {
				t.Errorf("%v, want %s named", err, stray)
			}
			if w.hasLedger() || w.snapshots() != 1 {
				t.Errorf("sealed: %v; snapshots: %d", w.hasLedger(), w.snapshots())
			}
			w.drop(stray)
			if err := w.again(date); errors.Is(err, job.ErrHole) != alsoMissing {
				t.Errorf("after it was removed: %v", err)
			}
			if err := w.untilDone(healthy(), date); err != nil {
				t.Error(err)
			}
			if err := w.check(date); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestShardFileOfAnUnknownShapeStopsTheRunAndKeepsTheSnapshot(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	var key string
	err := w.behindSuccess(date, "", func() {
		key = w.staged("indices/", "snap-")
		w.alter(key, func(b []byte) []byte {
			b[len("\x3f\xd7\x6c\x17\x08snapshot")+3]++ // the version; then the footer fits again
			binary.BigEndian.PutUint64(b[len(b)-8:], uint64(crc32.ChecksumIEEE(b[:len(b)-8])))
			return b
		})
	})
	if err == nil || errors.Is(err, job.ErrHole) || !strings.Contains(err.Error(), key) {
		t.Errorf("%v", err)
	}
	if w.hasLedger() || w.snapshots() != 1 {
		t.Errorf("sealed: %v; snapshots: %d", w.hasLedger(), w.snapshots())
	}
}

// replacedBetween is a store in which a shard's own file is another when it is
// read than when it is listed.
type replacedBetween struct{ store.Store }

func (s replacedBetween) Get(ctx context.Context, key string) (store.Object, error) {
	o, err := s.Store.Get(ctx, key)
	if strings.Contains(key, "/0/snap-") {
		o.ETag = "another"
	}
	return o, err
}

func TestShardFileThatIsReplacedWhileItIsHeldAgainstTheListingStopsTheRun(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	j := w.process(healthy())
	j.Staging.Store = replacedBetween{j.Staging.Store}
	if _, err := j.Run(context.Background(), date); !errors.Is(err, archive.ErrStagingChanged) {
		t.Errorf("%v", err)
	}
	if w.hasLedger() || w.snapshots() != 1 {
		t.Errorf("sealed: %v; snapshots: %d", w.hasLedger(), w.snapshots())
	}
}

// One read for each shard, when its folder begins: no more is held.
func TestEachShardsOwnFileIsReadOnce(t *testing.T) {
	w := newWorld(t, slow)
	w.addDay(date, 40)
	gate := healthy()
	if _, err := w.run(gate, date); err != nil {
		t.Fatal(err)
	}
	read := map[string]int{}
	for _, c := range gate.Calls() {
		if key, ok := strings.CutPrefix(c.Name, "staging Get snapshots/indices/"); ok {
			read[key]++
		}
	}
	for key, n := range read {
		if n != 1 || !strings.Contains(key, "/snap-") {
			t.Errorf("%s was read %d times", key, n)
		}
	}
	if len(read) != 2 {
		t.Errorf("%d files were read for 2 shards", len(read))
	}
}
