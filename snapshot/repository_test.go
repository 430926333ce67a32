package snapshot

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestInfoNamesTheCluster(t *testing.T) {
	got, err := connect(t, replay(t, "info")).Info(t.Context())
	want := Info{Name: "test", UUID: "DsmNgSbgSA6ytLC65kCwPA", Distribution: OpenSearch, Version: "3.6.0"}
	if err != nil || got != want {
		t.Fatalf("got %v, %v", got, err)
	}
	c := connect(t, say(200, "application/json", `{"cluster_name":"es","cluster_uuid":"u","version":{"number":"8.19.21","build_flavor":"default"},"tagline":"You Know, for Search"}`))
	if got, err := c.Info(t.Context()); err != nil || got.Distribution != Elasticsearch || got.Version != "8.19.21" {
		t.Fatalf("got %v, %v", got, err)
	}
	if _, err := connect(t, say(200, "application/json", `{"hello":"world"}`)).Info(t.Context()); err == nil {
		t.Fatal("took any JSON for a cluster")
	}
}

func TestFixedPathsAreSupportedFromOpenSearch217On(t *testing.T) {
	for _, tt := range []struct {
		distribution, version string
		want                  bool
	}{
		{OpenSearch, "2.16.0", false},
		{OpenSearch, "2.17.0", true},
		{OpenSearch, "2.19.6", true},
		{OpenSearch, "3.0.0-beta1", true},
		{OpenSearch, "1.3.20", false},
		{OpenSearch, "", false},
		{Elasticsearch, "8.19.21", false},
	} {
		if got := SupportsFixedPaths(Info{Distribution: tt.distribution, Version: tt.version}); got != tt.want {
			t.Errorf("%s %s: %v", tt.distribution, tt.version, got)
		}
	}
}

func TestRepositoryFlattensSettingsIntoStrings(t *testing.T) {
	got, err := connect(t, replay(t, "repository")).Repository(t.Context(), "staging")
	want := Repository{Type: "fs", Settings: map[string]string{"location": "/srv/snapshots/staging", "shard_path_type": "fixed"}}
	if err != nil || !cmp.Equal(got, want) {
		t.Fatalf("%v\n%s", err, cmp.Diff(want, got))
	}
	c := connect(t, say(200, "application/json", `{"r":{"type":"s3","uuid":"x","settings":
		{"readonly":true,"chunk":{"size":1e9,"n":12345678901234567},"gone":null,"list":["a",1]}}}`))
	got, err = c.Repository(t.Context(), "r")
	want = Repository{Type: "s3", Settings: map[string]string{
		"readonly": "true", "chunk.size": "1e9", "chunk.n": "12345678901234567", "list": `["a",1]`,
	}}
	if err != nil || !cmp.Equal(got, want) {
		t.Fatalf("%v\n%s", err, cmp.Diff(want, got))
	}
	if _, err := c.Repository(t.Context(), "another"); err == nil || errors.Is(err, ErrNotFound) {
		t.Fatalf("an answer about another repository: %v", err)
	}
}

func TestRegisterSendsTypeAndSettings(t *testing.T) {
	h := &counted{HandlerFunc: replay(t, "acknowledged")}
	c := connect(t, h)
	err := c.Register(t.Context(), "staging", Repository{Type: "s3", Settings: map[string]string{"bucket": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	call, body := h.last()
	if call != "PUT /_snapshot/staging" || body != `{"type":"s3","settings":{"bucket":"b"}}` {
		t.Fatalf("%s %s", call, body)
	}
	if err := c.Unregister(t.Context(), "staging"); err != nil {
		t.Fatal(err)
	}
	if call, _ := h.last(); call != "DELETE /_snapshot/staging" {
		t.Fatal(call)
	}
}

func TestDiffComparesWhatWeWouldSend(t *testing.T) {
	want := Repository{Type: "s3", Settings: map[string]string{
		"bucket": "b", "base_path": "x", "shard_path_type": "fixed", "prefix": "", "secret_key": "s3cret", "session_token": "t0ken",
	}}
	same := Repository{Type: "s3", Settings: map[string]string{
		"bucket": "b", "base_path": "x", "shard_path_type": "fixed", "max_snapshot_bytes_per_sec": "40mb",
	}}
	if d := want.Diff(same); d != nil {
		t.Errorf("what the server adds and hides is a difference: %v", d)
	}
	other := Repository{Type: "fs", Settings: map[string]string{"bucket": "c", "base_path": "x", "secret_key": "0ther"}}
	got := want.Diff(other)
	if diff := cmp.Diff([]Difference{
		{"type", "s3", "fs"},
		{"bucket", "b", "c"},
		{"secret_key", "(hidden)", "(another)"},
		{"shard_path_type", "fixed", ""},
	}, got); diff != "" {
		t.Error(diff)
	}
	if s := got[1].String() + "; " + got[3].String(); s != `bucket should be "b" and is "c"; shard_path_type should be "fixed" and is not set` {
		t.Error(s)
	}
}

func TestNamesThatStandForSeveralAreNeverSent(t *testing.T) {
	h := &counted{HandlerFunc: replay(t, "acknowledged")}
	c := connect(t, h)
	ctx := t.Context()
	for _, name := range []string{"", "*", "log*", "a,b", "_all", "-a", "a b", "..", "a/b", "a\nb", "a?b", `a"b`} {
		for what, err := range map[string]error{
			"unregister":         c.Unregister(ctx, name),
			"register":           c.Register(ctx, name, Repository{Type: "fs"}),
			"delete":             c.Delete(ctx, "staging", name),
			"delete in":          c.Delete(ctx, name, "s1"),
			"create":             c.Create(ctx, "staging", name, CreateOptions{Indices: []string{"a"}}),
			"create of an index": c.Create(ctx, "staging", "s1", CreateOptions{Indices: []string{"a", name}}),
			"cleanup":            c.Cleanup(ctx, name),
		} {
			if err == nil {
				t.Errorf("%s %q was sent", what, name)
			}
		}
		if _, err := c.Count(ctx, name); err == nil {
			t.Errorf("count %q was sent", name)
		}
	}
	if err := c.Create(ctx, "staging", "s1", CreateOptions{}); err == nil {
		t.Error("a snapshot of no index, which is one of all, was sent")
	}
	if n := h.calls(); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
