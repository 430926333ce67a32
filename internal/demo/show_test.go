package demo

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"archiver/internal/job"
)

type silent struct{}

func (silent) Phase(string, job.Phase)          {}
func (silent) Progress(job.Phase, int64, int64) {}
func (silent) Note(string, ...slog.Attr)        {}

// newShow is a show whose first day is archived.
func newShow(t *testing.T) *show {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	s := &show{page: &page{w: io.Discard}, dates: [2]string{"2026-11-19", "2026-11-20"}, Options: Options{
		Tool: "archiver test", Watch: func() (job.Observer, func()) { return silent{}, func() {} },
		Outcome: func(job.Outcome) string { return "" }, Holding: func(h job.Holding) string { return string(h.Phase) },
	}}
	if s.folder, err = openFolder(dir); err != nil {
		t.Fatal(err)
	}
	stop, err := s.prepare()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(stop)
	if err := s.dayOne(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTheCheckNoticesWhatIsNotAsTold(t *testing.T) {
	s := newShow(t)
	stray := func(path string) func(*testing.T) {
		return func(t *testing.T) {
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { os.Remove(path) })
		}
	}
	for _, c := range []struct {
		name   string
		spoil  func(*testing.T)
		is     func(context.Context) error
		reason string
	}{
		{"a day that is not sealed", nil, s.bothSealed, "1 entries"},
		{"a blob left in staging", stray(filepath.Join(s.folder.staging(), "indices", "x")), s.stagingClean, "indices/x is still there"},
		{"a volume that no entry names", stray(filepath.Join(s.folder.archive(), "archives/logdata/2026/11/20/20261120t000000z-00000000/00000000/00000.tar.pgp")),
			s.nothingBeside, "was left behind"},
		{"a finished volume that was not taken over", func(t *testing.T) {
			s.kept = map[string]bool{"a volume": true}
			t.Cleanup(func() { s.kept = nil })
		},
			s.nothingBeside, "a volume was finished before the kill"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.spoil != nil {
				if err := c.is(t.Context()); err != nil {
					t.Fatalf("before anything was spoiled: %v", err)
				}
				c.spoil(t)
			}
			if err := c.is(t.Context()); err == nil || !strings.Contains(err.Error(), c.reason) {
				t.Errorf("got %v, want an error with %q", err, c.reason)
			}
			if err := s.check(t.Context()); err == nil {
				t.Error("the check as a whole passes")
			}
		})
	}
}

func TestTheDoomedRunStandsStillInItsSecondVolumeAndEndsWithItsParent(t *testing.T) {
	s := newShow(t)
	before, err := s.volumes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	orders, parent := io.Pipe()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	go func() { ended <- Doomed(t.Context(), orders, out, silent{}) }()
	o := order{Folder: s.folder, Cluster: s.cluster, Date: s.dates[1], Tool: s.Tool, Holder: "the doomed"}
	if err := json.NewEncoder(parent).Encode(o); err != nil {
		t.Fatal(err)
	}
	if line, err := bufio.NewReader(said).ReadString('\n'); line != stalled+"\n" {
		t.Fatalf("it said %q (%v)", line, err)
	}
	after, err := s.volumes(t.Context())
	if err != nil || len(after) != len(before)+1 {
		t.Errorf("%d volumes of the second day are finished (%v), want 1", len(after)-len(before), err)
	}
	if h, err := s.job.Holding(t.Context()); err != nil || h.Phase != job.PhasePack || h.Holder != o.Holder {
		t.Errorf("the state says %+v (%v), want %s by %s", h, err, job.PhasePack, o.Holder)
	}
	parent.Close()
	if err := <-ended; !errors.Is(err, errNotKilled) {
		t.Errorf("it ended with %v", err)
	}
}

func TestADoomedRunThatNobodyOrderedSaysWhoStartsIt(t *testing.T) {
	err := Doomed(t.Context(), strings.NewReader(""), io.Discard, silent{})
	if err == nil || !strings.Contains(err.Error(), "archiver demo") {
		t.Errorf("got %v", err)
	}
}

func TestPathsAreQuotedForTheShell(t *testing.T) {
	for path, want := range map[string]string{
		"/tmp/archiver-demo-1": "/tmp/archiver-demo-1",
		"/tmp/a b":             "'/tmp/a b'",
		"/tmp/it's":            `'/tmp/it'\''s'`,
		"/tmp/$(x)":            "'/tmp/$(x)'",
		"/tmp/a$b":             "'/tmp/a$b'",
	} {
		if got := quote(path); got != want {
			t.Errorf("quote(%q) = %s, want %s", path, got, want)
		}
	}
}
