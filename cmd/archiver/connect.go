package main

import (
	"context"
	"fmt"

	"archiver/internal/config"
	"archiver/snapshot"
	"archiver/snapshot/sigv4"
)

// connect prepares the connection to the cluster. Nothing is asked yet, of the
// cluster or of whoever gives out credentials.
func connect(ctx context.Context, c *config.Config, retrying func(error)) (*snapshot.Cluster, error) {
	ca, err := c.CA()
	if err != nil {
		return nil, err
	}
	o := snapshot.Options{URLs: c.Cluster.URLs, CA: ca, Retrying: retrying}
	if err := authenticate(ctx, c, &o); err != nil {
		return nil, err
	}
	return snapshot.Connect(o)
}

func authenticate(ctx context.Context, c *config.Config, o *snapshot.Options) error {
	switch c.Cluster.Auth {
	case config.AuthBasic:
		password, err := c.Password()
		if err != nil {
			return err
		}
		o.Username, o.Password = c.Cluster.Username, password.Reveal()
	case config.AuthAPIKey:
		key, err := c.APIKey()
		if err != nil {
			return err
		}
		o.APIKey = key.Reveal()
	case config.AuthSigV4:
		region := c.Cluster.Region
		if region == "" {
			region = c.S3.Region
		}
		signer, err := sigv4.Load(ctx, sigv4.Options{Region: region, Profile: c.Cluster.Profile})
		if err != nil {
			return fmt.Errorf("cluster: %w", err)
		}
		o.Authorize = signer.Authorize
	}
	return nil
}
