package acceptance

import (
	"strings"
	"testing"

	"archiver/internal/lab"
)

// TestAnAPIKeyIsAllThatADayNeeds makes a key with the privileges that the
// documentation names, and goes the whole way with it.
func TestAnAPIKeyIsAllThatADayNeeds(t *testing.T) {
	search, s3 := lab.SearchAlone(t, lab.Elasticsearch819, lab.SearchOptions{BasicAuth: true, Plugin: true})
	w := newWorldOn(t, search, s3, "keyed")
	const date = "2026-11-20"
	w.logs(date, 500, 2)
	encoded, halves := w.apiKey(map[string]any{
		"cluster": []string{"monitor", "manage"},
		"indices": []any{map[string]any{"names": []string{"*"}, "privileges": []string{"all"}}},
	})
	staging := w.share()
	with := func(key string) {
		w.env = []string{"ARCHIVER_STAGING_URL=file://" + staging, "ARCHIVER_CLUSTER_AUTH=api-key", "ARCHIVER_CLUSTER_API_KEY=" + key}
	}
	w.configure(w.search.URL, w.s3.Endpoint, w.opening())
	with(encoded)
	w.check(t, 0).wants(t, "privileges", "ok", "all that a run needs")
	w.must(0, "run", "--date", date)
	with(halves)
	w.must(0, "run", "--date", date)
	w.ok("DELETE", "/"+w.index(date), nil)
	w.must(0, "restore", "--date", date)
	w.wantDocuments(w.index(date), date, 500)
	w.wantNothingOfRestores(staging)

	t.Run("one that was invalidated is refused, and not shown", func(t *testing.T) {
		id, secret, _ := strings.Cut(halves, ":")
		w.ok("DELETE", "/_security/api_key", map[string]any{"ids": []string{id}})
		w.check(t, 2).wants(t, "cluster", "fail", "401")
		r := w.run("run", "--date", "2026-11-19")
		if r.code == 0 || strings.Contains(r.stdout+r.stderr, secret) || strings.Contains(r.stdout+r.stderr, encoded) {
			t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
	})
	t.Run("lifecycle policies stay off restored indices unless they are wanted", w.policies)
}

// apiKey makes a key with these privileges, and returns it in both forms.
func (w *world) apiKey(role map[string]any) (encoded, halves string) {
	w.t.Helper()
	answer := w.ok("POST", "/_security/api_key", map[string]any{"name": w.stream, "role_descriptors": map[string]any{"archiver": role}})
	return answer["encoded"].(string), answer["id"].(string) + ":" + answer["api_key"].(string)
}

// policies archives an index that a lifecycle policy knows.
func (w *world) policies(t *testing.T) {
	o := newWorldOn(t, w.search, w.s3, "lifecycle")
	o.configure(o.search.URL, o.s3.Endpoint, o.opening())
	o.stageIn(o.share())
	const date = "2026-11-20"
	o.logs(date, 50, 1)
	o.ok("PUT", "/"+o.index(date)+"/_settings", map[string]any{"index.lifecycle.name": "delete-after-a-day"})
	o.must(0, "run", "--date", date)
	o.must(0, "restore", "--date", date, "--rename", "without-{index}")
	o.must(0, "restore", "--date", date, "--rename", "with-{index}", "--keep-policies")
	for name, want := range map[string]string{"without-": "", "with-": "delete-after-a-day", "": "delete-after-a-day"} {
		index := name + o.index(date)
		if got := o.policy(index); got != want {
			t.Errorf("the policy of %s is %q, want %q", index, got, want)
		}
		o.wantDocuments(index, date, 50)
		o.ok("DELETE", "/"+index, nil)
	}
}

// policy is the lifecycle policy of an index, "" without one.
func (w *world) policy(index string) string {
	w.t.Helper()
	settings := w.ok("GET", "/"+index+"/_settings?flat_settings=true", nil)[index].(map[string]any)["settings"].(map[string]any)
	name, _ := settings["index.lifecycle.name"].(string)
	return name
}
