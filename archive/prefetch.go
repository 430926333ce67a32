package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"golang.org/x/sync/errgroup"

	"archiver/archive/store"
)

// chunk is a piece of a blob. The chunks of a blob follow each other in order,
// and an empty blob has one, empty.
type chunk struct {
	blob  Blob
	first bool
	last  bool
	data  []byte // valid until the next chunk is asked for
}

// fetch is a chunk on its way: done is closed when data or err is there.
type fetch struct {
	chunk
	offset int64
	buffer []byte
	done   chan struct{}
	err    error
}

// chunkReader fills chunks; from many goroutines.
type chunkReader interface {
	read(ctx context.Context, f *fetch) error
}

// prefetch reads blobs in order through ranged GETs that run ahead side by
// side, each pinned to the ETag that was listed. Memory is l.buffers chunks,
// however large or many the blobs are.
func prefetch(ctx context.Context, s chunkReader, blobs iter.Seq2[Blob, error], l lane) iter.Seq2[chunk, error] {
	return func(yield func(chunk, error) bool) {
		// Only the consumer's leaving cancels: when the listing fails, the chunks
		// before the failure still arrive, and then its error does.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		var group errgroup.Group
		free := make(chan []byte, l.buffers)
		for range l.buffers {
			free <- nil // allocated at first use
		}
		ordered := make(chan *fetch, l.buffers) // never blocks: as many as buffers
		work := make(chan *fetch)

		group.Go(func() error {
			defer close(ordered)
			defer close(work)
			return dispatch(ctx, blobs, free, ordered, work)
		})
		for range l.readers {
			group.Go(func() error {
				for f := range work {
					f.err = s.read(ctx, f)
					close(f.done)
				}
				return nil
			})
		}
		stopped := consume(ordered, free, yield)
		cancel()
		if err := group.Wait(); err != nil && !stopped {
			yield(chunk{}, err)
		}
	}
}

// dispatch cuts blobs into chunks and hands each to the readers, as buffers
// come free.
func dispatch(ctx context.Context, blobs iter.Seq2[Blob, error], free <-chan []byte, ordered, work chan<- *fetch) error {
	for b, err := range blobs {
		if err != nil {
			return err
		}
		for offset := int64(0); offset == 0 || offset < b.Size; offset += chunkBytes {
			n := min(chunkBytes, b.Size-offset)
			f := &fetch{offset: offset, done: make(chan struct{})}
			select {
			case f.buffer = <-free:
			case <-ctx.Done():
				return context.Cause(ctx)
			}
			if f.buffer == nil {
				f.buffer = make([]byte, chunkBytes)
			}
			f.chunk = chunk{blob: b, first: offset == 0, last: offset+n == b.Size, data: f.buffer[:n]}
			ordered <- f
			select {
			case work <- f:
			case <-ctx.Done():
				f.err = context.Cause(ctx)
				close(f.done)
				return f.err
			}
		}
	}
	return nil
}

// consume yields chunks in order and gives their buffers back. It reports
// whether the sequence has ended early: an error was yielded, or the caller
// left.
func consume(ordered <-chan *fetch, free chan<- []byte, yield func(chunk, error) bool) (stopped bool) {
	for f := range ordered {
		<-f.done
		if f.err != nil {
			yield(chunk{}, f.err)
			return true
		}
		if !yield(f.chunk, nil) {
			return true
		}
		free <- f.buffer
	}
	return false
}

// read fills a chunk.
func (s Staging) read(ctx context.Context, f *fetch) error {
	if len(f.data) == 0 {
		return nil
	}
	key := s.Base + f.blob.Key
	r, err := s.Store.Open(ctx, key, f.offset, int64(len(f.data)), store.Pin{ETag: f.blob.ETag})
	if err == nil {
		_, err = io.ReadFull(r, f.data)
		err = errors.Join(err, r.Close())
	}
	switch {
	case errors.Is(err, store.ErrChanged), errors.Is(err, store.ErrNotFound):
		return fmt.Errorf("%w: %s was replaced or deleted while it was read: %w", ErrStagingChanged, key, err)
	case err != nil:
		return fmt.Errorf("reading %s: %w", key, err)
	}
	return nil
}
