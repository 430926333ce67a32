package main

import (
	"context"
	"maps"

	"archiver/archive"
	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/archive/store/s3"
	"archiver/internal/config"
	"archiver/internal/job"
	"archiver/snapshot"
)

// stores opens both stores and derives what the cluster is told of staging.
func stores(ctx context.Context, c *config.Config, j *job.Job) (err error) {
	j.Register = snapshot.Repository{Type: string(c.Staging.Type), Settings: repositorySettings(c.Staging)}
	j.Staging = archive.Staging{Ignore: c.Staging.Ignore}
	if c.Staging.URL.Prefix != "" {
		j.Staging.Base = c.Staging.URL.Prefix + "/"
	}
	// The staging store is the whole bucket: a repository may write outside of
	// its base path.
	whole := config.Location{Bucket: c.Staging.URL.Bucket, Dir: c.Staging.URL.Dir}
	if j.Staging.Store, err = openStore(ctx, whole, c.Staging.S3); err != nil {
		return err
	}
	j.Archive, err = openStore(ctx, c.Archive.URL, c.Archive.S3)
	return err
}

// repositorySettings tell the cluster where the repository is, in the words of
// its type; what the configuration says goes over them.
func repositorySettings(s config.Staging) map[string]string {
	settings := map[string]string{}
	switch {
	case s.Type == config.RepositoryFS && s.URL.Dir != "":
		settings["location"] = s.URL.Dir
	case s.Type == config.RepositoryS3 && s.URL.Bucket != "":
		settings["bucket"] = s.URL.Bucket
		if s.URL.Prefix != "" {
			settings["base_path"] = s.URL.Prefix
		}
	}
	maps.Copy(settings, s.Settings)
	return settings
}

// openReading opens a store for verbs that only read. A directory is not touched:
// it may be evidence, or a medium that takes no writes.
func openReading(ctx context.Context, p config.Location, o config.S3) (store.Store, error) {
	if p.Dir == "" {
		return openStore(ctx, p, o)
	}
	s, err := dir.OpenReading(p.Dir)
	if err != nil {
		return nil, err // not a *dir.Store that is nil
	}
	return s, nil
}

func openStore(ctx context.Context, p config.Location, o config.S3) (store.Store, error) {
	if p.Dir != "" {
		s, err := dir.Open(p.Dir, archive.WorkPrefix) // where a cluster only reads
		if err != nil {
			return nil, err // not a *dir.Store that is nil
		}
		return s, nil
	}
	s, err := s3.Open(ctx, s3.Options{
		Bucket: p.Bucket, Prefix: p.Prefix, Region: o.Region, Endpoint: o.Endpoint, PathStyle: o.PathStyle, Profile: o.Profile,
		ExpectedBucketOwner: o.ExpectedBucketOwner, ChecksumsWhenRequired: o.Checksums == config.ChecksumsWhenRequired,
		SSE: string(o.SSE), KMSKeyID: o.KMSKeyID,
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}
