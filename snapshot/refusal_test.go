package snapshot

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
)

var sentinels = []error{ErrNotFound, ErrSnapshotMissing, ErrNameTaken, ErrBusy, ErrAmbiguous, ErrDisabled, ErrUnknowable, ErrConfiguration}

func only(t *testing.T, err error, want ...error) {
	t.Helper()
	for _, s := range sentinels {
		if got := errors.Is(err, s); got != slices.Contains(want, s) {
			t.Errorf("is %q: %v; of %v", s, got, err)
		}
	}
}

func TestRecordedRefusalsAreToldApart(t *testing.T) {
	for _, tt := range []struct {
		recording string
		kinds     []error
		says      string
		hint      string
	}{
		{"repository-missing", []error{ErrNotFound}, "404 repository_missing_exception: [none] missing", "not registered"},
		{"snapshot-missing", []error{ErrNotFound, ErrSnapshotMissing}, "[staging:none] is missing", ""},
		{"index-missing", []error{ErrNotFound}, "no such index [none]", ""},
		{"name-exists", []error{ErrNameTaken}, "already exists", ""},
		{"name-in-progress", []error{ErrNameTaken}, "already in-progress", ""},
		{"name-not-allowed", nil, "must be lowercase", ""},
		{"cleanup-busy", []error{ErrBusy}, "a snapshot is currently running", "wait"},
		{"unregister-busy", []error{ErrBusy}, "currently used", "wait"},
		{"disabled", []error{ErrDisabled}, "do not match its expected state", "unregister"},
		{"disabled-at-once", []error{ErrDisabled}, "failed to update snapshot in repository: [disabled] concurrent modification", "unregister"},
		{"register-not-verified", nil, "The specified bucket does not exist", "stays registered"},
		{"count-closed", nil, "400 index_closed_exception: closed", ""},
	} {
		t.Run(tt.recording, func(t *testing.T) {
			err := connect(t, replay(t, tt.recording)).Delete(t.Context(), "staging", "s1")
			only(t, err, tt.kinds...)
			wantText(t, err, tt.says, tt.hint)
		})
	}
}

