package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"archiver/internal/lab"
)

// readerScript is a reader in Python that was written from FORMAT.md alone.
const readerScript = "testdata/reader/read.py"

// readByScript opens a day by it into the folder "opened".
func (k *kept) readByScript(home, date string, options ...string) (out string, code int) {
	k.t.Helper()
	k.write(k.path("read.py"), k.read(readerScript))
	args := []string{"python3", "-I", "read.py"}
	for _, o := range options {
		args = append(args, strings.Replace(o, "-H", "--head", 1))
	}
	return k.run(home, append(args, "signer.asc", "archive", "logdata", date, "opened")...)
}

func TestGoldenArchiveIsReadByScriptFromFormatAlone(t *testing.T) {
	tools(t)
	lab.Tool(t, "python3")
	k := goldenCopy(t)
	home := gnupgHome(t, "escrow-private.asc")
	for _, date := range goldenDates {
		out, code := k.readByScript(home, date, "-H", k.chain.Head().String())
		if code != 0 || strings.TrimSpace(out) != k.chain.Head().String() {
			t.Fatalf("exit code %d\n%s", code, out)
		}
		if diff := cmp.Diff(string(k.read(expectedFile(date))), sums(tree(t, k.path("opened")))); diff != "" {
			t.Error(diff)
		}
		if err := os.RemoveAll(k.path("opened")); err != nil {
			t.Fatal(err)
		}
	}
}

func TestScriptFromFormatAloneRefusesWhatTheProgramRefusesByTheSameClass(t *testing.T) {
	tools(t)
	lab.Tool(t, "python3")
	original := newKept(t)
	home := gnupgHome(t, "ops-private.asc")
	// Three of each class: all of them are for the readers that people use.
	const most = 3
	tried := map[Class]int{}
	for _, c := range append(hostile(t), tamperings(t)...) {
		if tried[c.class]++; tried[c.class] > most {
			continue
		}
		t.Run(c.name, func(t *testing.T) {
			k := original.copy(t)
			c.tamper(k)
			out, code := k.readByScript(home, keptDate, c.options...)
			if code != 1 || !strings.HasPrefix(out, string(c.class)+": ") {
				t.Errorf("exit code %d, want a violation of class %s\n%s", code, c.class, out)
			}
			if _, err := os.Stat(filepath.Join(k.dir, "opened", recordName)); !errors.Is(err, fs.ErrNotExist) {
				t.Errorf("it left %s: %v", recordName, err)
			}
		})
	}
}

// The golden archive has no blob of 8 GiB, and none from before 1970.
func TestScriptFromFormatAloneRendersHeadersAsTheProgram(t *testing.T) {
	lab.Tool(t, "python3")
	var script, want strings.Builder
	fmt.Fprintf(&script, "import sys; sys.path.insert(0, %q); from read import headers\n", filepath.Dir(readerScript))
	long := strings.Repeat("folder/", 40)
	for _, name := range []string{
		"a", "repository/a", strings.Repeat("n", 100), strings.Repeat("n", 101), strings.Repeat("n", 99) + "/n",
		long[:97] + "/" + strings.Repeat("n", 100), long[:154] + "x/" + strings.Repeat("n", 100), long[:154] + "xy/n",
		long + "n", long[:70] + strings.Repeat("n", 100), strings.Repeat("f/", 50) + strings.Repeat("n", 200), strings.Repeat("n", 1035),
	} {
		for _, size := range []int64{0, 1, 1<<33 - 1, 1 << 33, 1 << 45} {
			for _, at := range []int64{0, 1, -1, -86401, 1<<33 - 1, 1 << 33} {
				var b bytes.Buffer
				if err := newVolumeWriter(&b, &Plan{}, 0).header(name, size, time.Unix(at, 0)); err != nil {
					t.Fatal(err)
				}
				fmt.Fprintf(&script, "print(headers(b%q, %d, %d).hex())\n", name, size, at)
				fmt.Fprintf(&want, "%x\n", b.Bytes())
			}
		}
	}
	cmd := exec.CommandContext(t.Context(), "python3", "-B", "-")
	cmd.Stdin = strings.NewReader(script.String())
	got, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(want.String(), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%.4000s", diff)
	}
}
