package s3_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"archiver/archive/store"
	"archiver/archive/store/s3"
	"archiver/internal/lab"
)

// aloud is an error as a person gets it.
func aloud(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return fmt.Sprintf("%v\n  what to do: %s", err, h.Hint())
	}
	return fmt.Sprint(err)
}

// everyRead asks for an object, for its headers and for a listing.
func everyRead(t *testing.T, s *s3.Store) map[string]error {
	t.Helper()
	errs := map[string]error{}
	_, errs["get"] = s.Get(t.Context(), "k")
	_, errs["stat"] = s.Stat(t.Context(), "k", "")
	for _, err := range s.List(t.Context(), "", "") {
		errs["list"] = err
	}
	return errs
}

func TestMistakesThatTheServerTellsAreTheConfigurations(t *testing.T) {
	server := lab.S3(t)
	for _, c := range []struct {
		name   string
		env    map[string]string
		bucket string
		hint   string
	}{
		{"a bucket that is missing", nil, "not-there", "create the bucket"},
		{"a wrong secret", map[string]string{"AWS_SECRET_ACCESS_KEY": "wrong"}, server.Bucket(t), "access key or its secret is wrong"},
		{"a wrong access key", map[string]string{"AWS_ACCESS_KEY_ID": "nobody"}, server.Bucket(t), "access key or its secret is wrong"},
		{"no credentials", map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, server.Bucket(t), "no AWS credentials"},
	} {
		t.Run(c.name, func(t *testing.T) {
			server.Env(t)
			for k, v := range c.env {
				t.Setenv(k, v)
			}
			s := open(t, s3.Options{Bucket: c.bucket, Endpoint: server.Endpoint, PathStyle: true})
			for call, err := range everyRead(t, s) {
				if !errors.Is(err, store.ErrConfiguration) || errors.Is(err, store.ErrNotFound) || !strings.Contains(aloud(err), c.hint) {
					t.Errorf("%s: %s", call, aloud(err))
				}
			}
			_, err := s.Create(t.Context(), "k", []byte("x"))
			if !errors.Is(err, store.ErrConfiguration) || !strings.Contains(aloud(err), c.hint) {
				t.Errorf("create: %s", aloud(err))
			}
			t.Log(aloud(err))
		})
	}
}

func TestRefusalsThatNoRepetitionCuresAreTheConfigurations(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		code   string
		says   string
		owner  string
		hint   string
	}{
		{"a permission that is missing", 403, "AccessDenied", "Access Denied", "", "allow s3:GetObject"},
		{"a bucket of another owner", 403, "AccessDenied", "Access Denied", "012345678901", "compare s3.expected_bucket_owner"},
		{"a KMS key that may not be used", 403, "AccessDenied", "not authorized to perform: kms:Decrypt on resource", "", "kms:GenerateDataKey"},
		{"a bucket in another region", 301, "PermanentRedirect", "x", "", "s3.region"},
		{"a signature for another region", 400, "AuthorizationHeaderMalformed", "the region 'a' is wrong; expecting 'b'", "", "s3.region"},
		{"a token that has expired", 400, "ExpiredToken", "x", "", "renew"},
		{"a token of another key", 400, "InvalidToken", "x", "", "AWS_SESSION_TOKEN"},
		{"a clock that is wrong", 403, "RequestTimeTooSkewed", "x", "", "clock"},
		{"a server without checksums", 501, "NotImplemented", "x", "", "when_required"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := fake(t, c.owner, func(w http.ResponseWriter, r *http.Request) {
				if c.owner != "" && r.Header.Get("X-Amz-Expected-Bucket-Owner") != c.owner {
					t.Error("the owner was not asked for")
				}
				w.WriteHeader(c.status)
				if r.Method != http.MethodHead {
					_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>%s</Message></Error>", c.code, c.says)
				}
			})
			errs := everyRead(t, s)
			for call, err := range errs {
				if !errors.Is(err, store.ErrConfiguration) || c.owner != "" && !strings.Contains(aloud(err), c.hint) {
					t.Errorf("%s: %s", call, aloud(err))
				}
			}
			if !strings.Contains(aloud(errs["get"]), c.hint) {
				t.Error(aloud(errs["get"]))
			}
			t.Log(aloud(errs["get"]))
		})
	}
}

