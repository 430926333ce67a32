package config

import (
	"errors"
	"maps"
	"strings"
	"testing"
)

// sound is a configuration with which a day can be archived.
const sound = `stream: logdata
cluster: {urls: ["https://search.example.org:9200/prefix"]}
staging: {url: s3://logs-staging/snapshots}
archive: {url: s3://logs-archive/prod}
encryption: {recipients: [ops.asc, escrow.asc]}
signing: {key_file: signer.asc}
`

// changed loads the sound configuration with some values replaced.
func changed(t *testing.T, overrides map[string]string, env ...string) *Config {
	t.Helper()
	c, _, err := Load(LoadOptions{ReadFile: files{"archiver.yaml": sound}.read, Env: env, Overrides: overrides})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestSoundConfigurationsAreTaken(t *testing.T) {
	for _, overrides := range []map[string]string{
		{},
		{"cluster.username": "me", "cluster.password_file": "pw"},
		{"archive.volume_size": "64KiB", "limits.memory": "160MiB", "limits.transfers": "1", "snapshot.retries": "0", "snapshot.witness_documents": "0"},
		{"archive.retention.years": "0", "limits.volumes": "3", "snapshot.settle": "30m"},
		{"staging.type": "fs", "staging.settings": `{"location":"/mnt/logs-staging"}`, "staging.ignore": "snap/,other/", "s3.endpoint": "http://127.0.0.1:9000", "s3.expected_bucket_owner": "012345678901"},
		{"archive.url": "s3://logs-staging/prod", "archive.s3.endpoint": "https://elsewhere.example.org"},
		{"staging.url": "s3://logs-staging", "staging.ignore": "other/,logs"},
		{"staging.url": "file:///srv/snapshots", "archive.url": "file:///srv/vault"},
		{"staging.url": "file:///srv/snapshots", "archive.retention.mode": "compliance"},
		{"archive.retention.mode": "governance"},
		{"s3.sse": "AES256"},
		{"s3.sse": "aws:kms", "s3.kms_key_id": "alias/logs"},
		{"s3.kms_key_id": "alias/logs", "staging.s3.sse": "aws:kms", "archive.s3.sse": "aws:kms:dsse"},
		{"s3.sse": "aws:kms", "staging.s3.sse": "none"},
		{"signing.passphrase_file": "x", "opening.keys": "a,b", "opening.passphrase_file": "y", "trusted_signers": "old.asc"},
	} {
		if err := changed(t, overrides).Validate(NeedAll); err != nil {
			t.Errorf("%v: %v", overrides, err)
		}
	}
}

func TestWrongValuesNameKeyOriginAndRemedy(t *testing.T) {
	for _, c := range []struct{ path, text, key, says string }{
		{"stream", "Logdata", "", "lower-case"},
		{"stream", "-a", "", "hyphen"},
		{"stream", "a_b", "", "no stream's name"},
		{"stream", strings.Repeat("a", 64), "", "63"},
		{"indices", "logdata-*", "", "day"},
		{"indices", "a-{DDMMYYYY},b-{DDMMYYYY}*", "", `"b-{DDMMYYYY}*": the * is not set apart`},
		{"cluster.urls", "search.example.org:9200", "", "entry 1 is no address"},
		{"cluster.urls", "https://a,ftp://b", "", "entry 2 is no address"},
		{"cluster.urls", "https://", "", "no address"},
		{"cluster.urls", "https://me:hunter2@host", "", "credentials"},
		{"cluster.urls", "https://host?token=hunter2", "", "query"},
		{"cluster.urls", "https://host:hunter2", "", "no address"},
		{"staging.url", "s3://logs-archive/other", "archive.url", "shares its place with staging.url (command line)"},
		{"staging.url", "s3://logs-archive/prod/x", "archive.url", "shares its place"},
		{"staging.url", "s3://x.y.z/.archiver/x", "", "papers"},
		{"staging.repository", "a/b", "", "no name"},
		{"staging.repository", "cs-automated", "", "no name"},
		{"staging.ignore", "", "", ""}, // clears
		{"staging.ignore", `[""]`, "", "covers"},
		{"staging.ignore", "sn", "", "covers"},
		{"staging.ignore", "snapshots/indices/", "", "covers"},
		{"archive.volume_size", "65535", "", "64KiB to 4TiB"},
		{"archive.volume_size", "5TiB", "", "64KiB to 4TiB"},
		{"archive.retention.years", "-1", "", "0 to 100"},
		{"archive.retention.years", "101", "", "0 to 100"},
		{"s3.endpoint", "minio:9000", "", "no address"},
		{"archive.s3.endpoint", "https://k:hunter2@minio", "", "credentials"},
		{"s3.expected_bucket_owner", "12345", "", "12 digits"},
		{"staging.s3.expected_bucket_owner", "me", "", "12 digits"},
		{"s3.kms_key_id", "alias/logs", "", "would not be used"},
		{"archive.s3.kms_key_id", "alias/logs", "", "would not be used"},
		{"staging.type", "fs", "", "needs a location"},
		{"snapshot.timeout", "0s", "", "no time"},
		{"snapshot.retries", "-1", "", "0 to 100"},
		{"snapshot.witness_documents", "-1", "", "0 to"},
		{"snapshot.settle", "-1s", "", "negative"},
		{"limits.memory", "100MiB", "", "160MiB"},
		{"limits.transfers", "0", "", "1 to 256"},
		{"limits.transfers", "257", "", "1 to 256"},
		{"limits.volumes", "-1", "", "0 to"},
	} {
		err := changed(t, map[string]string{c.path: c.text}).Validate(NeedAll)
		if c.says == "" {
			if err != nil {
				t.Errorf("%s=%s: %v", c.path, c.text, err)
			}
			continue
		}
		if c.key == "" {
			c.key = c.path
		}
		var p Problems
		switch {
		case !errors.As(err, &p) || len(p) != 1:
			t.Errorf("%s=%s: want one problem: %v", c.path, c.text, err)
		case p[0].Key != c.key || p[0].Origin == "" || !strings.Contains(p[0].Error(), c.says) || strings.Contains(p[0].Error(), "hunter2"):
			t.Errorf("%s=%s: %v", c.path, c.text, err)
		}
	}
}

func TestRepositoryAtTheTopOfTheBucketIsNotIgnored(t *testing.T) {
	for _, prefix := range []string{"i", "indices/", "indices/abc", "index-", "snap-1", "meta"} {
		c := changed(t, map[string]string{"staging.url": "s3://logs-staging", "staging.ignore": prefix})
		if err := c.Validate(NeedAll); err == nil || !strings.Contains(err.Error(), "covers") {
			t.Errorf("%s: %v", prefix, err)
		}
	}
}

func TestAuthenticationIsComplete(t *testing.T) {
	for _, c := range []struct {
		overrides map[string]string
		env       string
		says      string // one of the problems
	}{
		{map[string]string{"cluster.auth": "basic"}, "", "cluster.username"},
		{map[string]string{"cluster.username": "me"}, "", "ARCHIVER_CLUSTER_PASSWORD_FILE"},
		{nil, "ARCHIVER_CLUSTER_PASSWORD=x", "cluster.username"},
		{nil, "ARCHIVER_CLUSTER_API_KEY=x", "api-key"},
		{map[string]string{"cluster.auth": "api-key"}, "", "cluster.api_key"},
		{map[string]string{"cluster.auth": "sigv4"}, "", "cluster.region"},
		{map[string]string{"cluster.username": "me", "cluster.password_file": "f"}, "ARCHIVER_CLUSTER_PASSWORD=x",
			"cluster.password (environment variable ARCHIVER_CLUSTER_PASSWORD): contradicts cluster.password_file (command line)"},
		{map[string]string{"cluster.api_key_file": "f", "cluster.auth": "api-key"}, "ARCHIVER_CLUSTER_API_KEY=x", "contradicts cluster.api_key_file"},
		{map[string]string{"signing.passphrase_file": "f"}, "ARCHIVER_SIGNING_PASSPHRASE=x", "contradicts signing.passphrase_file"},
		{map[string]string{"opening.passphrase_file": "f"}, "ARCHIVER_OPENING_PASSPHRASE=x", "contradicts opening.passphrase_file"},
		{nil, "ARCHIVER_SIGNING_KEY=" + privateText, "signing.key (environment variable ARCHIVER_SIGNING_KEY): contradicts signing.key_file (archiver.yaml:6)"},
		{map[string]string{"signing.kms_key": "arn:x"}, "", "contradicts signing.kms_key"},
		{map[string]string{"signing.key_file": ""}, "ARCHIVER_SIGNING_KEY=signer.asc", "use signing.key_file"},
	} {
		err := changed(t, c.overrides, c.env).Validate(NeedAll)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v %s: %v", c.overrides, c.env, err)
		}
	}
	for _, region := range []string{"cluster.region", "s3.region"} {
		err := changed(t, map[string]string{"cluster.auth": "sigv4", region: "eu-west-1"}).Validate(NeedAll)
		if err == nil || strings.Contains(err.Error(), "is missing") {
			t.Errorf("%s: %v", region, err)
		}
	}
}

