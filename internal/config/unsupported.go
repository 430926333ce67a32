package config

// unsupported is what a configuration may say and this version cannot do yet:
// the one place to take a line from when it can.
func (v *validator) unsupported() {
	c := v.c
	for _, x := range []struct {
		is         bool
		path, what string
	}{
		{c.Staging.URL.Dir != "", "staging.url", "a file:// url"},
		{c.Archive.URL.Dir != "", "archive.url", "a file:// url"},
		{c.Signing.KMSKey != "", "signing.kms_key", "a key in AWS KMS"},
		{c.Archive.Retention.Mode != RetentionNone, "archive.retention.mode", string(c.Archive.Retention.Mode)},
	} {
		if x.is {
			v.bad(x.path, x.what+" is not supported yet", "")
		}
	}
}
