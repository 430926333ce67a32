package sigv4_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"archiver/snapshot"
	"archiver/snapshot/sigv4"
)

const region = "eu-central-1"

// domain is a cluster behind a verifier of signatures.
type domain struct {
	*httptest.Server
	verifier
	mu       sync.Mutex
	requests []rawRequest // that were accepted
	refused  []string
	// meddle, if set, may answer a request that was signed well.
	meddle func(w http.ResponseWriter, r *http.Request) bool
}

func newDomain(t *testing.T) *domain {
	t.Helper()
	d := &domain{verifier: verifier{
		region: region, service: "es", now: time.Now,
		secrets: map[string]string{"AKIDEXAMPLE": "secret/+="}, tokens: map[string]string{},
	}}
	d.Server = httptest.NewServer(d)
	t.Cleanup(d.Close)
	return d
}

func (d *domain) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	raw := rawRequest{r.Method, r.RequestURI, r.Host, r.Header, string(body)}
	w.Header().Set("Content-Type", "application/json")
	if err := d.check(raw); err != nil {
		d.refused = append(d.refused, fmt.Sprintf("%s %s: %v", r.Method, r.RequestURI, err))
		w.WriteHeader(http.StatusForbidden)
		// As the service says it, with the request's headers.
		_, _ = fmt.Fprintf(w, `{"message":"The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key. Consult the service documentation for details.\n\nThe Canonical String for this request should have been\n'GET\nx-amz-security-token:%s'"}`,
			r.Header.Get("X-Amz-Security-Token"))
		return
	}
	d.requests = append(d.requests, raw)
	if d.meddle != nil && d.meddle(w, r) {
		return
	}
	_, _ = io.WriteString(w, `{"acknowledged":true,"accepted":true,"cluster_name":"c","cluster_uuid":"u","version":{"number":"3.6.0","distribution":"opensearch"},"count":1,"snapshots":[]}`)
}

func connect(t *testing.T, authorize func(*http.Request) error, urls ...string) *snapshot.Cluster {
	t.Helper()
	c, err := snapshot.Connect(snapshot.Options{URLs: urls, Authorize: authorize})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func static(token string) aws.CredentialsProvider {
	return aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		return aws.Credentials{AccessKeyID: "AKIDEXAMPLE", SecretAccessKey: "secret/+=", SessionToken: token}, nil
	})
}

var oddNames = []string{"logdata-20112026", "a+b", "log+data%20ü", "ä&=@:$!'()~;", "%2F%252f", "100%", "日本語.x_y-z"}

// everyCall makes each request that the client can make, about one name.
func everyCall(ctx context.Context, c *snapshot.Cluster, name string) []error {
	_, info := c.Info(ctx)
	_, repository := c.Repository(ctx, name)
	_, taken := c.Snapshot(ctx, name, name)
	_, list := c.Snapshots(ctx, name)
	_, progress := c.Progress(ctx, name, name)
	_, deleting := c.Deleting(ctx, name)
	_, count := c.Count(ctx, name)
	_, indices := c.Indices(ctx, []string{name, name + "*", "other"})
	return []error{
		info, repository, taken, list, progress, deleting, count, indices,
		c.Register(ctx, name, snapshot.Repository{Type: "s3", Settings: map[string]string{"bucket": name, "role_arn": "arn:aws:iam::1:role/x"}}),
		c.Create(ctx, name, name, snapshot.CreateOptions{Indices: []string{name}, Metadata: map[string]string{name: name}}),
		c.Cleanup(ctx, name), c.Delete(ctx, name, name), c.Unregister(ctx, name),
	}
}

func TestEveryCallIsSignedAsTheServiceReadsIt(t *testing.T) {
	for _, token := range []string{"", "a/session+token=="} {
		for _, prefix := range []string{"", "/behind/a-proxy/", "//twice/./x/../y", "/odd+prefix/ü"} {
			d := newDomain(t)
			d.tokens["AKIDEXAMPLE"] = token
			c := connect(t, sigv4.New(region, static(token)).Authorize, d.URL+prefix)
			for _, name := range oddNames {
				for i, err := range everyCall(t.Context(), c, name) {
					if forbidden(err) {
						t.Errorf("call %d about %q below %q: %v", i, name, prefix, err)
					}
				}
			}
			if len(d.requests) < len(oddNames)*13 || len(d.refused) > 0 {
				t.Errorf("%d requests were accepted; refused: %s", len(d.requests), strings.Join(d.refused, "\n"))
			}
		}
	}
}

func forbidden(err error) bool {
	var e *snapshot.Error
	return errors.As(err, &e) && e.Status == http.StatusForbidden
}