func TestWhatIsNotSupportedYetIsRefused(t *testing.T) {
	for path, overrides := range map[string]map[string]string{
		"cluster.auth":    {"cluster.auth": "sigv4", "s3.region": "eu-west-1"},
		"signing.kms_key": {"signing.kms_key": "arn:aws:kms:x", "signing.key_file": ""},
	} {
		err := changed(t, overrides).Validate(NeedAll)
		if err == nil || !strings.Contains(err.Error(), path+" (command line)") || !strings.Contains(err.Error(), "not supported yet") {
			t.Errorf("%v: %v", overrides, err)
		}
	}
	overrides := map[string]string{"cluster.auth": "api-key", "cluster.api_key_file": "f"}
	if err := changed(t, overrides).Validate(NeedAll); err == nil || !strings.Contains(err.Error(), "api-key is not supported yet") {
		t.Error(err)
	}
	if err := changed(t, map[string]string{"staging.url": "file:///srv", "archive.url": "file:///srv/vault"}).Validate(NeedAll); err == nil ||
		!strings.Contains(err.Error(), "shares its place") {
		t.Error(err)
	}
}

func TestDirectoriesDoNotDoWhatOnlyBucketsCan(t *testing.T) {
	for _, c := range []struct {
		overrides map[string]string
		says      string
	}{
		{map[string]string{"archive.url": "file:///srv/vault", "archive.retention.mode": "governance"}, "archive.retention.mode (command line): governance cannot be had in a directory"},
		{map[string]string{"staging.url": "file:///srv/snapshots", "staging.type": "s3"}, "needs a bucket"},
	} {
		if err := changed(t, c.overrides).Validate(NeedAll); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.overrides, err)
		}
	}
}

