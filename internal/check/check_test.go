package check

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/internal/config"
	"archiver/internal/job"
	"archiver/internal/setup"
	"archiver/snapshot"
)

var now = time.Date(2026, 11, 21, 3, 0, 0, 0, time.UTC)

// bucket is a folder with the posture that a test gives it.
type bucket struct {
	store.Store
	rules            []store.Rule
	versioned, locks bool
	err              error
}

func (b *bucket) Root() string                                    { return "prod/" }
func (b *bucket) Region(context.Context) (string, error)          { return "eu-west-1", b.err }
func (b *bucket) Lifecycle(context.Context) ([]store.Rule, error) { return b.rules, b.err }
func (b *bucket) Versioned(context.Context) (bool, error)         { return b.versioned, b.err }
func (b *bucket) Locks(context.Context) (bool, error)             { return b.locks, b.err }

// Abort knows no upload, as a real bucket does not know one that never was.
func (b *bucket) Abort(context.Context, store.Upload) error { return nil }

// Get has the bucket's clock show what the test's does.
func (b *bucket) Get(ctx context.Context, key string) (store.Object, error) {
	o, err := b.Store.Get(ctx, key)
	o.Now = now
	return o, err
}

func newBucket(t *testing.T) *bucket {
	t.Helper()
	s, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &bucket{Store: s}
}

// cluster answers as a test says.
type cluster struct {
	job.Cluster
	info      snapshot.Info
	clock     time.Time
	lacks     []string
	user      string
	roles     []string
	asked     error // of privileges
	indices   []snapshot.Index
	have      *snapshot.Repository
	snapshots []snapshot.Snapshot
	verify    error
}

func (c *cluster) Info(context.Context) (snapshot.Info, error)           { return c.info, nil }
func (c *cluster) Clock(context.Context) (time.Time, error)              { return c.clock, nil }
func (c *cluster) Count(context.Context, string) (int64, error)          { return 1, nil }
func (c *cluster) Caller(context.Context) (string, []string, error)      { return c.user, c.roles, c.asked }
func (c *cluster) VerifyRepository(context.Context, string) (int, error) { return 3, c.verify }
func (c *cluster) Lacks(context.Context, snapshot.Privileges) ([]string, error) {
	return c.lacks, c.asked
}
func (c *cluster) Indices(context.Context, []string) ([]snapshot.Index, error) {
	return c.indices, nil
}
func (c *cluster) Snapshots(context.Context, string) ([]snapshot.Snapshot, error) {
	return c.snapshots, nil
}
func (c *cluster) Repository(context.Context, string) (snapshot.Repository, error) {
	if c.have == nil {
		return snapshot.Repository{}, snapshot.ErrNotFound
	}
	return *c.have, nil
}

// world is one in which nothing is wrong.
type world struct {
	World
	staging, archive *bucket
	cluster          *cluster
}

func newWorld(t *testing.T, overrides map[string]string) *world {
	t.Helper()
	const text = `
stream: logdata
cluster: {urls: ["https://search.example.org"], username: me, password: x}
staging: {url: s3://logs-staging/snapshots}
archive: {url: s3://logs-archive/prod}
encryption: {recipients: [ops.asc, escrow.asc]}
signing: {key_file: signer-private.asc}
`
	c, _, err := config.Load(config.LoadOptions{Overrides: overrides, ReadFile: func(name string) ([]byte, error) {
		if name == "archiver.yaml" {
			return []byte(text), nil
		}
		if filepath.IsAbs(name) { // a test's own
			return os.ReadFile(name)
		}
		if strings.Contains(name, "/") {
			return nil, fs.ErrNotExist
		}
		return os.ReadFile("../../testdata/keys/" + name)
	}})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{staging: newBucket(t), archive: newBucket(t), cluster: &cluster{
		info: snapshot.Info{Name: "logs", UUID: "u", Distribution: snapshot.Elasticsearch, Version: "8.19.21"}, clock: now,
		indices: []snapshot.Index{{Name: "logdata-20112026", Status: "open", Health: "green"}},
	}}
	settings := map[string]string{"bucket": "logs-staging", "base_path": "snapshots"}
	w.World = World{Config: c, Cluster: w.cluster, Now: func() time.Time { return now }, Job: &job.Job{
		Stream: c.Stream, Cluster: w.cluster, Repository: c.Staging.Repository, Register: snapshot.Repository{Type: "s3", Settings: settings},
		Staging: archive.Staging{Store: w.staging, Base: "snapshots/"}, Archive: w.archive,
		IndexPatterns: func(string) []string { return []string{"logdata-20112026"} },
	}}
	return w
}

