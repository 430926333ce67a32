package main

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/internal/job"
	"archiver/internal/lease"
	"archiver/internal/setup"
	"archiver/snapshot"
)

// TestCommandLineMistakesExit2 runs the program in a folder without anything.
func TestCommandLineMistakesExit2(t *testing.T) {
	t.Chdir(t.TempDir())
	for name, c := range map[string]struct {
		args []string
		says string
	}{
		"an unknown command":       {[]string{"nope"}, `"nope" for "archiver": archiver --help lists what there is`},
		"a misspelt command":       {[]string{"lst"}, `"lst" for "archiver": did you mean list?`},
		"an unknown flag":          {[]string{"run", "--nope"}, "--nope"},
		"an argument too many":     {[]string{"run", "2026-11-20"}, "2026-11-20"},
		"an empty date":            {[]string{"run", "--date="}, "YYYY-MM-DD"},
		"no configuration":         {[]string{"run"}, "archive.url"},
		"a file that is not there": {[]string{"run", "--config", "none.yaml"}, "none.yaml"},
		"a key that is not there":  {[]string{"run", "--set", "archive.volumesize=1GiB"}, "archive.volume_size"},
		"no value":                 {[]string{"run", "--set", "stream"}, "key=value"},
		"a restore of no day":      {[]string{"restore"}, "--date"},
		"a name without the index": {[]string{"restore", "--date", "2026-11-20", "--rename", "back"}, "{index}"},
		"replicas below none":      {[]string{"restore", "--date", "2026-11-20", "--replicas", "-1"}, "--replicas"},
		"answers that are missing": {[]string{"init"}, "--test-keys"},
		"a drill of two choices":   {[]string{"drill", "--random", "--latest"}, "choose one"},
		"a drill without a key":    {[]string{"drill"}, "opening.keys"},
		"a secret in a flag":       {[]string{"run", "--set", "cluster.password=x"}, "cluster.password"},
	} {
		t.Run(name, func(t *testing.T) {
			var stdout, stderr bytes.Buffer
			if code := execute(c.args, &stdout, &stderr); code != exitUsage {
				t.Errorf("exit code %d", code)
			}
			if !strings.Contains(stderr.String(), c.says) {
				t.Errorf("the message does not name %q: %s", c.says, stderr.String())
			}
		})
	}
}

func TestDayThatIsNotOverIsRefused(t *testing.T) {
	keys, err := filepath.Abs("../../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir())
	for name, value := range map[string]string{
		"STREAM": "logdata", "CLUSTER_URLS": "http://127.0.0.1:9", "STAGING_URL": "s3://staging", "ARCHIVE_URL": "s3://archive",
		"S3_ENDPOINT": "http://127.0.0.1:9", "S3_REGION": "us-east-1",
		"ENCRYPTION_RECIPIENTS": keys + "/ops.asc", "SIGNING_KEY_FILE": keys + "/signer-private.asc",
	} {
		t.Setenv("ARCHIVER_"+name, value)
	}
	var stdout, stderr bytes.Buffer
	if code := execute([]string{"run", "--date", "2999-01-01"}, &stdout, &stderr); code != exitUsage || !strings.Contains(stderr.String(), "not over yet") {
		t.Errorf("exit code %d: %s", code, stderr.String())
	}
}

func TestErrorsEndInTheExitCodesThatTheReadmeLists(t *testing.T) {
	for _, c := range []struct {
		err  error
		code int
	}{
		{errors.New("connection refused"), exitFailed},
		{archive.ErrStagingChanged, exitFailed},
		{lease.ErrLost, exitFailed},
		{usageError{errors.New("--date")}, exitUsage},
		{archive.ErrForeign, exitUsage},
		{archive.ErrMisfit, exitUsage},
		{archive.ErrMemory, exitUsage},
		{errEmptyLedger, exitUsage},
		{job.ErrPerson, exitUsage},
		{snapshot.ErrDisabled, exitUsage},
		{snapshot.ErrConfiguration, exitUsage},
		{snapshot.ErrAmbiguous, exitFailed},
		{snapshot.ErrUnreachable, exitFailed},
		{store.ErrConfiguration, exitUsage},
		{job.ErrNothing, exitNothing},
		{job.ErrHeld, exitHeld},
		{job.ErrInterrupted, exitInterrupted},
		{archive.ErrIntegrity, exitIntegrity},
		{errors.Join(job.ErrPerson, archive.ErrIntegrity), exitIntegrity},
	} {
		wrapped := &job.StepError{Step: job.PhasePack, Date: "2026-11-20", Err: fmt.Errorf("on the way: %w", c.err)}
		if got := exitCode(wrapped); got != c.code {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.code)
		}
	}
}

// Whoever archives would hold the key that opens, which is what two kinds of keys
// are to prevent.
func TestSigningKeyIsNoRecipient(t *testing.T) {
	t.Chdir(t.TempDir())
	k, err := setup.MakeTestKeys("keys", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range map[string]string{
		"STREAM": "logdata", "CLUSTER_URLS": "http://127.0.0.1:9", "STAGING_URL": "s3://staging", "ARCHIVE_URL": "s3://archive",
		"S3_ENDPOINT": "http://127.0.0.1:9", "S3_REGION": "us-east-1",
		"ENCRYPTION_RECIPIENTS": k.Recipient + "," + k.Signer, "SIGNING_KEY_FILE": k.SignerPrivate,
	} {
		t.Setenv("ARCHIVER_"+name, value)
	}
	_, stderr := say(t, exitUsage, "run", "--date", "2026-11-20")
	if !strings.Contains(stderr, k.Signer+") is the signing key") || !strings.Contains(stderr, "#a-key-that-cannot-be-used") {
		t.Error(stderr)
	}
}
