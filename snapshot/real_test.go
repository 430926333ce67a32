package snapshot_test

import (
	"encoding/base64"
	"encoding/pem"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"testing"

	"archiver/internal/lab"
	"archiver/snapshot"
)

func TestMain(m *testing.M) { lab.Main(m) }

func connected(t *testing.T, o snapshot.Options) *snapshot.Cluster {
	t.Helper()
	c, err := snapshot.Connect(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// TestElasticsearchLetsIn asks with a password, directly and behind a proxy
// that speaks TLS and adds a prefix. No API key is made: the distribution for
// tests lacks the analysis module that the index of the keys is created with.
func TestElasticsearchLetsIn(t *testing.T) {
	search := lab.Search(t, lab.Elasticsearch717, lab.SearchOptions{BasicAuth: true})
	target, err := url.Parse(search.URL)
	if err != nil {
		t.Fatal(err)
	}
	proxy := httptest.NewTLSServer(http.StripPrefix("/search", &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(target) }}))
	defer proxy.Close()
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: proxy.Certificate().Raw})
	for name, o := range map[string]snapshot.Options{
		"a password":           {URLs: []string{search.URL}, Username: search.Username, Password: search.Password},
		"behind a prefix, TLS": {URLs: []string{proxy.URL + "/search/"}, CA: ca, Username: search.Username, Password: search.Password},
	} {
		t.Run(name, func(t *testing.T) {
			c := connected(t, o)
			repository := strings.ReplaceAll(strings.ToLower(name), " ", "-")
			repository = strings.ReplaceAll(repository, ",", "")
			err := c.Register(t.Context(), repository, snapshot.Repository{Type: "fs", Settings: map[string]string{"location": filepath.Join(search.RepoDir, repository)}})
			if err != nil {
				t.Fatal(err)
			}
			if list, err := c.Snapshots(t.Context(), repository); err != nil || len(list) > 0 {
				t.Errorf("%v, %v", list, err)
			}
			if found, err := c.Indices(t.Context(), []string{"none-*", "log+data%20ü"}); err != nil || len(found) > 0 {
				t.Errorf("%v, %v", found, err)
			}
			if err := c.Unregister(t.Context(), repository); err != nil {
				t.Error(err)
			}
		})
	}
	for name, o := range map[string]snapshot.Options{
		"a wrong password":  {Username: search.Username, Password: "hunter2"},
		"a stranger":        {Username: "nobody", Password: "hunter2"},
		"a wrong API key":   {APIKey: base64.StdEncoding.EncodeToString([]byte("nobody:hunter2"))},
		"nothing to say so": {},
	} {
		o.URLs = []string{search.URL}
		_, err := connected(t, o).Snapshots(t.Context(), "none")
		var e *snapshot.Error
		if !errors.Is(err, snapshot.ErrConfiguration) || !errors.As(err, &e) || e.Hint() == "" || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", name, err)
			continue
		}
		t.Logf("%s: %v\n  what to do: %s", name, err, e.Hint())
	}
}
