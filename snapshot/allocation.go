package snapshot

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
)

// allocation tells why a primary shard is on no node, and whether the cluster
// has given it up. Where this caller may not ask, a failed try counts as final.
func (c *Cluster) allocation(ctx context.Context, s copyOfShard) (why string, final bool, err error) {
	r := request{
		op:     "ask about shard " + s.Index + "/" + s.Shard,
		method: http.MethodPost,
		path:   []string{"_cluster", "allocation", "explain"},
		body: struct {
			Index   string          `json:"index"`
			Shard   json.RawMessage `json:"shard"`
			Primary bool            `json:"primary"`
		}{s.Index, json.RawMessage(s.Shard), true},
	}
	var out explanation
	switch err := orUnknowable(c.read(ctx, r, &out)); {
	case errors.Is(err, ErrUnknowable):
		return c.redact(innermost(s.Details)), s.Reason == "ALLOCATION_FAILED", nil
	case err != nil:
		return "", false, err
	}
	return c.redact(out.why()), out.State == "unassigned" && (out.Verdict == "no" || out.Verdict == "no_valid_shard_copy"), nil
}

// explanation is the part of the allocation API's answer that is of use.
type explanation struct {
	State      string `json:"current_state"`
	Verdict    string `json:"can_allocate"`
	Words      string `json:"allocate_explanation"`
	Unassigned struct {
		Reason  string `json:"reason"`
		Details string `json:"details"`
	} `json:"unassigned_info"`
	Nodes []struct {
		Deciders []struct {
			Decision string `json:"decision"`
			Words    string `json:"explanation"`
		} `json:"deciders"`
	} `json:"node_allocation_decisions"`
}

// why prefers what went wrong in a try, then what the first node has against
// the shard.
func (e explanation) why() string {
	if e.Unassigned.Reason == "ALLOCATION_FAILED" && e.Unassigned.Details != "" {
		return innermost(e.Unassigned.Details)
	}
	for _, n := range e.Nodes {
		for _, d := range n.Deciders {
			if d.Decision == "NO" {
				return d.Words
			}
		}
	}
	return firstOf(e.Words, "the cluster gives no reason")
}

// innermost cuts a Java exception's text down to its last cause: servers write
// "nested: A[…]; nested: B[…]; ", or a stack trace with lines "Caused by: B".
func innermost(details string) string {
	const maxReason = 500
	cause := details
	if i := strings.LastIndex(details, "\nCaused by: "); i >= 0 {
		cause = details[i+len("\nCaused by: "):]
	} else if i := strings.LastIndex(details, "; nested: "); i >= 0 {
		cause = details[i+len("; nested: "):]
	}
	cause, _, _ = strings.Cut(cause, "\n")
	cause = strings.TrimRight(cause, "; ")
	if len(cause) > maxReason {
		cause = strings.ToValidUTF8(cause[:maxReason], "") + "…"
	}
	return cause
}