func TestServerSideEncryptionIsOneThatS3Knows(t *testing.T) {
	_, _, err := Load(LoadOptions{ReadFile: files{"archiver.yaml": sound}.read, Overrides: map[string]string{"s3.sse": "aes"}})
	if err == nil || !strings.Contains(err.Error(), "aws:kms:dsse") {
		t.Error(err)
	}
	c := changed(t, map[string]string{"s3.sse": "aws:kms", "s3.kms_key_id": "k", "archive.s3.sse": "none", "archive.s3.kms_key_id": ""})
	if c.Staging.S3.SSE != "aws:kms" || c.Staging.S3.KMSKeyID != "k" || c.Archive.S3.SSE != "" {
		t.Errorf("%+v, %+v", c.Staging.S3, c.Archive.S3)
	}
}

func TestOnlyWhatIsNeededMayNotBeMissing(t *testing.T) {
	needs := map[Need]string{
		NeedCluster: "cluster.urls", NeedStaging: "staging.url", NeedArchive: "archive.url", NeedRecipients: "encryption.recipients",
		NeedSigner: "signing.key_file", NeedTrust: "trusted_signers", NeedOpening: "opening.keys",
	}
	only := load(t, "stream: a")
	if err := only.Validate(0); err != nil {
		t.Errorf("nothing is needed: %v", err)
	}
	for need, path := range needs {
		var p Problems
		if err := only.Validate(need); !errors.As(err, &p) || len(p) != 1 || p[0].Key != path || !strings.Contains(p[0].Remedy, variable(path)) {
			t.Errorf("%s: %v", path, err)
		}
	}
	var p Problems
	if err := load(t, "").Validate(NeedAll); !errors.As(err, &p) || len(p) != 6 || p[0].Key != "stream" {
		t.Errorf("an empty configuration: %v", err)
	}
	for _, text := range []string{"stream: a\ntrusted_signers: [x]", "stream: a\nsigning: {key_file: x}"} {
		if err := load(t, text).Validate(NeedTrust); err != nil {
			t.Errorf("%s: %v", text, err)
		}
	}
	known := byPath(fields())
	for path := range maps.Values(needs) {
		if _, ok := known[path]; !ok {
			t.Errorf("%s is no key", path)
		}
	}
}

func TestRestoresHaveAPlaceOfTheirOwnOrStaging(t *testing.T) {
	own := changed(t, map[string]string{"restore.staging.url": "file:///srv/back"})
	if err := own.Validate(NeedRestore); err != nil || own.RestoreStaging().Type != RepositoryFS || own.RestoreStaging().URL.Dir != "/srv/back" {
		t.Errorf("%+v, %v", own.RestoreStaging(), err)
	}
	if c := changed(t, nil); c.Validate(NeedRestore) != nil || c.RestoreStaging().URL != c.Staging.URL {
		t.Errorf("%+v", c.RestoreStaging())
	}
	for _, c := range []struct {
		overrides map[string]string
		says      string
	}{
		{map[string]string{"staging.url": ""}, "restore.staging.url: is missing, and so is staging.url"},
		{map[string]string{"restore.staging.settings": `{"role_arn":"x"}`}, "would not be used"},
		{map[string]string{"restore.staging.type": "fs"}, "would not be used"},
		{map[string]string{"restore.staging.url": "s3://back/prefix"}, "has a prefix"},
		{map[string]string{"restore.staging.url": "s3://logs-archive"}, "shares its place with archive.url"},
		{map[string]string{"restore.staging.url": "file:///srv/back", "restore.staging.type": "s3"}, "needs a bucket"},
		{map[string]string{"restore.staging.url": "s3://back", "restore.staging.type": "fs"}, "needs a location"},
		{map[string]string{"restore.timeout": "0s"}, "no time"},
	} {
		if err := changed(t, c.overrides).Validate(NeedRestore); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%v: %v", c.overrides, err)
		}
	}
}
