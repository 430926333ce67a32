package config

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// files are a ReadFile.
type files map[string]string

func (f files) read(name string) ([]byte, error) {
	text, ok := f[name]
	if !ok {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return []byte(text), nil
}

// load reads a file of this text, and env as NAME=text.
func load(t *testing.T, text string, env ...string) *Config {
	t.Helper()
	c, warnings, err := Load(LoadOptions{Env: env, ReadFile: files{"archiver.yaml": text}.read})
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Errorf("unexpected warnings: %q", warnings)
	}
	return c
}

// wrong is load of what must be refused; each text must be in the error.
func wrong(t *testing.T, text string, contains ...string) {
	t.Helper()
	c, _, err := Load(LoadOptions{ReadFile: files{"archiver.yaml": text}.read})
	if err == nil {
		t.Errorf("%q was taken: %+v", text, c)
		return
	}
	if !errors.As(err, new(Problems)) {
		t.Errorf("%q: not Problems: %v", text, err)
	}
	for _, s := range contains {
		if !strings.Contains(err.Error(), s) {
			t.Errorf("%q: %v, want it to say %s", text, err, s)
		}
	}
}

func TestEnvironmentAloneSuffices(t *testing.T) {
	c, warnings, err := Load(LoadOptions{ReadFile: files{}.read, Env: []string{
		"PATH=/bin", "ARCHIVER_STREAM=logdata", "ARCHIVER_CLUSTER_URLS=https://a.example.org:9200, https://b.example.org:9200",
		"ARCHIVER_STAGING_URL=s3://logs-staging/snapshots", "ARCHIVER_ARCHIVE_URL=s3://logs-archive/prod",
		"ARCHIVER_ENCRYPTION_RECIPIENTS=ops.asc,escrow.asc", "ARCHIVER_SIGNING_KEY=" + privateText,
		`ARCHIVER_STAGING_SETTINGS={"role_arn":"arn:aws:iam::1:role/x","compress":true,"n":1e9}`,
	}})
	if err != nil || len(warnings) > 0 {
		t.Fatal(err, warnings)
	}
	if err := c.Validate(NeedAll); err != nil {
		t.Error(err)
	}
	if got := c.Cluster.URLs; !slices.Equal(got, []string{"https://a.example.org:9200", "https://b.example.org:9200"}) {
		t.Errorf("urls: %q", got)
	}
	want := map[string]string{"role_arn": "arn:aws:iam::1:role/x", "compress": "true", "n": "1e9"}
	if got := c.Staging.Settings; !reflect.DeepEqual(got, want) {
		t.Errorf("settings: %q", got)
	}
	if len(c.Encryption.Recipients) != 2 || c.Encryption.Recipients[1].File() != "escrow.asc" {
		t.Errorf("recipients: %v", c.Encryption.Recipients)
	}
}

func TestLaterSourcesWin(t *testing.T) {
	o := LoadOptions{
		ReadFile:  files{"archiver.yaml": "stream: logdata\narchive:\n  volume_size: 1GiB\nsnapshot: {retries: 1, timeout: 1h, settle: 1m}"}.read,
		Env:       []string{"ARCHIVER_SNAPSHOT_RETRIES=5", "ARCHIVER_SNAPSHOT_TIMEOUT=2h", "ARCHIVER_SNAPSHOT_TIMEOUT=3h", "ARCHIVER_SNAPSHOT_SETTLE="},
		Overrides: map[string]string{"snapshot.retries": "7"},
	}
	c, _, err := Load(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		path, is, want string
		origin         Origin
	}{
		{"limits.memory", c.Limits.Memory.String(), "256MiB", OriginDefault},
		{"archive.volume_size", c.Archive.VolumeSize.String(), "1GiB", "archiver.yaml:3"},
		{"snapshot.timeout", c.Snapshot.Timeout.String(), "3h", "environment variable ARCHIVER_SNAPSHOT_TIMEOUT"},
		{"snapshot.settle", c.Snapshot.Settle.String(), "1m", "archiver.yaml:4"},
		{"staging.repository", c.Staging.Repository, "archiver-logdata", OriginDerived},
		{"cluster.region", c.Cluster.Region, "", ""},
	} {
		if x.is != x.want || c.Origin(x.path) != x.origin {
			t.Errorf("%s is %s from %q, want %s from %q", x.path, x.is, c.Origin(x.path), x.want, x.origin)
		}
	}
	if c.Snapshot.Retries != 7 || c.Origin("snapshot.retries") != "command line" {
		t.Errorf("retries: %d from %s", c.Snapshot.Retries, c.Origin("snapshot.retries"))
	}
}

