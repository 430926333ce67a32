package setup

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
)

// Render is the configuration file: what was answered, and in comments what one
// is likely to want next.
func (a Answers) Render() string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	line("# Configuration of archiver, for one stream of daily indices.")
	line("# All keys: archiver help configuration. Prove it with: archiver check")
	line("# Names of files are meant from this file's folder.")
	line("")
	line("stream: %s", scalar(a.Stream))
	line("# How a date makes index names: {DDMMYYYY}, {YYYY.MM.DD}, {YYYY}{MM}{DD}, ... and the")
	line("# time zone whose days they hold.")
	line("indices: %s", list(a.indices()))
	line("timezone: %s", scalar(firstOf(a.Timezone, "UTC")))
	line("")
	line("cluster:")
	line("  urls: %s", list(a.Cluster))
	a.cluster(line)
	line("")
	line("# Written by the cluster, and emptied every day: a bucket of this stream's own, without")
	line("# any lifecycle rule that moves or expires objects.")
	line("staging:")
	line("  url: %s", scalar(a.Staging))
	line("  # settings: {role_arn: \"arn:aws:iam::123456789012:role/snapshots\"}   # Amazon's service needs it")
	line("")
	line("# Let a lifecycle rule move the prefix archives/ in here to Glacier, and never ledger/.")
	line("archive:")
	line("  url: %s", scalar(a.Archive))
	line("  # retention: {mode: compliance, years: 5}   # needs a bucket with Object Lock")
	if a.s3() {
		line("")
		line("s3:")
		a.bucket(line)
	}
	line("")
	line("# Public keys, any one of which opens an archive. Have two: one for operations, and one")
	line("# for escrow. Their private halves are kept elsewhere than here.")
	line("encryption:")
	line("  recipients: %s", list(a.Recipients))
	line("")
	line("# The private key that signs archives and ledger.")
	line("signing:")
	line("  key_file: %s", scalar(a.SigningKey))
	if a.PassphraseFile != "" {
		line("  passphrase_file: %s", scalar(a.PassphraseFile))
	} else {
		line("  # passphrase_file: signer.passphrase        # or ARCHIVER_SIGNING_PASSPHRASE")
	}
	line("")
	line("# Only where archives are read (restore, extract, drill, verify --content): a recipient's")
	line("# private key. It has no business where archives are made.")
	line("# opening:")
	line("#   keys: %s", list([]string{firstOf(a.Opening, "ops-private.asc")}))
	return b.String()
}

func (a Answers) cluster(line func(string, ...any)) {
	if a.Username == "" {
		line("  # username: archiver                        # also: auth: api-key, or sigv4")
		line("  # password_file: cluster.password           # or ARCHIVER_CLUSTER_PASSWORD")
		return
	}
	line("  username: %s", scalar(a.Username))
	if a.PasswordFile != "" {
		line("  password_file: %s", scalar(a.PasswordFile))
	} else {
		line("  # password_file: cluster.password           # or ARCHIVER_CLUSTER_PASSWORD")
	}
}

// s3 tells that anything is stored in buckets.
func (a Answers) s3() bool {
	return strings.HasPrefix(a.Staging, "s3:") || strings.HasPrefix(a.Archive, "s3:")
}

func (a Answers) bucket(line func(string, ...any)) {
	if a.Region != "" {
		line("  region: %s", scalar(a.Region))
	} else {
		line("  # region: eu-west-1                         # else the AWS default chain's")
	}
	if a.Endpoint != "" {
		line("  endpoint: %s", scalar(a.Endpoint))
	} else {
		line("  # endpoint: https://s3.example.org:9000     # a server that is not Amazon's; most want path_style: true")
	}
	if a.PathStyle {
		line("  path_style: true")
	}
	line("  # expected_bucket_owner: \"123456789012\"     # refuse buckets of any other account")
}

func (a Answers) indices() []string {
	if len(a.Indices) > 0 {
		return a.Indices
	}
	return []string{a.Stream + "-{DDMMYYYY}"}
}

// scalar is a text as YAML: as it is where that can mean nothing else.
func scalar(s string) string {
	if regexp.MustCompile(`^[A-Za-z/.][A-Za-z0-9._/-]*(:/[A-Za-z0-9._/:-]*[A-Za-z0-9_/])?$`).MatchString(s) &&
		!regexp.MustCompile(`^(?i:true|false|null|yes|no|on|off|y|n|\.nan|\.inf|\.{1,3}|-+)$`).MatchString(s) {
		return s
	}
	return quoted(s)
}

// quoted is a text in JSON's quotes, which are YAML's too.
func quoted(s string) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

func list(items []string) string {
	var all []string
	for _, s := range items {
		all = append(all, quoted(s))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

func firstOf(a, b string) string {
	if a != "" {
		return a
	}
	return b
}
