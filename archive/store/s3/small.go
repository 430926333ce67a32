package s3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"archiver/archive/store"
)

// Get reads a small object and the store's clock (the answer's Date).
func (s *Store) Get(ctx context.Context, key string) (store.Object, error) {
	for try := 1; ; try++ {
		o, err := s.get(ctx, key)
		if err == nil || try == tries || !broken(err) || ctx.Err() != nil {
			return o, err
		}
	}
}

// broken tells a body that ended early from an answer of the store.
func broken(err error) bool {
	return errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, errStalled)
}

func (s *Store) get(ctx context.Context, key string) (store.Object, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.bucket, Key: s.key(key), ExpectedBucketOwner: s.owner, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		return store.Object{}, s.wrap("GetObject", key, err)
	}
	defer out.Body.Close()
	size := aws.ToInt64(out.ContentLength)
	if size > store.MaxSmall {
		return store.Object{}, fmt.Errorf("%s%s has %d bytes: too large to be what it should be", s.URL(), key, size)
	}
	body := make([]byte, size)
	if _, err := io.ReadFull(s.watch(out.Body, cancel), body); err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return store.Object{}, s.wrap("GetObject", key, stalledOr(ctx, err))
	}
	return store.Object{
		Info: store.Info{
			Key: key, Size: size, ETag: aws.ToString(out.ETag), Version: version(out.VersionId),
			Time: aws.ToTime(out.LastModified), CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
		},
		Body: body, Now: date(out.ResultMetadata),
	}, nil
}

// date is the store's clock in an answer; zero if it gave none.
func date(m middleware.Metadata) time.Time {
	t, _ := awsmiddleware.GetServerTime(m)
	return t
}

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, key, v string) (store.Info, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &s.bucket, Key: s.key(key), VersionId: versionID(v), ExpectedBucketOwner: s.owner, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err != nil {
		return store.Info{}, s.wrap("GetObject", key, err) // IAM's name for HEAD
	}
	return store.Info{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Version: version(out.VersionId),
		Time: aws.ToTime(out.LastModified), CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
	}, nil
}

// Create puts an object where none is (If-None-Match: *).
func (s *Store) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	info, err := s.put(ctx, key, body, func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
	return info, refused(err, store.ErrExists, http.StatusPreconditionFailed)
}

// Replace swaps an object (If-Match). versitygw answers 404 where it is gone.
func (s *Store) Replace(ctx context.Context, key string, body []byte, etag string) (store.Info, error) {
	info, err := s.put(ctx, key, body, func(in *s3.PutObjectInput) { in.IfMatch = aws.String(etag) })
	return info, refused(err, store.ErrChanged, http.StatusPreconditionFailed, http.StatusNotFound)
}

// put writes conditionally, once; but a conflict, where S3 says that two writers
// met and neither is known to have won (409), is tried again.
func (s *Store) put(ctx context.Context, key string, body []byte, condition func(*s3.PutObjectInput)) (store.Info, error) {
	if len(body) > store.MaxSmall {
		return store.Info{}, fmt.Errorf("%s%s: %d bytes are too many for a small object", s.URL(), key, len(body))
	}
	for try := 1; ; try++ {
		in := &s3.PutObjectInput{
			Bucket: &s.bucket, Key: s.key(key), Body: bytes.NewReader(body), ExpectedBucketOwner: s.owner,
			ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
		}
		condition(in)
		out, err := s.client.PutObject(ctx, in, once)
		if err == nil {
			return store.Info{
				Key: key, Size: int64(len(body)), ETag: aws.ToString(out.ETag), Version: version(out.VersionId),
				Time: date(out.ResultMetadata), CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
			}, nil
		}
		err = s.wrap("PutObject", key, err)
		var e *Error
		if try == tries || !errors.As(err, &e) || !again(e) {
			return store.Info{}, err
		}
		if err := sleep(ctx, time.Duration(try)*100*time.Millisecond); err != nil {
			return store.Info{}, err
		}
	}
}

// again tells the refusals after which nothing was written for certain.
func again(e *Error) bool {
	return e.Status == http.StatusConflict || e.Status == http.StatusServiceUnavailable || e.Status == http.StatusTooManyRequests
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// Delete removes an object if it still is the one (If-Match). What is gone is
// gone.
func (s *Store) Delete(ctx context.Context, key, etag string) error {
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &s.bucket, Key: s.key(key), IfMatch: aws.String(etag), ExpectedBucketOwner: s.owner,
	})
	err = refused(s.wrap("DeleteObject", key, err), store.ErrChanged, http.StatusPreconditionFailed)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