// wants an item of this status whose detail or remedy says so.
func (r Report) wants(t *testing.T, name string, status Status, says string) {
	t.Helper()
	for _, i := range r.Items {
		if i.Name == name && i.Status == status && strings.Contains(i.Detail+" "+i.Remedy, says) {
			return
		}
	}
	t.Errorf("no %s that is %s and says %q in %+v", name, status, says, r.Items)
}

func TestNothingFailsWhereNothingIsWrong(t *testing.T) {
	w := newWorld(t, nil)
	w.archive.rules = []store.Rule{{Enabled: true, Prefix: "prod/archives/", Classes: []string{"GLACIER"}}}
	r := Run(t.Context(), w.World)
	for _, i := range r.Items {
		if i.Status == Warn || i.Status == Fail {
			t.Errorf("%+v", i)
		}
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	r.wants(t, "archive lifecycle", OK, "GLACIER")
	r.wants(t, "privileges", OK, "all that a run needs")
	for o, err := range w.staging.List(t.Context(), "", "") {
		t.Errorf("left in staging: %s, %v", o.Key, err)
	}
}

// TestARepositoryIsNoPlaceForArchives: the URLs are exchanged, and the page that
// check wants in the archive would stop the next run.
func TestARepositoryIsNoPlaceForArchives(t *testing.T) {
	w := newWorld(t, nil)
	if _, err := w.archive.Create(t.Context(), snapshot.LatestFile, []byte{0, 0, 0, 0, 0, 0, 0, 1}); err != nil {
		t.Fatal(err)
	}
	Run(t.Context(), w.World).wants(t, "archive writes", Fail, "exchanged")
	for o, err := range w.archive.List(t.Context(), "", "") {
		if err != nil || o.Key != snapshot.LatestFile {
			t.Errorf("it wrote %s, %v", o.Key, err)
		}
	}
}

func TestRulesOfTheArchiveAreJudged(t *testing.T) {
	glacier := []string{"GLACIER"}
	for name, c := range map[string]struct {
		rules  []store.Rule
		status Status
		says   string
	}{
		"none":                           {nil, Warn, "no rule moves"},
		"volumes move":                   {[]store.Rule{{Enabled: true, Prefix: "prod/archives/", Classes: glacier}}, OK, "GLACIER"},
		"of this stream":                 {[]store.Rule{{Enabled: true, Prefix: "prod/archives/logdata/", Classes: glacier}}, OK, "GLACIER"},
		"of another stream":              {[]store.Rule{{Enabled: true, Prefix: "prod/archives/web/", Classes: glacier}}, Warn, "no rule moves"},
		"some days":                      {[]store.Rule{{Enabled: true, Prefix: "prod/archives/logdata/2026/", Classes: glacier}}, Warn, "not all"},
		"below another prefix":           {[]store.Rule{{Enabled: true, Prefix: "archives/", Classes: glacier}}, Warn, "no rule moves"},
		"switched off":                   {[]store.Rule{{Prefix: "prod/archives/", Classes: glacier}}, Warn, "no rule moves"},
		"only tagged objects":            {[]store.Rule{{Enabled: true, Tagged: true, Classes: glacier}}, Warn, "no rule moves"},
		"the whole bucket":               {[]store.Rule{{ID: "all", Enabled: true, Classes: glacier}}, Fail, `the rule "all" on the whole bucket moves objects to GLACIER`},
		"the whole bucket, large ones":   {[]store.Rule{{Enabled: true, Above: 100 << 20, Classes: glacier}}, OK, "GLACIER"},
		"the whole bucket, over 128 KiB": {[]store.Rule{{Enabled: true, Above: 128 << 10, Classes: glacier}}, Fail, "reaches the ledger"},
		"the ledger expires":             {[]store.Rule{{Enabled: true, Prefix: "prod/ledger/", Expires: true, ExpireDays: 4000}}, Fail, "reaches the ledger"},
		"volumes expire too soon":        {[]store.Rule{{Enabled: true, Prefix: "prod/archives/", Expires: true, ExpireDays: 1825}}, Fail, "before their 5 years"},
		"volumes expire at a date":       {[]store.Rule{{Enabled: true, Prefix: "prod/archives/", Expires: true}}, Fail, "at a fixed date"},
		"volumes expire when they may":   {[]store.Rule{{Enabled: true, Prefix: "prod/archives/", Expires: true, ExpireDays: 1826}}, Warn, "remove it unless"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.archive.rules = c.rules
			r := &run{World: w.World}
			_ = r.archiveRules(t.Context())
			r.report.wants(t, "archive lifecycle", c.status, c.says)
		})
	}
}

