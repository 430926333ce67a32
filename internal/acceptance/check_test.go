package acceptance

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"archiver/internal/lab"
)

// checked is what `check --json` prints.
type checked struct {
	Items []struct{ Name, Status, Detail, Hint string } `json:"items"`
	Exit  int                                           `json:"exit_code"`
}

// check runs it, and wants the exit code and a remedy for whatever fails.
func (w *world) check(t *testing.T, code int, args ...string) checked {
	t.Helper()
	r := w.run(append([]string{"check", "--json"}, args...)...)
	var c checked
	if err := json.Unmarshal([]byte(r.stdout), &c); err != nil || r.code != code || c.Exit != code {
		t.Errorf("exit code %d, in the answer %d, want %d (%v)\n%s%s", r.code, c.Exit, code, err, r.stdout, r.stderr)
	}
	for _, i := range c.Items {
		if i.Status == "ok" {
			continue
		}
		t.Logf("%-7s %s: %s | %s", i.Status, i.Name, i.Detail, i.Hint)
		if i.Status == "fail" && i.Hint == "" && i.Name != "configuration" {
			t.Errorf("no remedy for %s: %s", i.Name, i.Detail)
		}
	}
	return c
}

// wants an item of this status whose detail or remedy says so.
func (c checked) wants(t *testing.T, name, status string, says ...string) {
	t.Helper()
	for _, i := range c.Items {
		if i.Name != name || i.Status != status {
			continue
		}
		text, all := i.Detail+" "+i.Hint, true
		for _, s := range says {
			all = all && strings.Contains(text, s)
		}
		if all {
			return
		}
	}
	t.Errorf("no item %q that is %q and says %q", name, status, says)
}

// objects are both buckets as they lie there.
func (w *world) objects() string {
	return strings.Join(append(w.keys(w.staging, ""), w.keys(w.archive, "")...), "\n")
}

func TestInitMakesAConfigurationThatCheckProvesAndRunTakes(t *testing.T) {
	w := newWorld(t, "preflight")
	if err := os.Remove(filepath.Join(w.dir, "archiver.yaml")); err != nil {
		t.Fatal(err)
	}
	w.must(0, "init", "--test-keys", "keys", "--stream", w.stream, "--cluster", w.search.URL, "--staging", "s3://"+w.staging+"/snapshots",
		"--archive", "s3://"+w.archive+"/prod", "--region", "us-east-1", "--endpoint", w.s3.Endpoint, "--path-style")
	yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)

	c := w.check(t, 0)
	c.wants(t, "indices", "warn", yesterday, "exit code 3")
	c.wants(t, "recipients", "warn", "test key")
	c.wants(t, "recipients", "warn", "only one", "escrow")
	c.wants(t, "repository", "ok", "not there yet")
	c.wants(t, "staging writes", "ok")
	c.wants(t, "archive writes", "ok")
	c.wants(t, "ledger", "ok", "empty")
	c.wants(t, "cluster", "ok", "opensearch 3.6.0")
	if got := w.objects(); got != "prod/README.md" {
		t.Errorf("the check left more than the page that is wanted there: %s", got)
	}

	w.logs(yesterday, 100, 1)
	w.must(0, "run")
	before := w.objects()
	c = w.check(t, 0)
	c.wants(t, "indices", "ok", w.index(yesterday), "100 documents")
	c.wants(t, "repository", "ok", "registered as configured")
	c.wants(t, "staging contents", "ok")
	c.wants(t, "ledger", "ok", "1 entry", "head 000001:")
	if got := w.objects(); got != before {
		t.Errorf("the check changed what lies there:\n%s\nbefore:\n%s", got, before)
	}
	if r := w.must(0, "check"); !strings.Contains(r.stdout, "A run would work.") {
		t.Errorf("the end does not say how it stands:\n%s", r.stdout)
	}
}