func TestTheFileIsFound(t *testing.T) {
	all := files{"archiver.yaml": "stream: a", "env.yaml": "stream: b", "flag.yaml": "stream: c"}
	for _, x := range []struct {
		path string
		env  []string
		want string
	}{
		{"", nil, "a"},
		{"", []string{"ARCHIVER_CONFIG="}, "a"},
		{"", []string{"ARCHIVER_CONFIG=env.yaml"}, "b"},
		{"flag.yaml", []string{"ARCHIVER_CONFIG=env.yaml"}, "c"},
	} {
		c, _, err := Load(LoadOptions{Path: x.path, Env: x.env, ReadFile: all.read})
		if err != nil || c.Stream != x.want {
			t.Errorf("%q %q: %v, %v", x.path, x.env, c, err)
		}
	}
}

func TestAFileThatIsNamedMustExist(t *testing.T) {
	for _, o := range []LoadOptions{
		{Path: "none.yaml", ReadFile: files{}.read},
		{Env: []string{"ARCHIVER_CONFIG=none.yaml"}, ReadFile: files{}.read},
	} {
		if _, _, err := Load(o); !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "none.yaml") {
			t.Errorf("%v", err)
		}
	}
	denied := func(string) ([]byte, error) { return nil, fs.ErrPermission }
	if _, _, err := Load(LoadOptions{ReadFile: denied}); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("an unreadable archiver.yaml: %v", err)
	}
}

func TestDefaultsFollowFromOtherValues(t *testing.T) {
	c := load(t, "stream: web-7")
	if got := c.Indices; !slices.Equal(got, []Pattern{"web-7-{DDMMYYYY}"}) {
		t.Errorf("indices: %q", got)
	}
	if c.Staging.Repository != "archiver-web-7" || c.Staging.Type != RepositoryS3 || c.Cluster.Auth != AuthNone {
		t.Errorf("%+v %+v", c.Staging, c.Cluster)
	}
	c = load(t, "stream: a\ncluster: {username: me}\nstaging: {url: 'file:///srv/x'}")
	if c.Staging.Type != RepositoryFS || c.Cluster.Auth != AuthBasic {
		t.Errorf("%+v %+v", c.Staging, c.Cluster)
	}
	c = load(t, "stream: a\ncluster: {username: me, auth: none}\nstaging: {url: 'file:///srv/x', type: s3}")
	if c.Staging.Type != RepositoryS3 || c.Cluster.Auth != AuthNone {
		t.Errorf("what was given is kept: %+v %+v", c.Staging, c.Cluster)
	}
}

func TestStoresTakeWhatTheyDoNotSayFromS3(t *testing.T) {
	c := load(t, `
s3: {region: eu-west-1, path_style: true, endpoint: http://s3.example.org}
staging:
  s3: {path_style: false, endpoint: ""}
archive:
  s3: {region: eu-central-1, checksums: when_required}
`)
	staging := S3{Region: "eu-west-1", Checksums: ChecksumsWhenSupported}
	archive := S3{Region: "eu-central-1", PathStyle: true, Endpoint: "http://s3.example.org", Checksums: ChecksumsWhenRequired}
	if c.Staging.S3 != staging {
		t.Errorf("staging: %+v", c.Staging.S3)
	}
	if c.Archive.S3 != archive {
		t.Errorf("archive: %+v", c.Archive.S3)
	}
	if got := c.Origin("staging.s3.region"); got != "archiver.yaml:2" {
		t.Errorf("origin: %s", got)
	}
}

func TestFilesInTheFileAreBesideIt(t *testing.T) {
	text := `
cluster: {ca_file: ca.pem, password_file: /run/secrets/cluster}
encryption: {recipients: [keys/ops.asc, ../escrow.asc]}
`
	c, _, err := Load(LoadOptions{
		Path: "/etc/archiver/a.yaml", ReadFile: files{"/etc/archiver/a.yaml": text}.read,
		Env: []string{"ARCHIVER_SIGNING_KEY_FILE=signer.asc"}, Overrides: map[string]string{"trusted_signers": "old.asc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	for want, got := range map[string]string{
		"/etc/archiver/ca.pem":       c.Cluster.CAFile,
		"/run/secrets/cluster":       c.Cluster.PasswordFile,
		"/etc/archiver/keys/ops.asc": c.Encryption.Recipients[0].File(),
		"/etc/escrow.asc":            c.Encryption.Recipients[1].File(),
		"signer.asc":                 c.Signing.KeyFile,
		"old.asc":                    c.TrustedSigners[0].File(),
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}

func TestFilesAreReadFromDiskByDefault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.yaml")
	if err := os.WriteFile(path, []byte("stream: disk"), 0o600); err != nil {
		t.Fatal(err)
	}
	if c, _, err := Load(LoadOptions{Path: path}); err != nil || c.Stream != "disk" {
		t.Errorf("%v, %v", c, err)
	}
}
