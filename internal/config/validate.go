package config

import (
	"fmt"
	"regexp"
	"slices"
)

// Need is a set of what a command cannot do without, besides the stream.
type Need uint

// What a command may need.
const (
	NeedCluster    Need = 1 << iota // cluster.urls
	NeedStaging                     // staging.url
	NeedArchive                     // archive.url
	NeedRecipients                  // encryption.recipients
	NeedSigner                      // a key that signs
	NeedTrust                       // a key that signs, or trusted_signers
	NeedOpening                     // opening.keys
	NeedRestore                     // restore.staging.url, or staging.url

	// NeedAll is what archiving a day takes.
	NeedAll = NeedCluster | NeedStaging | NeedArchive | NeedRecipients | NeedSigner
)

// Validate tells everything that is wrong, as Problems: what is needed and
// missing, and what is given and makes no sense, needed or not. It looks at the
// configuration alone: no file is opened and nothing is asked of a server.
func (c *Config) Validate(needs Need) error {
	v := &validator{c: c}
	v.stream()
	v.missing(needs)
	v.indices()
	v.cluster()
	v.stores()
	v.restore()
	v.keys()
	v.numbers()
	v.unsupported()
	return v.problems.err()
}

type validator struct {
	c        *Config
	problems Problems
}

// bad notes a problem with a value.
func (v *validator) bad(path, what, remedy string) {
	v.problems = append(v.problems, Problem{Key: path, Origin: v.c.Origin(path), What: what, Remedy: remedy})
}

// absent notes a value that nobody gave.
func (v *validator) absent(path, what string) {
	v.bad(path, what, "give it in the file or as "+variable(path))
}

func (v *validator) stream() {
	switch s := v.c.Stream; {
	case s == "":
		v.absent("stream", "is missing, and names what is archived")
	case !regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,62}$`).MatchString(s):
		v.bad("stream", fmt.Sprintf("%q is no stream's name", s),
			"use up to 63 lower-case letters, digits and hyphens, with no hyphen in front")
	}
}

func (v *validator) missing(needs Need) {
	c := v.c
	signer := !c.Signing.Key.IsZero() || c.Signing.KeyFile != "" || c.Signing.KMSKey != ""
	said := false
	for _, x := range []struct {
		need Need
		has  bool
		path string
		what string
	}{
		{NeedCluster, len(c.Cluster.URLs) > 0, "cluster.urls", "is missing, and says where the cluster is"},
		{NeedStaging, !c.Staging.URL.IsZero(), "staging.url", "is missing, and says where the cluster's snapshots go"},
		{NeedArchive, !c.Archive.URL.IsZero(), "archive.url", "is missing, and says where archives are kept"},
		{NeedRecipients, len(c.Encryption.Recipients) > 0, "encryption.recipients", "is missing: without a recipient nobody could open an archive"},
		{NeedSigner, signer, "signing.key_file", "is missing, and so are signing.key and signing.kms_key: nothing could be signed"},
		{NeedTrust, signer || len(c.TrustedSigners) > 0, "trusted_signers", "is missing, and there is no signing key: no ledger could be believed"},
		{NeedRestore, !c.RestoreStaging().URL.IsZero(), "restore.staging.url", "is missing, and so is staging.url: there is no place that the cluster could restore from"},
		{NeedOpening, len(c.Opening.Keys) > 0, "opening.keys", "is missing: archives are opened with a private key of a recipient"},
	} {
		if needs&x.need == 0 || x.has {
			continue
		}
		if v.c.noFile && !said { // else a list of missing keys hides what is meant
			v.problems = slices.Insert(v.problems, 0, Problem{What: "no " + defaultFile + " was found in this folder, and none was named",
				Remedy: "make one with `archiver init`, or name it with --config or " + variableConfig})
			said = true
		}
		v.absent(x.path, x.what)
	}
}

// indices that were derived are as good as the stream's name.
func (v *validator) indices() {
	if v.c.Origin("indices") == OriginDerived {
		return
	}
	for _, p := range v.c.Indices {
		if err := p.Check(); err != nil {
			v.bad("indices", fmt.Sprintf("%q: %v", string(p), err), "")
		}
	}
}

func (v *validator) numbers() {
	c := v.c
	for _, x := range []struct {
		path            string
		is, least, most int64
	}{
		{"archive.retention.years", int64(c.Archive.Retention.Years), 0, 100},
		{"snapshot.retries", int64(c.Snapshot.Retries), 0, 100},
		{"snapshot.witness_documents", int64(c.Snapshot.WitnessDocuments), 0, 10_000},
		{"limits.transfers", int64(c.Limits.Transfers), 1, 256},
		{"limits.volumes", int64(c.Limits.Volumes), 0, 256},
	} {
		if x.is < x.least || x.is > x.most {
			v.bad(x.path, fmt.Sprintf("%d is out of range", x.is), fmt.Sprintf("%d to %d", x.least, x.most))
		}
	}
	if c.Archive.Retention.Mode != RetentionNone && c.Archive.Retention.Years == 0 {
		v.bad("archive.retention.mode", fmt.Sprintf("%s with 0 years would hold nothing", c.Archive.Retention.Mode),
			"give archive.retention.years, or mode none")
	}
	// 4 TiB of files make a volume that fits into the 5 TiB that stores other
	// than Amazon's allow an object; see archive.volume_size.
	v.size("archive.volume_size", c.Archive.VolumeSize, 64<<10, 4<<40)
	v.size("limits.memory", c.Limits.Memory, 160<<20, 1<<40)
	if c.Snapshot.Timeout <= 0 {
		v.bad("snapshot.timeout", fmt.Sprintf("%v leaves a snapshot no time", c.Snapshot.Timeout), "hours are usual, such as 6h")
	}
	if c.Restore.Timeout <= 0 {
		v.bad("restore.timeout", fmt.Sprintf("%v leaves a restore no time", c.Restore.Timeout), "hours are usual, such as 12h")
	}
	if c.Snapshot.Settle < 0 {
		v.bad("snapshot.settle", fmt.Sprintf("%v is negative", c.Snapshot.Settle), "0s waits for nothing")
	}
}

func (v *validator) size(path string, is, least, most Bytes) {
	if is < least || is > most {
		v.bad(path, fmt.Sprintf("%v is out of range", is), fmt.Sprintf("%v to %v", least, most))
	}
}
