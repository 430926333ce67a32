package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"archiver/archive/store"
)

// errStalled: a body gave nothing for the idle timeout.
var errStalled = errors.New("the connection stalled")

// reader is an object's range that survives broken and stalled connections: it
// asks again from where it stands, for the same ETag.
type reader struct {
	s       *Store
	ctx     context.Context
	key     string
	pin     store.Pin
	offset  int64
	left    int64
	body    io.ReadCloser
	cancel  context.CancelCauseFunc
	bodyCtx context.Context
	failed  int   // connections in a row that brought nothing
	err     error // how it ended, if not well: it stays
}

// Open streams a range. It connects at once, so that what is missing or changed
// is known before the first read.
func (s *Store) Open(ctx context.Context, key string, offset, length int64, pin store.Pin) (io.ReadCloser, error) {
	if offset < 0 || length < -1 {
		return nil, fmt.Errorf("%s%s: %w: there is no range of %d bytes from offset %d", s.URL(), key, fs.ErrInvalid, length, offset)
	}
	r := &reader{s: s, ctx: ctx, key: key, pin: pin, offset: offset, left: length}
	if length <= 0 {
		// What is empty, or lies at the end, is no range to S3: the size first.
		info, err := s.Stat(ctx, key, pin.Version)
		if err != nil {
			return nil, err
		}
		if pin.ETag != "" && info.ETag != pin.ETag {
			return nil, fmt.Errorf("%s%s: %w", s.URL(), key, store.ErrChanged)
		}
		if offset > info.Size {
			return nil, fmt.Errorf("%s%s: %w: it has %d bytes, offset %d was asked for", s.URL(), key, io.ErrUnexpectedEOF, info.Size, offset)
		}
		if r.pin.ETag = info.ETag; length < 0 {
			r.left = info.Size - offset
		}
		if r.left == 0 {
			return r, nil
		}
	}
	if err := r.connect(); err != nil {
		return nil, err
	}
	return r, nil
}

// connect asks for what is left.
func (r *reader) connect() error {
	r.bodyCtx, r.cancel = context.WithCancelCause(r.ctx)
	in := &s3.GetObjectInput{
		Bucket: &r.s.bucket, Key: r.s.key(r.key), VersionId: versionID(r.pin.Version), ExpectedBucketOwner: r.s.owner,
		Range: aws.String(fmt.Sprintf("bytes=%d-%d", r.offset, r.offset+r.left-1)),
	}
	if r.pin.ETag != "" {
		in.IfMatch = aws.String(r.pin.ETag)
	}
	out, err := r.s.client.GetObject(r.bodyCtx, in)
	if err != nil {
		r.cancel(nil)
		err = missingVersion(r.pin.Version, r.s.wrap("GetObject", r.key, err))
		err = refused(err, store.ErrChanged, http.StatusPreconditionFailed)
		return refused(err, io.ErrUnexpectedEOF, http.StatusRequestedRangeNotSatisfiable)
	}
	if err := r.accept(out); err != nil {
		out.Body.Close()
		r.cancel(nil)
		return fmt.Errorf("GetObject %s%s: %w", r.s.URL(), r.key, err)
	}
	r.pin.ETag = aws.ToString(out.ETag)
	r.body = out.Body
	return nil
}

// accept holds an answer against the question: there are servers, and proxies,
// that ignore a range or a condition.
func (r *reader) accept(out *s3.GetObjectOutput) error {
	etag := aws.ToString(out.ETag)
	if r.pin.ETag != "" && etag != r.pin.ETag || etag == "" {
		return fmt.Errorf("%w: ETag %q was asked for, %q came", store.ErrChanged, r.pin.ETag, etag)
	}
	if size := aws.ToInt64(out.ContentLength); size != r.left {
		return fmt.Errorf("asked for %d bytes from %d, offered %d: %w", r.left, r.offset, size, io.ErrUnexpectedEOF)
	}
	if begin := fmt.Sprintf("bytes %d-", r.offset); r.offset > 0 && !strings.HasPrefix(aws.ToString(out.ContentRange), begin) {
		return fmt.Errorf("asked for bytes from %d, offered %q", r.offset, aws.ToString(out.ContentRange))
	}
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	if r.left == 0 {
		return 0, io.EOF
	}
	n, err := r.read(p)
	r.err = err
	return n, err
}

func (r *reader) read(p []byte) (int, error) {
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	for {
		if err := context.Cause(r.ctx); err != nil {
			return 0, err
		}
		if r.body == nil {
			err := r.connect()
			if errors.Is(err, store.ErrNotFound) {
				err = fmt.Errorf("%w: deleted while it was read: %w", store.ErrChanged, err)
			}
			if err != nil {
				return 0, err
			}
		}
		n, err := r.s.watch(r.body, r.cancel).Read(p)
		r.offset, r.left = r.offset+int64(n), r.left-int64(n)
		if n > 0 {
			r.failed = 0
			return n, nil // an error comes again with the next read
		}
		if err == nil {
			continue
		}
		cause := stalledOr(r.bodyCtx, err)
		r.drop()
		if r.ctx.Err() != nil {
			return 0, context.Cause(r.ctx)
		}
		if r.failed++; r.failed == tries {
			if cause == io.EOF {
				cause = io.ErrUnexpectedEOF
			}
			return 0, r.s.wrap("GetObject", r.key, fmt.Errorf("%d connections in a row broke at byte %d: %w", tries, r.offset, cause))
		}
		if err := sleep(r.ctx, time.Duration(r.failed*r.failed)*100*time.Millisecond); err != nil {
			return 0, err
		}
	}
}

// drop ends the connection.
func (r *reader) drop() {
	if r.body != nil {
		r.cancel(nil)
		_ = r.body.Close() // it has failed already, or nobody wants it
		r.body = nil
	}
}

// Close ends the read.
func (r *reader) Close() error {
	r.drop()
	r.err = fs.ErrClosed
	return nil
}

// watched cancels its request when a read takes longer than the idle timeout.
type watched struct {
	r      io.Reader
	idle   time.Duration
	cancel context.CancelCauseFunc
}

func (s *Store) watch(r io.Reader, cancel context.CancelCauseFunc) *watched {
	return &watched{r: r, idle: s.idle, cancel: cancel}
}

func (w *watched) Read(p []byte) (int, error) {
	t := time.AfterFunc(w.idle, func() { w.cancel(errStalled) })
	defer t.Stop()
	return w.r.Read(p)
}

// stalledOr names the stall behind a read that was cancelled for it.
func stalledOr(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), errStalled) {
		return errStalled
	}
	return err
}
