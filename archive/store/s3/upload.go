//lint:file-ignore SA1019 the manager is deprecated for a successor that has no stable release yet

package s3

import (
	"context"
	"crypto/rand"
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
	farewell = 8 * time.Second
	// nonceName is the metadata by which an upload knows its own object.
	nonceName = "upload-nonce"
)

// ErrChecksum: what the store holds is not what was sent. The object exists and
// must not be referred to.
var ErrChecksum = errors.New("the stored object differs from what was sent")

// Upload streams a body through the upload manager, whose parts are sized from
// the bound, because from a stream it would size them for 48 GiB at the most.
// It is completed only if the key is free (If-None-Match: *), and if what the
// store received has the checksum of what was sent.
func (s *Store) Upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	part, err := store.PartSize(o.Bound)
	if err != nil {
		return store.Info{}, fmt.Errorf("%s%s: %w", s.URL(), key, err)
	}
	sent := &outgoing{ctx: ctx, r: body, left: o.Bound, sum: crc64nvme.New()}
	end := &ending{Client: s.client, patient: s.patient, sent: sent, nonce: rand.Text()}
	up := manager.NewUploader(end, func(u *manager.Uploader) {
		u.PartSize, u.Concurrency = part, o.Concurrency
		if u.Concurrency == 0 {
			u.Concurrency = defaultConcurrency
		}
		u.LeavePartsOnError = true // the manager aborts with a context that may have ended
		u.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	out, err := up.Upload(ctx, &s3.PutObjectInput{
		Bucket: &s.bucket, Key: s.key(key), Body: sent, IfNoneMatch: aws.String("*"), ExpectedBucketOwner: s.owner,
		ChecksumAlgorithm: types.ChecksumAlgorithmCrc64nvme, Metadata: map[string]string{nonceName: end.nonce},
		ServerSideEncryption: s.sse, SSEKMSKeyId: s.kmsKey, // the manager passes them on to the multipart upload
	})
	// From here on something is in the store that must be told or cleared away,
	// whatever the caller's context says.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err != nil {
		return s.unfinished(ctx, key, end, err)
	}
	return s.arrived(ctx, key, version(out.VersionID), sent)
}

// unfinished aborts what was sent of an upload that failed. If its last request
// was made, the object may have come to be all the same: the answer was lost, or
// the repeated request found the key taken by the first. The nonce tells. The
// abort comes first: after it, a late completion finds nothing to complete.
func (s *Store) unfinished(ctx context.Context, key string, end *ending, err error) (store.Info, error) {
	if end.sent.err != nil {
		err = end.sent.err // the manager only followed
	} else {
		err = refused(s.wrap("PutObject", key, err), store.ErrExists, http.StatusPreconditionFailed)
	}
	if end.id != "" {
		if abortErr := s.Abort(ctx, store.Upload{Key: key, ID: end.id}); abortErr != nil {
			err = fmt.Errorf("%w; its parts may be left behind: %w", err, abortErr)
		}
	}
	if !end.reached {
		return store.Info{}, err
	}
	out, lookErr := s.head(ctx, key, "")
	switch {
	case lookErr == nil && out.Metadata[nonceName] == end.nonce:
		return s.arrived(ctx, key, version(out.VersionId), end.sent)
	case lookErr != nil && !errors.Is(lookErr, store.ErrNotFound):
		err = fmt.Errorf("%w; whether the object came to be is not known: %w", err, lookErr)
	}
	return store.Info{}, err
}

// arrived compares the stored object with what was sent. A store that kept no
// checksum fails too: nobody could tell later whether the object is whole.
func (s *Store) arrived(ctx context.Context, key, v string, sent *outgoing) (store.Info, error) {
	info, err := s.Stat(ctx, key, v)
	if err != nil {
		return store.Info{}, fmt.Errorf("the object was written, but not looked at: %w", err)
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

// ending is the client that the manager gets. It adds to the last request what
// is known only then, and keeps the upload's ID.
type ending struct {
	*s3.Client
	patient s3.HTTPClient
	sent    *outgoing
	nonce   string
	id      string // of the multipart upload, if there is one
	reached bool   // the request that makes the object was sent
}

// CreateMultipartUpload is not cut short by the caller: without the answer,
// nobody could abort what it began.
func (e *ending) CreateMultipartUpload(ctx context.Context, in *s3.CreateMultipartUploadInput, o ...func(*s3.Options)) (*s3.CreateMultipartUploadOutput, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	in.ChecksumType = types.ChecksumTypeFullObject
	out, err := e.Client.CreateMultipartUpload(ctx, in, o...)
	if err == nil {
		e.id = aws.ToString(out.UploadId)
	}
	return out, err
}

// CompleteMultipartUpload lets the store compare the whole object's checksum
// before the object comes to be.
func (e *ending) CompleteMultipartUpload(ctx context.Context, in *s3.CompleteMultipartUploadInput, o ...func(*s3.Options)) (*s3.CompleteMultipartUploadOutput, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	e.reached = true
	in.ChecksumType, in.ChecksumCRC64NVME = types.ChecksumTypeFullObject, aws.String(e.sent.crc())
	return e.Client.CompleteMultipartUpload(ctx, in, append(o, func(c *s3.Options) { c.HTTPClient = e.patient })...)
}

// PutObject takes the place of all others where the body fits into one part.
func (e *ending) PutObject(ctx context.Context, in *s3.PutObjectInput, o ...func(*s3.Options)) (*s3.PutObjectOutput, error) {
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	e.reached = true
	in.ChecksumCRC64NVME = aws.String(e.sent.crc())
	return e.Client.PutObject(ctx, in, o...)
}

// outgoing is a body on its way: bounded, counted and summed up.
type outgoing struct {
	ctx   context.Context
	r     io.Reader
	left  int64
	bytes int64
	sum   hash.Hash64
	err   error // how the body ended, if not well: it stays
	ended bool  // well
}

func (o *outgoing) Read(p []byte) (int, error) {
	if o.err != nil {
		return 0, o.err
	}
	if o.ended {
		return 0, io.EOF
	}
	if o.err = context.Cause(o.ctx); o.err != nil {
		return 0, o.err
	}
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

// crc is the body's checksum.
func (o *outgoing) crc() string { return sumText(o.sum.Sum64()) }

// sumText is a checksum as S3 prints it.
func sumText(sum uint64) string {
	return base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, sum))
}
