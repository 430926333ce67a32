package config

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// cluster checks where the cluster is and how to speak to it. URLs are never
// repeated in a problem: somebody may have put credentials there.
func (v *validator) cluster() {
	c := v.c.Cluster
	for i, raw := range c.URLs {
		if what, remedy := wrongURL(raw); what != "" {
			v.bad("cluster.urls", fmt.Sprintf("entry %d %s", i+1, what), remedy)
		}
	}
	v.auth()
	v.amazon()
	v.either("cluster.password", !c.Password.IsZero(), c.PasswordFile)
	v.either("cluster.api_key", !c.APIKey.IsZero(), c.APIKeyFile)
}

// either notes a secret that is given twice, directly and as a file.
func (v *validator) either(path string, direct bool, file string) {
	if direct && file != "" {
		v.contradiction(path, path+"_file")
	}
}

func (v *validator) contradiction(path, other string) {
	v.bad(path, fmt.Sprintf("contradicts %s (%s)", other, v.c.Origin(other)), "give one of them")
}

// wrongURL says what keeps a text from being an http or https address, and what
// to do; "" if nothing does.
func wrongURL(raw string) (what, remedy string) {
	u, err := url.Parse(raw)
	switch {
	case strings.Contains(raw, "@"):
		return "holds credentials, and would show them in logs", "put them into the keys for them"
	case err != nil, u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		return "is no address", "write http://host:port or https://host:port"
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return "has a query or a fragment", "leave out what begins with ? or #"
	}
	return "", ""
}

func (v *validator) stores() {
	c := v.c
	v.s3("s3.", c.S3, S3{})
	v.s3("staging.s3.", c.Staging.S3, c.S3)
	v.s3("archive.s3.", c.Archive.S3, c.S3)
	if first, _, _ := strings.Cut(c.Staging.URL.Prefix, "/"); first == ".archiver" {
		v.bad("staging.url", "the prefix .archiver is where runs keep their papers", "use another")
	}
	v.kms()
	v.repository()
	v.settings()
	v.ignore()
	if c.Archive.URL.Dir != "" && c.Archive.Retention.Mode != RetentionNone {
		v.bad("archive.retention.mode", fmt.Sprintf("%s cannot be had in a directory: whoever may write there may change everything in it", c.Archive.Retention.Mode),
			"use none, and protect the directory by other means, or archive into a bucket with Object Lock")
	}
	if c.Staging.URL.overlaps(c.Archive.URL) && (c.Staging.URL.Dir != "" || sameEndpoint(c.Staging.S3, c.Archive.S3)) {
		v.bad("archive.url", fmt.Sprintf("shares its place with staging.url (%s)", c.Origin("staging.url")),
			"the staging bucket, or directory, must be the stream's alone: it is emptied every day")
	}
}

// sameEndpoint tells that two stores are on one server.
func sameEndpoint(a, b S3) bool {
	return strings.TrimRight(a.Endpoint, "/") == strings.TrimRight(b.Endpoint, "/")
}

// s3 checks one store's settings; what it has from its parent was checked there.
func (v *validator) s3(prefix string, s, parent S3) {
	if s.Endpoint != "" && s.Endpoint != parent.Endpoint {
		if what, remedy := wrongURL(s.Endpoint); what != "" {
			v.bad(prefix+"endpoint", what, remedy)
		}
	}
	o := s.ExpectedBucketOwner
	if o != "" && o != parent.ExpectedBucketOwner && !regexp.MustCompile(`^[0-9]{12}$`).MatchString(o) {
		v.bad(prefix+"expected_bucket_owner", fmt.Sprintf("%q is no AWS account number", o), "it has 12 digits")
	}
}

// kms checks that a key is used, once for both stores if both have it from s3.
func (v *validator) kms() {
	inherited := false
	for _, x := range []struct {
		prefix string
		s      S3
	}{{"staging.s3.", v.c.Staging.S3}, {"archive.s3.", v.c.Archive.S3}} {
		if x.s.KMSKeyID == "" || x.s.SSE.byKMS() {
			continue
		}
		if x.s.KMSKeyID == v.c.S3.KMSKeyID && x.s.SSE == v.c.S3.SSE {
			if inherited {
				continue
			}
			inherited, x.prefix = true, "s3."
		}
		v.bad(x.prefix+"kms_key_id", "would not be used: "+x.prefix+"sse asks for no key", "set "+x.prefix+"sse to aws:kms")
	}
}

// settings must say where the repository is if the url does not say it in the
// words of its type.
func (v *validator) settings() {
	s := v.c.Staging
	switch {
	case s.URL.IsZero():
	case s.Type == RepositoryFS && s.URL.Dir == "" && s.Settings["location"] == "":
		v.bad("staging.type", "fs needs a location, and staging.url is no directory",
			"give location in staging.settings, the path by which the cluster's nodes see what staging.url names; or use another staging.type")
	case s.Type == RepositoryS3 && s.URL.Dir != "" && s.Settings["bucket"] == "":
		v.bad("staging.type", "s3 needs a bucket, and staging.url is a directory",
			"give bucket in staging.settings, whose objects staging.url shows as files; or use another staging.type")
	case s.Type == RepositoryS3 && s.URL.Bucket != "":
		v.sameSettings("bucket", s.URL.Bucket)
		v.sameSettings("base_path", s.URL.Prefix)
	}
}

// sameSettings must not send the cluster elsewhere than where this side looks.
func (v *validator) sameSettings(name, is string) {
	if given, ok := v.c.Staging.Settings[name]; ok && strings.Trim(given, "/") != is {
		v.bad("staging.settings", fmt.Sprintf("%s: %q contradicts staging.url (%s), and snapshots would not be found", name, given, v.c.Origin("staging.url")),
			"leave it out: it follows from staging.url")
	}
}

// repository names are put into paths, and "cs-" is taken on Amazon's service.
func (v *validator) repository() {
	r := v.c.Staging.Repository
	if v.c.Origin("staging.repository") == OriginDerived || r == "" {
		return
	}
	if !regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,254}$`).MatchString(r) || strings.HasPrefix(r, "cs-") {
		v.bad("staging.repository", fmt.Sprintf("%q is no name for a repository", r),
			"use letters, digits and . _ -, and neither . nor - nor cs- in front")
	}
}

// ignore must not hide the repository: what is hidden is not archived.
func (v *validator) ignore() {
	base := v.c.Staging.URL.Prefix + "/"
	for _, i := range v.c.Staging.Ignore {
		hides := strings.HasPrefix(base, i) || strings.HasPrefix(i, base)
		if base == "/" {
			hides = i == "" || hidesRepositoryRoot(i)
		}
		if hides {
			v.bad("staging.ignore", fmt.Sprintf("%q covers the snapshot repository itself", i), "name prefixes outside of it, each with a slash at its end")
		}
	}
}

// hidesRepositoryRoot tells a prefix that matches files of a repository that
// lies at the top of a bucket.
func hidesRepositoryRoot(prefix string) bool {
	for _, name := range []string{"index-", "index.latest", "snap-", "meta-", "indices/"} {
		if strings.HasPrefix(name, prefix) || strings.HasPrefix(prefix, name) {
			return true
		}
	}
	return false
}
