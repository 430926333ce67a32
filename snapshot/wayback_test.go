package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// answers says what is asked for by the path's beginning, and fails the test
// for what nobody expects.
func answers(t *testing.T, byPath map[string]string) *counted {
	return &counted{HandlerFunc: func(w http.ResponseWriter, r *http.Request) {
		for path, body := range byPath {
			if strings.HasPrefix(r.URL.Path, path) {
				status := http.StatusOK
				if strings.HasPrefix(body, "4") {
					_, _ = fmt.Sscanf(body, "%d", &status)
					body = body[3:]
				}
				say(status, "application/json", body)(w, r)
				return
			}
		}
		t.Errorf("asked: %s %s", r.Method, r.RequestURI)
	}}
}

func TestRestoreSaysExactlyWhatComesBackAndHow(t *testing.T) {
	h := answers(t, map[string]string{"/pre$-": `{}`, "/_snapshot/": `{"accepted":true}`})
	err := connect(t, h).Restore(t.Context(), "r", "s", RestoreOptions{
		Indices: []string{"a", "b"}, Prefix: "pre$-", Suffix: "-2", Replicas: new(0), Detach: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	call, body := h.last()
	if call != "POST /_snapshot/r/s/_restore?wait_for_completion=false" {
		t.Error(call)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"indices": []any{"a", "b"}, "include_global_state": false, "partial": false, "ignore_unavailable": false, "include_aliases": false,
		"rename_pattern": "(.+)", "rename_replacement": `pre\$-$1-2`,
		"index_settings": map[string]any{"index.number_of_replicas": 0.0, "index.auto_expand_replicas": false},
		"ignore_index_settings": []any{
			"index.lifecycle.name", "index.lifecycle.rollover_alias",
			"index.plugins.index_state_management.policy_id", "index.plugins.index_state_management.rollover_alias",
			"index.opendistro.index_state_management.policy_id", "index.opendistro.index_state_management.rollover_alias",
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestRestoreLeavesAsTheyWereWhatItIsNotTold(t *testing.T) {
	h := answers(t, map[string]string{"/a/": `{}`, "/_snapshot/": `{"accepted":true}`})
	if err := connect(t, h).Restore(t.Context(), "r", "s", RestoreOptions{Indices: []string{"a"}, Aliases: true}); err != nil {
		t.Fatal(err)
	}
	if _, body := h.last(); body != `{"indices":["a"],"include_global_state":false,"partial":false,"ignore_unavailable":false,"include_aliases":true}` {
		t.Error(body)
	}
}

func TestRestoreTouchesNoNameThatIsTaken(t *testing.T) {
	h := answers(t, map[string]string{"/x-a,x-b/_settings": `{"behind-an-alias":{"settings":{"index.uuid":"u"}}}`})
	err := connect(t, h).Restore(t.Context(), "r", "s", RestoreOptions{Indices: []string{"a", "b"}, Prefix: "x-"})
	if !errors.Is(err, ErrIndexExists) || !strings.Contains(err.Error(), "behind-an-alias") || h.seen() != 1 {
		t.Errorf("%v after %d requests", err, h.seen())
	}
	const open = `{"error":{"type":"snapshot_restore_exception","reason":"[r:s/u] cannot restore index [a] because an open index with same name already exists in the cluster. Either close"},"status":500}`
	late := &counted{HandlerFunc: inTurn(say(200, "application/json", `{}`), say(500, "application/json", open))}
	if err := connect(t, late).Restore(t.Context(), "r", "s", RestoreOptions{Indices: []string{"a"}}); !errors.Is(err, ErrIndexExists) {
		t.Errorf("one that came in between: %v", err)
	}
}

func TestARestoreIsSentOnce(t *testing.T) {
	h := &counted{HandlerFunc: inTurn(say(200, "application/json", `{}`), hangUp)}
	err := connect(t, h).Restore(t.Context(), "r", "s", RestoreOptions{Indices: []string{"a"}})
	if !errors.Is(err, ErrAmbiguous) || h.seen() != 2 {
		t.Errorf("%v after %d requests", err, h.seen())
	}
}

func TestRestoreRefusesNamesThatAreNotOneIndex(t *testing.T) {
	for _, o := range []RestoreOptions{
		{}, {Indices: []string{""}}, {Indices: []string{"*"}}, {Indices: []string{"a,b"}}, {Indices: []string{"_all"}},
		{Indices: []string{"a"}, Prefix: "_"}, {Indices: []string{"a"}, Suffix: "/x"}, {Indices: []string{"a"}, Replicas: new(-1)},
	} {
		if err := connect(t, http.HandlerFunc(hangUp)).Restore(t.Context(), "r", "s", o); err == nil || errors.Is(err, ErrAmbiguous) {
			t.Errorf("%+v: %v", o, err)
		}
	}
}

func shardRows(rows ...string) string {
	var all []string
	for n, r := range rows {
		state, reason, _ := strings.Cut(r, " ")
		all = append(all, fmt.Sprintf(`{"index":"a","shard":"%d","prirep":"p","state":%q,"unassigned.reason":%q,"unassigned.details":"x; nested: Deep[y]; "}`, n, state, reason))
	}
	return "[" + strings.Join(append(all, `{"index":"a","shard":"0","prirep":"r","state":"UNASSIGNED"}`), ",") + "]"
}

func TestRecoveryEndsWhenEveryPrimaryHasStarted(t *testing.T) {
	const bytes = `{"a":{"shards":[
		{"type":"SNAPSHOT","primary":true,"index":{"size":{"total_in_bytes":100,"recovered_in_bytes":40}}},
		{"type":"PEER","primary":false,"index":{"size":{"total_in_bytes":100,"recovered_in_bytes":40}}}]}}`
	explained := func(state, verdict string) string {
		return fmt.Sprintf(`{"current_state":%q,"can_allocate":%q,"allocate_explanation":"words","unassigned_info":{"reason":"ALLOCATION_FAILED","details":"x\nCaused by: A\n\tat b\nCaused by: Innermost: c\n\tat d"}}`, state, verdict)
	}
	const failed = "ALLOCATION_FAILED"
	for name, c := range map[string]struct {
		rows, explain string
		want          Recovery
		done          bool
	}{
		"all started":           {shardRows("STARTED", "RELOCATING"), "", Recovery{Shards: 2, ShardsDone: 2, Bytes: 100, BytesDone: 40}, true},
		"one on its way":        {shardRows("STARTED", "INITIALIZING", "UNASSIGNED NEW_INDEX_RESTORED"), "", Recovery{Shards: 3, ShardsDone: 1, Bytes: 100, BytesDone: 40}, false},
		"one that is retried":   {shardRows("STARTED", "UNASSIGNED "+failed), explained("initializing", ""), Recovery{Shards: 2, ShardsDone: 1, Bytes: 100, BytesDone: 40}, false},
		"one that waits":        {shardRows("STARTED", "UNASSIGNED NEW_INDEX_RESTORED"), explained("unassigned", "throttled"), Recovery{Shards: 2, ShardsDone: 1, Bytes: 100, BytesDone: 40}, false},
		"one given up":          {shardRows("STARTED", "UNASSIGNED "+failed), explained("unassigned", "no"), Recovery{Shards: 2, ShardsDone: 1, Bytes: 100, BytesDone: 40, Failed: []string{"a/1: Innermost: c"}}, false},
		"one, and nobody tells": {shardRows("STARTED", "UNASSIGNED "+failed), `403{"error":"no"}`, Recovery{Shards: 2, ShardsDone: 1, Bytes: 100, BytesDone: 40, Failed: []string{"a/1: Deep[y]"}}, false},
		"waiting, nobody tells": {shardRows("STARTED", "UNASSIGNED NEW_INDEX_RESTORED"), `403{"error":"no"}`, Recovery{Shards: 2, ShardsDone: 1, Bytes: 100, BytesDone: 40}, false},
	} {
		t.Run(name, func(t *testing.T) {
			h := answers(t, map[string]string{"/_cat/shards/a": c.rows, "/a/_recovery": bytes, "/_cluster/allocation/explain": c.explain})
			got, err := connect(t, h).Recovery(t.Context(), []string{"a"})
			if err != nil || got.Done() != c.done {
				t.Errorf("done: %v, %v", got.Done(), err)
			}
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

func TestRecoveryOfAnIndexThatIsGoneIsNoSuccess(t *testing.T) {
	if (Recovery{}).Done() {
		t.Error("nothing is done")
	}
	h := answers(t, map[string]string{"/_cat/shards/": `[{"index":"a","shard":"0","prirep":"p","state":"STARTED"}]`, "/a,b/_recovery": `{}`})
	if _, err := connect(t, h).Recovery(t.Context(), []string{"a", "b"}); err == nil {
		t.Error("b was not missed")
	}
}

func TestARefusedPlaceIsExplained(t *testing.T) {
	e := explanation{Words: "words"}
	if e.why() != "words" {
		t.Error(e.why())
	}
	if err := json.Unmarshal([]byte(`{"node_allocation_decisions":[{"deciders":[{"decision":"YES","explanation":"a"},{"decision":"NO","explanation":"disk is full"}]}]}`), &e); err != nil || e.why() != "disk is full" {
		t.Errorf("%s, %v", e.why(), err)
	}
	if got := innermost(strings.Repeat("ü", 400)); len(got) > 510 || !strings.HasSuffix(got, "ü…") {
		t.Errorf("%d bytes, %s", len(got), got[len(got)-10:])
	}
}

func TestDeleteIndexIsForOneIndexAlone(t *testing.T) {
	h := &counted{HandlerFunc: say(200, "application/json", `{"acknowledged":true}`)}
	c := connect(t, h)
	for _, name := range []string{"", "*", "a*", "a,b", "_all", "<a-{now}>"} {
		if err := c.DeleteIndex(t.Context(), name); err == nil {
			t.Errorf("%q was deleted", name)
		}
	}
	if h.seen() != 0 {
		t.Error("something was asked")
	}
	if err := c.DeleteIndex(t.Context(), "a.b-ü"); err != nil {
		t.Fatal(err)
	}
	if call, _ := h.last(); call != "DELETE /a.b-%C3%BC" {
		t.Error(call)
	}
	const busy = `{"error":{"type":"snapshot_in_progress_exception","reason":"Cannot delete indices that are being snapshotted: [[a/u]]."},"status":400}`
	if err := connect(t, say(400, "application/json", busy)).DeleteIndex(t.Context(), "a"); !errors.Is(err, ErrBusy) {
		t.Error(err)
	}
}

func TestInfoIsAskedElsewhereWhereThePlainQuestionIsNotAllowed(t *testing.T) {
	for flavor, want := range map[string]string{`,"build_flavor":"default"`: Elasticsearch, ``: OpenSearch} {
		h := &counted{HandlerFunc: inTurn(
			say(405, "application/json", `{"error":"Incorrect HTTP method for uri [/] and method [GET], allowed: [DELETE]","status":405}`),
			say(200, "application/json", `{"cluster_name":"lab","nodes":{"n":{"version":"8.19.21"`+flavor+`}}}`),
			say(200, "application/json", `{"cluster_uuid":"u"}`))}
		got, err := connect(t, h).Info(t.Context())
		if err != nil || got != (Info{Name: "lab", UUID: "u", Distribution: want, Version: "8.19.21"}) {
			t.Errorf("%+v, %v", got, err)
		}
	}
	if _, err := connect(t, say(403, "application/json", `{"error":"no"}`)).Info(t.Context()); err == nil {
		t.Error("a refusal was taken for an answer")
	}
}
