package config

// unsupported is what a configuration may say and this version cannot do yet:
// the one place to take a line from when it can.
func (v *validator) unsupported() {
	if v.c.Signing.KMSKey != "" {
		v.bad("signing.kms_key", "a key in AWS KMS is not supported yet", "")
	}
}
