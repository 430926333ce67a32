package snapshot

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// lister answers both steps of a listing.
func lister(t *testing.T, settings, cat http.HandlerFunc) *counted {
	return &counted{HandlerFunc: func(w http.ResponseWriter, r *http.Request) {
		if len(r.RequestURI) > 4096-200 {
			t.Errorf("a request line of %d bytes", len(r.RequestURI))
		}
		if strings.HasPrefix(r.URL.Path, "/_cat/indices/") {
			cat(w, r)
			return
		}
		settings(w, r)
	}}
}

func TestIndicesListsWhatExistsByName(t *testing.T) {
	h := lister(t, replay(t, "settings"), replay(t, "indices"))
	got, err := connect(t, h).Indices(t.Context(), []string{"logdata-01112026*", "none"})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 {
		t.Fatalf("%+v", got)
	}
	closed, open := got[0], got[1]
	if closed.Name != "logdata-01112026" || closed.Status != "close" || closed.Shards != 2 || closed.Bytes != 0 || len(closed.UUID) != 22 {
		t.Errorf("%+v", closed)
	}
	if open.Name != "logdata-01112026-2" || open.Status != "open" || open.Health != "green" || open.Shards != 1 || open.Bytes < 1<<20 {
		t.Errorf("%+v", open)
	}
}

func TestIndicesAsksForHiddenOnesAndOnlyDetailsOfThoseThatExist(t *testing.T) {
	h := lister(t, say(200, "application/json", `{}`), hangUp)
	got, err := connect(t, h).Indices(t.Context(), []string{"a", "b+ü*"})
	if err != nil || got != nil {
		t.Fatalf("%v, %v", got, err)
	}
	q := h.requests[0].URL.Query()
	if h.requests[0].URL.Path != "/a,b+ü*/_settings/index.uuid,index.version.created" || q.Get("expand_wildcards") != "all" || q.Get("ignore_unavailable") != "true" {
		t.Fatal(h.last())
	}
	if got, err := connect(t, http.HandlerFunc(hangUp)).Indices(t.Context(), nil); err != nil || got != nil {
		t.Fatalf("of no names: %v, %v", got, err)
	}
}

func TestIndicesNeverDropsOneInSilence(t *testing.T) {
	ok := func(body string) http.HandlerFunc { return say(200, "application/json", body) }
	two := `{"a":{"settings":{"index.uuid":"u"}},"b":{"settings":{"index.uuid":"v"}}}`
	for name, h := range map[string]*counted{
		"a 404 for one":        lister(t, replay(t, "index-missing"), hangUp),
		"one without details":  lister(t, ok(two), ok(`[{"index":"a","uuid":"u","pri":"1"}]`)),
		"one created again":    lister(t, ok(two), ok(`[{"index":"a","uuid":"u","pri":"1"},{"index":"b","uuid":"w","pri":"1"}]`)),
		"one without a uuid":   lister(t, ok(`{"a":{"settings":{}}}`), ok(`[{"index":"a","uuid":"","pri":"1"}]`)),
		"half a shard":         lister(t, ok(`{"a":{"settings":{"index.uuid":"u"}}}`), ok(`[{"index":"a","uuid":"u","pri":"1.5"}]`)),
		"no list, but a reply": lister(t, ok(two), ok(`{}`)),
	} {
		if got, err := connect(t, h).Indices(t.Context(), []string{"a", "b"}); err == nil {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if _, err := connect(t, http.HandlerFunc(hangUp)).Indices(t.Context(), []string{"a", "-b"}); err == nil || strings.Contains(err.Error(), "answer") {
		t.Errorf("an excluding pattern was sent: %v", err)
	}
}

func TestManyLongNamesAreAskedForInRequestLinesThatServersTake(t *testing.T) {
	var want []string
	for i := range 100 {
		want = append(want, fmt.Sprintf("%s-%03d", strings.Repeat("ü", 60), i))
	}
	h := lister(t, func(w http.ResponseWriter, r *http.Request) {
		var rows []string
		names := strings.TrimSuffix(r.URL.Path[1:], "/_settings/index.uuid,index.version.created")
		for n := range strings.SplitSeq(names, ",") {
			rows = append(rows, fmt.Sprintf(`%q:{"settings":{"index.uuid":"u"}}`, n))
		}
		say(200, "application/json", "{"+strings.Join(rows, ",")+"}")(w, r)
	}, func(w http.ResponseWriter, r *http.Request) {
		var rows []string
		for n := range strings.SplitSeq(strings.TrimPrefix(r.URL.Path, "/_cat/indices/"), ",") {
			rows = append(rows, fmt.Sprintf(`{"index":%q,"uuid":"u","pri":"1","pri.store.size":"10"}`, n))
		}
		slices.Reverse(rows)
		say(200, "application/json", "["+strings.Join(rows, ",")+"]")(w, r)
	})
	list, err := connect(t, h).Indices(t.Context(), append(want, want[0]))
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, i := range list {
		got = append(got, i.Name)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if n, most := h.calls(), 4*100*len(url.PathEscape(want[0]))/maxNames; n < 4 || n > most {
		t.Errorf("%d requests", n)
	}
}

func TestCountIsOfAllShardsOrAnError(t *testing.T) {
	if n, err := connect(t, replay(t, "count")).Count(t.Context(), "logdata-01112026"); err != nil || n != 30 {
		t.Fatalf("%d, %v", n, err)
	}
	for name, body := range map[string]string{
		"a shard failed": `{"count":5,"_shards":{"total":2,"successful":1,"skipped":0,"failed":1}}`,
		"no count":       `{"_shards":{"total":2,"successful":2}}`,
	} {
		if n, err := connect(t, say(200, "application/json", body)).Count(t.Context(), "a"); err == nil {
			t.Errorf("%s: %d", name, n)
		}
	}
}
