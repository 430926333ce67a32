package acceptance

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// TestArchiveIsHeldFromTheMomentTheLedgerNamesIt is a day in a bucket with
// Object Lock, in both modes. Nobody but a privileged operator can then delete
// it, and in compliance mode not even he.
func TestArchiveIsHeldFromTheMomentTheLedgerNamesIt(t *testing.T) {
	const date = "2026-11-20"
	for _, mode := range []string{"governance", "compliance"} {
		t.Run(mode, func(t *testing.T) {
			w := newWorld(t, "held-"+mode)
			w.archiveTo(w.s3.BucketVersioned(t, true))
			w.configure(w.search.URL, w.s3.Endpoint, "")
			w.env = []string{"ARCHIVER_ARCHIVE_RETENTION_MODE=" + mode, "ARCHIVER_ARCHIVE_RETENTION_YEARS=7"}
			w.logs(date, 2000, 2)
			w.must(0, "run", "--date", date, "--set", "archive.volume_size=64KiB")
			w.wantEmpty()
			w.wantHeld(mode, 7)
			w.must(0, "run", "--date", date) // it is sealed already
			w.openByHand(date)
		})
	}
}

// wantHeld wants every volume and every ledger entry held, and not to be
// deleted, and the papers that lie beside them free.
func (w *world) wantHeld(mode string, years int) {
	w.t.Helper()
	volumes, entries := 0, 0
	for _, v := range w.versions(w.archive) {
		key, version := aws.ToString(v.Key), aws.ToString(v.VersionId)
		isVolume, isEntry := strings.HasPrefix(key, "prod/archives/"), strings.HasPrefix(key, "prod/ledger/")
		have, err := w.client().GetObjectRetention(w.t.Context(), &s3.GetObjectRetentionInput{Bucket: &w.archive, Key: &key, VersionId: &version})
		if !isVolume && !isEntry {
			if err == nil {
				w.t.Errorf("%s is held", key)
			}
			continue
		}
		if err != nil {
			w.t.Errorf("%s: %v", key, err)
			continue
		}
		until := aws.ToTime(have.Retention.RetainUntilDate)
		due := time.Now().AddDate(years, 0, 0)
		if got := string(have.Retention.Mode); got != strings.ToUpper(mode) || until.After(due) || until.Before(due.Add(-time.Hour)) {
			w.t.Errorf("%s is held in mode %s until %v", key, got, until)
		}
		if _, err := w.client().DeleteObject(w.t.Context(), &s3.DeleteObjectInput{Bucket: &w.archive, Key: &key, VersionId: &version}); err == nil {
			w.t.Errorf("%s could be deleted", key)
		}
		if isVolume {
			volumes++
		} else {
			entries++
		}
	}
	if volumes < 2 || entries != len(w.ledger()) {
		w.t.Errorf("%d volumes and %d entries are held", volumes, entries)
	}
}

// versions lists what a bucket keeps, and wants no delete marker among it.
func (w *world) versions(bucket string) (all []types.ObjectVersion) {
	w.t.Helper()
	pages := s3.NewListObjectVersionsPaginator(w.client(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	for pages.HasMorePages() {
		page, err := pages.NextPage(w.t.Context())
		if err != nil {
			w.t.Fatal(err)
		}
		for _, m := range page.DeleteMarkers {
			w.t.Errorf("a delete marker is left for %s", aws.ToString(m.Key))
		}
		all = append(all, page.Versions...)
	}
	return all
}

// TestRetentionThatABucketCannotHoldStopsTheDayBeforeItsSnapshot uses a bucket
// without Object Lock.
func TestRetentionThatABucketCannotHoldStopsTheDayBeforeItsSnapshot(t *testing.T) {
	const date = "2026-11-20"
	w := newWorld(t, "lockless")
	w.logs(date, 100, 1)
	r := w.must(2, "run", "--date", date, "--set", "archive.retention.mode=governance")
	if !strings.Contains(r.stderr, "Object Lock") || !strings.Contains(r.stderr, "what to do") {
		t.Errorf("%s", r.stderr)
	}
	if status, answer := w.call("GET", "/_snapshot/archiver-"+w.stream, nil); status != http.StatusNotFound {
		t.Errorf("the cluster was touched: %v", answer)
	}
	w.wantNothingSealed()
	t.Run("without it the day is taken", func(t *testing.T) {
		w.must(0, "run", "--date", date)
		w.wantEmpty()
	})
}

// TestRunThatDiesWhileItAsksForRetentionIsResumed kills the process at several
// of its requests for retention; the next run has everything held.
func TestRunThatDiesWhileItAsksForRetentionIsResumed(t *testing.T) {
	w := newWorld(t, "held-late")
	w.archiveTo(w.s3.BucketVersioned(t, true))
	for n := range 4 {
		date := dayNumber(n)
		w.logs(date, 5000, 2)
		var p *runner
		started := make(chan struct{})
		var asked atomic.Int64
		endpoint := proxy(t, w.s3.Endpoint, func(_ int64, r *http.Request) {
			if r.Method != http.MethodPut || !r.URL.Query().Has("retention") {
				return
			}
			isEntry := strings.Contains(r.URL.Path, "/ledger/")
			if nth := asked.Add(1); n < 3 && nth == int64(1+n) || n == 3 && isEntry {
				<-started
				_ = p.cmd.Process.Kill() // it may have ended
			}
		})
		w.env = []string{"ARCHIVER_ARCHIVE_RETENTION_MODE=governance", "ARCHIVER_ARCHIVE_VOLUME_SIZE=64KiB", "ARCHIVER_LIMITS_VOLUMES=1"}
		w.configure(w.search.URL, endpoint, "")
		p = &runner{cmd: w.command("run", "--date", date)}
		p.cmd.Stderr = &p.stderr
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		close(started)
		if code := p.code(); code != -1 {
			t.Fatalf("day %d was not killed: %d %s", n, code, p.stderr.String())
		}
		w.configure(w.search.URL, w.s3.Endpoint, "")
		w.must(0, "unlock", "--yes")
		w.must(0, "run", "--date", date)
		w.wantEmpty()
	}
	w.wantHeld("governance", 5)
}
