package restore_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/storetest"
	"archiver/internal/job"
	"archiver/internal/restore"
	"archiver/snapshot"
	"archiver/snapshot/snapshottest"
)

func TestADrillProvesADayAndLeavesNothing(t *testing.T) {
	w := newWorld(t)
	gate := healthy()
	result, err := w.drill(gate)
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != restore.Passed || result.Documents != 40 || result.Samples != 10 || len(result.Phases) != 5 || result.Kept {
		t.Errorf("%+v", result)
	}
	if result.Entry != result.Head || result.Entry.Sequence != 1 || result.Entry.SHA256 == "" {
		t.Errorf("the entry is %v of %v", result.Entry, result.Head)
	}
	w.wantBare()
	if testing.Verbose() {
		for _, c := range gate.Calls() {
			t.Log(c.N, c.Name)
		}
	}
}

func TestARestoreBringsBackEveryDocument(t *testing.T) {
	w := newWorld(t)
	result, err := w.restore(healthy(), restore.Options{Rename: "back-{index}-again"})
	if err != nil {
		t.Fatal(err)
	}
	if result.Verdict != restore.Passed || !result.Kept {
		t.Errorf("%+v", result)
	}
	w.wantDocs(w.cluster, "back-"+index+"-again")
	w.wantBare("back-" + index + "-again")
	if !w.told.noted("lifecycle policies are left off") {
		t.Errorf("%q", w.told.notes)
	}
}

func TestADayComesBackUnderItsOwnNameAndIntoAnotherCluster(t *testing.T) {
	w := newWorld(t)
	fresh, client := w.newCluster()
	r := w.process(healthy())
	r.Cluster = client
	if _, err := r.Restore(t.Context(), restore.Options{Date: date, Indices: []string{index}}); err != nil {
		t.Fatal(err)
	}
	w.wantDocs(fresh, index)
	w.wantBare()
}

func TestWhatIsThereIsNeverTouched(t *testing.T) {
	for name, o := range map[string]restore.Options{
		"the same name": {},
		"a closed one":  {Rename: "closed-{index}"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.cluster.AddIndex("closed-"+index, 1, []snapshottest.Doc{{ID: "x", Source: []byte(`{"mine":1}`)}})
			if err := w.cluster.CloseIndex("closed-" + index); err != nil {
				t.Fatal(err)
			}
			gate := healthy()
			if _, err := w.restore(gate, o); !errors.Is(err, job.ErrPerson) || !errors.Is(err, snapshot.ErrIndexExists) || !strings.Contains(err.Error(), index) {
				t.Error(err)
			}
			w.wantDocs(w.cluster, index)
			w.wantBare("closed-" + index)
			wantNoCall(t, gate, "archive Open", "staging Create", "cluster Register", "cluster DeleteIndex")
		})
	}
}

// TestAnIndexThatComesInBetweenStays has somebody else take the name after it was
// found free.
func TestAnIndexThatComesInBetweenStays(t *testing.T) {
	w := newWorld(t)
	gate := healthy()
	gate.Before = func(c storetest.Call) {
		if c.Name == "cluster Restore" {
			w.cluster.AddIndex(back, 1, w.docs)
		}
	}
	if _, err := w.restore(gate, restore.Options{Rename: "back-{index}"}); !errors.Is(err, job.ErrPerson) {
		t.Error(err)
	}
	w.wantDocs(w.cluster, back)
	w.wantBare(back)
}

func wantNoCall(t *testing.T, gate *storetest.Gate, prefixes ...string) {
	t.Helper()
	for _, c := range gate.Calls() {
		for _, p := range prefixes {
			if strings.HasPrefix(c.Name, p) {
				t.Errorf("it came to %s", c.Name)
			}
		}
	}
}

