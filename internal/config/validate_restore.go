package config

// restore checks where archives are brought back from. Without a url of its own
// that is staging, and the other keys would not be used.
func (v *validator) restore() {
	s := v.c.Restore.Staging
	if s.URL.IsZero() {
		for path, given := range map[string]bool{"restore.staging.type": v.c.Origin("restore.staging.type") != OriginDerived, "restore.staging.settings": len(s.Settings) > 0} {
			if given {
				v.bad(path, "would not be used: without restore.staging.url, archives are restored from staging", "give restore.staging.url, or leave it out")
			}
		}
		return
	}
	v.s3("restore.staging.s3.", s.S3, v.c.S3)
	if s.URL.Prefix != "" {
		v.bad("restore.staging.url", "has a prefix, and the files lie below .archiver/restores/ of the bucket", "leave the prefix out")
	}
	if s.URL.overlaps(v.c.Archive.URL) && (s.URL.Dir != "" || sameEndpoint(s.S3, v.c.Archive.S3)) {
		v.bad("restore.staging.url", "shares its place with archive.url, where nothing is deleted", "use another bucket, or directory; the one of staging.url will do")
	}
	if s.Type == RepositoryS3 && s.URL.Dir != "" {
		v.bad("restore.staging.type", "s3 needs a bucket, and restore.staging.url is a directory", "leave it out")
	}
	if s.Type == RepositoryFS && s.URL.Bucket != "" && s.Settings["location"] == "" {
		v.bad("restore.staging.type", "fs needs a location for a bucket", "give restore.staging.settings.location, the path at which the cluster's nodes see the bucket")
	}
}
