package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"archiver": main})
}

// TestScripts runs the command lines in testdata/script as a shell would, each
// in a folder of its own, without the environment of this machine.
func TestScripts(t *testing.T) {
	keys, err := filepath.Abs("../../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true,
		UpdateScripts: os.Getenv("ARCHIVER_UPDATE") == "1",
		Setup: func(e *testscript.Env) error {
			e.Setenv("KEYS", keys)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"code": code, "mode": mode},
	})
}

// code N runs the rest of its line as the program and wants the exit code.
func code(s *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		s.Fatalf("usage: code N archiver args...")
	}
	got := 0
	if err := s.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			s.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if want := args[0]; want != strconv.Itoa(got) {
		s.Fatalf("exit code %d, want %s", got, want)
	}
}

// mode 600 file... wants the permissions.
func mode(s *testscript.TestScript, _ bool, args []string) {
	for _, name := range args[1:] {
		info, err := os.Stat(s.MkAbs(name))
		s.Check(err)
		if got := fmt.Sprintf("%o", info.Mode().Perm()); got != args[0] {
			s.Fatalf("%s has mode %s, want %s", name, got, args[0])
		}
	}
}