func TestNamesThatNoClusterTakesAreNotSent(t *testing.T) {
	d := newDomain(t)
	c := connect(t, sigv4.New(region, static("")).Authorize, d.URL)
	for _, name := range []string{"<logdata-{now/d}>", "a b", "a/b", "..", "a,b", "_all", ""} {
		if _, err := c.Count(t.Context(), name); err == nil {
			t.Errorf("%q was counted", name)
		}
	}
	if n := len(d.requests) + len(d.refused); n > 0 {
		t.Errorf("%d requests", n)
	}
}

func TestARepeatedReadIsSignedAnew(t *testing.T) {
	d := newDomain(t)
	n := 0
	d.meddle = func(w http.ResponseWriter, _ *http.Request) bool {
		if n++; n <= 2 {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return n <= 2
	}
	c := connect(t, sigv4.New(region, static("")).Authorize, d.URL)
	if _, err := c.Info(t.Context()); err != nil || len(d.requests) != 3 || len(d.refused) > 0 {
		t.Fatalf("%d accepted, refused %q: %v", len(d.requests), d.refused, err)
	}
}

func TestTheNextAddressGetsASignatureOfItsOwn(t *testing.T) {
	d := newDomain(t)
	nobody := httptest.NewServer(nil)
	nobody.Close()
	for range 10 { // the transport begins anywhere
		c := connect(t, sigv4.New(region, static("")).Authorize, nobody.URL, d.URL)
		if err := c.Register(t.Context(), "r", snapshot.Repository{Type: "s3"}); err != nil {
			t.Fatal(err)
		}
	}
	if len(d.refused) > 0 {
		t.Fatal(d.refused)
	}
}

// TestExpiredCredentialsAreRenewedInTheMiddleOfARun rotates the role's
// credentials; the domain accepts only those that are valid at the moment.
func TestExpiredCredentialsAreRenewedInTheMiddleOfARun(t *testing.T) {
	d := newDomain(t)
	var generation atomic.Int64
	cache := aws.NewCredentialsCache(aws.CredentialsProviderFunc(func(context.Context) (aws.Credentials, error) {
		g := generation.Load()
		return aws.Credentials{
			AccessKeyID: fmt.Sprint("AKID", g), SecretAccessKey: fmt.Sprint("secret", g), SessionToken: fmt.Sprint("token", g),
			CanExpire: true, Expires: time.Now(),
		}, nil
	}))
	c := connect(t, sigv4.New(region, cache).Authorize, d.URL)
	for g := range int64(3) {
		generation.Store(g)
		d.mu.Lock()
		d.secrets = map[string]string{fmt.Sprint("AKID", g): fmt.Sprint("secret", g)}
		d.tokens = map[string]string{fmt.Sprint("AKID", g): fmt.Sprint("token", g)}
		d.mu.Unlock()
		if _, err := c.Info(t.Context()); err != nil {
			t.Fatalf("generation %d: %v; refused %q", g, err, d.refused)
		}
		if err := c.Delete(t.Context(), "r", "s"); err != nil {
			t.Fatalf("generation %d: %v; refused %q", g, err, d.refused)
		}
	}
}

func TestARefusedSignatureTellsNoToken(t *testing.T) {
	const token = "hunter2+token/=="
	d := newDomain(t) // which expects no token
	c := connect(t, sigv4.New(region, static(token)).Authorize, d.URL)
	_, err := c.Info(t.Context())
	var e *snapshot.Error
	if !errors.As(err, &e) || !errors.Is(err, snapshot.ErrConfiguration) || !strings.Contains(e.Hint(), "secret access key is wrong") {
		t.Fatalf("%v", err)
	}
	if strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "Canonical") {
		t.Errorf("the message repeats the request: %v", err)
	}
}

