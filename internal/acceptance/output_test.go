package acceptance

import (
	"bytes"
	"os"
	"strings"
	"testing"

	"archiver/internal/lab"
)

// TestOutputThatCannotBeWrittenChangesNothingThatIsDone: whoever reads about a
// run must not be able to undo it by going away.
func TestOutputThatCannotBeWrittenChangesNothingThatIsDone(t *testing.T) {
	full := func(t *testing.T) *os.File {
		f, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		lab.Need(t, "/dev/full", err)
		return f
	}
	gone := func(t *testing.T) *os.File { // a pipe whose reader has ended
		r, w, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		r.Close()
		return w
	}
	for name, c := range map[string]struct {
		stdout, stderr func(*testing.T) *os.File // nil: one that works
		args           []string
		code           int
	}{
		"a full disk behind the answer":         {stdout: full, code: 1},
		"a full disk behind the answer in JSON": {stdout: full, code: 1, args: []string{"--json"}},
		"a reader of the answer that has ended": {stdout: gone, code: 1},
		"a full disk behind the log":            {stderr: full, code: 0},
		"a reader of the log that has ended":    {stderr: gone, code: 0},
		"both gone":                             {stdout: gone, stderr: gone, code: 1},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			cmd := b.command(append([]string{"run", "--date", badDay}, c.args...)...)
			var stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = new(bytes.Buffer), &stderr
			if c.stdout != nil {
				f := c.stdout(t)
				defer f.Close()
				cmd.Stdout = f
			}
			if c.stderr != nil {
				f := c.stderr(t)
				defer f.Close()
				cmd.Stderr = f
			}
			if err := cmd.Run(); cmd.ProcessState == nil {
				t.Fatal(err)
			}
			if got := cmd.ProcessState.ExitCode(); got != c.code {
				t.Errorf("exit code %d (%v), want %d\n%s", got, cmd.ProcessState, c.code, stderr.String())
			}
			if c.stdout != nil && c.stderr == nil {
				wantWords(t, result{code: c.code, stderr: stderr.String()}, "the answer could not be printed", "what was done stands", "#the-answer-could-not-be-printed")
			}
			if n := len(b.entries()); n != 1 {
				t.Errorf("%d entries in the ledger", n)
			}
			if r := b.must(0, "run", "--date", badDay); !strings.Contains(r.stdout, "sealed already") {
				t.Errorf("the next run says %s", r.stdout)
			}
		})
	}
}