func TestWhatIsNotThereIsSaidBeforeAnythingIsRead(t *testing.T) {
	w := newWorld(t)
	for name, c := range map[string]struct {
		do func(*restore.Restorer) error
		is error
	}{
		"no such day": {func(r *restore.Restorer) error {
			_, err := r.Drill(t.Context(), "2026-11-01")
			return err
		}, archive.ErrNoArchive},
		"no such index": {func(r *restore.Restorer) error {
			_, err := r.Restore(t.Context(), restore.Options{Date: date, Indices: []string{"other"}})
			return err
		}, job.ErrPerson},
		"a name with capital letters": {func(r *restore.Restorer) error {
			_, err := r.Restore(t.Context(), restore.Options{Date: date, Rename: "Back-{index}"})
			return err
		}, job.ErrPerson},
		"a name with a wildcard": {func(r *restore.Restorer) error {
			_, err := r.Restore(t.Context(), restore.Options{Date: date, Rename: "*-{index}"})
			return err
		}, job.ErrPerson},
		"a name that is too long": {func(r *restore.Restorer) error {
			_, err := r.Restore(t.Context(), restore.Options{Date: date, Rename: strings.Repeat("x", 250) + "{index}"})
			return err
		}, job.ErrPerson},
		"a head that was cut off": {func(r *restore.Restorer) error {
			r.KnownHead = archive.Head{Sequence: 2, SHA256: strings.Repeat("0", 64)}
			_, err := r.Drill(t.Context(), date)
			return err
		}, archive.ErrIntegrity},
		"an older cluster": {func(r *restore.Restorer) error {
			old, client := w.clusterOf("opensearch", "2.19.6")
			r.Cluster = client
			_, err := r.Drill(t.Context(), date)
			if _, docsErr := old.Docs(index); docsErr == nil {
				t.Error("something came to be there")
			}
			return err
		}, snapshot.ErrCannotRestore},
	} {
		gate := healthy()
		if err := c.do(w.process(gate)); !errors.Is(err, c.is) {
			t.Errorf("%s: %v", name, err)
		}
		wantNoCall(t, gate, "archive Open", "staging Create", "cluster Register")
	}
}

// TestADayThatNoDrillCanNameSaysWhatCanBeDone: a drill's names are longer than the
// archived ones, and it takes no --rename.
func TestADayThatNoDrillCanNameSaysWhatCanBeDone(t *testing.T) {
	const day = "2026-11-19"
	w := newWorld(t)
	w.cluster.AddIndex("logdata-19112026-"+strings.Repeat("x", 230), 1, w.docs)
	w.seal(w.client, day)
	_, err := w.process(healthy()).Drill(t.Context(), day)
	var hint interface{ Hint() string }
	if !errors.Is(err, job.ErrPerson) || !errors.As(err, &hint) || !strings.Contains(hint.Hint(), "archiver restore --date "+day) || strings.Contains(hint.Hint(), "--rename") {
		t.Errorf("%v", err)
	}
}

func TestATamperedArchiveReachesNoCluster(t *testing.T) {
	w := newWorld(t)
	volumes, err := filepath.Glob(filepath.Join(w.root, "archive", "archives", stream, "*", "*", "*", "*", "*", "*.tar.pgp"))
	if err != nil || len(volumes) < 2 {
		t.Fatal(volumes, err)
	}
	last := volumes[len(volumes)-1]
	text, err := os.ReadFile(last)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)/2] ^= 1
	if err := os.WriteFile(last, text, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, way := range ways() {
		gate := healthy()
		result, err := way.start(w, gate)
		if !errors.Is(err, archive.ErrIntegrity) || result != nil {
			t.Errorf("%s: %v, %+v", way.name, err, result)
		}
		wantNoCall(t, gate, "cluster Register", "cluster Restore")
		w.wantBare()
	}
}

// TestWhatAnotherPutsBesideTheFilesReachesNoCluster has somebody, who may write to
// the bucket but read no archive, add a root file that the cluster would prefer,
// or take a file away.
func TestWhatAnotherPutsBesideTheFilesReachesNoCluster(t *testing.T) {
	w := newWorld(t)
	for name, tamper := range map[string]func(o store.Info) error{
		"added": func(o store.Info) error {
			folder, _, _ := strings.Cut(o.Key, "/repository/")
			_, err := w.staging.Create(t.Context(), folder+"/repository/index-99", []byte("{}"))
			return err
		},
		"removed": func(o store.Info) error { return w.staging.Delete(t.Context(), o.Key, o.ETag) },
	} {
		for _, way := range ways() {
			gate := healthy()
			done := false
			gate.Before = func(storetest.Call) {
				for o, err := range w.staging.List(t.Context(), restore.Prefix, "") {
					if done || err != nil || !strings.HasSuffix(o.Key, "/index.latest") {
						continue
					}
					if done = true; tamper(o) != nil {
						t.Error("it could not be done")
					}
				}
			}
			if _, err := way.start(w, gate); !errors.Is(err, job.ErrPerson) || !done {
				t.Errorf("%s, %s: %v", way.name, name, err)
			}
			wantNoCall(t, gate, "cluster Register", "cluster Restore")
			w.wantBare()
		}
	}
}

