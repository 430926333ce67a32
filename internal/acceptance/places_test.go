package acceptance

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"archiver/internal/lab"
)

// TestStagingAndArchiveMayHaveNothingInCommon uses two servers with different
// credentials, by profiles, and for different regions.
func TestStagingAndArchiveMayHaveNothingInCommon(t *testing.T) {
	const date = "2026-11-20"
	w := newWorld(t, "places")
	other := lab.OtherS3(t)
	bucket := other.Bucket(t)
	w.archive, w.vault = bucket, filepath.Join(other.Dir, bucket, "prod")
	w.configure(w.search.URL, w.s3.Endpoint, "")

	credentials := filepath.Join(t.TempDir(), "credentials")
	text := fmt.Sprintf(`[logs]
aws_access_key_id = %s
aws_secret_access_key = %s
[vault]
aws_access_key_id = %s
aws_secret_access_key = %s
`, w.s3.AccessKey, w.s3.SecretKey, other.AccessKey, other.SecretKey)
	if err := os.WriteFile(credentials, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	w.env = []string{
		"AWS_SHARED_CREDENTIALS_FILE=" + credentials, "AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_REGION=",
		"ARCHIVER_S3_PROFILE=logs", "ARCHIVER_ARCHIVE_S3_PROFILE=vault",
		"ARCHIVER_ARCHIVE_S3_REGION=" + lab.OtherRegion, "ARCHIVER_ARCHIVE_S3_ENDPOINT=" + other.Endpoint,
	}
	w.logs(date, 2000, 2)
	w.must(0, "run", "--date", date)
	w.wantEmpty()
	w.must(0, "run", "--date", date)
	opened, _ := w.openByHand(date)
	w.wantRestorable(opened, date, 2000)

	// With the other account's credentials there is no way in.
	if r := w.run("run", "--date", date, "--set", "archive.s3.profile=logs"); r.code == 0 {
		t.Errorf("the profile of the archive is not used: %s", r.stdout)
	}
}
