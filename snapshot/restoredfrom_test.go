package snapshot

import (
	"net/http"
	"strings"
	"testing"
)

// The answers are cut from those of OpenSearch 3.6.0.
func TestWhereAnIndexWasRestoredFrom(t *testing.T) {
	const (
		restored = `{"i":{"shards":[{"type":"SNAPSHOT","source":{"repository":"r"}}]}}`
		made     = `{"i":{"shards":[{"type":"EMPTY_STORE","source":{}}]}}`
		routed   = `{"routing_table":{"indices":{"i":{"shards":{"0":[{"recovery_source":{"type":"SNAPSHOT","repository":"r"}},{"recovery_source":{"type":"PEER"}}]}}}}}`
	)
	for name, c := range map[string]struct {
		recovery, state string
		status          int // of the state's answer
		want            string
	}{
		"a shard has begun":             {restored, `{}`, 200, "r"},
		"a shard waits for its turn":    {`{}`, routed, 200, "r"},
		"it was made otherwise":         {made, `{}`, 200, ""},
		"it is closed":                  {`{"error":{"type":"index_closed_exception","reason":"closed"},"status":400}`, `{}`, 200, ""},
		"the state is not to be looked": {`{}`, `{"error":"no"}`, http.StatusForbidden, ""},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				if r.URL.Path == "/i/_recovery" {
					if strings.Contains(c.recovery, "400") {
						w.WriteHeader(http.StatusBadRequest)
					}
					_, _ = w.Write([]byte(c.recovery))
					return
				}
				w.WriteHeader(c.status)
				_, _ = w.Write([]byte(c.state))
			}))
			got, err := cluster.RestoredFrom(t.Context(), "i")
			if err != nil || got != c.want {
				t.Errorf("%q, %v", got, err)
			}
		})
	}
}
