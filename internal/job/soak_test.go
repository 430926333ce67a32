package job_test

import (
	"errors"
	"os"

	"archiver/archive"
	"archiver/internal/job"
	"archiver/snapshot"
)

// soak tells that the long tests are wanted: `make soak`.
func soak() bool { return os.Getenv("ARCHIVER_SOAK") != "" }

// retriable tells the errors after which a scheduler runs again (exit codes 1, 4
// and 5) from those that go to a person (2, 6).
func retriable(err error) bool {
	for _, stop := range []error{archive.ErrIntegrity, archive.ErrForeign, archive.ErrUnconditional, archive.ErrMisfit, job.ErrPerson, job.ErrNothing, snapshot.ErrDisabled} {
		if errors.Is(err, stop) {
			return false
		}
	}
	return true
}
