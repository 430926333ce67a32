package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"archiver/internal/job"
	"archiver/snapshot"
)

// anchors are the sections of the page, as the Markdown of the usual servers
// names them.
func anchors(t *testing.T) []string {
	t.Helper()
	page, err := os.ReadFile("../../" + troublePage)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(string(page), -1) {
		name := regexp.MustCompile(`[^a-z0-9 -]`).ReplaceAllString(strings.ToLower(m[1]), "")
		all = append(all, strings.ReplaceAll(name, " ", "-"))
	}
	return all
}

func TestEveryTroubleHasItsSectionAndEverySectionItsTrouble(t *testing.T) {
	sections := map[string]bool{}
	for _, a := range anchors(t) {
		if sections[a] {
			t.Errorf("two sections are called %s", a)
		}
		sections[a] = true
	}
	for _, x := range troubles() {
		if !sections[x.anchor] {
			t.Errorf("the page has no section %s", x.anchor)
		}
		delete(sections, x.anchor)
	}
	for a := range sections {
		t.Errorf("no error leads to the section %s", a)
	}
}

func TestEverySentinelWithAnExitCodeIsExplained(t *testing.T) {
	for _, rule := range exitRules() {
		wrapped := &job.StepError{Step: job.PhasePack, Date: "2026-11-20", Err: fmt.Errorf("on the way: %w", rule.is)}
		if see(wrapped) == "" {
			t.Errorf("%v: no section", rule.is)
		}
	}
	if see(usageError{errors.New("--date")}) == "" {
		t.Error("a usage error has no section")
	}
}

func TestErrorIsFollowedByRemedyAndSection(t *testing.T) {
	var out bytes.Buffer
	printError(&out, &job.StepError{Step: job.PhaseClaim, Date: "2026-11-20", Err: &job.HeldError{Holder: "box"}})
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[0], "archiver: claim of 2026-11-20: ") ||
		!strings.HasPrefix(lines[1], "  what to do: ") || !strings.Contains(lines[1], "archiver unlock --yes") || lines[2] != "  more: docs/troubleshooting.md#another-run-holds-the-lease" {
		t.Errorf("%q", lines)
	}
}

// silent may have a remedy, and has none.
type silent struct{ error }

func (silent) Hint() string    { return "" }
func (s silent) Unwrap() error { return s.error }

func TestRemedyIsFoundBehindAnErrorWithoutOne(t *testing.T) {
	deep := fmt.Errorf("outside: %w", silent{errors.Join(errors.New("first"), &keyError{errors.New("second"), "renew it"})})
	if got := hint(deep); got != "renew it" {
		t.Errorf("%q", got)
	}
}

func TestErrorsLeadToTheSectionThatIsAboutThem(t *testing.T) {
	for anchor, err := range map[string]error{
		"the-cluster-cannot-restore-it": fmt.Errorf("%w: %w: logdata", job.ErrPerson, snapshot.ErrIndexExists),
		"this-needs-a-person":           job.ErrPerson,
	} {
		if got := see(err); got != troublePage+"#"+anchor {
			t.Errorf("%v: %s", err, got)
		}
	}
}

func TestNoRegionAndOneThatCannotBeAreTheBucketsTrouble(t *testing.T) {
	for _, name := range []string{"AWS_REGION", "AWS_DEFAULT_REGION", "AWS_PROFILE"} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_CONFIG_FILE", "/dev/null")
	t.Setenv("AWS_ACCESS_KEY_ID", "x")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "x")
	t.Setenv("ARCHIVER_STREAM", "logdata")
	t.Setenv("ARCHIVER_ARCHIVE_URL", "s3://logs-archive/prod")
	t.Setenv("ARCHIVER_TRUSTED_SIGNERS", "../../testdata/keys/signer.asc")
	for _, region := range []string{"", "eu west", "eu_west_1"} {
		for _, endpoint := range []string{"", "http://127.0.0.1:9"} {
			_, stderr := say(t, exitUsage, "list", "--set", "s3.region="+region, "--set", "s3.endpoint="+endpoint, "--set", "s3.path_style=true")
			if !strings.Contains(stderr, "set s3.region") || !strings.Contains(stderr, "#the-bucket") {
				t.Errorf("%q at %q: %s", region, endpoint, stderr)
			}
		}
	}
}
