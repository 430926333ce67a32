package demo_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"archiver/internal/lab"
)

// binary is the program, built once.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "archiver-demo-test-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "archiver")
	cmd := exec.Command("go", "build", "-o", path, "archiver/cmd/archiver")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if path, err := binary(); err == nil {
		os.RemoveAll(filepath.Dir(path))
	}
	os.Exit(code)
}

// program prepares the built program, with little in its environment: the
// demonstration needs nothing else.
func program(t *testing.T, temp string, args ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd = exec.CommandContext(t.Context(), path, args...)
	cmd.Dir = t.TempDir()
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "TMPDIR=" + temp, "HOME=" + t.TempDir()}
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// shortDir is a folder with a path short enough for gpg's sockets.
func shortDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "demo-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func needTools(t *testing.T) {
	t.Helper()
	for _, name := range []string{"sh", "gpg", "gpg-agent", "gpgv", "tar", "sha256sum", "jq"} {
		lab.Tool(t, name)
	}
}

// printed are the commands that the demonstration tells to paste.
func printed(t *testing.T, output string) string {
	t.Helper()
	_, rest, ok := strings.Cut(output, "== Opening both days by hand")
	if !ok {
		t.Fatalf("nothing is said of opening by hand:\n%s", output)
	}
	var b strings.Builder
	for line := range strings.Lines(rest) {
		if command, ok := strings.CutPrefix(line, "    "); ok {
			b.WriteString(command)
		}
	}
	return b.String()
}

func TestThePrintedCommandsOpenBothDaysWhenPasted(t *testing.T) {
	needTools(t)
	for _, name := range []string{"kept", "it's kept here"} { // the second must be quoted
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(shortDir(t), name)
			cmd, stdout, stderr := program(t, t.TempDir(), "demo", "--keep", dir)
			if err := cmd.Run(); err != nil {
				t.Fatalf("%v\n%s%s", err, stdout, stderr)
			}
			for _, want := range []string{"was killed (SIGKILL)", "(finished what an earlier run began)"} {
				if !strings.Contains(stdout.String(), want) {
					t.Errorf("it does not say %q:\n%s", want, stdout)
				}
			}
			if all := stdout.String() + stderr.String(); strings.Contains(all, "\x1b") {
				t.Errorf("there are terminal sequences in what is no terminal:\n%q", all)
			}
			paste(t, printed(t, stdout.String()))
			opened(t, dir)
		})
	}
}

// paste gives the commands to a shell, which stops at the first that fails.
func paste(t *testing.T, commands string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "sh", "-e", "-u")
	cmd.Dir, cmd.Env, cmd.Stdin = t.TempDir(), []string{"PATH=" + os.Getenv("PATH")}, strings.NewReader(commands)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, commands, out)
	}
}

// opened wants both days in both ways, each with a repository in it.
func opened(t *testing.T, dir string) {
	t.Helper()
	today := time.Now().UTC()
	for _, date := range []string{today.AddDate(0, 0, -2).Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly)} {
		for _, way := range []string{"opened-" + date, "by-hand/" + date + "/files"} {
			record, err := os.ReadFile(filepath.Join(dir, way, "ARCHIVE.json"))
			if err != nil || !strings.Contains(string(record), date) {
				t.Errorf("%s does not hold %s: %v\n%s", way, date, err, record)
			}
			if roots, _ := filepath.Glob(filepath.Join(dir, way, "repository", "index-*")); len(roots) != 1 {
				t.Errorf("%s holds the repository roots %v, want one", way, roots)
			}
		}
	}
}

func TestThePrintedCommandsStopAtAnAlteredVolume(t *testing.T) {
	needTools(t)
	dir := filepath.Join(shortDir(t), "kept")
	cmd, stdout, stderr := program(t, t.TempDir(), "demo", "--keep", dir)
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	volumes, _ := filepath.Glob(filepath.Join(dir, "archive/archives/logdata/*/*/*/*/*/00001.tar.pgp"))
	if len(volumes) != 2 {
		t.Fatalf("there are %d second volumes, want one a day", len(volumes))
	}
	for _, v := range volumes {
		text, err := os.ReadFile(v)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)/2] ^= 1
		if err := os.WriteFile(v, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var stepwise strings.Builder
	for line := range strings.Lines(printed(t, stdout.String())) {
		if !strings.HasPrefix(line, "sh archive/open.sh") && !strings.HasPrefix(line, "gpgconf") {
			stepwise.WriteString(line)
		}
	}
	sh := exec.CommandContext(t.Context(), "sh", "-e", "-u")
	sh.Stdin = strings.NewReader(stepwise.String())
	out, err := sh.CombinedOutput()
	if err == nil || strings.Contains(string(out), "whole and unaltered") {
		t.Errorf("an altered volume was opened: %v\n%s", err, out)
	}
	kill := exec.Command("gpgconf", "--kill", "all")
	kill.Env = append(os.Environ(), "GNUPGHOME="+filepath.Join(dir, "gnupg"))
	_ = kill.Run() // it ends with its folder anyway
}

func TestWithoutKeepNothingStays(t *testing.T) {
	temp := shortDir(t)
	cmd, stdout, stderr := program(t, temp, "demo")
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	if !strings.Contains(stdout.String(), "archiver demo --keep DIR") {
		t.Errorf("it does not say how to keep the folder:\n%s", stdout)
	}
	if left, err := os.ReadDir(temp); err != nil || len(left) > 0 {
		t.Errorf("%v stayed (%v)", left, err)
	}
}

func TestItNeedsNoOtherProgram(t *testing.T) {
	cmd, stdout, stderr := program(t, shortDir(t), "demo")
	cmd.Env = append(cmd.Env, "PATH="+t.TempDir())
	if err := cmd.Run(); err != nil {
		t.Fatalf("%v\n%s%s", err, stdout, stderr)
	}
	if !strings.Contains(stdout.String(), "not installed here: sh, gpg,") {
		t.Errorf("it does not say what is missing:\n%s", stdout)
	}
}

func TestAFolderThatCannotBeUsedIsAUsageError(t *testing.T) {
	full := t.TempDir()
	if err := os.WriteFile(filepath.Join(full, "mine"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, dir := range map[string]string{
		"not empty":          full,
		"a file":             filepath.Join(full, "mine"),
		"no parent":          filepath.Join(full, "absent", "kept"),
		"too long for gpg":   "/tmp/" + strings.Repeat("long", 20),
		"named by no letter": "",
	} {
		t.Run(name, func(t *testing.T) {
			cmd, _, stderr := program(t, t.TempDir(), "demo", "--keep", dir)
			if err := cmd.Run(); err == nil || cmd.ProcessState.ExitCode() != 2 || !strings.Contains(stderr.String(), "--keep") {
				t.Errorf("%v: %s; want exit code 2 and an error about --keep", err, stderr)
			}
			if left, _ := os.ReadDir(full); len(left) != 1 {
				t.Errorf("%v lie in a folder that was refused", left)
			}
		})
	}
}
