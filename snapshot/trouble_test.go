package snapshot

import (
	"compress/gzip"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// aloud is an error as a person gets it.
func aloud(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return fmt.Sprintf("%v\n  what to do: %s", err, e.Hint())
	}
	return fmt.Sprint(err)
}

func down(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	return "http://" + l.Addr().String()
}

func TestAChangeThatWasNeverSentGoesToTheNextAddress(t *testing.T) {
	h := &counted{HandlerFunc: replay(t, "acknowledged")}
	up := httptest.NewServer(h)
	defer up.Close()
	for range 20 { // the transport begins anywhere
		c := connectWith(t, nil, Options{URLs: []string{down(t), up.URL, down(t)}})
		for range 3 {
			if err := c.Delete(t.Context(), "staging", "s1"); err != nil {
				t.Fatal(err)
			}
			if n := h.calls(); n != 1 {
				t.Fatalf("sent %d times", n)
			}
		}
	}
}

func TestAChangeThatMayHaveBeenSentGoesNowhereElse(t *testing.T) {
	h := &counted{HandlerFunc: hangUp}
	one, two := httptest.NewServer(h), httptest.NewServer(h)
	defer one.Close()
	defer two.Close()
	c := connectWith(t, nil, Options{URLs: []string{one.URL, two.URL}})
	for range 10 {
		err := c.Delete(t.Context(), "staging", "s1")
		if n := h.calls(); !errors.Is(err, ErrAmbiguous) || n != 1 {
			t.Fatalf("sent %d times: %v", n, err)
		}
	}
}

func TestAReadGoesOnWithTheNextAddress(t *testing.T) {
	up := httptest.NewServer(replay(t, "info"))
	defer up.Close()
	for name, h := range map[string]http.HandlerFunc{
		"hangs up": hangUp, "502": say(502, "text/html", "<html>"), "429": say(429, "application/json", "{}"),
	} {
		bad := httptest.NewServer(h)
		defer bad.Close()
		for range 5 {
			c := connectWith(t, nil, Options{URLs: []string{bad.URL, up.URL}})
			if _, err := c.Info(t.Context()); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func TestCompressedAnswersAreRead(t *testing.T) {
	zipped := func(h http.HandlerFunc) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
				t.Error("compression was not asked for")
			}
			rec := httptest.NewRecorder()
			h(rec, r)
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			defer z.Close()
			_, _ = io.Copy(z, rec.Body)
		}
	}
	if _, err := connect(t, zipped(replay(t, "info"))).Info(t.Context()); err != nil {
		t.Fatal(err)
	}
	bomb := func(w http.ResponseWriter, _ *http.Request) { // 128 KiB on the wire
		w.Header().Set("Content-Encoding", "gzip")
		z := gzip.NewWriter(w)
		defer z.Close()
		_, _ = io.Copy(z, io.LimitReader(spaces{}, 2*maxAnswer))
	}
	if _, err := connect(t, http.HandlerFunc(bomb)).Info(t.Context()); !errors.Is(err, ErrTooLarge) {
		t.Fatalf("a small answer that inflates: %v", err)
	}
}

type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestAnAPIKeyIsSentEncodedAndNeverPrinted(t *testing.T) {
	encoded := base64.StdEncoding.EncodeToString([]byte("VuaCfGcBCdbkQm:hunter2"))
	for _, key := range []string{encoded, "VuaCfGcBCdbkQm:hunter2"} {
		h := &counted{HandlerFunc: func(w http.ResponseWriter, r *http.Request) {
			say(http.StatusForbidden, "application/json", `{"error":{"type":"security_exception","reason":"`+r.Header.Get("Authorization")+` hunter2"}}`)(w, r)
		}}
		o := Options{APIKey: key}
		_, err := connectWith(t, h, o).Info(t.Context())
		if got := h.requests[0].Header.Get("Authorization"); got != "ApiKey "+encoded {
			t.Errorf("sent %q", got)
		}
		if text := aloud(err) + fmt.Sprintf("%v %+v %#v", o, o, o); strings.Contains(text, "hunter2") || strings.Contains(text, encoded) {
			t.Errorf("the key shows in %s", text)
		}
	}
	for _, key := range []string{"two words", "line\nend", "schlüssel"} {
		_, err := Connect(Options{URLs: []string{"https://a"}, APIKey: key})
		if !errors.Is(err, ErrConfiguration) || strings.Contains(err.Error(), key) {
			t.Errorf("%q: %v", key, err)
		}
	}
}

