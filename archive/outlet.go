package archive

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"
)

// tarBuffer gathers headers and padding, which are read in small pieces.
const tarBuffer = 64 << 10

func newBuffered(r io.Reader) io.Reader { return bufio.NewReaderSize(r, tarBuffer) }

// outlet gives a volume's files to a sink: small ones side by side, because a
// request costs more than its bytes; a large one in its own turn. Without a sink
// they are dropped.
type outlet struct {
	sink  Sink
	ctx   context.Context // ends with the first put that fails
	group *errgroup.Group
	free  *semaphore.Weighted // bytes of small files
	most  int64
}

func newOutlet(ctx context.Context, to Sink, share readLane) *outlet {
	o := &outlet{sink: to, free: semaphore.NewWeighted(share.small), most: share.small}
	o.group, o.ctx = errgroup.WithContext(ctx)
	o.group.SetLimit(max(1, share.puts))
	return o
}

// room waits until a file of this size may be held in memory; put, which must
// follow, gives it back.
func (o *outlet) room(size int64) error {
	if o.free.Acquire(o.ctx, min(size, o.most)) != nil {
		return context.Cause(o.ctx)
	}
	return nil
}

// put hands a file over that there is room for.
func (o *outlet) put(e tarEntry, body []byte) error {
	if o.sink == nil {
		o.free.Release(min(e.Size, o.most))
		return nil
	}
	o.group.Go(func() error {
		defer o.free.Release(min(e.Size, o.most))
		return o.give(e, bytes.NewReader(body))
	})
	return context.Cause(o.ctx)
}

// small puts a file that is in memory already.
func (o *outlet) small(e tarEntry, body []byte) error {
	if o.sink == nil {
		return nil
	}
	return o.give(e, bytes.NewReader(body))
}

// large streams a file.
func (o *outlet) large(e tarEntry, body io.Reader) error {
	if o.sink == nil {
		_, err := io.Copy(io.Discard, body)
		return err
	}
	return o.give(e, body)
}

// give believes no sink that did not read to the end.
func (o *outlet) give(e tarEntry, body io.Reader) error {
	counted := &countReader{r: body}
	if err := o.sink.Put(o.ctx, e.Name, e.Size, e.Time, counted); err != nil {
		if counted.err != nil {
			return counted.err // the cause: the sink only followed
		}
		return fmt.Errorf("writing %s: %w", e.Name, err)
	}
	if counted.n != e.Size {
		return fmt.Errorf("writing %s: only %d of its %d bytes were taken", e.Name, counted.n, e.Size)
	}
	return nil
}

// wait ends all puts; their first error is the context's cause, too.
func (o *outlet) wait() error { return o.group.Wait() }

// countReader counts, and keeps the error that ended it.
type countReader struct {
	r   io.Reader
	n   int64
	err error
}

func (c *countReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	if err != nil && err != io.EOF {
		c.err = err
	}
	return n, err
}
