package sigv4_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"testing"
	"time"
)

// rawRequest is what a service sees on the wire.
type rawRequest struct {
	method, target, host string // target is path and query, as they came
	header               http.Header
	body                 string
}

// verifier checks signatures as AWS's documents describe Signature Version 4
// for every service but S3. It is written from them alone, and shares no code
// with what signs.
type verifier struct {
	region, service string
	secrets         map[string]string // by access key
	tokens          map[string]string // by access key; none: no token may come
	now             func() time.Time
}

func (v verifier) check(r rawRequest) error {
	auth, ok := strings.CutPrefix(r.header.Get("Authorization"), "AWS4-HMAC-SHA256 ")
	if !ok {
		return errors.New("not signed")
	}
	fields := map[string]string{}
	for _, f := range strings.Split(auth, ", ") {
		name, value, _ := strings.Cut(f, "=")
		fields[name] = value
	}
	date := r.header.Get("X-Amz-Date")
	at, err := time.Parse("20060102T150405Z", date)
	if err != nil {
		return err
	}
	if off := v.now().Sub(at).Abs(); off > 5*time.Minute {
		return fmt.Errorf("signed %s away from now", off)
	}
	key, scope, _ := strings.Cut(fields["Credential"], "/")
	if want := date[:8] + "/" + v.region + "/" + v.service + "/aws4_request"; scope != want {
		return fmt.Errorf("scope is %q, want %q", scope, want)
	}
	secret, known := v.secrets[key]
	if !known {
		return fmt.Errorf("access key %q is not known", key)
	}
	if got := r.header.Get("X-Amz-Security-Token"); got != v.tokens[key] {
		return fmt.Errorf("session token is %q", got)
	}
	signed := strings.Split(fields["SignedHeaders"], ";")
	if err := complete(r, signed); err != nil {
		return err
	}
	if got := r.header.Get("X-Amz-Content-Sha256"); got != "" && got != digest(r.body) {
		return errors.New("the payload's hash is another's")
	}
	if got, want := fields["Signature"], signature(r, signed, secret, date, scope); got != want {
		return fmt.Errorf("signature is %s, want %s for\n%s", got, want, canonical(r, signed))
	}
	return nil
}

// complete wants every header signed that has a meaning for the service.
func complete(r rawRequest, signed []string) error {
	if !slices.IsSorted(signed) || !slices.Contains(signed, "host") {
		return fmt.Errorf("signed headers: %q", signed)
	}
	for name := range r.header {
		name = strings.ToLower(name)
		if (strings.HasPrefix(name, "x-amz-") || name == "content-type") && !slices.Contains(signed, name) {
			return fmt.Errorf("%s is not signed", name)
		}
	}
	return nil
}

func signature(r rawRequest, signed []string, secret, date, scope string) string {
	toSign := "AWS4-HMAC-SHA256\n" + date + "\n" + scope + "\n" + digest(canonical(r, signed))
	key := []byte("AWS4" + secret)
	for _, part := range strings.Split(scope, "/") {
		key = mac(key, part)
	}
	return hex.EncodeToString(mac(key, toSign))
}

func canonical(r rawRequest, signed []string) string {
	wire, query, _ := strings.Cut(r.target, "?")
	clean := path.Clean("/" + wire)
	if strings.HasSuffix(wire, "/") && clean != "/" {
		clean += "/"
	}
	var headers strings.Builder
	for _, name := range signed {
		values := r.header.Values(name)
		if name == "host" {
			values = []string{r.host}
		}
		for i, v := range values {
			values[i] = strings.Join(strings.Fields(v), " ")
		}
		headers.WriteString(name + ":" + strings.Join(values, ",") + "\n")
	}
	return strings.Join([]string{
		r.method, encode(clean, "/"), canonicalQuery(query), headers.String(), strings.Join(signed, ";"), digest(r.body),
	}, "\n")
}

func canonicalQuery(query string) string {
	var pairs []string
	for _, p := range strings.FieldsFunc(query, func(c rune) bool { return c == '&' }) {
		name, value, _ := strings.Cut(p, "=")
		// A plus on the wire is a plus: nothing here is a form.
		n, errName := url.PathUnescape(name)
		v, errValue := url.PathUnescape(value)
		if errName != nil || errValue != nil {
			return "malformed"
		}
		pairs = append(pairs, encode(n, "")+"="+encode(v, ""))
	}
	slices.Sort(pairs)
	return strings.Join(pairs, "&")
}

// encode is UriEncode of the documents.
func encode(s, also string) string {
	var b strings.Builder
	for _, c := range []byte(s) {
		if strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~"+also, c) >= 0 {
			b.WriteByte(c)
		} else {
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	return b.String()
}

func digest(s string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(s))) }

func mac(key []byte, s string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = io.WriteString(h, s)
	return h.Sum(nil)
}

// TestTheVerifierAgreesWithAmazonsTestSuite runs the vectors that Amazon has
// published as aws-sig-v4-test-suite.
func TestTheVerifierAgreesWithAmazonsTestSuite(t *testing.T) {
	const token = "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA=="
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, target string
		header               http.Header
		body                 string
		signature            string
	}{
		{"get-vanilla", "GET", "/", nil, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", nil, "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"get-vanilla-empty-query-key", "GET", "/?Param1=value1", nil, "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"},
		{"get-utf8", "GET", "/ሴ", nil, "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"},
		{"get-relative", "GET", "/example/..", nil, "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-slashes", "GET", "//example//", nil, "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"},
		{"get-slash-pointless-dot", "GET", "/./example", nil, "", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"},
		{"get-space", "GET", "/example space/", nil, "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"},
		{"get-header-value-order", "GET", "/", http.Header{"My-Header1": {"value4", "value1", "value3", "value2"}}, "", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"},
		{"get-header-value-trim", "GET", "/", http.Header{"My-Header1": {" value1"}, "My-Header2": {` "a   b   c"`}}, "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"},
		{"post-vanilla", "POST", "/", nil, "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-vanilla-empty-query-value", "POST", "/?Param1=value1", nil, "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"},
		{"post-x-www-form-urlencoded", "POST", "/", http.Header{"Content-Type": {form}}, "Param1=value1", "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
		{"post-sts-header-before", "POST", "/", http.Header{"X-Amz-Security-Token": {token}}, "", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := rawRequest{c.method, c.target, "example.amazonaws.com", http.Header{"X-Amz-Date": {"20150830T123600Z"}}, c.body}
			maps.Copy(r.header, c.header)
			signed := []string{"host"}
			for name := range r.header {
				signed = append(signed, strings.ToLower(name))
			}
			slices.Sort(signed)
			r.header.Set("Authorization", "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders="+
				strings.Join(signed, ";")+", Signature="+c.signature)
			v := verifier{
				region: "us-east-1", service: "service",
				secrets: map[string]string{"AKIDEXAMPLE": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"},
				tokens:  map[string]string{"AKIDEXAMPLE": c.header.Get("X-Amz-Security-Token")},
				now:     func() time.Time { return time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC) },
			}
			if err := v.check(r); err != nil {
				t.Error(err)
			}
			r.body += "x"
			if err := v.check(r); err == nil {
				t.Error("another body has the same signature")
			}
		})
	}
}
