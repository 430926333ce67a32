package snapshot

import (
	"context"
	"encoding/pem"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestReadsAreRepeatedUntilAnswered(t *testing.T) {
	for name, first := range map[string]http.HandlerFunc{
		"429":              say(429, "application/json", `{"error":{"type":"circuit_breaking_exception","reason":"too much"}}`),
		"502":              say(502, "text/html", "<html>"),
		"503":              say(503, "text/plain", ""),
		"504":              say(504, "text/html", "<html>"),
		"connection reset": hangUp,
		"answer cut off": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte(`{"cluster`))
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := &counted{HandlerFunc: inTurn(first, first, replay(t, "info"))}
			if _, err := connect(t, h).Info(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := h.calls(); n < 3 { // net/http may repeat a GET once more on its own
				t.Fatalf("%d calls", n)
			}
		})
	}
}

func TestReadsAreNotRepeatedWhereItDoesNotHelp(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"400": replay(t, "count-closed"),
		"404": replay(t, "repository-missing"),
		"500": replay(t, "disabled"),
		"401": say(401, "text/plain", "Unauthorized"),
	} {
		t.Run(name, func(t *testing.T) {
			h := &counted{HandlerFunc: answer}
			if _, err := connect(t, h).Snapshots(t.Context(), "staging"); err == nil || h.seen() != 1 {
				t.Fatalf("%d calls, %v", h.calls(), err)
			}
		})
	}
}

func TestReadsEndWithTheLastAnswerWhenTimeIsUp(t *testing.T) {
	h := &counted{HandlerFunc: say(503, "text/plain", "")}
	c := connectWith(t, h, Options{RetryFor: -1})
	var e *Error
	if _, err := c.Info(t.Context()); !errors.As(err, &e) || e.Status != 503 || h.seen() != 1 {
		t.Fatalf("%d calls, %v", h.calls(), err)
	}
	h.calls()
	c.retryFor = 100 * time.Millisecond
	if _, err := c.Info(t.Context()); !errors.As(err, &e) || e.Status != 503 || h.seen() < 2 {
		t.Fatalf("%d calls, %v", h.calls(), err)
	}
}

func TestReadsWaitAsLongAsTheServerAsks(t *testing.T) {
	h := &counted{HandlerFunc: func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Retry-After", "30")
		say(429, "application/json", "{}")(w, r)
	}}
	c := connectWith(t, h, Options{RetryFor: 10 * time.Second})
	began := time.Now()
	_, err := c.Info(t.Context())
	if n := h.calls(); err == nil || n != 1 || time.Since(began) > 5*time.Second {
		t.Fatalf("%d calls, %v: 30 s do not fit into 10", n, err)
	}
	c.retryFor = time.Minute
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	_, err = c.Info(ctx)
	if n := h.calls(); !errors.Is(err, context.DeadlineExceeded) || !errors.Is(err, ErrBusy) || n != 1 {
		t.Fatalf("%d calls, %v: the wait does not end with the context", n, err)
	}
}

// changes are all calls that alter something, by name.
func changes(c *Cluster) map[string]func(context.Context) error {
	return map[string]func(context.Context) error{
		"register":   func(ctx context.Context) error { return c.Register(ctx, "staging", Repository{Type: "fs"}) },
		"unregister": func(ctx context.Context) error { return c.Unregister(ctx, "staging") },
		"create": func(ctx context.Context) error {
			return c.Create(ctx, "staging", "s1", CreateOptions{Indices: []string{"a"}})
		},
		"delete":  func(ctx context.Context) error { return c.Delete(ctx, "staging", "s1") },
		"cleanup": func(ctx context.Context) error { return c.Cleanup(ctx, "staging") },
	}
}

