package s3_test

import (
	"testing"

	"archiver/archive/store"
	"archiver/archive/store/s3"
	"archiver/archive/store/storetest"
	"archiver/internal/lab"
)

func TestMain(m *testing.M) { lab.Main(m) }

func TestKeepsThePortsContracts(t *testing.T) {
	server := lab.S3(t)
	server.Env(t)
	for name, c := range map[string]struct {
		can    storetest.Capabilities
		bucket func(t *testing.T) string
		prefix string
	}{
		"in a bucket": {
			storetest.Capabilities{Checksums: true},
			func(t *testing.T) string { return server.Bucket(t) }, "",
		},
		"below a prefix of a bucket with Object Lock": {
			storetest.Capabilities{Checksums: true, Versions: true, Lingering: true, Retention: true},
			func(t *testing.T) string { return server.BucketVersioned(t, true) }, "deep/prefix",
		},
	} {
		t.Run(name, func(t *testing.T) {
			storetest.Run(t, c.can, func(t *testing.T) store.Store {
				return open(t, s3.Options{Bucket: c.bucket(t), Prefix: c.prefix, Endpoint: server.Endpoint, PathStyle: true})
			})
		})
	}
}

func open(t *testing.T, o s3.Options) *s3.Store {
	t.Helper()
	s, err := s3.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
