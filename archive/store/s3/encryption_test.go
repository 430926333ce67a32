package s3_test

import (
	"bytes"
	"net/http"
	"testing"

	"archiver/archive/store"
	"archiver/archive/store/s3"
	"archiver/internal/lab"
)

// TestEveryWriteAsksForServerSideEncryption looks at what is sent: the server
// behind the proxy encrypts nothing, and says nothing about it.
func TestEveryWriteAsksForServerSideEncryption(t *testing.T) {
	_, _, p := faulty(t)
	server := lab.S3(t)
	for _, c := range []struct{ sse, key string }{
		{"", ""}, {"AES256", ""}, {"aws:kms", ""}, {"aws:kms", "alias/logs"}, {"aws:kms:dsse", "arn:aws:kms:eu-west-1:012345678901:key/k"},
	} {
		s := open(t, s3.Options{Bucket: server.Bucket(t), Endpoint: p.URL, PathStyle: true, SSE: c.sse, KMSKeyID: c.key})
		wants := map[string]int{"PUT": 3, "POST uploads": 1} // a part of an upload has what its upload has
		p.mu.Lock()
		p.harm = func(w http.ResponseWriter, r *http.Request) bool {
			name := requestName(r)
			if _, asked := wants[name]; !asked {
				return false
			}
			wants[name]--
			sse, key := r.Header.Get("X-Amz-Server-Side-Encryption"), r.Header.Get("X-Amz-Server-Side-Encryption-Aws-Kms-Key-Id")
			if sse != c.sse || key != c.key {
				t.Errorf("%s asks for %q with %q, want %q with %q", name, sse, key, c.sse, c.key)
			}
			return false
		}
		p.mu.Unlock()
		info := put(t, s, "k", []byte("body"))
		if _, err := s.Replace(t.Context(), "k", []byte("other"), info.ETag); err != nil {
			t.Fatal(err)
		}
		for key, n := range map[string]int{"small": 10, "large": 20 << 20} {
			if _, err := s.Upload(t.Context(), key, bytes.NewReader(pattern(n)), store.UploadOptions{Bound: int64(n)}); err != nil {
				t.Fatal(err)
			}
		}
		for name, n := range wants {
			if n != 0 {
				t.Errorf("%+v: %d requests %s were not seen", c, n, name)
			}
		}
	}
}
