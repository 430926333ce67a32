package job

import (
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/internal/lease"
)

// fullState has every field set.
func fullState() State {
	n := int64(50_000)
	return State{
		Format: stateFormat, Stream: "logdata", ArchiveURL: "s3://logs-archive/prod/",
		Mark: lease.Mark{Epoch: 17, Nonce: "0123456789abcdef", Holder: "host, process 42", LeaseSeconds: 120},
		Run:  "20261121t030000z-0123abcd", Date: "2026-11-20", Attempt: 2, Phase: PhaseSeal,
		Snapshot: archive.PlannedSnapshot{Name: "logdata-2026.11.20-20261121t030000z-0123abcd-2", UUID: "9Y2dkz3cQE-jiS1xcdhfhw"},
		Indices:  []IndexID{{Name: "logdata-20112026", UUID: "xQ-1TdZvSPyeQ8CwEEJu4g", Writes: &n, WritesReason: "-"}},
		Witness: &archive.Witness{
			Time:    time.Date(2026, 11, 21, 3, 5, 0, 0, time.UTC),
			Indices: []archive.Index{{Name: "logdata-20112026", UUID: "xQ-1TdZvSPyeQ8CwEEJu4g", Documents: &n, DocumentsReason: "-", Shards: 3, Bytes: 12345, CreatedVersion: "3.6.0", Changed: new(true), ChangedReason: "-"}},
			Samples: []archive.Sample{{Index: "logdata-20112026", ID: "1", SHA256: strings.Repeat("ab", 32), Derived: "filtered"}},
			Missing: []archive.Unsampled{{Index: "logdata-20112026", ID: "2", Reason: "too large"}},
		},
		PlanSHA256: strings.Repeat("cd", 32), EntryBytes: "-----BEGIN PGP SIGNED MESSAGE-----\n",
		Head: stateHead{Sequence: 3, SHA256: strings.Repeat("ef", 32)}, LastError: "snapshot: PARTIAL",
	}
}

// TestStateIsWrittenAsRecorded makes every change of the schema a decision: the
// recorded text is what an older program has left in some bucket.
func TestStateIsWrittenAsRecorded(t *testing.T) {
	const golden = "testdata/state.json"
	s := fullState()
	for v, i := reflect.ValueOf(s), 0; i < v.NumField(); i++ {
		if v.Field(i).IsZero() {
			t.Errorf("fullState does not set %s", v.Type().Field(i).Name)
		}
	}
	text, err := lease.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	if os.Getenv("ARCHIVER_UPDATE") != "" {
		if err := os.WriteFile(golden, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if string(text) != string(want) {
		t.Errorf("the state is written as\n%s\nrecorded is\n%s", text, want)
	}
	again, err := decodeState(want)
	if err != nil || !reflect.DeepEqual(*again, s) {
		t.Errorf("the recorded state reads as %+v: %v", again, err)
	}
}

func TestStateThatIsNotUnderstoodIsRefused(t *testing.T) {
	s := fullState()
	text, err := lease.Encode(s)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string][2]string{
		"an unknown field":  {`"epoch"`, `"epochs"`},
		"an unknown phase":  {`"phase": "seal"`, `"phase": "glue"`},
		"another format":    {`"format": 1`, `"format": 2`},
		"something cut off": {`"last_error"`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := decodeState([]byte(strings.Replace(string(text), change[0], change[1], 1))); err == nil {
				t.Error("it was read")
			}
		})
	}
}

func TestAttemptNamesComeApartAgain(t *testing.T) {
	const run = "20261121t030000z-0123abcd"
	name := attemptName("log-data", "2026-11-20", run, 12)
	if want := "log-data-2026.11.20-" + run + "-12"; name != want {
		t.Fatalf("%s, want %s", name, want)
	}
	if d, r, n, ok := attemptOf("log-data", name); !ok || d != "2026-11-20" || r != run || n != 12 {
		t.Errorf("%s %s %d %v", d, r, n, ok)
	}
	for _, other := range []string{"theirs", "log-data-2026.11.20", "log-2026.11.20-" + run + "-1", "log-data-2026.13.20-" + run + "-1", name + "x", "log-data-2026.11.20-" + run + "-01"} {
		if _, _, _, ok := attemptOf("log-data", other); ok {
			t.Errorf("%s was taken for ours", other)
		}
	}
}
