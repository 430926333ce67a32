package s3

import (
	"context"
	"errors"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"archiver/archive/store"
)

// Retain sets Object Lock retention on one version, unless as much is held. What
// is held already, in mode or in time, is never given up for the other.
func (s *Store) Retain(ctx context.Context, key, v string, r store.Retention) error {
	have, err := s.Retention(ctx, key, v)
	if err != nil {
		return err
	}
	if have.Mode == store.Compliance {
		r.Mode = store.Compliance
	}
	if have.Until.After(r.Until) {
		r.Until = have.Until
	}
	if have.Mode == r.Mode && have.Until.Equal(r.Until) {
		return nil
	}
	_, err = s.client.PutObjectRetention(ctx, &s3.PutObjectRetentionInput{
		Bucket: &s.bucket, Key: s.key(key), VersionId: versionID(v), ExpectedBucketOwner: s.owner,
		Retention: &types.ObjectLockRetention{
			Mode: types.ObjectLockRetentionMode(strings.ToUpper(string(r.Mode))), RetainUntilDate: aws.Time(r.Until),
		},
	})
	return lockless(s.wrap("PutObjectRetention", key, err))
}

// Retention reads what is held.
func (s *Store) Retention(ctx context.Context, key, v string) (store.Retention, error) {
	out, err := s.client.GetObjectRetention(ctx, &s3.GetObjectRetentionInput{
		Bucket: &s.bucket, Key: s.key(key), VersionId: versionID(v), ExpectedBucketOwner: s.owner,
	})
	err = s.wrap("GetObjectRetention", key, err)
	var e *Error
	if errors.As(err, &e) && e.Code == "NoSuchObjectLockConfiguration" {
		return store.Retention{}, nil // the bucket can lock, this object is not
	}
	if err != nil || out.Retention == nil {
		return store.Retention{}, lockless(err)
	}
	return store.Retention{
		Mode: store.RetentionMode(strings.ToLower(string(out.Retention.Mode))), Until: aws.ToTime(out.Retention.RetainUntilDate),
	}, nil
}

// lockless names the port's error for a bucket without Object Lock.
func lockless(err error) error {
	var e *Error
	if errors.As(err, &e) && (e.Code == "InvalidRequest" || e.Code == "NotImplemented" || e.Code == "ObjectLockConfigurationNotFoundError" || e.Code == "InvalidBucketState") {
		e.is = store.ErrUnsupported
	}
	return err
}
