package snapshot

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

func TestConnectRefusesURLsItCannotUse(t *testing.T) {
	for _, tt := range []struct {
		name string
		urls []string
		says string
	}{
		{"none", nil, "no url"},
		{"no scheme", []string{"search.example.org:9200"}, "url 1"},
		{"no host", []string{"https://"}, "url 1"},
		{"another scheme", []string{"https://a", "ftp://b"}, "url 2"},
		{"credentials", []string{"https://u:hunter2@a"}, "credentials"},
		{"not a url", []string{"https://u:hunter2@a b\x7f"}, "url 1"},
		{"query", []string{"https://a/?key=hunter2"}, "query"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := Connect(Options{URLs: tt.urls})
			if err == nil || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("got %v, want %q in it", err, tt.says)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Fatalf("the error tells the password: %v", err)
			}
		})
	}
	if _, err := Connect(Options{URLs: []string{"https://a"}, CA: []byte("no PEM")}); err == nil {
		t.Fatal("a CA file without a certificate was accepted")
	}
}

func TestRequestsKeepThePathPrefixAndEscapeNames(t *testing.T) {
	h := &counted{HandlerFunc: replay(t, "count")}
	srv := httptest.NewServer(h)
	defer srv.Close()
	c := connectWith(t, h, Options{URLs: []string{srv.URL + "/behind/a proxy/"}})
	if _, err := c.Count(t.Context(), "ä%+&=@;.x"); err != nil {
		t.Fatal(err)
	}
	if got, want := h.requests[0].URL.Path, "/behind/a proxy/ä%+&=@;.x/_count"; got != want {
		t.Fatalf("asked for %q, want %q", got, want)
	}
}

func TestBasicAuthenticationIsSentAndNeverPrinted(t *testing.T) {
	const password = "hunter2+/="
	h := &counted{HandlerFunc: func(w http.ResponseWriter, r *http.Request) {
		// A front that echoes what it was sent, and a cluster that does.
		body, _ := json.Marshal(map[string]any{"error": map[string]string{
			"type": "security_exception", "reason": r.Header.Get("Authorization") + " " + password,
		}})
		say(http.StatusForbidden, "application/json", string(body))(w, r)
	}}
	o := Options{Username: "archiver", Password: password}
	c := connectWith(t, h, o)
	_, err := c.Info(t.Context())
	if u, p, ok := h.requests[0].BasicAuth(); !ok || u != "archiver" || p != password {
		t.Fatalf("sent %q %q %v", u, p, ok)
	}
	marshalled, jsonErr := json.Marshal(o)
	if jsonErr != nil {
		t.Fatal(jsonErr)
	}
	var e *Error
	if !errors.As(err, &e) || e.Status != http.StatusForbidden {
		t.Fatalf("got %v", err)
	}
	basic := strings.TrimPrefix(h.requests[0].Header.Get("Authorization"), "Basic ")
	for _, text := range []string{
		err.Error(), e.Hint(), fmt.Sprintf("%+v", e.Reason),
		fmt.Sprint(o), fmt.Sprintf("%+v", o), fmt.Sprintf("%#v", o), string(marshalled),
	} {
		if strings.Contains(text, password) || strings.Contains(text, basic) {
			t.Errorf("the password shows in %s", text)
		}
	}
}

func TestAuthorizeSeesTheFinalRequestAndReplacesBasic(t *testing.T) {
	var seen string
	h := &counted{HandlerFunc: replay(t, "acknowledged")}
	o := Options{Username: "u", Password: "p", Authorize: func(r *http.Request) error {
		body, err := r.GetBody()
		if err != nil {
			return err
		}
		defer body.Close()
		seen = r.Method + " " + r.URL.String()
		r.Header.Set("Authorization", "ApiKey abc")
		return nil
	}}
	srv := httptest.NewServer(h)
	defer srv.Close()
	o.URLs = []string{srv.URL + "/prefix"}
	c := connectWith(t, h, o)
	if err := c.Register(t.Context(), "staging", Repository{Type: "fs"}); err != nil {
		t.Fatal(err)
	}
	if want := "PUT " + srv.URL + "/prefix/_snapshot/staging"; seen != want {
		t.Errorf("authorize saw %q, want %q", seen, want)
	}
	if got := h.requests[0].Header["Authorization"]; !slices.Equal(got, []string{"ApiKey abc"}) {
		t.Errorf("sent %q", got)
	}
}

func TestARequestThatCannotBeAuthorizedIsNotSent(t *testing.T) {
	h := &counted{HandlerFunc: replay(t, "acknowledged")}
	broken := errors.New("no credentials in the chain")
	c := connectWith(t, h, Options{Authorize: func(*http.Request) error { return broken }})
	err := c.Unregister(t.Context(), "staging")
	if !errors.Is(err, broken) || errors.Is(err, ErrAmbiguous) || h.seen() != 0 {
		t.Fatalf("got %v after %d calls", err, h.seen())
	}
	if _, err := c.Info(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
}

func TestCloseLeavesNothingRunning(t *testing.T) {
	before := goleak.IgnoreCurrent()
	srv := httptest.NewServer(replay(t, "info"))
	c, err := Connect(Options{URLs: []string{srv.URL, srv.URL + "/two"}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	srv.Close()
	goleak.VerifyNone(t, before)
}