// TestBadBeginningsAreTheConfigurations meets everything that is not a cluster,
// or does not let this caller in.
func TestBadBeginningsAreTheConfigurations(t *testing.T) {
	for _, c := range []struct {
		name       string
		answer     http.HandlerFunc
		says, hint string
	}{
		{"a web page", say(200, "text/html", "<html>"), "not a cluster's answer", "check the URL"},
		{"S3", say(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>"), "application/xml", "check the URL"},
		{"a page that is missing", say(404, "text/html", "<html>"), "404 Not Found", "path prefix"},
		{"nothing", say(200, "", ""), "not a cluster's answer", "check the URL"},
		{"another API", say(200, "application/json", `{"hello":"world"}`), "no version", "check the URL"},
		{"a login", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/login?next=hunter2", http.StatusFound)
		}, "redirects to /login", "not followed"},
		{"another product", say(200, "application/json", `{"cluster_name":"c","cluster_uuid":"u","version":{"number":"1.0","distribution":"likesearch"}}`), "likesearch", "OpenSearch and Elasticsearch"},
		{"Elastic's serverless", say(200, "application/json", `{"cluster_name":"c","cluster_uuid":"u","version":{"number":"8.11.0","build_flavor":"serverless"}}`), "serverless", "OpenSearch and Elasticsearch"},
		{"a wrong password", say(401, "application/json", `{"error":{"type":"security_exception","reason":"unable to authenticate user [me]"}}`), "unable to authenticate", "user and password"},
		{"a proxy that asks", say(407, "text/html", "<html>"), "407", "NO_PROXY"},
		{"nginx's TLS port", say(400, "text/html", "<center>The plain HTTP request was sent to HTTPS port</center>"), "this port speaks TLS", "https://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := connect(t, c.answer).Info(t.Context())
			if !errors.Is(err, ErrConfiguration) || !strings.Contains(err.Error(), c.says) || !strings.Contains(aloud(err), c.hint) || strings.Contains(err.Error(), "hunter2") {
				t.Error(aloud(err))
			}
			t.Log(aloud(err))
		})
	}
}

func TestPassingTroublesAreNotTheConfigurations(t *testing.T) {
	for name, h := range map[string]http.HandlerFunc{
		"503 with a page": say(503, "text/html", "<html>"), "429": say(429, "application/json", `{}`), "nothing": hangUp,
		"a full disk": say(403, "application/json", `{"error":{"type":"cluster_block_exception","reason":"blocked by: [FORBIDDEN/6/cluster read-only (api)];"}}`),
	} {
		_, err := connectWith(t, h, Options{RetryFor: -1}).Info(t.Context())
		if err == nil || errors.Is(err, ErrConfiguration) {
			t.Errorf("%s: %v", name, err)
		}
		t.Log(aloud(err))
	}
}

func TestHandshakesThatFailAreExplained(t *testing.T) {
	quiet := func(h http.Handler, conf *tls.Config) *httptest.Server {
		s := httptest.NewUnstartedServer(h)
		s.TLS, s.Config.ErrorLog = conf, log.New(io.Discard, "", 0)
		s.StartTLS()
		t.Cleanup(s.Close)
		return s
	}
	ours, ca := certificate(t, time.Now().Add(time.Hour), "127.0.0.1")
	expired, expiredCA := certificate(t, time.Now().Add(-time.Hour), "127.0.0.1")
	other, otherCA := certificate(t, time.Now().Add(time.Hour), "10.1.2.3")
	good := quiet(replay(t, "info"), &tls.Config{Certificates: []tls.Certificate{ours}})
	plain := httptest.NewServer(replay(t, "info"))
	defer plain.Close()
	for _, c := range []struct {
		name, url string
		ca        []byte
		hint      string
	}{
		{"nobody's certificate", good.URL, nil, "ca_file"},
		{"an expired one", quiet(nil, &tls.Config{Certificates: []tls.Certificate{expired}}).URL, expiredCA, "not valid now"},
		{"another host's", quiet(nil, &tls.Config{Certificates: []tls.Certificate{other}}).URL, otherCA, "another host name"},
		{"a client's certificate is wanted", quiet(nil, &tls.Config{Certificates: []tls.Certificate{ours}, ClientAuth: tls.RequireAnyClientCert}).URL, ca, "client's certificate"},
		{"https for http", strings.Replace(plain.URL, "http:", "https:", 1), nil, "http://"},
		{"http for https", strings.Replace(good.URL, "https:", "http:", 1), nil, "https://"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := connectWith(t, nil, Options{URLs: []string{c.url}, CA: c.ca}).Info(t.Context())
			if !errors.Is(err, ErrConfiguration) || !strings.Contains(aloud(err), c.hint) {
				t.Error(aloud(err))
			}
			t.Log(aloud(err))
		})
	}
	if _, err := connectWith(t, nil, Options{URLs: []string{good.URL}, CA: ca}).Info(t.Context()); err != nil {
		t.Errorf("with the self-signed certificate given: %v", err)
	}
}

// certificate signs itself for an address.
func certificate(t *testing.T, until time.Time, address string) (tls.Certificate, []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: until.Add(-24 * time.Hour), NotAfter: until, IPAddresses: []net.IP{net.ParseIP(address)},
		IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}
