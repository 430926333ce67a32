package acceptance

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestVersionedStagingBucketKeepsNothingOfADay looks below what a listing shows:
// a bucket with versions keeps what the cluster and the archiver have deleted.
func TestVersionedStagingBucketKeepsNothingOfADay(t *testing.T) {
	w := newWorld(t, "versioned")
	w.staging = w.s3.BucketVersioned(t, false)
	w.configure(w.search.URL, w.s3.Endpoint, "")
	day := func(n int) {
		t.Helper()
		date := dayNumber(n)
		w.logs(date, 2000, 2)
		w.must(0, "run", "--date", date, "--set", "archive.volume_size=64KiB")
		w.wantEmpty()
		for _, v := range w.versions(w.staging) {
			if !aws.ToBool(v.IsLatest) {
				t.Errorf("day %d: an old version is left of %s", n, aws.ToString(v.Key))
			}
		}
	}
	day(0)
	day(1) // on the markers and versions that a day before would have left
	t.Run("also where versioning was suspended", func(t *testing.T) {
		_, err := w.client().PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
			Bucket: &w.staging, VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusSuspended},
		})
		if err != nil {
			t.Fatal(err)
		}
		day(2)
		day(3)
	})
	for n := range 2 {
		w.openByHand(dayNumber(n))
	}
}