func TestRulesOfStagingAreJudged(t *testing.T) {
	for name, c := range map[string]struct {
		rules  []store.Rule
		status Status
	}{
		"none":                  {nil, OK},
		"the whole bucket":      {[]store.Rule{{Enabled: true, Expires: true, ExpireDays: 7}}, Fail},
		"the repository":        {[]store.Rule{{Enabled: true, Prefix: "snap", Classes: []string{"GLACIER_IR"}}}, Fail},
		"a part of it":          {[]store.Rule{{Enabled: true, Prefix: "snapshots/indices/", Expires: true, ExpireDays: 7}}, Fail},
		"our own papers":        {[]store.Rule{{Enabled: true, Prefix: ".archiver/", Expires: true, ExpireDays: 7}}, Fail},
		"something else":        {[]store.Rule{{Enabled: true, Prefix: "other/", Expires: true, ExpireDays: 7}}, OK},
		"old versions, uploads": {[]store.Rule{{Enabled: true, ExpiresOld: true}}, OK},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			w.staging.rules = c.rules
			r := &run{World: w.World}
			_ = r.stagingRules(t.Context())
			r.report.wants(t, "staging lifecycle", c.status, "")
		})
	}
}

func TestStagingVersionsAreSaid(t *testing.T) {
	w := newWorld(t, nil)
	for _, c := range []struct {
		versioned bool
		rules     []store.Rule
		status    Status
		says      string
	}{
		{false, nil, OK, "not versioned"},
		{true, nil, OK, "old versions"},
	} {
		w.staging.versioned, w.staging.rules = c.versioned, c.rules
		r := &run{World: w.World}
		_ = r.stagingVersions(t.Context())
		r.report.wants(t, "staging versions", c.status, c.says)
	}
}

func TestBucketThatDoesNotTellIsSkippedWithWhatToLookAt(t *testing.T) {
	w := newWorld(t, map[string]string{"archive.retention.mode": "compliance"})
	w.staging.err = fmt.Errorf("501: %w", store.ErrUntold)
	w.archive.err = w.staging.err
	r := Run(t.Context(), w.World)
	r.wants(t, "staging lifecycle", Skipped, "s3:GetLifecycleConfiguration")
	r.wants(t, "staging lifecycle", Skipped, "see for yourself")
	r.wants(t, "staging versions", Skipped, "s3:GetBucketVersioning")
	r.wants(t, "archive lifecycle", Skipped, "prod/ledger/")
	r.wants(t, "object lock", Skipped, "s3:GetBucketObjectLockConfiguration")
	if err := r.Err(); err != nil {
		t.Error(err)
	}
	w.staging.err = errors.New("broken")
	Run(t.Context(), w.World).wants(t, "staging", Fail, "broken")
}

func TestRetentionNeedsObjectLock(t *testing.T) {
	w := newWorld(t, map[string]string{"archive.retention.mode": "governance"})
	Run(t.Context(), w.World).wants(t, "object lock", Fail, "no Object Lock")
	w.archive.locks = true
	Run(t.Context(), w.World).wants(t, "object lock", OK, "governance, 5 years")
}

