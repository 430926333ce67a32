// Command archiver archives daily search indices: it snapshots a day into a
// staging bucket, seals it as an encrypted, signed archive, and leaves staging
// empty for the next day.
//
// This package holds flags, wiring, output and exit codes, one file per verb.
// What happens is in internal/job.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/spf13/cobra"

	"archiver/internal/job"
)

func main() {
	os.Exit(execute(os.Args[1:], os.Stdout, os.Stderr))
}

// execute runs the command line and returns its exit code.
func execute(args []string, stdout, stderr io.Writer) int {
	ctx, stop := interruptible()
	defer stop()
	root := rootCommand()
	out := &output{w: stdout}
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(stderr)
	err := out.verdict(root.ExecuteContext(ctx))
	if err == nil {
		return exitDone
	}
	if strings.HasPrefix(err.Error(), "unknown command") { // cobra has no type for it
		err = usageError{unknownCommand(err)}
	}
	// Whoever was under way may only say that its context has ended.
	if cause := context.Cause(ctx); errors.Is(err, context.Canceled) && errors.Is(cause, job.ErrInterrupted) && !errors.Is(err, cause) {
		err = fmt.Errorf("%w: %w", cause, err)
	}
	code := exitCode(err)
	if !errors.As(err, new(*reportedError)) {
		if wantsJSON(root, args) {
			_ = printJSON(out, ended(err)) // the error that counts is told below
		}
		printError(stderr, err)
	}
	return code
}

// unknownCommand says in one line what cobra says in five, with what can be done.
func unknownCommand(err error) error {
	what, similar, _ := strings.Cut(err.Error(), "\n")
	if _, names, ok := strings.Cut(similar, "Did you mean this?"); ok {
		return fmt.Errorf("%s: did you mean %s?", what, strings.Join(strings.Fields(names), " or "))
	}
	return fmt.Errorf("%s: archiver --help lists what there is", what)
}

// wantsJSON tells whether --json was given: also behind the mistake that ended the
// reading of the command line.
func wantsJSON(root *cobra.Command, args []string) bool {
	asked, _ := root.PersistentFlags().GetBool("json")
	return asked || slices.Contains(args, "--json")
}

// interruptible is a context that the first SIGINT or SIGTERM ends, with
// job.ErrInterrupted as its cause. A second one kills. The first SIGHUP ends it, too: a
// terminal was closed, or the connection to it broke, and a drill must not leave
// plain text behind for that. More of these kill nobody, because both the system
// and the shell send one; and who asked for it (nohup) gets none at all. A reader
// of the output that goes away must not kill a run: writing fails instead.
func interruptible() (context.Context, func()) {
	signal.Ignore(syscall.SIGPIPE)
	ctx, cancel := context.WithCancelCause(context.Background())
	signals, hangups := make(chan os.Signal, 1), make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(hangups, syscall.SIGHUP)
	}
	go func() {
		select {
		case <-signals:
		case <-hangups:
		case <-ctx.Done():
			return
		}
		cancel(job.ErrInterrupted)
		signal.Stop(signals)
	}()
	return ctx, func() {
		signal.Stop(signals)
		signal.Stop(hangups)
		cancel(nil)
	}
}
