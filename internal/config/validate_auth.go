package config

import (
	"net/url"
	"strings"
)

// auth checks that what authenticates is complete, and that nothing is given
// that would not be used: whoever gave it believes that it is.
func (v *validator) auth() {
	c := v.c.Cluster
	given := v.credentials()
	switch c.Auth {
	case AuthNone:
		v.noAuth(given)
	case AuthBasic:
		switch {
		case c.Username == "":
			v.absent("cluster.username", "is missing, and basic authentication needs it")
		case strings.Contains(c.Username, ":"):
			v.bad("cluster.username", "holds a colon, which ends the name in basic authentication", "give the password apart from it")
		}
		if given["cluster.password"] == "" {
			v.absent("cluster.password_file", "is missing, and so is cluster.password: basic authentication needs one")
		}
		v.unused(given, "cluster.api_key")
	case AuthAPIKey:
		if given["cluster.api_key"] == "" {
			v.absent("cluster.api_key_file", "is missing, and so is cluster.api_key: cluster.auth api-key needs one")
		}
		v.unused(given, "cluster.username", "cluster.password")
	case AuthSigV4:
		// The region may come from the AWS default chain, which is asked later.
		v.unused(given, "cluster.username", "cluster.password", "cluster.api_key")
	}
}

// credentials are the keys that are given, directly or as a file, each with the
// path that it was given by.
func (v *validator) credentials() map[string]string {
	c := v.c.Cluster
	given := map[string]string{}
	for _, x := range []struct {
		key  string
		is   bool
		path string
	}{
		{"cluster.username", c.Username != "", "cluster.username"},
		{"cluster.password", !c.Password.IsZero(), "cluster.password"},
		{"cluster.password", c.PasswordFile != "", "cluster.password_file"},
		{"cluster.api_key", !c.APIKey.IsZero(), "cluster.api_key"},
		{"cluster.api_key", c.APIKeyFile != "", "cluster.api_key_file"},
	} {
		if x.is {
			given[x.key] = x.path
		}
	}
	return given
}

func (v *validator) noAuth(given map[string]string) {
	if v.c.Origin("cluster.auth") != OriginDerived {
		v.unused(given, "cluster.username", "cluster.password", "cluster.api_key")
		return
	}
	c := v.c.Cluster
	switch {
	case given["cluster.password"] != "" || given["cluster.api_key"] != "":
		v.bad("cluster.auth", "is not given, and so a password or an API key would not be used",
			"give cluster.username, or cluster.auth: api-key")
	case c.Profile != "" || c.Region != "":
		v.bad("cluster.auth", "is not given, and so cluster.profile and cluster.region would not be used",
			"give cluster.auth: sigv4, or leave them out")
	}
}

// unused notes what the way to authenticate has no use for.
func (v *validator) unused(given map[string]string, keys ...string) {
	for _, key := range keys {
		if path := given[key]; path != "" {
			v.bad("cluster.auth", string(v.c.Cluster.Auth)+" contradicts "+path+" ("+string(v.c.Origin(path))+")", "leave one of them out")
		}
	}
}

// amazon checks what Amazon's own hosts want. A domain behind a name of its own
// is not known here; its answers carry the same remedies.
func (v *validator) amazon() {
	serverless, domain := false, false
	for _, raw := range v.c.Cluster.URLs {
		if u, err := url.Parse(raw); err == nil {
			host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".cn")
			serverless = serverless || strings.HasSuffix(host, ".aoss.amazonaws.com")
			domain = domain || strings.HasSuffix(host, ".es.amazonaws.com") || strings.Contains(host, ".aos.") && strings.HasSuffix(host, ".on.aws")
		}
	}
	c := v.c
	switch {
	case serverless:
		v.bad("cluster.urls", "names a collection of OpenSearch Serverless, which has no snapshot repositories: its indices cannot be archived",
			"use a domain of Amazon OpenSearch Service, or a cluster of your own")
	case !domain:
	case strings.HasPrefix(c.Stream, "cs-"):
		v.bad("stream", "begins with cs-, and so would the names of its snapshots, which Amazon's service keeps for its own", "use another")
	case c.Cluster.Auth == AuthSigV4 && c.Staging.Type == RepositoryS3 && !c.Staging.URL.IsZero() && c.Staging.Settings["role_arn"] == "":
		v.bad("staging.settings", "has no role_arn: Amazon's service writes snapshots under a role, which must be named",
			`set role_arn: "arn:aws:iam::…" to a role that may write to the staging bucket and that this program may pass (iam:PassRole)`)
	}
}
