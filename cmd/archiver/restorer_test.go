package main

import (
	"maps"
	"testing"

	"archiver/internal/config"
)

func TestRestoresAreRegisteredBesideStagingForReadingOnly(t *testing.T) {
	const prefix = ".archiver/restores/x/repository/"
	for name, c := range map[string]struct {
		staging config.Staging
		want    map[string]string
	}{
		"a bucket, whatever the prefix in it": {
			config.Staging{Type: config.RepositoryS3, URL: config.Location{Bucket: "b", Prefix: "snapshots"}, Settings: map[string]string{"role_arn": "r", "base_path": "snapshots"}},
			map[string]string{"bucket": "b", "base_path": ".archiver/restores/x/repository", "role_arn": "r", "readonly": "true"},
		},
		"a directory": {
			config.Staging{Type: config.RepositoryFS, URL: config.Location{Dir: "/srv/s"}},
			map[string]string{"location": "/srv/s/.archiver/restores/x/repository", "readonly": "true"},
		},
		"a directory that the nodes see elsewhere": {
			config.Staging{Type: config.RepositoryFS, URL: config.Location{Dir: "/srv/s"}, Settings: map[string]string{"location": "/mnt/s/"}},
			map[string]string{"location": "/mnt/s/.archiver/restores/x/repository", "readonly": "true"},
		},
		"a bucket that the nodes have mounted": {
			config.Staging{Type: config.RepositoryFS, URL: config.Location{Bucket: "b", Prefix: "snapshots"}, Settings: map[string]string{"location": "/mnt/b/snapshots"}},
			map[string]string{"location": "/mnt/b/.archiver/restores/x/repository", "readonly": "true"},
		},
	} {
		if got := registrationAt(c.staging, prefix); !maps.Equal(got.Settings, c.want) || got.Type != string(c.staging.Type) {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