func TestClusterIsJudged(t *testing.T) {
	unknown := fmt.Errorf("no handler: %w", snapshot.ErrUnknowable)
	for name, c := range map[string]struct {
		change func(*cluster)
		item   string
		status Status
		says   string
	}{
		"a version never tried": {func(c *cluster) { c.info.Version = "9.1.0" }, "cluster", Warn, "not tested"},
		"a clock ahead":         {func(c *cluster) { c.clock = now.Add(2 * time.Minute) }, "cluster clock", Warn, "2m0s off"},
		"a clock behind":        {func(c *cluster) { c.clock = now.Add(-90 * time.Second) }, "cluster clock", Warn, "-1m30s off"},
		"a privilege lacking":   {func(c *cluster) { c.lacks = []string{"cluster:admin/snapshot/create"} }, "privileges", Fail, "cluster:admin/snapshot/create"},
		"privileges not told":   {func(c *cluster) { c.asked = unknown }, "privileges", Skipped, "not tried"},
		"a role that suffices": {func(c *cluster) {
			c.info.Distribution, c.user, c.roles = snapshot.OpenSearch, "me", []string{"manage_snapshots"}
		}, "privileges", OK, "manage_snapshots"},
		"roles of unknown worth":    {func(c *cluster) { c.info.Distribution, c.user, c.roles = snapshot.OpenSearch, "me", []string{"reader"} }, "privileges", Warn, "reader"},
		"no index":                  {func(c *cluster) { c.indices = nil }, "indices", Warn, "exit code 3"},
		"a red index":               {func(c *cluster) { c.indices[0].Health = "red" }, "indices", Warn, "red"},
		"a repository elsewhere":    {func(c *cluster) { c.have = &snapshot.Repository{Type: "fs"} }, "repository", Fail, `type is "fs"`},
		"a repository that is shut": {func(c *cluster) { c.have, c.verify = same(), errors.New("access denied") }, "repository", Fail, "credentials"},
		"a repository":              {func(c *cluster) { c.have = same() }, "repository", OK, "3 nodes"},
		"a foreign snapshot":        {func(c *cluster) { c.have, c.snapshots = same(), []snapshot.Snapshot{{Name: "mine"}} }, "staging contents", Fail, "mine"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			c.change(w.cluster)
			r := Run(t.Context(), w.World)
			r.wants(t, c.item, c.status, c.says)
			if failed := r.Err() != nil; failed != (c.status == Fail) {
				t.Errorf("%v", r.Err())
			}
		})
	}
}

func same() *snapshot.Repository {
	return &snapshot.Repository{Type: "s3", Settings: map[string]string{"bucket": "logs-staging", "base_path": "snapshots"}}
}

func TestKeysThatEndSoonAreNamedBeforeTheyEnd(t *testing.T) {
	for _, c := range []struct {
		days int
		says string // "": nothing
	}{{0, "stops being usable in 0 days"}, {30, "in 30 days, about 2026-12-21"}, {89, "in 89 days"}, {90, ""}, {4000, ""}} {
		r := &run{World: World{Now: func() time.Time { return now }}}
		end := now.AddDate(0, 0, c.days)
		r.lasting("signing key", "key", func(at time.Time) error {
			if at.Before(end) {
				return nil
			}
			return errors.New("is expired")
		})
		if c.says == "" {
			if len(r.report.Items) > 0 {
				t.Errorf("%d days: %+v", c.days, r.report.Items)
			}
			continue
		}
		r.report.wants(t, "signing key", Warn, c.says)
	}
}

func TestWhatCannotBeBuiltIsSaidAndTheRestIsLookedAt(t *testing.T) {
	w := newWorld(t, nil)
	w.ClusterErr, w.KeysErr = errors.New("no CA"), errors.New("no key")
	r := Run(t.Context(), w.World)
	r.wants(t, "cluster", Fail, "no CA")
	r.wants(t, "ledger", Skipped, "keys")
	r.wants(t, "memory", Skipped, "the keys must be right first")
	r.wants(t, "staging writes", OK, "")
	w.StoresErr = errors.New("no region")
	Run(t.Context(), w.World).wants(t, "staging", Fail, "no region")
}

func TestUnconfiguredNamesEveryProblem(t *testing.T) {
	r := Unconfigured(config.Problems{{Key: "stream", What: "is missing"}, {Key: "archive.url", What: "is missing"}})
	r.wants(t, "configuration", Fail, "stream: is missing")
	r.wants(t, "configuration", Fail, "archive.url: is missing")
	if r.Err() == nil {
		t.Error("a report of failures is no error")
	}
}

// Its private half is on this machine, and would open every archive.
func TestSigningKeyAmongTheRecipientsFails(t *testing.T) {
	k, err := setup.MakeTestKeys(t.TempDir(), now)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, map[string]string{"signing.key_file": k.SignerPrivate, "encryption.recipients": "ops.asc," + k.Signer})
	Run(t.Context(), w.World).wants(t, "recipients", Fail, "is the signing key")
	w = newWorld(t, map[string]string{"signing.key_file": k.SignerPrivate})
	for _, i := range Run(t.Context(), w.World).Items {
		if i.Name == "recipients" && i.Status == Fail {
			t.Errorf("%+v", i)
		}
	}
}
