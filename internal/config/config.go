// Package config is the configuration: one documented struct, and how it is
// read from a YAML file, the environment and the command line, in this order.
//
// The struct's tags are the single source of every key: its name (yaml), its
// default, what it means (doc), which values it takes (oneof), and whether it
// names a file. Environment variables, suggestions for misspelt keys, the
// generated reference and the checks all come from there.
//
// The package describes and checks; it opens no store, parses no key and
// connects to nothing, and no package of the program may come in here.
package config

import (
	"fmt"
	"strings"
)

// Config is the configuration of one stream. Load makes it; Validate must pass
// before it is used. It may be printed and marshalled: no secret shows.
type Config struct {
	Stream     string     `yaml:"stream" doc:"Name of the series of daily indices that is archived together: lower-case letters, digits and hyphens. Required."`
	Indices    []Pattern  `yaml:"indices" derived:"<stream>-{DDMMYYYY}" doc:"Patterns that turn a date into index names, with {DD} {MM} {YYYY} {DDMMYYYY} {YYYYMMDD} {YYYY.MM.DD}. A * may follow the date, after a separator, for rollovers."`
	Timezone   Timezone   `yaml:"timezone" default:"UTC" doc:"Whose days the indices hold, such as Europe/Berlin; a run without a date means yesterday there."`
	Cluster    Cluster    `yaml:"cluster"`
	Staging    Staging    `yaml:"staging"`
	Archive    Archive    `yaml:"archive"`
	S3         S3         `yaml:"s3"`
	Encryption Encryption `yaml:"encryption"`
	Signing    Signing    `yaml:"signing"`

	TrustedSigners []KeySource `yaml:"trusted_signers" doc:"Public keys, as files or armored text, that are believed when a ledger is read. The current signer always is."`

	Opening  Opening  `yaml:"opening"`
	Restore  Restore  `yaml:"restore"`
	Snapshot Snapshot `yaml:"snapshot"`
	Limits   Limits   `yaml:"limits"`

	origins  map[string]Origin // by path
	noFile   bool              // none was named, and defaultFile is not there
	readFile func(string) ([]byte, error)
}

// Cluster is the search cluster, and how to speak to it.
type Cluster struct {
	URLs         []string `yaml:"urls" doc:"Addresses of the cluster's nodes, or of what stands before them: http or https, without credentials. A path prefix is kept. Required."`
	Auth         Auth     `yaml:"auth" derived:"basic with a username, else none" oneof:"none basic api-key sigv4" doc:"How requests are authenticated."`
	Username     string   `yaml:"username" doc:"User of basic authentication."`
	Password     Secret   `yaml:"password" doc:"Password of basic authentication."`
	PasswordFile string   `yaml:"password_file" file:"yes" doc:"File that holds cluster.password; one trailing newline is dropped."`
	APIKey       Secret   `yaml:"api_key" doc:"API key, encoded as the cluster gave it out, or as id:key."`
	APIKeyFile   string   `yaml:"api_key_file" file:"yes" doc:"File that holds cluster.api_key; one trailing newline is dropped."`
	CAFile       string   `yaml:"ca_file" file:"yes" doc:"PEM certificates that are trusted instead of the system's."`
	Region       string   `yaml:"region" doc:"AWS region that requests are signed for with sigv4; without it, s3.region, else the default chain's."`
	Profile      string   `yaml:"profile" doc:"AWS profile whose credentials sign requests with sigv4; without it, the default chain."`
}

// Auth is how requests to the cluster are authenticated.
type Auth string

// The ways to authenticate.
const (
	AuthNone   Auth = "none"
	AuthBasic  Auth = "basic"
	AuthAPIKey Auth = "api-key"
	AuthSigV4  Auth = "sigv4"
)

