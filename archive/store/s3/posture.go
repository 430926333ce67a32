package s3

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"archiver/archive/store"
)

var _ store.Posture = (*Store)(nil)

// Root is the store's prefix in its bucket: lifecycle rules count from the
// bucket's root.
func (s *Store) Root() string { return s.prefix }

// Region asks for the bucket itself.
func (s *Store) Region(ctx context.Context) (string, error) {
	out, err := s.client.HeadBucket(ctx, &s3.HeadBucketInput{Bucket: &s.bucket, ExpectedBucketOwner: s.owner})
	err = s.wrap("ListBucket", "", err) // IAM's name for it
	var e *Error
	if errors.As(err, &e) && e.Status == http.StatusNotFound {
		e.Code, e.is = "NoSuchBucket", nil // the answer to a HEAD has no body to say so
	}
	if err != nil {
		return "", err
	}
	if region := aws.ToString(out.BucketRegion); region != "" {
		return region, nil
	}
	return "", fmt.Errorf("%w: no region in the answer", store.ErrUntold)
}

// Lifecycle reads the bucket's rules.
func (s *Store) Lifecycle(ctx context.Context) ([]store.Rule, error) {
	out, err := s.client.GetBucketLifecycleConfiguration(ctx, &s3.GetBucketLifecycleConfigurationInput{Bucket: &s.bucket, ExpectedBucketOwner: s.owner})
	err = s.wrap("GetLifecycleConfiguration", "", err)
	if codeOf(err) == "NoSuchLifecycleConfiguration" {
		return nil, nil
	}
	if err != nil {
		return nil, untold(err)
	}
	var rules []store.Rule
	for _, r := range out.Rules {
		rules = append(rules, rule(r))
	}
	return rules, nil
}

// Versioned: suspended counts as not, though old versions may lie there still.
func (s *Store) Versioned(ctx context.Context) (bool, error) {
	out, err := s.client.GetBucketVersioning(ctx, &s3.GetBucketVersioningInput{Bucket: &s.bucket, ExpectedBucketOwner: s.owner})
	if err != nil {
		return false, untold(s.wrap("GetBucketVersioning", "", err))
	}
	return out.Status == types.BucketVersioningStatusEnabled, nil
}

// Locks reads whether Object Lock is on.
func (s *Store) Locks(ctx context.Context) (bool, error) {
	out, err := s.client.GetObjectLockConfiguration(ctx, &s3.GetObjectLockConfigurationInput{Bucket: &s.bucket, ExpectedBucketOwner: s.owner})
	err = s.wrap("GetBucketObjectLockConfiguration", "", err)
	if code := codeOf(err); code == "ObjectLockConfigurationNotFoundError" || code == "NoSuchObjectLockConfiguration" {
		return false, nil
	}
	if err != nil {
		return false, untold(err)
	}
	c := out.ObjectLockConfiguration
	return c != nil && c.ObjectLockEnabled == types.ObjectLockEnabledEnabled, nil
}

// rule translates one of S3's. Both forms of a prefix are in use: beside the
// filter, as it once was, and within.
func rule(r types.LifecycleRule) store.Rule {
	out := store.Rule{
		ID: aws.ToString(r.ID), Enabled: r.Status == types.ExpirationStatusEnabled,
		ExpiresOld: r.NoncurrentVersionExpiration != nil,
	}
	//lint:ignore SA1019 nobody should write it, and rules that have it are in force
	out.Prefix = aws.ToString(r.Prefix)
	if f := r.Filter; f != nil {
		out.Prefix += aws.ToString(f.Prefix)
		out.Tagged = f.Tag != nil
		out.Above, out.Below = aws.ToInt64(f.ObjectSizeGreaterThan), aws.ToInt64(f.ObjectSizeLessThan)
		if and := f.And; and != nil {
			out.Prefix += aws.ToString(and.Prefix)
			out.Tagged = len(and.Tags) > 0
			out.Above, out.Below = aws.ToInt64(and.ObjectSizeGreaterThan), aws.ToInt64(and.ObjectSizeLessThan)
		}
	}
	for _, t := range r.Transitions {
		out.Classes = append(out.Classes, string(t.StorageClass))
	}
	if e := r.Expiration; e != nil {
		out.ExpireDays = int(aws.ToInt32(e.Days))
		out.Expires = out.ExpireDays > 0 || e.Date != nil // else it only clears delete markers away
	}
	return out
}

func codeOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Code
	}
	return ""
}

// untold marks the refusals after which nothing is known and nothing is wrong.
func untold(err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Status {
	case http.StatusForbidden, http.StatusNotImplemented, http.StatusMethodNotAllowed:
		e.is = store.ErrUntold
	}
	if e.Code == "NotImplemented" {
		e.is = store.ErrUntold
	}
	return e
}
