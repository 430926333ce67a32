package snapshot

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// refused is an error as the servers write it.
type refused struct {
	Type     string   `json:"type"`
	Reason   string   `json:"reason"`
	CausedBy *refused `json:"caused_by"`

	foreign bool // no cluster wrote it
}

// parseRefusal understands a cluster's error object, the plain string of older
// and simpler handlers, and the message of Amazon's front. Of anything else
// nothing is kept: it may be a page of any length with anything in it.
func parseRefusal(a answer) refused {
	var body struct {
		Error   json.RawMessage `json:"error"`
		Message string          `json:"message"`
	}
	if json.Unmarshal(a.body, &body) != nil {
		return refused{foreign: true, Reason: "not a cluster's answer but " + kindOfBody(a)}
	}
	var full refused
	if json.Unmarshal(body.Error, &full) == nil && full.Type != "" {
		return full
	}
	var text string
	if json.Unmarshal(body.Error, &text) == nil && text != "" {
		return refused{Reason: text}
	}
	return refused{Reason: body.Message, foreign: body.Message == ""}
}

func kindOfBody(a answer) string {
	kind, _, _ := strings.Cut(a.header.Get("Content-Type"), ";")
	switch {
	case len(a.body) == 0:
		return "an empty one"
	case kind == "":
		return "something else"
	}
	return kind
}

// text is the outermost reason and the innermost, where that says more.
func (r refused) text() string {
	chain := r.chain()
	last := chain[len(chain)-1]
	if last.Reason == "" || strings.Contains(r.Reason, last.Reason) {
		return r.Reason
	}
	return r.Reason + ": " + last.Reason
}

// chain is r and its causes, outermost first.
func (r refused) chain() []refused {
	chain := []refused{r}
	for c := r.CausedBy; c != nil; c = c.CausedBy {
		chain = append(chain, *c)
	}
	return chain
}

func (r refused) has(words ...string) bool {
	return slices.ContainsFunc(r.chain(), func(c refused) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(c.Reason, w) })
	})
}

// is looks at the outermost error only: a cause's type does not say what the
// request came to.
func (r refused) is(types ...string) bool { return slices.Contains(types, r.Type) }

// kindsOf puts an answer into our words. The types and reasons are those of
// OpenSearch 3.6.0 as recorded in testdata, and of Elasticsearch 7 and 8.
func kindsOf(status int, r refused, change bool) []error {
	switch {
	case r.disabled():
		return []error{ErrDisabled}
	case r.is("snapshot_missing_exception"):
		return []error{ErrNotFound, ErrSnapshotMissing}
	case r.is("repository_missing_exception", "index_not_found_exception"):
		return []error{ErrNotFound}
	case r.is("snapshot_restore_exception") && r.has("snapshot does not exist"):
		return []error{ErrNotFound, ErrSnapshotMissing}
	case r.is("snapshot_restore_exception") && r.has("an open index with same name already exists"):
		return []error{ErrIndexExists}
	case r.is("snapshot_name_already_in_use_exception"),
		// The same type stands for a name that is not allowed.
		r.is("invalid_snapshot_name_exception") && r.has("already exists", "already in-progress"):
		return []error{ErrNameTaken}
	case r.busy(status):
		return []error{ErrBusy}
	case change && r.unclear(status):
		return []error{ErrAmbiguous}
	}
	return nil
}

func (r refused) disabled() bool {
	return r.has(
		"contents of the repository do not match its expected state",
		"concurrent modification of the index-N file",
		"The repository has been disabled to prevent",
	)
}

// busy refusals are made before anything is done.
func (r refused) busy(status int) bool {
	switch {
	case status == http.StatusConflict, status == http.StatusTooManyRequests:
		return true
	case r.is("concurrent_snapshot_execution_exception", "process_cluster_event_timeout_exception",
		"snapshot_in_progress_exception"): // of an index that is to be deleted
		return true
	}
	return r.is("illegal_state_exception") && r.has(
		"a snapshot is currently running",
		"a snapshot is currently being deleted",
		"repository cleanup is already in-progress",
		"unregister repository that is currently used",
	)
}

// unclear answers to a change leave open whether it was done: something in
// front gave up waiting, or the node that was asked lost the one that decides.
func (r refused) unclear(status int) bool {
	switch status {
	case http.StatusRequestTimeout, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return true
	}
	if status >= 500 && r.Type == "" { // no cluster's words
		return true
	}
	return r.is(
		"failed_to_commit_cluster_state_exception",
		"node_closed_exception",
		"node_disconnected_exception",
		"node_not_connected_exception",
		"receive_timeout_transport_exception",
	)
}
