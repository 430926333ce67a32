package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"archiver/archive"
	"archiver/internal/check"
	"archiver/internal/config"
)

func checkCommand(g *global) *cobra.Command {
	return &cobra.Command{
		Use:   "check",
		Short: "Prove each thing that a run needs, and leave nothing changed",
		Long: `Prove each thing that a run needs, a line each: configuration, keys, cluster and
privileges, repository, both stores and their lifecycle rules, the ledger.

  ok       as it should be
  warn     a run works; somebody should look
  fail     a run would not work, or not be safe: exit code 2
  skipped  could not be found out

Nothing is left changed, but a directory of a file:// store whose last folder is
missing is made. It writes one object below .archiver/ in the staging
bucket and removes it; it writes README.md to the archive, where the first run
would put it; and if the repository is registered, the cluster's nodes write to
it and clear up after themselves. A snapshot is not taken: whether the cluster
allows one is asked where the cluster can tell.

A ledger that does not verify is an integrity violation: exit code 6.`,
		Example: `  archiver check
  archiver check --json | jq '.items[] | select(.status != "ok")'`,
		Args: noArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			report := survey(c.Context(), g, c.ErrOrStderr())
			if cause := context.Cause(c.Context()); cause != nil {
				return cause
			}
			return g.present(c.OutOrStdout(), report)
		},
	}
}

// survey checks as much as can be built from the configuration.
func survey(ctx context.Context, g *global, stderr io.Writer) check.Report {
	c, err := g.load(stderr, config.NeedAll)
	if err != nil {
		return check.Unconfigured(err)
	}
	w := check.World{Config: c, Job: newJob(c), Now: time.Now}
	w.KeysErr = keys(c, w.Job)
	w.StoresErr = stores(ctx, c, w.Job)
	cluster, err := connect(ctx, c, func(error) {})
	if w.ClusterErr = err; err == nil {
		defer func() { _ = cluster.Close() }() // idle connections: nothing can be lost
		w.Cluster, w.Job.Cluster = cluster, cluster
	}
	return check.Run(ctx, w)
}

// checkAnswer is what `check --json` prints.
type checkAnswer struct {
	Items    []check.Item `json:"items"`
	OK       int          `json:"ok"`
	Warnings int          `json:"warnings"`
	Failures int          `json:"failures"`
	Skipped  int          `json:"skipped"`
	ending
}

// present prints a report, and turns what failed into the exit code.
func (g *global) present(w io.Writer, r check.Report) error {
	for n, i := range r.Items {
		if i.Status == check.Fail {
			r.Items[n].See = see(i.Err())
		}
	}
	a := checkAnswer{
		Items: r.Items, OK: r.Count(check.OK), Warnings: r.Count(check.Warn), Failures: r.Count(check.Fail), Skipped: r.Count(check.Skipped),
	}
	failed := r.Err()
	if failed != nil { // each item has a remedy of its own
		failed = failedCheck{failed}
		a.ending = ending{Error: a.verdict(), ExitCode: exitCode(failed)}
	}
	if err := g.print(w, a, a.words(g.quiet)); err != nil {
		return errors.Join(failed, err)
	}
	if failed != nil {
		return &reportedError{failed}
	}
	return nil
}

// verdict is what failures come to.
func (a checkAnswer) verdict() string {
	return fmt.Sprintf("%s and %s: a run would not work", count(a.Failures, "failure", "failures"), count(a.Warnings, "warning", "warnings"))
}

// failedCheck ends the process with exit code 2, or with 6 for an integrity
// violation: what kind of trouble an item had does not count here.
type failedCheck struct{ error }

// Unwrap hides all other kinds of trouble.
func (f failedCheck) Unwrap() error {
	if errors.Is(f.error, archive.ErrIntegrity) {
		return archive.ErrIntegrity
	}
	return usageError{errors.New(f.Error())}
}

// words is a report for people; a quiet one leaves out what is as it should be.
func (a checkAnswer) words(quiet bool) string {
	var b strings.Builder
	width := 0
	for _, i := range a.Items {
		width = max(width, len(i.Name))
	}
	for _, i := range a.Items {
		if quiet && i.Status == check.OK {
			continue
		}
		fmt.Fprintf(&b, "%-7s  %-*s  %s\n", i.Status, width, i.Name, strings.ReplaceAll(i.Detail, "\n", "\n"+strings.Repeat(" ", width+11)))
		if i.Remedy != "" {
			fmt.Fprintf(&b, "%*s  what to do: %s\n", width+9, "", i.Remedy)
		}
		if i.See != "" {
			fmt.Fprintf(&b, "%*s  more: %s\n", width+9, "", i.See)
		}
	}
	switch {
	case a.Failures > 0:
		fmt.Fprintf(&b, "\n%s.", a.verdict())
	case a.Warnings > 0:
		fmt.Fprintf(&b, "\nA run would work. %s.", count(a.Warnings, "warning", "warnings"))
	default:
		b.WriteString("\nA run would work.")
	}
	return strings.TrimPrefix(b.String(), "\n")
}