func TestCredentialsThatCannotBeHadAreExplained(t *testing.T) {
	status := http.StatusForbidden
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }))
	defer service.Close()
	nobody := httptest.NewServer(nil)
	nobody.Close()
	none := map[string]string{"AWS_EC2_METADATA_DISABLED": "true"}
	for _, c := range []struct {
		name   string
		env    map[string]string
		status int
		is     error
		hint   string
	}{
		{"nothing in the chain", none, 0, snapshot.ErrConfiguration, "AWS_ACCESS_KEY_ID"},
		{"a container that may not", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": service.URL}, 403, snapshot.ErrConfiguration, ""},
		{"a container's service in trouble", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": service.URL}, 503, snapshot.ErrUnreachable, "run again"},
		{"a container's service that is not there", map[string]string{"AWS_CONTAINER_CREDENTIALS_FULL_URI": nobody.URL}, 0, snapshot.ErrUnreachable, "reaches"},
	} {
		t.Run(c.name, func(t *testing.T) {
			away(t)
			status = c.status
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			t.Setenv("AWS_MAX_ATTEMPTS", "1")
			signer, err := sigv4.Load(t.Context(), sigv4.Options{Region: region})
			if err != nil {
				t.Fatal(err)
			}
			cluster, err := snapshot.Connect(snapshot.Options{URLs: []string{nobody.URL}, Authorize: signer.Authorize, RetryFor: -1})
			if err != nil {
				t.Fatal(err)
			}
			defer cluster.Close()
			_, err = cluster.Info(t.Context())
			var e *snapshot.Error
			if !errors.As(err, &e) || !errors.Is(err, c.is) || !strings.Contains(e.Hint(), c.hint) {
				t.Fatalf("%v; hint %q", err, e.Hint())
			}
			t.Logf("%v\n  what to do: %s", err, e.Hint())
		})
	}
}

func TestMistakesOfTheAWSConfigurationAreNamed(t *testing.T) {
	away(t)
	for name, c := range map[string]struct {
		o    sigv4.Options
		hint string
	}{
		"no region":  {sigv4.Options{}, "cluster.region"},
		"no profile": {sigv4.Options{Region: region, Profile: "nobody"}, "cluster.profile"},
	} {
		_, err := sigv4.Load(t.Context(), c.o)
		var e *sigv4.Error
		if !errors.As(err, &e) || !errors.Is(err, snapshot.ErrConfiguration) || !strings.Contains(e.Hint(), c.hint) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTheDefaultChainAndNamedProfilesSign(t *testing.T) {
	for name, c := range map[string]struct {
		env     map[string]string
		file    string
		profile string
		region  string
	}{
		"the environment":      {map[string]string{"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret/+=", "AWS_SESSION_TOKEN": "token"}, "", "", region},
		"a profile":            {nil, "[profile logs]\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=secret/+=\naws_session_token=token\n", "logs", region},
		"the profile's region": {nil, "[profile logs]\nregion=" + region + "\naws_access_key_id=AKIDEXAMPLE\naws_secret_access_key=secret/+=\naws_session_token=token\n", "logs", ""},
	} {
		t.Run(name, func(t *testing.T) {
			away(t)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			if c.file != "" {
				path := filepath.Join(t.TempDir(), "config")
				if err := os.WriteFile(path, []byte(c.file), 0o600); err != nil {
					t.Fatal(err)
				}
				t.Setenv("AWS_CONFIG_FILE", path)
			}
			signer, err := sigv4.Load(t.Context(), sigv4.Options{Region: c.region, Profile: c.profile})
			if err != nil {
				t.Fatal(err)
			}
			d := newDomain(t)
			d.tokens["AKIDEXAMPLE"] = "token"
			if _, err := connect(t, signer.Authorize, d.URL).Info(t.Context()); err != nil {
				t.Errorf("%v; refused %q", err, d.refused)
			}
		})
	}
}

// TestAContainersRoleIsRenewed has a container's credentials service hand out
// credentials that expire within the time before which they are renewed.
func TestAContainersRoleIsRenewed(t *testing.T) {
	away(t)
	var n atomic.Int64
	service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = fmt.Fprintf(w, `{"AccessKeyId":"AKIDEXAMPLE","SecretAccessKey":"secret/+=","Token":"t%d","Expiration":%q}`,
			n.Add(1), time.Now().Add(time.Minute).UTC().Format(time.RFC3339))
	}))
	defer service.Close()
	t.Setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.URL)
	signer, err := sigv4.Load(t.Context(), sigv4.Options{Region: region})
	if err != nil {
		t.Fatal(err)
	}
	d := newDomain(t)
	c := connect(t, signer.Authorize, d.URL)
	for i := range 3 {
		d.mu.Lock()
		d.tokens["AKIDEXAMPLE"] = fmt.Sprint("t", i+1)
		d.mu.Unlock()
		if _, err := c.Info(t.Context()); err != nil {
			t.Fatalf("request %d: %v; refused %q", i, err, d.refused)
		}
	}
}

// away hides what this machine may know of AWS.
func away(t *testing.T) {
	t.Helper()
	for _, name := range []string{
		"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION",
		"AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
		"HTTP_PROXY", "http_proxy", "AWS_ENDPOINT_URL",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	t.Setenv("AWS_CONFIG_FILE", os.DevNull)
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", os.DevNull)
}