func TestCheckNamesWhatIsBrokenAndTheRemedy(t *testing.T) {
	w := newWorld(t, "broken")
	w.logs("2026-11-19", 100, 1)
	w.must(0, "run", "--date", "2026-11-19")
	keys, err := filepath.Abs("../../testdata/keys")
	if err != nil {
		t.Fatal(err)
	}
	set := func(pairs ...string) (args []string) {
		for _, p := range pairs {
			args = append(args, "--set", p)
		}
		return args
	}
	for name, c := range map[string]struct {
		args         []string
		item, status string
		says         []string
	}{
		"a staging bucket that is not there":  {set("staging.url=s3://no-such-bucket/snapshots"), "staging", "fail", []string{"create the bucket"}},
		"an archive bucket that is not there": {set("archive.url=s3://no-such-bucket/prod"), "archive", "fail", []string{"create the bucket"}},
		"another base path":                   {set("staging.url=s3://" + w.staging + "/elsewhere"), "repository", "fail", []string{"base_path", "snapshots"}},
		"objects outside of the base path":    {set("staging.url=s3://" + w.staging + "/elsewhere"), "staging contents", "fail", []string{"outside of the base path"}},
		"another archive":                     {set("archive.url=s3://" + w.archive + "/other"), "staging contents", "fail", []string{"belongs to the stream"}},
		"an expired recipient":                {set("encryption.recipients=" + keys + "/ops.asc," + keys + "/expired.asc"), "recipients", "fail", []string{"is expired", "renew"}},
		"a revoked recipient":                 {set("encryption.recipients=" + keys + "/ops.asc," + keys + "/revoked.asc"), "recipients", "fail", []string{"is revoked"}},
		"a recipient that cannot encrypt":     {set("encryption.recipients=" + keys + "/sign-only.asc"), "recipients", "fail", []string{"cannot encrypt"}},
		"a private key as recipient":          {set("encryption.recipients=" + keys + "/ops-private.asc"), "recipients", "fail", []string{"is a private key"}},
		"a key file that is not there":        {set("encryption.recipients=none.asc"), "recipients", "fail", []string{"none.asc"}},
		"a locked signing key":                {set("signing.key_file=" + keys + "/signer-passphrase-private.asc"), "signing key", "fail", []string{"no passphrase was given"}},
		"a public key that should sign":       {set("signing.key_file=" + keys + "/signer.asc"), "signing key", "fail", []string{"needs its private half"}},
		"another signing key":                 {set("signing.key_file=" + keys + "/stranger-private.asc"), "ledger", "fail", []string{"trusted_signers"}},
		"another signing key, and the old one": {set("signing.key_file="+keys+"/stranger-private.asc", "trusted_signers="+keys+"/signer.asc"),
			"ledger", "ok", []string{"1 entry"}},
		"a cluster that is none":            {set("cluster.urls=" + w.s3.Endpoint), "cluster", "fail", nil},
		"a cluster that does not answer":    {set("cluster.urls=http://127.0.0.1:9"), "cluster", "fail", []string{"refused"}},
		"a store that does not answer":      {set("s3.endpoint=http://127.0.0.1:9"), "archive", "fail", []string{"reachable"}},
		"volumes that do not fit":           {set("archive.volume_size=4TiB", "limits.memory=160MiB"), "memory", "fail", []string{"limits.memory"}},
		"retention on a bucket without":     {set("archive.retention.mode=governance"), "", "", nil},
		"a pattern that no index of it has": {set("indices=nothing-{DDMMYYYY}"), "indices", "warn", []string{"GET _cat/indices"}},
	} {
		t.Run(name, func(t *testing.T) {
			code := 2
			if c.status == "ok" || c.status == "warn" {
				code = 0
			}
			if name == "another signing key" { // of a ledger that this key did not sign
				code = 6
			}
			got := w.check(t, code, c.args...)
			if c.item != "" {
				got.wants(t, c.item, c.status, c.says...)
			}
		})
	}
	t.Run("a wrong passphrase is not shown", func(t *testing.T) {
		file := filepath.Join(w.dir, "passphrase")
		if err := os.WriteFile(file, []byte("hunter2\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		r := w.must(2, "check", "--set", "signing.key_file="+keys+"/signer-passphrase-private.asc", "--set", "signing.passphrase_file="+file)
		if !strings.Contains(r.stdout, "not by the given passphrase") || strings.Contains(r.stdout+r.stderr, "hunter2") {
			t.Errorf("%s%s", r.stdout, r.stderr)
		}
	})
	t.Run("a wrong secret of the store", func(t *testing.T) {
		t.Setenv("AWS_SECRET_ACCESS_KEY", "wrong")
		w.check(t, 2).wants(t, "staging", "fail", "secret is wrong")
	})
	t.Run("a foreign object", func(t *testing.T) {
		w.put(w.staging, "notes.txt", "x")
		defer w.remove(w.staging, "notes.txt")
		w.check(t, 2).wants(t, "staging contents", "fail", "notes.txt", "staging.ignore")
	})
	t.Run("a foreign snapshot", func(t *testing.T) {
		w.ok("PUT", "/_snapshot/archiver-broken/foreign?wait_for_completion=true", map[string]any{"indices": "broken-*"})
		defer w.ok("DELETE", "/_snapshot/archiver-broken/foreign", nil)
		w.check(t, 2).wants(t, "staging contents", "fail", "foreign", "DELETE")
	})
	t.Run("a closed index", func(t *testing.T) {
		yesterday := time.Now().UTC().AddDate(0, 0, -1).Format(time.DateOnly)
		w.logs(yesterday, 1, 1)
		w.ok("POST", "/"+w.index(yesterday)+"/_close", nil)
		defer w.ok("DELETE", "/"+w.index(yesterday), nil)
		w.check(t, 0).wants(t, "indices", "warn", "close")
	})
	t.Run("versions in staging", func(t *testing.T) {
		bucket := w.s3.BucketVersioned(t, false)
		w.check(t, 2, "--set", "staging.url=s3://"+bucket+"/snapshots").wants(t, "staging versions", "ok", "old versions")
	})
	w.must(0, "run", "--date", "2026-11-19")
}

func TestCheckAsksElasticsearchWhetherTheCallerMayTakeSnapshots(t *testing.T) {
	w := newWorld(t, "privileged")
	es := lab.Search(t, lab.Elasticsearch717, lab.SearchOptions{BasicAuth: true})
	check := func(code int, user, password string) checked {
		t.Helper()
		t.Setenv("ARCHIVER_CLUSTER_PASSWORD", password)
		return w.check(t, code, "--set", "cluster.urls="+es.URL, "--set", "cluster.username="+user)
	}
	check(0, es.Username, es.Password).wants(t, "privileges", "ok", "all that a run needs")
	// (This distribution cannot make users: lacking privileges are tried with API
	// keys, on a server that has the lab's plugin.)
	check(2, es.Username, "wrong").wants(t, "cluster", "fail", "401")
}
