package config

// unsupported is what a configuration may say and this version cannot do yet:
// the one place to take a line from when it can.
func (v *validator) unsupported() {
	c := v.c
	for _, x := range []struct {
		is         bool
		path, what string
	}{
		{c.Cluster.Auth == AuthAPIKey, "cluster.auth", "api-key"},
		{c.Cluster.Auth == AuthSigV4, "cluster.auth", "sigv4"},
		{c.Signing.KMSKey != "", "signing.kms_key", "a key in AWS KMS"},
	} {
		if x.is {
			v.bad(x.path, x.what+" is not supported yet", "")
		}
	}
}
