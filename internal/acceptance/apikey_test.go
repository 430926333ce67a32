package acceptance

import (
	"slices"
	"strings"
	"testing"

	"archiver/internal/lab"
)

// TestAnAPIKeyWithWhatCheckAsksForIsAllThatARunNeeds takes a day with a key that
// may do what `check` looks for and nothing else, and brings it back with another.
// (One server for all: it takes its time to start.)
func TestAnAPIKeyWithWhatCheckAsksForIsAllThatARunNeeds(t *testing.T) {
	search, s3 := lab.SearchAlone(t, lab.Elasticsearch819, lab.SearchOptions{BasicAuth: true, Plugin: true})
	w := newWorldOn(t, search, s3, "keyed")
	const date = "2026-11-20"
	w.logs(date, 500, 2)
	staging := w.share()
	with := func(key string) {
		w.env = []string{"ARCHIVER_STAGING_URL=file://" + staging, "ARCHIVER_CLUSTER_AUTH=api-key", "ARCHIVER_CLUSTER_API_KEY=" + key}
	}
	w.configure(w.search.URL, w.s3.Endpoint, w.opening())
	actions := []string{
		"cluster:monitor/main", "cluster:admin/repository/get", "cluster:admin/repository/put", "cluster:admin/repository/verify",
		"cluster:admin/repository/_cleanup", "cluster:admin/snapshot/create", "cluster:admin/snapshot/get", "cluster:admin/snapshot/status",
		"cluster:admin/snapshot/delete",
		// This distribution has no GET /: a node is asked instead, and the state.
		"cluster:monitor/nodes/info", "cluster:monitor/state",
	}
	encoded, halves := w.apiKey(actions, "monitor", "read", "view_index_metadata")
	with(encoded)
	w.check(t, 0).wants(t, "privileges", "ok", "all that a run needs")
	w.must(0, "run", "--date", date)
	with(halves)
	w.must(0, "run", "--date", date)

	t.Run("one that may not take snapshots is told what is missing", func(t *testing.T) {
		const missing = "cluster:admin/snapshot/create"
		rest := slices.DeleteFunc(slices.Clone(actions), func(a string) bool { return a == missing })
		less, _ := w.apiKey(rest, "monitor", "read", "view_index_metadata")
		with(less)
		w.check(t, 2).wants(t, "privileges", "fail", missing, "manage")
		w.logs("2026-11-18", 1, 1)
		if r := w.run("run", "--date", "2026-11-18"); r.code == 0 || !strings.Contains(r.stderr, "403") || !strings.Contains(r.stderr, "what to do") {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
	t.Run("another brings the day back", func(t *testing.T) {
		more, _ := w.apiKey([]string{"manage"}, "all")
		with(more)
		w.ok("DELETE", "/"+w.index(date), nil)
		w.must(0, "restore", "--date", date)
		w.wantDocuments(w.index(date), date, 500)
		w.wantNothingOfRestores(staging)
	})
	t.Run("one that was invalidated is refused, and not shown", func(t *testing.T) {
		with(encoded)
		id, secret, _ := strings.Cut(halves, ":")
		w.ok("DELETE", "/_security/api_key", map[string]any{"ids": []string{id}})
		w.check(t, 2).wants(t, "cluster", "fail", "401")
		r := w.run("run", "--date", "2026-11-18")
		if r.code == 0 || strings.Contains(r.stdout+r.stderr, secret) || strings.Contains(r.stdout+r.stderr, encoded) {
			t.Errorf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
		}
	})
	t.Run("lifecycle policies stay off restored indices unless they are wanted", w.policies)
}

// apiKey makes a key that may take these actions in the cluster, and has these
// privileges on the stream's indices. It returns both its forms.
func (w *world) apiKey(cluster []string, indices ...string) (encoded, halves string) {
	w.t.Helper()
	answer := w.ok("POST", "/_security/api_key", map[string]any{"name": w.stream, "role_descriptors": map[string]any{"archiver": map[string]any{
		"cluster": cluster, "indices": []any{map[string]any{"names": []string{w.stream + "-*"}, "privileges": indices}},
	}}})
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