// TestWhatIsNotAsRecordedIsAnIntegrityViolation has the day archived with a
// witness that is wrong: what a record that was tampered with, and signed again,
// would be.
func TestWhatIsNotAsRecordedIsAnIntegrityViolation(t *testing.T) {
	for name, lie := range map[string]func(*liar){
		"count":  func(l *liar) { l.more = 1 },
		"sample": func(l *liar) { l.source = `{"n":-1}` },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorldOf(t, lie)
			result, err := w.drill(healthy())
			if !errors.Is(err, archive.ErrIntegrity) || result == nil || result.Verdict != restore.Failed || len(result.Mismatches) == 0 {
				t.Errorf("%v: %+v", err, result)
			}
			w.wantBare()

			result, err = w.restore(healthy(), restore.Options{Rename: "back-{index}"})
			if !errors.Is(err, archive.ErrIntegrity) || result == nil || !result.Kept {
				t.Errorf("%v: %+v", err, result)
			}
			w.wantDocs(w.cluster, back)
			w.wantBare(back)
		})
	}
}

// TestADrillTellsOfWhatWasNeverSampled: a verdict over no document's content says
// so, and why.
func TestADrillTellsOfWhatWasNeverSampled(t *testing.T) {
	w := newWorldOf(t, func(l *liar) { l.bare = true })
	result, err := w.drill(healthy())
	if err != nil {
		t.Fatal(err)
	}
	if result.Samples != 0 || len(result.Notes) != 1 || !strings.Contains(result.Notes[0], index) || !strings.Contains(result.Notes[0], "keeps no _source") {
		t.Errorf("%d samples, notes %q", result.Samples, result.Notes)
	}
	w.wantBare()
}

func TestALiveRestoreOfTheSameIndicesIsLeftAlone(t *testing.T) {
	w := newWorld(t)
	gate := healthy()
	gate.Before = func(c storetest.Call) {
		if c.Name != "cluster Register" {
			return
		}
		if _, err := w.restore(healthy(), restore.Options{Rename: "back-{index}"}); !errors.Is(err, job.ErrHeld) {
			t.Errorf("the second one: %v", err)
		}
		found, err := w.process(healthy()).Leftovers(t.Context(), true)
		if err != nil || len(found) != 1 || !found[0].Live || found[0].Removed {
			t.Errorf("%+v, %v", found, err)
		}
		if _, err := w.drill(healthy()); err != nil { // scratch names are its own
			t.Errorf("a drill beside it: %v", err)
		}
	}
	if _, err := w.restore(gate, restore.Options{Rename: "back-{index}"}); err != nil {
		t.Error(err)
	}
	w.wantDocs(w.cluster, back)
	w.wantBare(back)
}

func TestWhatAnotherClusterHoldsIsShownAndStays(t *testing.T) {
	w := newWorld(t)
	w.dieAt("cluster Recovery", (*world).drill)
	_, client := w.newCluster()
	other := w.process(healthy())
	other.Cluster = client
	found, err := other.Leftovers(context.Background(), true)
	if err != nil || len(found) != 1 || found[0].Removed || !strings.Contains(found[0].Stays, "another cluster") {
		t.Errorf("%+v, %v", found, err)
	}
	found, err = w.process(healthy()).Leftovers(context.Background(), false)
	if err != nil || len(found) != 1 || found[0].Removed || found[0].Kind != restore.KindDrill || len(found[0].Indices) != 1 || found[0].Objects == 0 {
		t.Errorf("%+v, %v", found, err)
	}
	if w.bare() == nil {
		t.Error("showing has removed it")
	}
	if err := w.onlyWholeAfterClean(); err != nil {
		t.Error(err)
	}
}

func TestWhatTheClusterGivesUpIsRemoved(t *testing.T) {
	w := newWorld(t)
	for _, way := range ways() {
		gate := healthy()
		gate.Before = func(c storetest.Call) {
			if c.Name != "cluster Restore" {
				return
			}
			for o, err := range w.staging.List(t.Context(), restore.Prefix, "") {
				if err == nil && strings.Contains(o.Key, "/1/__") {
					err = w.staging.Delete(t.Context(), o.Key, o.ETag)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
		result, err := way.start(w, gate)
		if err == nil || result != nil || errors.Is(err, archive.ErrIntegrity) || !strings.Contains(err.Error(), index+"/1") {
			t.Errorf("%s: %v", way.name, err)
		}
		w.wantBare()
	}
}

// TestAForeignIndexOfAPlannedNameSurvivesTheClean has a restore die right before
// its request, and somebody make an index of the name before it is cleaned up.
func TestAForeignIndexOfAPlannedNameSurvivesTheClean(t *testing.T) {
	w := newWorld(t)
	w.dieAt("cluster Restore", restoreBeside)
	w.cluster.AddIndex(back, 1, w.docs)
	if err := w.onlyWholeAfterClean(); err != nil {
		t.Error(err)
	}
	w.wantDocs(w.cluster, back)
}
