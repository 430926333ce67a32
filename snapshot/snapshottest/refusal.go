package snapshottest

import (
	"fmt"
	"net/http"
)

// refusal is an error as the API words it.
type refusal struct {
	status int
	typ    string
	reason string
	more   map[string]any // further fields
	cause  *refusal
	// causeIsRoot: the server's root_cause is the cause, not this. So it is
	// with exceptions of the server's own; Java's are never called a root.
	causeIsRoot bool
}

func (r *refusal) Error() string { return r.reason }

func (r *refusal) body() map[string]any {
	root := r
	if r.causeIsRoot {
		root = r.cause
	}
	e := r.fields()
	e["root_cause"] = []any{root.fields()}
	if r.cause != nil {
		e["caused_by"] = r.cause.fields()
	}
	return map[string]any{"error": e, "status": r.status}
}

func (r *refusal) fields() map[string]any {
	f := map[string]any{"type": r.typ, "reason": r.reason}
	for k, v := range r.more {
		f[k] = v
	}
	return f
}

func refuse(status int, typ, format string, args ...any) *refusal {
	return &refusal{status: status, typ: typ, reason: fmt.Sprintf(format, args...)}
}

func missingIndex(name string) *refusal {
	r := refuse(http.StatusNotFound, "index_not_found_exception", "no such index [%s]", name)
	r.more = map[string]any{"index": name, "resource.id": name, "resource.type": "index_or_alias", "index_uuid": "_na_"}
	return r
}

func closedIndex(i *index) *refusal {
	r := refuse(http.StatusBadRequest, "index_closed_exception", "closed")
	r.more = map[string]any{"index": i.name, "index_uuid": i.uuid}
	return r
}

func missingRepository(name string) *refusal {
	return refuse(http.StatusNotFound, "repository_missing_exception", "[%s] missing", name)
}

func repositoryFault(repository, format string, args ...any) *refusal {
	return refuse(http.StatusInternalServerError, "repository_exception", "[%s] %s", repository, fmt.Sprintf(format, args...))
}

func missingSnapshot(repository, name string) *refusal {
	return refuse(http.StatusNotFound, "snapshot_missing_exception", "[%s:%s] is missing", repository, name)
}

func badSnapshotName(repository, name, why string) *refusal {
	return refuse(http.StatusBadRequest, "invalid_snapshot_name_exception", "[%s:%s] Invalid snapshot name [%s], %s", repository, name, name, why)
}

func illegalState(format string, args ...any) *refusal {
	return refuse(http.StatusInternalServerError, "illegal_state_exception", format, args...)
}

// disabled is the answer to nearly everything, once a root file was found gone.
func disabled(repository string) *refusal {
	return repositoryFault(repository, "Could not read repository data because the contents of the repository do not match its expected state. "+
		"This is likely the result of either concurrently modifying the contents of the repository by a process other than this cluster "+
		"or an issue with the repository's underlying storage. The repository has been disabled to prevent corrupting its contents. "+
		"To re-enable it and continue using it please remove the repository from the cluster and add it again "+
		"to make the cluster recover the known state of the repository from its physical contents.")
}
