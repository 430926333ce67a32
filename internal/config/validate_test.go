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
		{"cluster.auth": "api-key", "cluster.api_key_file": "key"},
		{"cluster.auth": "sigv4", "cluster.region": "eu-west-1"},
		{"cluster.auth": "sigv4", "cluster.profile": "logs"},
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
		{"staging.settings", `{"bucket":"other"}`, "", `bucket: "other" contradicts staging.url`},
		{"staging.settings", `{"base_path":"elsewhere"}`, "", "snapshots would not be found"},
		{"staging.settings", `{"base_path":"/snapshots/","bucket":"logs-staging"}`, "", ""},
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

// TestAKeyInThePlaceOfAFilesNameIsNotShown: the contents of a file went into the
// variable that wants its name.
func TestAKeyInThePlaceOfAFilesNameIsNotShown(t *testing.T) {
	for _, key := range []string{"CLUSTER_PASSWORD_FILE", "CLUSTER_API_KEY_FILE", "CLUSTER_CA_FILE", "SIGNING_KEY_FILE", "SIGNING_PASSPHRASE_FILE", "OPENING_PASSPHRASE_FILE"} {
		err := changed(t, nil, "ARCHIVER_"+key+"="+armorMarkPrivate+" KEY BLOCK-----\n\nhunter2").Validate(NeedAll)
		if err == nil || !strings.Contains(err.Error(), "holds a key and not the name of a file") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", key, err)
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
		{map[string]string{"cluster.auth": "none", "cluster.username": "me"}, "", "cluster.auth (command line): none contradicts cluster.username (command line)"},
		{map[string]string{"cluster.auth": "none"}, "ARCHIVER_CLUSTER_API_KEY=x", "none contradicts cluster.api_key (environment variable ARCHIVER_CLUSTER_API_KEY)"},
		{map[string]string{"cluster.auth": "basic", "cluster.username": "me:pw"}, "", "holds a colon"},
		{map[string]string{"cluster.auth": "basic", "cluster.username": "me", "cluster.password_file": "f", "cluster.api_key_file": "g"}, "", "basic contradicts cluster.api_key_file"},
		{map[string]string{"cluster.auth": "api-key", "cluster.username": "me", "cluster.api_key_file": "g"}, "", "api-key contradicts cluster.username"},
		{map[string]string{"cluster.auth": "sigv4", "cluster.password_file": "f"}, "", "sigv4 contradicts cluster.password_file"},
		{map[string]string{"cluster.profile": "logs"}, "", "give cluster.auth: sigv4"},
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
}

func TestAmazonsRulesAreKeptBeforeAnythingIsAsked(t *testing.T) {
	const domain = "https://search-logs-abc.eu-west-1.es.amazonaws.com"
	for _, c := range []struct {
		overrides map[string]string
		says      string // "": nothing
	}{
		{map[string]string{"cluster.urls": "https://abc.eu-west-1.aoss.amazonaws.com", "cluster.auth": "sigv4"}, "Serverless"},
		{map[string]string{"cluster.urls": domain, "cluster.auth": "sigv4"}, "role_arn"},
		{map[string]string{"cluster.urls": "https://vpc-logs-abc.aos.eu-west-1.on.aws", "cluster.auth": "sigv4"}, "role_arn"},
		{map[string]string{"cluster.urls": "https://x.cn-north-1.es.amazonaws.com.cn", "cluster.auth": "sigv4"}, "role_arn"},
		{map[string]string{"cluster.urls": domain, "cluster.auth": "sigv4", "stream": "cs-logs", "indices": "a-{DDMMYYYY}"}, "cs-"},
		{map[string]string{"cluster.urls": domain, "cluster.auth": "sigv4", "staging.settings": `{"role_arn":"arn:aws:iam::1:role/x"}`}, ""},
		// A cluster of one's own behind something that checks signatures.
		{map[string]string{"cluster.urls": "https://search.example.org", "cluster.auth": "sigv4", "cluster.region": "eu-west-1"}, ""},
		{map[string]string{"cluster.urls": "https://search.example.org", "stream": "cs-logs"}, ""},
	} {
		err := changed(t, c.overrides).Validate(NeedAll)
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%v: %v", c.overrides, err)
		}
	}
}

func TestWhatIsNotSupportedYetIsRefused(t *testing.T) {
	for path, overrides := range map[string]map[string]string{
		"signing.kms_key": {"signing.kms_key": "arn:aws:kms:x", "signing.key_file": ""},
	} {
		err := changed(t, overrides).Validate(NeedAll)
		if err == nil || !strings.Contains(err.Error(), path+" (command line)") || !strings.Contains(err.Error(), "not supported yet") {
			t.Errorf("%v: %v", overrides, err)
		}
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

func TestMissingFileIsSaidBeforeMissingKeys(t *testing.T) {
	for _, c := range []struct {
		files files
		path  string
		env   []string
		says  bool
	}{
		{files: files{}, says: true},
		{files: files{}, env: []string{"ARCHIVER_STREAM=logdata"}, says: true},
		{files: files{"archiver.yaml": "stream: logdata"}},
		{files: files{"other.yaml": ""}, path: "other.yaml"},
	} {
		loaded, _, err := Load(LoadOptions{ReadFile: c.files.read, Path: c.path, Env: c.env})
		if err != nil {
			t.Fatal(err)
		}
		err = loaded.Validate(NeedAll)
		if got := strings.Contains(err.Error(), "no archiver.yaml was found") && strings.Contains(err.Error(), "archiver init"); got != c.says {
			t.Errorf("%+v: %v", c, err)
		}
		var p Problems
		if c.says && (!errors.As(err, &p) || !strings.Contains(p[0].Error(), "no archiver.yaml")) {
			t.Errorf("%+v: not said first: %v", c, err)
		}
		if !strings.Contains(err.Error(), "archive.url") {
			t.Errorf("%+v: the missing keys are not named: %v", c, err)
		}
	}
}

func TestSettingsThatCancelEachOtherAreRefused(t *testing.T) {
	for says, c := range map[string]*Config{
		"with 0 years would hold nothing":    changed(t, map[string]string{"archive.retention.mode": "governance", "archive.retention.years": "0"}),
		"contradicts signing.kms_key":        changed(t, map[string]string{"signing.key_file": "", "signing.kms_key": "arn:x", "signing.passphrase_file": "p"}),
		"signing.passphrase (environment va": changed(t, map[string]string{"signing.key_file": "", "signing.kms_key": "arn:x"}, "ARCHIVER_SIGNING_PASSPHRASE=x"),
	} {
		if err := c.Validate(NeedAll); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want it to say %q", err, says)
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
