package s3

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/minio/crc64nvme"

	"archiver/archive/store"
)

const (
	defaultConcurrency = 2
	// farewell bounds the abort of an upload whose own context has ended.
	farewell = 10 * time.Second
)

// ErrChecksum: what the store holds is not what was sent. The object exists and
// must not be referred to.
var ErrChecksum = errors.New("the stored object differs from what was sent")

// Upload streams a body through the upload manager, whose parts are sized from
// the bound, because from a stream it would size them for 48 GiB at the most.
// It is completed only if the key is free (If-None-Match: *).
func (s *Store) Upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	part, err := store.PartSize(o.Bound)
	if err != nil {
		return store.Info{}, fmt.Errorf("%s%s: %w", s.URL(), key, err)
	}
	up := manager.NewUploader(s.client, func(u *manager.Uploader) {
		u.PartSize, u.Concurrency = part, o.Concurrency
		if u.Concurrency == 0 {
			u.Concurrency = defaultConcurrency
		}
		u.LeavePartsOnError = true // the manager aborts with a context that may have ended
		u.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	sent := &outgoing{r: body, left: o.Bound, sum: crc64nvme.New()}
	out, err := up.Upload(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.key(key), Body: sent, IfNoneMatch: aws.String("*"), ExpectedBucketOwner: s.owner,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme,
	})
	if err != nil {
		return s.unfinished(ctx, key, sent, err)
	}
	return s.arrived(ctx, key, version(out.VersionID), sent)
}

// unfinished aborts what was sent of an upload that failed. If it failed because
// the key is taken, that may be by itself: a completion whose answer was lost
// and that was repeated. Looking tells.
func (s *Store) unfinished(ctx context.Context, key string, sent *outgoing, err error) (store.Info, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	var failure manager.MultiUploadFailure
	began := errors.As(err, &failure)
	if sent.err != nil {
		err = sent.err // the manager only followed
	} else {
		err = refused(s.wrap("PutObject", key, err), store.ErrExists, http.StatusPreconditionFailed)
	}
	if errors.Is(err, store.ErrExists) && sent.ended {
		if info, lookErr := s.arrived(ctx, key, "", sent); lookErr == nil {
			return info, nil
		}
	}
	if began {
		err = errors.Join(err, s.Abort(ctx, store.Upload{Key: key, ID: failure.UploadID()}))
	}
	return store.Info{}, err
}

// arrived compares the stored object with what was sent.
func (s *Store) arrived(ctx context.Context, key, v string, sent *outgoing) (store.Info, error) {
	info, err := s.Stat(ctx, key, v)
	if err != nil {
		return store.Info{}, err
	}
	if info.Size != sent.bytes || info.CRC64NVME != sent.crc() {
		return store.Info{}, fmt.Errorf("%s%s: %w: %d bytes with CRC64NVME %q, sent were %d with %q",
			s.URL(), key, ErrChecksum, info.Size, info.CRC64NVME, sent.bytes, sent.crc())
	}
	return info, nil
}

// Abort ends an unfinished upload.
func (s *Store) Abort(ctx context.Context, u store.Upload) error {
	_, err := s.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{
		Bucket: &s.bucket, Key: s.key(u.Key), UploadId: aws.String(u.ID), ExpectedBucketOwner: s.owner,
	})
	err = s.wrap("AbortMultipartUpload", u.Key, err)
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

// outgoing is a body on its way: bounded, counted and summed up.
type outgoing struct {
	r     io.Reader
	left  int64
	bytes int64
	sum   hash.Hash64
	ended bool
	err   error // why the body failed, if it did
}

func (o *outgoing) Read(p []byte) (int, error) {
	n, err := o.r.Read(p)
	o.sum.Write(p[:n])
	o.bytes += int64(n)
	if o.left -= int64(n); o.left < 0 {
		err = fmt.Errorf("the body is longer than the %d bytes that were announced", o.bytes+o.left)
	}
	switch {
	case err == io.EOF:
		o.ended = true
	case err != nil:
		o.err = err
	}
	return n, err
}

// crc is the checksum as S3 prints it.
func (o *outgoing) crc() string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, o.sum.Sum64()))
}