func TestRefusalsOfOtherServersAreToldApart(t *testing.T) {
	inError := func(typ, reason string) string {
		return `{"error":{"root_cause":[],"type":"` + typ + `","reason":"` + reason + `"}}`
	}
	for _, tt := range []struct {
		name       string
		status     int
		body       string
		kinds      []error
		says, hint string
	}{
		{"elasticsearch 8 disabled", 500, inError("repository_exception", "[x] The repository has been disabled to prevent data corruption because its contents were found not to match its expected state."), []error{ErrDisabled}, "500 repository_exception", "register it again"},
		{"elasticsearch 8 name", 400, inError("snapshot_name_already_in_use_exception", "x"), []error{ErrNameTaken}, "400", ""},
		{"elasticsearch 8 repository in use", 409, inError("repository_conflict_exception", "x"), []error{ErrBusy}, "409", "wait"},
		{"another snapshot runs", 503, inError("concurrent_snapshot_execution_exception", "cannot snapshot while a repository cleanup is in-progress"), []error{ErrBusy}, "503", "wait"},
		{"the manager's queue is full", 503, inError("process_cluster_event_timeout_exception", "failed to process cluster event"), []error{ErrBusy}, "503", "wait"},
		{"too many requests", 429, inError("rejected_execution_exception", "x"), []error{ErrBusy}, "429", "wait"},
		{"bad credentials", 401, "Unauthorized", []error{ErrConfiguration}, "401 Unauthorized: not a cluster's answer but text/plain", "credentials"},
		{"not mapped to a role", 403, inError("security_exception", "no permissions for [cluster:admin/snapshot/create]"), []error{ErrConfiguration}, "no permissions", "manage_snapshots"},
		{"amazon's front", 403, `{"Message":"User: anonymous is not authorized"}`, []error{ErrConfiguration}, "403 Forbidden: User: anonymous", "cluster.auth: sigv4"},
		{"amazon, no policy", 403, `{"Message":"User: arn:aws:iam::1:role/a is not authorized to perform: es:ESHttpPut with an explicit deny"}`, []error{ErrConfiguration}, "es:ESHttpPut", "ESHttpDelete"},
		{"amazon, no PassRole", 403, `{"Message":"User: arn:aws:iam::1:role/a is not authorized to perform: iam:PassRole on resource: arn:aws:iam::1:role/snap"}`, []error{ErrConfiguration}, "iam:PassRole", "iam:PassedToService"},
		{"amazon, no role", 400, `{"Message":"settings.role_arn is needed for snapshot registration."}`, []error{ErrConfiguration}, "role_arn is needed", "staging.settings.role_arn"},
		{"amazon, not mapped", 403, inError("security_exception", "no permissions for [cluster:admin/repository/put] and User [name=arn:aws:iam::1:role/a, backend_roles=[arn:aws:iam::1:role/a]]"), []error{ErrConfiguration}, "cluster:admin/repository/put", "mapped"},
		{"amazon, wrong secret", 403, `{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method.\n\nThe Canonical String for this request should have been\n'hunter2'"}`, []error{ErrConfiguration}, "does not match", "secret access key"},
		{"amazon, clock", 403, `{"message":"Signature expired: 20261121T120000Z is now earlier than 20261121T121000Z (20261121T121500Z - 5 min.)"}`, []error{ErrConfiguration}, "Signature expired", "clock"},
		{"amazon, token", 403, `{"message":"The security token included in the request is expired"}`, []error{ErrConfiguration}, "is expired", "renew"},
		{"amazon, key", 403, `{"message":"The security token included in the request is invalid."}`, []error{ErrConfiguration}, "is invalid", "AWS_ACCESS_KEY_ID"},
		{"amazon, region", 403, `{"message":"Credential should be scoped to a valid region, not 'eu-west-1'. "}`, []error{ErrConfiguration}, "valid region", "cluster.region"},
		{"no s3 plugin", 500, `{"error":{"type":"repository_exception","reason":"[x] failed to create repository","caused_by":{"type":"repository_exception","reason":"[x] repository type [s3] does not exist"}}}`, []error{ErrConfiguration}, "repository type [s3] does not exist", "repository-s3"},
		{"not a shared directory", 500, inError("repository_exception", "[x] location [/elsewhere] doesn't match any of the locations specified by path.repo"), []error{ErrConfiguration}, "path.repo", "every node"},
		{"read-only cluster", 403, inError("cluster_block_exception", "blocked by: [FORBIDDEN/6/cluster read-only (api)];"), nil, "cluster read-only", "cluster.blocks.read_only"},
		{"full disk", 403, inError("cluster_block_exception", "index [a] blocked by: [FORBIDDEN/12/index read-only / allow delete (api)];"), nil, "read-only / allow delete", "disk is full"},
		{"full disk, newer", 429, inError("cluster_block_exception", "index [a] blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded flood-stage watermark, index has read-only-allow-delete block];"), []error{ErrBusy}, "flood-stage", "disk is full"},
		{"starting", 503, inError("cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered / initialized];"), []error{ErrAmbiguous}, "state not recovered", "starting"},
		{"redirected", 302, "<html>", []error{ErrConfiguration}, "302 Found", "not followed"},
		{"no such handler", 405, `{"error":"Incorrect HTTP method for uri [/] and method [PUT]","status":405}`, nil, "Incorrect HTTP method", ""},
		{"a page", 404, "<html><body>hunter2</body></html>", nil, "404 Not Found: not a cluster's answer", "something in front"},
		{"an empty page", 404, "", nil, "but an empty one", "something in front"},
		{"an object of no cluster", 404, `{"detail":"hunter2"}`, nil, "404 Not Found", "something in front"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			err := connect(t, say(tt.status, "text/plain", tt.body)).Delete(t.Context(), "staging", "s1")
			only(t, err, tt.kinds...)
			wantText(t, err, tt.says, tt.hint)
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("a foreign page is repeated: %v", err)
			}
		})
	}
}

func TestErrorsNameTheOperationAndThePath(t *testing.T) {
	err := connect(t, replay(t, "snapshot-missing")).Delete(t.Context(), "staging", "s1")
	var e *Error
	if !errors.As(err, &e) {
		t.Fatal(err)
	}
	if e.Method != http.MethodDelete || e.Path != "/_snapshot/staging/s1" || e.Status != 404 || e.Type != "snapshot_missing_exception" {
		t.Errorf("%+v", e)
	}
	if want := "delete snapshot staging/s1: 404 snapshot_missing_exception: [staging:none] is missing"; err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
}

func wantText(t *testing.T, err error, says, hint string) {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("not an *Error: %v", err)
	}
	if !strings.Contains(err.Error(), says) {
		t.Errorf("%q is not in %q", says, err)
	}
	if !strings.Contains(e.Hint(), hint) || (hint == "") != (e.Hint() == "") {
		t.Errorf("hint %q, want %q in it", e.Hint(), hint)
	}
}