func TestPassingTroublesAreNotTheConfigurations(t *testing.T) {
	nobody := httptest.NewServer(nil)
	nobody.Close()
	aws(t)
	s := open(t, s3.Options{Bucket: "b", Region: "us-east-1", Endpoint: nobody.URL, PathStyle: true})
	if _, err := s.Create(t.Context(), "k", nil); err == nil || errors.Is(err, store.ErrConfiguration) {
		t.Error(err)
	}
	for _, code := range []string{"SlowDown", "InternalError", "RequestTimeout"} {
		s := fake(t, "", say(map[string]int{"SlowDown": 503, "InternalError": 500, "RequestTimeout": 400}[code], code))
		if _, err := s.Create(t.Context(), "k", nil); err == nil || errors.Is(err, store.ErrConfiguration) {
			t.Errorf("%s: %v", code, err)
		}
	}
	// A 403, but one that a thaw cures.
	s = fake(t, "", say(403, "InvalidObjectState"))
	if _, err := s.Get(t.Context(), "k"); err == nil || errors.Is(err, store.ErrConfiguration) {
		t.Error(err)
	}
}

// TestWhatIsNotS3IsNeverAnEmptyStore answers like web servers do: an empty
// listing or an object that is not there would be believed.
func TestWhatIsNotS3IsNeverAnEmptyStore(t *testing.T) {
	for _, status := range []int{200, 302, 400, 404, 405} {
		for _, body := range []string{"<html><body>hello</body></html>", `{"hello":"world"}`, "", "<!DOCTYPE html><p>x<br>"} {
			t.Run(fmt.Sprint(status, body), func(t *testing.T) {
				s := fake(t, "", func(w http.ResponseWriter, _ *http.Request) {
					w.Header().Set("Location", "/login")
					w.WriteHeader(status)
					_, _ = w.Write([]byte(body))
				})
				errs := everyRead(t, s)
				for _, call := range []string{"get", "stat", "list"} {
					if err := errs[call]; err == nil || errors.Is(err, store.ErrNotFound) {
						t.Errorf("%s: %v", call, err)
					}
				}
				if err := errs["get"]; !errors.Is(err, store.ErrConfiguration) || !strings.Contains(aloud(err), "s3.endpoint") {
					t.Error(aloud(err))
				}
				t.Log(aloud(errs["get"]))
				if _, err := s.Create(t.Context(), "k", []byte("x")); err == nil {
					t.Error("created on a web server")
				}
			})
		}
	}
}

func TestWrongSchemesAndCertificatesAreExplained(t *testing.T) {
	aws(t)
	t.Setenv("AWS_CA_BUNDLE", "")
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	secure := httptest.NewTLSServer(http.NotFoundHandler())
	defer secure.Close()
	for name, c := range map[string]struct{ endpoint, hint string }{
		"https for http": {strings.Replace(plain.URL, "http:", "https:", 1), "http://"},
		"http for https": {strings.Replace(secure.URL, "https:", "http:", 1), "s3.endpoint"},
		"a stranger":     {secure.URL, "AWS_CA_BUNDLE"},
	} {
		s := open(t, s3.Options{Bucket: "b", Region: "us-east-1", Endpoint: c.endpoint, PathStyle: true})
		_, err := s.Create(t.Context(), "k", nil)
		if !errors.Is(err, store.ErrConfiguration) || !strings.Contains(aloud(err), c.hint) {
			t.Errorf("%s: %s", name, aloud(err))
		}
		t.Log(aloud(err))
	}
}

func TestMistakesOfTheAWSConfigurationAreNamed(t *testing.T) {
	aws(t)
	_, err := s3.Open(t.Context(), s3.Options{Bucket: "b", Region: "us-east-1", Profile: "nobody"})
	if !errors.Is(err, store.ErrConfiguration) || !strings.Contains(aloud(err), "there is no profile nobody") || !strings.Contains(aloud(err), "s3.profile") {
		t.Error(aloud(err))
	}
	s := open(t, s3.Options{Bucket: "b"})
	_, err = s.Create(t.Context(), "k", nil)
	if !errors.Is(err, store.ErrConfiguration) || !strings.Contains(aloud(err), "set s3.region") {
		t.Error(aloud(err))
	}
}

// fake is a store whose server is h.
func fake(t *testing.T, owner string, h http.HandlerFunc) *s3.Store {
	t.Helper()
	aws(t)
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return open(t, s3.Options{Bucket: "b", Region: "us-east-1", Endpoint: srv.URL, PathStyle: true, ExpectedBucketOwner: owner})
}

// aws gives credentials that nobody checks, and hides the machine's own.
func aws(t *testing.T) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "", "AWS_REGION": "", "AWS_DEFAULT_REGION": "",
		"AWS_ENDPOINT_URL": "", "AWS_ENDPOINT_URL_S3": "", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": os.DevNull, "AWS_SHARED_CREDENTIALS_FILE": os.DevNull,
	} {
		t.Setenv(name, value)
	}
}
