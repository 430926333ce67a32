package s3

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
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
	left    int64 // -1: to the end, not known yet
	body    io.ReadCloser
	cancel  context.CancelCauseFunc
	bodyCtx context.Context
	failed  int // connections in a row that brought nothing
}

// Open streams a range. It connects at once, so that what is missing or changed
// is known before the first read.
func (s *Store) Open(ctx context.Context, key string, offset, length int64, pin store.Pin) (io.ReadCloser, error) {
	r := &reader{s: s, ctx: ctx, key: key, pin: pin, offset: offset, left: length}
	if length == 0 || offset == 0 && length < 0 {
		// A range of an empty object does not exist: its size comes first.
		info, err := s.Stat(ctx, key, pin.Version)
		if err != nil {
			return nil, err
		}
		if pin.ETag != "" && info.ETag != pin.ETag {
			return nil, fmt.Errorf("%s%s: %w", s.URL(), key, store.ErrChanged)
		}
		if r.pin.ETag = info.ETag; length < 0 {
			r.left = info.Size
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
		Range: aws.String(fmt.Sprintf("bytes=%d-", r.offset)),
	}
	if r.left > 0 {
		in.Range = aws.String(fmt.Sprintf("bytes=%d-%d", r.offset, r.offset+r.left-1))
	}
	if r.pin.ETag != "" {
		in.IfMatch = aws.String(r.pin.ETag)
	}
	out, err := r.s.client.GetObject(r.bodyCtx, in)
	if err != nil {
		r.cancel(nil)
		return refused(r.s.wrap("GetObject", r.key, err), store.ErrChanged, http.StatusPreconditionFailed)
	}
	size := aws.ToInt64(out.ContentLength)
	if r.left < 0 {
		r.left = size
	}
	if size != r.left {
		out.Body.Close()
		r.cancel(nil)
		return fmt.Errorf("GetObject %s%s: asked for %d bytes from %d, offered %d: %w", r.s.URL(), r.key, r.left, r.offset, size, io.ErrUnexpectedEOF)
	}
	r.pin.ETag = aws.ToString(out.ETag)
	r.body = out.Body
	return nil
}

func (r *reader) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if int64(len(p)) > r.left {
		p = p[:r.left]
	}
	for {
		if r.body == nil {
			if err := r.connect(); err != nil {
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
	r.left = 0
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
