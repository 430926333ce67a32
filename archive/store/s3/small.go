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
	"github.com/minio/crc64nvme"

	"archiver/archive/store"
)

// Get reads a small object and the store's clock (the answer's Date).
func (s *Store) Get(ctx context.Context, key string) (store.Object, error) {
	for try := 1; ; try++ {
		o, err := s.get(ctx, key)
		if !errors.Is(err, errBroken) || try == tries || sleep(ctx, time.Duration(try*try)*100*time.Millisecond) != nil {
			return o, err
		}
	}
}

// errBroken tells a body that ended early, or did not have its checksum, from
// an answer of the store.
var errBroken = errors.New("the answer broke off")

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
		return store.Object{}, s.wrap("GetObject", key, fmt.Errorf("%w: %w", errBroken, stalledOr(ctx, err)))
	}
	// Compared here: the SDK does so when EOF is read, which ReadFull never does.
	if kept := aws.ToString(out.ChecksumCRC64NVME); kept != "" && kept != sumText(crc64nvme.Checksum(body)) {
		return store.Object{}, s.wrap("GetObject", key, fmt.Errorf("%w: it has not the checksum that the store keeps of it", errBroken))
	}
	now := date(out.ResultMetadata)
	if now.IsZero() {
		return store.Object{}, fmt.Errorf("%s%s: the answer has no Date, and leases are judged by the store's clock", s.URL(), key)
	}
	return store.Object{
		Info: store.Info{
			Key: key, Size: size, ETag: aws.ToString(out.ETag), Version: version(out.VersionId),
			Time: aws.ToTime(out.LastModified), CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
			StorageClass: class(string(out.StorageClass)),
		},
		Body: body, Now: now,
	}, nil
}

// date is the store's clock in an answer; zero if it gave none.
func date(m middleware.Metadata) time.Time {
	t, _ := awsmiddleware.GetServerTime(m)
	return t
}

// Stat describes an object.
func (s *Store) Stat(ctx context.Context, key, v string) (store.Info, error) {
	out, err := s.head(ctx, key, v)
	if err != nil {
		return store.Info{}, err
	}
	return describe(key, out), nil
}

func describe(key string, out *s3.HeadObjectOutput) store.Info {
	return store.Info{
		Key: key, Size: aws.ToInt64(out.ContentLength), ETag: aws.ToString(out.ETag), Version: version(out.VersionId),
		Time: aws.ToTime(out.LastModified), CRC64NVME: aws.ToString(out.ChecksumCRC64NVME),
		StorageClass: class(string(out.StorageClass)), Cold: cold(out),
	}
}

// head asks for an object's headers. The refusal of a HEAD has no body, so that
// a missing bucket looks like a missing object and an expired token like a bad
// request: then the first byte is asked for, and the error is what is said
// about that.
func (s *Store) head(ctx context.Context, key, v string) (*s3.HeadObjectOutput, error) {
	out, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{
		Bucket: &s.bucket, Key: s.key(key), VersionId: versionID(v), ExpectedBucketOwner: s.owner, ChecksumMode: types.ChecksumModeEnabled,
	})
	if err == nil {
		return out, nil
	}
	err = s.wrap("GetObject", key, err) // IAM's name for HEAD
	var e *Error
	if !errors.As(err, &e) || e.Status == 0 {
		return nil, err
	}
	get, spoken := s.client.GetObject(ctx, &s3.GetObjectInput{
		Bucket: &s.bucket, Key: s.key(key), VersionId: versionID(v), ExpectedBucketOwner: s.owner, Range: aws.String("bytes=0-0"),
	})
	if spoken == nil {
		get.Body.Close()
		return nil, err
	}
	return nil, missingVersion(v, s.wrap("GetObject", key, spoken))
}

// Create puts an object where none is (If-None-Match: *).
func (s *Store) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	info, err := s.put(ctx, key, body, func(in *s3.PutObjectInput) { in.IfNoneMatch = aws.String("*") })
	return info, refused(err, store.ErrExists, http.StatusPreconditionFailed)
}

// Replace swaps an object (If-Match). versitygw answers 404 where it is gone.
func (s *Store) Replace(ctx context.Context, key string, body []byte, etag string) (store.Info, error) {
	if err := s.names(key, etag); err != nil {
		return store.Info{}, err
	}
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
			ServerSideEncryption: s.sse, SSEKMSKeyId: s.kmsKey,
		}
		if !s.unsummed {
			in.ChecksumAlgorithm = types.ChecksumAlgorithmCrc64nvme
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

// names refuses what is no ETag to S3: nothing, which is sent as no condition,
// and "*", which is met by every object.
func (s *Store) names(key, etag string) error {
	if etag == "" || etag == "*" {
		return fmt.Errorf("%s%s: %w: %q is no object's ETag", s.URL(), key, store.ErrChanged, etag)
	}
	return nil
}

// Delete removes an object if it still is the one (If-Match). What is gone is
// gone, also where the server calls that a failed condition.
func (s *Store) Delete(ctx context.Context, key, etag string) error {
	if err := s.names(key, etag); err != nil {
		return err
	}
	_, err := s.client.DeleteObject(ctx, &s3.DeleteObjectInput{
		Bucket: &s.bucket, Key: s.key(key), IfMatch: aws.String(etag), ExpectedBucketOwner: s.owner,
	})
	err = refused(s.wrap("DeleteObject", key, err), store.ErrChanged, http.StatusPreconditionFailed)
	if errors.Is(err, store.ErrChanged) {
		if _, look := s.Stat(ctx, key, ""); errors.Is(look, store.ErrNotFound) {
			return nil
		}
	}
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}
