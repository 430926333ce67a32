package lab

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Need ends the test if err says that something it needs cannot be had; what
// names that thing. It fails where CI=true, since a run that proves nothing
// must not look green. Elsewhere it skips, and adds a line to the file that
// ARCHIVER_SKIPS names, if set, so that nobody overlooks it. (The file's name
// changes with every `make test`: it is part of what `go test` caches by, and
// so a skip is never answered from the cache.)
func Need(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	reason := fmt.Sprintf("needs %s: %v", what, err)
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	if list := os.Getenv("ARCHIVER_SKIPS"); list != "" {
		if err := appendSkip(list, t.Name(), reason); err != nil {
			t.Fatal(err)
		}
	}
	t.Skip(reason)
}

// appendSkip adds one line in one write, which keeps the lines of several
// test processes apart.
func appendSkip(list, test, reason string) error {
	pkg := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	line := fmt.Sprintf("%s.%s %s\n", pkg, test, strings.Join(strings.Fields(reason), " "))
	f, err := os.OpenFile(list, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	if _, err := f.WriteString(line); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

// Tool is the path of a program that the test calls, such as gpg; Need decides
// what happens where it is not installed.
func Tool(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	Need(t, name, err)
	return path
}
