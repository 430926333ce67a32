package snapshot

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

const whole = `"timed_out":false,"_shards":{"total":2,"successful":2}`

func hits(total int, ids ...string) string {
	var all []string
	for _, id := range ids {
		all = append(all, fmt.Sprintf(`{"_id":%q,"_source":{"b":1, "a":2}}`, id))
	}
	return fmt.Sprintf(`{%s,"hits":{"total":{"value":%d},"hits":[%s]}}`, whole, total, strings.Join(all, ","))
}

func TestDocumentsGivesEveryDocumentOfAnID(t *testing.T) {
	h := &counted{HandlerFunc: inTurn(say(200, "application/json", hits(3, "x", "x")), say(200, "application/json", hits(3, "x", "x", "x")))}
	got, err := connect(t, h).Documents(t.Context(), "a", []string{"x"})
	if err != nil || len(got) != 3 || string(got[2].Source) != `{"b":1, "a":2}` {
		t.Errorf("%v, %v", got, err)
	}
	if _, body := h.last(); body != `{"query":{"ids":{"values":["x"]}},"size":3,"track_total_hits":true}` {
		t.Error(body)
	}
	if got, err := connect(t, http.HandlerFunc(hangUp)).Documents(t.Context(), "a", nil); err != nil || got != nil {
		t.Errorf("of no ids: %v, %v", got, err)
	}
}

func TestDocumentsOfSomeShardsAreNotTakenForAll(t *testing.T) {
	for name, body := range map[string]string{
		"a shard is missing": `{"timed_out":false,"_shards":{"total":2,"successful":1},"hits":{"hits":[]}}`,
		"it took too long":   `{"timed_out":true,"_shards":{"total":2,"successful":2},"hits":{"hits":[]}}`,
		"no hits":            `{` + whole + `}`,
		"too many":           hits(20_000, "x"),
	} {
		if got, err := connect(t, say(200, "application/json", body)).Documents(t.Context(), "a", []string{"x"}); err == nil {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDocumentsThatAreTooLargeAreSaidToBe(t *testing.T) {
	large := `{` + whole + `,"hits":{"total":{"value":1},"hits":[{"_id":"x","_source":{"a":"` + strings.Repeat("x", maxDocuments) + `"}}]}}`
	h := &counted{HandlerFunc: say(200, "application/json", large)}
	if _, err := connect(t, h).Documents(t.Context(), "a", []string{"x"}); !errors.Is(err, ErrTooLarge) || h.seen() != 1 {
		t.Errorf("%v after %d requests", err, h.seen())
	}
}

func TestSampleAsksForIDsFirst(t *testing.T) {
	h := &counted{HandlerFunc: inTurn(say(200, "application/json", hits(9, "x", "y")), say(200, "application/json", hits(2, "x", "y")))}
	got, err := connect(t, h).Sample(t.Context(), "a", 2, 7)
	if err != nil || len(got) != 2 {
		t.Fatalf("%v, %v", got, err)
	}
	const want = `{"_source":false,"query":{"function_score":{"boost_mode":"replace","query":{"match_all":{}},"random_score":{"field":"_seq_no","seed":7}}},"size":2}`
	if h.bodies[0] != want {
		t.Error(h.bodies[0])
	}
	for _, n := range []int{-1, 10_001} {
		if _, err := connect(t, http.HandlerFunc(hangUp)).Sample(t.Context(), "a", n, 7); err == nil {
			t.Errorf("%d were sampled", n)
		}
	}
}

func TestWritesAddsUpThePrimaries(t *testing.T) {
	const primary, replica = `{"routing":{"primary":true},"seq_no":{"max_seq_no":%d}}`, `{"routing":{"primary":false},"seq_no":{"max_seq_no":9}}`
	for name, c := range map[string]struct {
		shards string
		failed int
		want   int64 // -1: an error
	}{
		"two shards and a replica":  {`"0":[` + replica + `,` + fmt.Sprintf(primary, 4) + `],"1":[` + fmt.Sprintf(primary, 0) + `]`, 0, 6},
		"nothing was written":       {`"0":[` + fmt.Sprintf(primary, -1) + `]`, 0, 0},
		"a shard without a primary": {`"0":[` + replica + `]`, 0, -1},
		"one did not answer":        {`"0":[` + fmt.Sprintf(primary, 4) + `]`, 1, -1},
		"no shards":                 {``, 0, -1},
	} {
		body := fmt.Sprintf(`{"_shards":{"failed":%d},"indices":{"a":{"shards":{%s}}}}`, c.failed, c.shards)
		got, err := connect(t, say(200, "application/json", body)).Writes(t.Context(), "a")
		if (err != nil) != (c.want < 0) || err == nil && got != c.want {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
}

func TestSourceModeTellsWhatAServerMakesUp(t *testing.T) {
	for _, c := range []struct{ mapping, settings, want string }{
		{``, ``, SourceStored},
		{`"enabled":true`, ``, SourceStored},
		{`"enabled":false`, ``, SourceDisabled},
		{`"mode":"synthetic"`, ``, SourceSynthetic},
		{`"mode":"disabled"`, ``, SourceDisabled},
		{`"mode":"stored"`, `"index.mode":"logsdb"`, SourceStored},
		{`"excludes":["x"]`, ``, SourceFiltered},
		{`"includes":["x"]`, ``, SourceFiltered},
		{`"includes":[],"excludes":[]`, ``, SourceStored},
		{``, `"index.mapping.source.mode":"SYNTHETIC"`, SourceSynthetic},
		{``, `"index.mapping.source.mode":"STORED","index.mode":"logsdb"`, SourceStored},
		{``, `"index.mode":"logsdb"`, SourceSynthetic},
		{``, `"index.mode":"time_series"`, SourceSynthetic},
		{``, `"index.mode":"standard"`, SourceStored},
		{``, `"index.derived_source.enabled":"true"`, SourceSynthetic},
		{``, `"index.derived_source.enabled":"false"`, SourceStored},
	} {
		h := answers(t, map[string]string{
			"/a/_mapping":  `{"a":{"mappings":{"_source":{` + c.mapping + `}}}}`,
			"/a/_settings": `{"a":{"settings":{` + c.settings + `}}}`,
		})
		if got, err := connect(t, h).SourceMode(t.Context(), "a"); got != c.want || err != nil {
			t.Errorf("{%s} {%s}: %s, %v", c.mapping, c.settings, got, err)
		}
	}
}