// Staging is where the cluster's snapshot repository writes.
type Staging struct {
	URL        Location          `yaml:"url" doc:"s3://bucket[/prefix] or file:///path that the snapshot repository writes to; the path must be below one of the cluster's path.repo, and the same here as there. The bucket, or directory, is this stream's alone. Required."`
	Repository string            `yaml:"repository" derived:"archiver-<stream>" doc:"Name of the snapshot repository in the cluster."`
	Type       RepositoryType    `yaml:"type" derived:"s3, or fs for a file:// url" oneof:"s3 fs" doc:"Type of the repository, as the cluster is told."`
	Settings   map[string]string `yaml:"settings" doc:"Settings of the repository, such as role_arn, sent as they are over those that follow from staging.url."`
	Ignore     []string          `yaml:"ignore" doc:"Prefixes of keys in the staging bucket that do not count when it is looked whether anything foreign lies there."`
	S3         S3                `yaml:"s3" inherits:"s3"`
}

// RepositoryType is the kind of repository that the cluster is told.
type RepositoryType string

// The repository types.
const (
	RepositoryS3 RepositoryType = "s3"
	RepositoryFS RepositoryType = "fs"
)

// Archive is where sealed days are kept.
type Archive struct {
	URL        Location  `yaml:"url" doc:"s3://bucket[/prefix] or file:///path where archives and the ledger are kept. Required."`
	VolumeSize Bytes     `yaml:"volume_size" default:"32GiB" doc:"Bytes of snapshot files that go into one volume; a larger file gets a volume of its own. From 64KiB to 4TiB."`
	Retention  Retention `yaml:"retention"`
	S3         S3        `yaml:"s3" inherits:"s3"`
}

// Retention is how long an archive is kept from deletion.
type Retention struct {
	Mode  RetentionMode `yaml:"mode" default:"none" oneof:"none governance compliance" doc:"Object Lock mode of volumes and ledger entries, in a bucket that was created with Object Lock; with none, the years are recorded and not enforced."`
	Years int           `yaml:"years" default:"5" doc:"Calendar years to keep an archive, 0 to 100."`
}

// RetentionMode is an Object Lock mode, or none.
type RetentionMode string

// The retention modes.
const (
	RetentionNone       RetentionMode = "none"
	RetentionGovernance RetentionMode = "governance"
	RetentionCompliance RetentionMode = "compliance"
)

// S3 is how buckets are reached. Config.S3 holds the defaults of both stores;
// after Load, Staging.S3 and Archive.S3 are complete, and are what to use.
type S3 struct {
	Region              string    `yaml:"region" doc:"AWS region; without it, the default chain's."`
	Endpoint            string    `yaml:"endpoint" doc:"URL of an S3-compatible server; without it, Amazon's."`
	PathStyle           bool      `yaml:"path_style" default:"false" doc:"The bucket's name goes into the path and not into the host name."`
	ExpectedBucketOwner string    `yaml:"expected_bucket_owner" doc:"AWS account number (12 digits) that must own the bucket; without it, not checked."`
	Profile             string    `yaml:"profile" doc:"AWS profile whose credentials are used; without it, the default chain."`
	Checksums           Checksums `yaml:"checksums" default:"when_supported" oneof:"when_supported when_required" doc:"When the AWS SDK sends checksums of its own: some S3-compatible servers refuse them. Volumes always carry theirs."`
	SSE                 SSE       `yaml:"sse" oneof:"none AES256 aws:kms aws:kms:dsse" doc:"Server-side encryption that is asked for with every write; without it, the bucket's default."`
	KMSKeyID            string    `yaml:"kms_key_id" doc:"Id or ARN of the KMS key for sse aws:kms and aws:kms:dsse; without it, the account's key for S3."`
}

// SSE is the server-side encryption that is asked for, in S3's words; "" asks
// for none.
type SSE string

// UnmarshalText takes none as a word for nothing, so that one store can do
// without what the other asks for.
func (s *SSE) UnmarshalText(text []byte) error {
	switch *s = SSE(text); *s {
	case "none":
		*s = ""
	case "", "AES256", "aws:kms", "aws:kms:dsse":
	default:
		return fmt.Errorf("%q is not one of none, AES256, aws:kms, aws:kms:dsse", text)
	}
	return nil
}

// byKMS tells that a KMS key encrypts.
func (s SSE) byKMS() bool { return strings.HasPrefix(string(s), "aws:kms") }

