package main

import (
	"crypto/tls"
	"errors"
	"net/http"
	"slices"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/archive/store/s3"
	"archiver/internal/job"
	"archiver/internal/lease"
	"archiver/snapshot"
)

// troublePage explains every kind of trouble, a section each.
const troublePage = "docs/troubleshooting.md"

// trouble is a section of the page, and the errors that it explains: those that
// are any of is, or that like says.
type trouble struct {
	anchor string
	is     []error
	like   func(error) bool
}

// troubles are asked in this order: what is told apart most finely comes before
// what holds it.
func troubles() []trouble {
	return slices.Concat(verdicts(), aboutData(), aboutServers(), aboutInput())
}

// verdicts are the errors that have an exit code of their own, and what the
// ledger has not.
func verdicts() []trouble {
	return []trouble{
		{anchor: "integrity-violation", is: []error{archive.ErrIntegrity}},
		{anchor: "interrupted", is: []error{job.ErrInterrupted}},
		{anchor: "another-run-holds-the-lease", is: []error{job.ErrHeld, lease.ErrLost}},
		{anchor: "nothing-to-archive", is: []error{job.ErrNothing}},
		{anchor: "no-archive-of-this-date", is: []error{archive.ErrNoArchive}},
		{anchor: "an-empty-ledger", is: []error{errEmptyLedger}},
	}
}

// aboutData are about what lies in staging, in the archive and in the indices.
func aboutData() []trouble {
	return []trouble{
		{anchor: "an-index-that-cannot-be-taken", is: []error{job.ErrUnfit}},
		{anchor: "the-repository-is-registered-otherwise", is: []error{job.ErrRegistered}},
		{anchor: "staging-belongs-to-another-stream", is: []error{job.ErrOtherStream}},
		{anchor: "something-foreign-in-staging", is: []error{archive.ErrForeign, job.ErrForeignSnapshot, snapshot.ErrOutsideBase}},
		{anchor: "the-repository-is-disabled", is: []error{snapshot.ErrDisabled}},
		{anchor: "the-snapshot-is-not-whole", is: []error{snapshot.ErrIncomplete, job.ErrHole, archive.ErrDamaged}},
		{anchor: "the-snapshot-does-not-end", is: []error{job.ErrEndless}},
		{anchor: "the-repository-or-snapshot-vanished", is: []error{snapshot.ErrNotFound}},
		{anchor: "staging-changed", is: []error{archive.ErrStagingChanged, store.ErrChanged}},
		{anchor: "the-cluster-cannot-restore-it", is: []error{snapshot.ErrCannotRestore, snapshot.ErrIndexExists}},
		{anchor: "this-needs-a-person", is: []error{job.ErrPerson}},
		{anchor: "the-plan-does-not-go-with-the-configuration", is: []error{archive.ErrMisfit}},
		{anchor: "too-little-memory", is: []error{archive.ErrMemory}},
		{anchor: "a-store-that-ignores-conditions", is: []error{archive.ErrUnconditional}},
		{anchor: "retention-cannot-be-had", is: []error{archive.ErrNotHeld, store.ErrUnsupported}},
		{anchor: "cold-storage", is: []error{store.ErrCold}},
		{anchor: "no-private-key", is: []error{archive.ErrNoKey}},
		{anchor: "the-folder-is-not-empty", is: []error{archive.ErrNotEmpty}},
	}
}

// aboutServers are what a cluster or a store says, or what is in their place.
func aboutServers() []trouble {
	return []trouble{
		{anchor: "a-certificate-that-is-not-trusted", like: untrustedCertificate},
		{anchor: "a-cluster-that-is-full-or-read-only", like: blocked},
		{anchor: "credentials-that-are-not-accepted", like: unknownCaller},
		{anchor: "a-permission-is-missing", like: forbidden},
		{anchor: "the-bucket", like: wrongBucket},
		{anchor: "the-file-system", like: func(err error) bool { return errors.As(err, new(*dir.Error)) }},
		{anchor: "a-repository-that-cannot-be-registered", like: unregistrable},
		{anchor: "a-server-that-is-busy-or-silent", is: []error{snapshot.ErrBusy, snapshot.ErrUnreachable}, like: busyOrSilent},
		{anchor: "something-else-answers", is: []error{snapshot.ErrConfiguration, store.ErrConfiguration}},
		{anchor: "an-answer-that-was-lost", is: []error{snapshot.ErrAmbiguous}},
	}
}

// aboutInput are what was given to the program, and what it could not print.
func aboutInput() []trouble {
	return []trouble{
		{anchor: "a-key-that-cannot-be-used", like: func(err error) bool { return errors.As(err, new(*keyError)) }},
		{anchor: "configuration-and-command-line", like: func(err error) bool { return errors.As(err, new(usageError)) }},
		{anchor: "the-answer-could-not-be-printed", is: []error{errUnprinted}},
	}
}

// see is where to read more about an error; "" if there is nothing more to say.
func see(err error) string {
	for _, t := range troubles() {
		if t.explains(err) {
			return troublePage + "#" + t.anchor
		}
	}
	return ""
}

func (t trouble) explains(err error) bool {
	if t.like != nil && t.like(err) {
		return true
	}
	return slices.ContainsFunc(t.is, func(is error) bool { return errors.Is(err, is) })
}

func untrustedCertificate(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError))
}

// blocked is a write that a block of the cluster or of an index forbids.
func blocked(err error) bool {
	var e *snapshot.Error
	return errors.As(err, &e) && e.Type == "cluster_block_exception"
}

func unknownCaller(err error) bool {
	var cluster *snapshot.Error
	if errors.As(err, &cluster) {
		return cluster.Status == http.StatusProxyAuthRequired || cluster.Status == http.StatusUnauthorized && !cluster.Foreign()
	}
	var bucket *s3.Error
	return errors.As(err, &bucket) && bucket.Unauthenticated()
}

func forbidden(err error) bool {
	var cluster *snapshot.Error
	if errors.As(err, &cluster) {
		return cluster.Status == http.StatusForbidden && !cluster.Foreign()
	}
	var bucket *s3.Error
	return errors.As(err, &bucket) && bucket.Status == http.StatusForbidden
}

func wrongBucket(err error) bool {
	var e *s3.Error
	return errors.As(err, &e) && (e.BadRegion() || slices.Contains([]string{
		"NoSuchBucket", "InvalidBucketName", "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException",
	}, e.Code))
}

// unregistrable is a repository that the cluster cannot make or write to.
func unregistrable(err error) bool {
	var e *snapshot.Error
	return errors.As(err, &e) && (e.Type == "repository_exception" || e.Type == "repository_verification_exception")
}

func busyOrSilent(err error) bool {
	busy := func(status int) bool {
		return slices.Contains([]int{0, http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout}, status)
	}
	var cluster *snapshot.Error
	if errors.As(err, &cluster) && busy(cluster.Status) {
		return !errors.Is(err, snapshot.ErrConfiguration)
	}
	var bucket *s3.Error
	return errors.As(err, &bucket) && busy(bucket.Status) && !errors.Is(err, store.ErrConfiguration)
}