func TestAChangeWithoutAClearAnswerIsAmbiguousAndSentOnce(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"connection closed": hangUp,
		"answer cut off": func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "500")
			_, _ = w.Write([]byte(`{"ack`))
		},
		"502":            say(502, "text/html", "<html>bad gateway"),
		"500 by a front": say(500, "application/json", `{"message":"internal failure"}`),
		"503 by a front": say(503, "text/html", "<html>"),
		"503 without a manager": say(503, "application/json",
			`{"error":{"type":"cluster_manager_not_discovered_exception","reason":null},"status":503}`),
		"504":           say(504, "text/html", "<html>"),
		"a login page":  say(200, "text/html", "<html>please log in"),
		"node went off": say(500, "application/json", `{"error":{"type":"node_disconnected_exception","reason":"gone"},"status":500}`),
		"timeout":       wait,
	} {
		h := &counted{HandlerFunc: answer}
		for verb, change := range changes(connectWith(t, h, Options{Timeout: 200 * time.Millisecond})) {
			t.Run(name+"/"+verb, func(t *testing.T) {
				err := change(t.Context())
				if n := h.calls(); !errors.Is(err, ErrAmbiguous) || n != 1 {
					t.Fatalf("%d calls, %v", n, err)
				}
				if errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("our own timeout looks like the caller's: %v", err)
				}
			})
		}
	}
}

func TestAChangeThatIsNotAcknowledgedIsAmbiguous(t *testing.T) {
	c := connect(t, say(200, "application/json", `{"acknowledged":false}`))
	if err := c.Delete(t.Context(), "staging", "s1"); !errors.Is(err, ErrAmbiguous) {
		t.Fatal(err)
	}
}

func TestAChangeThatWasCancelledIsAmbiguousAndCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	c := connect(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		cancel()
		<-r.Context().Done()
	}))
	err := c.Delete(ctx, "staging", "s1")
	if !errors.Is(err, ErrAmbiguous) || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
}

func TestAChangeThatWasNeverSentIsNotAmbiguous(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nobody := "http://" + l.Addr().String()
	l.Close()
	for verb, change := range changes(connectWith(t, nil, Options{URLs: []string{nobody}})) {
		err := change(t.Context())
		if err == nil || errors.Is(err, ErrAmbiguous) {
			t.Errorf("%s: %v", verb, err)
		}
	}
}

func TestErrorsOfTheConnectionCarryTheirRemedy(t *testing.T) {
	secure := httptest.NewTLSServer(replay(t, "info"))
	defer secure.Close()
	plain := httptest.NewServer(replay(t, "info"))
	defer plain.Close()
	slow := httptest.NewServer(http.HandlerFunc(wait))
	defer slow.Close()
	for _, tt := range []struct {
		name, url, hint string
		retryFor        time.Duration
	}{
		{"unknown authority", secure.URL, "ca_file", time.Minute},
		{"plain port", strings.Replace(plain.URL, "http:", "https:", 1), "http://", time.Minute},
		{"no such host", "http://nowhere.invalid", "resolves", -1},
		{"no answer", slow.URL, "in time", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := connectWith(t, nil, Options{URLs: []string{tt.url}, RetryFor: tt.retryFor, Timeout: 5 * time.Second})
			if tt.name == "no answer" {
				c.timeout = 50 * time.Millisecond
			}
			began := time.Now()
			_, err := c.Info(t.Context())
			var e *Error
			if !errors.As(err, &e) || e.Status != 0 || !strings.Contains(e.Hint(), tt.hint) {
				t.Fatalf("got %v, hint %q", err, e.Hint())
			}
			if time.Since(began) > 10*time.Second {
				t.Fatal("what cannot get better was repeated")
			}
		})
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw})
	c := connectWith(t, nil, Options{URLs: []string{secure.URL}, CA: ca})
	if _, err := c.Info(t.Context()); err != nil {
		t.Fatalf("with the certificate given: %v", err)
	}
}

func TestAnswersOfUnboundedLengthAreRefused(t *testing.T) {
	c := connect(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		chunk := []byte(strings.Repeat(" ", 1<<20))
		for range maxAnswer>>20 + 1 {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	if _, err := c.Info(t.Context()); !errors.Is(err, ErrTooLarge) {
		t.Fatal(err)
	}
}

func TestEveryNodeIsTriedWhenOneIsDown(t *testing.T) {
	up := httptest.NewServer(replay(t, "info"))
	defer up.Close()
	down := httptest.NewServer(nil)
	down.Close()
	c := connectWith(t, nil, Options{URLs: []string{down.URL, up.URL}})
	for range 4 {
		if _, err := c.Info(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestRepeatedReadsAreTold(t *testing.T) {
	var told []error
	c := connectWith(t, inTurn(say(503, "text/plain", ""), say(503, "text/plain", ""), replay(t, "info")), Options{
		Retrying: func(err error) { told = append(told, err) },
	})
	if _, err := c.Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	if len(told) != 2 {
		t.Errorf("told of %v, want two failures", told)
	}
}