// Checksums is when the AWS SDK adds checksums to requests.
type Checksums string

// The AWS SDK's own words for it.
const (
	ChecksumsWhenSupported Checksums = "when_supported"
	ChecksumsWhenRequired  Checksums = "when_required"
)

// Encryption is who can open an archive.
type Encryption struct {
	Recipients []KeySource `yaml:"recipients" doc:"Public keys, as files or armored text, any one of which opens an archive. Their private halves live elsewhere. Required."`
}

// Signing is the key that signs manifests and ledger entries: exactly one of
// key, key_file and kms_key.
type Signing struct {
	Key            Secret `yaml:"key" doc:"Private key that signs, as armored text."`
	KeyFile        string `yaml:"key_file" file:"yes" doc:"File that holds the private key that signs."`
	KMSKey         string `yaml:"kms_key" doc:"ARN of an AWS KMS key that signs."`
	Passphrase     Secret `yaml:"passphrase" doc:"Passphrase of the private key that signs."`
	PassphraseFile string `yaml:"passphrase_file" file:"yes" doc:"File that holds signing.passphrase; one trailing newline is dropped."`
}

// Opening is what opens archives. It belongs only where archives are read.
type Opening struct {
	Keys           []KeySource `yaml:"keys" doc:"Private keys, as files or armored text, that open archives. Only where archives are read."`
	Passphrase     Secret      `yaml:"passphrase" doc:"Passphrase of the private keys in opening.keys."`
	PassphraseFile string      `yaml:"passphrase_file" file:"yes" doc:"File that holds opening.passphrase; one trailing newline is dropped."`
}

// Restore is how archives are brought back.
type Restore struct {
	Staging RestoreStaging `yaml:"staging"`
	Timeout Duration       `yaml:"timeout" default:"12h" doc:"How long the cluster may take to restore the indices of one archive."`
}

// RestoreStaging is where the files of an archive lie while a cluster restores
// them: below .archiver/restores/.
type RestoreStaging struct {
	URL      Location          `yaml:"url" doc:"s3://bucket or file:///path that the cluster restores from; without it, that of staging.url, with its type, settings and s3. The files lie below .archiver/restores/ in it, and are removed at the end."`
	Type     RepositoryType    `yaml:"type" derived:"s3, or fs for a file:// url; without a url, staging.type" oneof:"s3 fs" doc:"Type of the repository, as the cluster is told."`
	Settings map[string]string `yaml:"settings" doc:"Settings of the repository, such as role_arn, sent as they are over those that follow from restore.staging.url."`
	S3       S3                `yaml:"s3" inherits:"s3"`
}

// RestoreStaging is where archives are restored from: as configured, or the
// staging of the archiving side.
func (c *Config) RestoreStaging() Staging {
	s := c.Restore.Staging
	if s.URL.IsZero() {
		return c.Staging
	}
	return Staging{URL: s.URL, Type: s.Type, Settings: s.Settings, S3: s.S3}
}

// Snapshot is how a day's snapshot is taken.
type Snapshot struct {
	Timeout          Duration `yaml:"timeout" default:"6h" doc:"How long one attempt at a snapshot may take."`
	Retries          int      `yaml:"retries" default:"2" doc:"How often a snapshot that failed is taken again, 0 to 100."`
	WitnessDocuments int      `yaml:"witness_documents" default:"20" doc:"Documents whose hashes are kept, for a restore to be compared with, up to 10000; 0: only counts."`
	Settle           Duration `yaml:"settle" default:"0s" doc:"How long the day's indices are watched before their snapshot is taken: if they are written to, the day is refused. 0s: not at all."`
}

// Limits bound what the process takes of the machine.
type Limits struct {
	Memory    Bytes `yaml:"memory" default:"256MiB" doc:"Resident memory of the process; buffers get it less 96 MiB. At least 160MiB."`
	Transfers int   `yaml:"transfers" default:"16" doc:"Objects read at once, 1 to 256."`
	Volumes   int   `yaml:"volumes" default:"0" doc:"Volumes packed side by side, up to 256; 0: as many as there are cores."`
}
