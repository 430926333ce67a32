package snapshot

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestVersionsThatWereTried(t *testing.T) {
	for _, c := range []struct {
		distribution, version string
		tried                 bool
	}{
		{OpenSearch, "3.6.0", true}, {OpenSearch, "2.19.6", true}, {OpenSearch, "1.3.20", false}, {OpenSearch, "4.0.0", false}, {OpenSearch, "8.19.0", false},
		{Elasticsearch, "7.17.29", true}, {Elasticsearch, "8.19.21", true}, {Elasticsearch, "6.8.23", false}, {Elasticsearch, "9.0.0", false}, {Elasticsearch, "2.4.0", false},
		{OpenSearch, "", false}, {"other", "3.0.0", false},
	} {
		if got := Tried(Info{Distribution: c.distribution, Version: c.version}); got != c.tried {
			t.Errorf("%s %s: %v", c.distribution, c.version, got)
		}
	}
}

func TestClockIsReadFromTheCluster(t *testing.T) {
	h := &counted{HandlerFunc: say(http.StatusOK, "application/json", `[{"epoch":"1795230000"}]`)}
	at, err := connect(t, h).Clock(t.Context())
	if err != nil || !at.Equal(time.Unix(1795230000, 0)) {
		t.Errorf("%v, %v", at, err)
	}
	if call, _ := h.last(); call != "GET /_cat/health?format=json&h=epoch" {
		t.Errorf("asked by %s", call)
	}
	for _, text := range []string{`[]`, `[{"epoch":"soon"}]`, `{}`, `[{},{}]`} {
		if at, err := connect(t, say(http.StatusOK, "application/json", text)).Clock(t.Context()); err == nil {
			t.Errorf("%s was read as %v", text, at)
		}
	}
}

func TestPrivilegesThatLackAreNamed(t *testing.T) {
	h := &counted{HandlerFunc: say(http.StatusOK, "application/json",
		`{"username":"me","has_all_requested":false,"cluster":{"cluster:admin/snapshot/create":false,"cluster:monitor/main":true},"index":{"logdata-*":{"read":true,"monitor":false}}}`)}
	lacks, err := connect(t, h).Lacks(t.Context(), Privileges{Cluster: []string{"a"}, Index: []string{"read"}, Indices: []string{"logdata-*"}})
	if err != nil || !slices.Equal(lacks, []string{"cluster:admin/snapshot/create", "monitor on logdata-*"}) {
		t.Errorf("%q, %v", lacks, err)
	}
	call, body := h.last()
	if call != "POST /_security/user/_has_privileges" || body != `{"cluster":["a"],"index":[{"names":["logdata-*"],"privileges":["read"]}]}` {
		t.Errorf("asked by %s %s", call, body)
	}
}

func TestClustersThatCannotBeAskedAreUnknowable(t *testing.T) {
	for _, status := range []int{http.StatusBadRequest, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed, http.StatusInternalServerError} {
		c := connect(t, say(status, "application/json", `{"error":"no handler found"}`))
		if _, err := c.Lacks(t.Context(), Privileges{}); !errors.Is(err, ErrUnknowable) {
			t.Errorf("%d: %v", status, err)
		}
		if _, _, err := c.Caller(t.Context()); !errors.Is(err, ErrUnknowable) {
			t.Errorf("%d: %v", status, err)
		}
	}
	if _, err := connect(t, say(http.StatusUnauthorized, "application/json", `{}`)).Lacks(t.Context(), Privileges{}); err == nil || errors.Is(err, ErrUnknowable) {
		t.Errorf("a wrong password: %v", err)
	}
}

func TestCallerIsWhoTheSecurityPluginSays(t *testing.T) {
	user, roles, err := connect(t, say(http.StatusOK, "application/json", `{"user":"User [name=me]","user_name":"me","roles":["manage_snapshots","reader"]}`)).Caller(t.Context())
	if err != nil || user != "me" || !slices.Equal(roles, []string{"manage_snapshots", "reader"}) {
		t.Errorf("%s %q %v", user, roles, err)
	}
}

func TestVerificationIsAskedOnceAndCountsNodes(t *testing.T) {
	h := &counted{HandlerFunc: say(http.StatusOK, "application/json", `{"nodes":{"a":{"name":"n1"},"b":{"name":"n2"}}}`)}
	nodes, err := connect(t, h).VerifyRepository(t.Context(), "archiver-logdata")
	if err != nil || nodes != 2 {
		t.Errorf("%d, %v", nodes, err)
	}
	if call, _ := h.last(); call != "POST /_snapshot/archiver-logdata/_verify" {
		t.Errorf("asked by %s", call)
	}
	h = &counted{HandlerFunc: say(http.StatusServiceUnavailable, "application/json", `{}`)}
	if _, err := connect(t, h).VerifyRepository(t.Context(), "r"); err == nil || h.calls() != 1 {
		t.Errorf("%v", err)
	}
	if _, err := connect(t, h).VerifyRepository(t.Context(), "a/b"); err == nil || strings.Contains(err.Error(), "503") {
		t.Errorf("%v", err)
	}
}
