package storetest

import (
	"bytes"
	"context"
	"io"
	"iter"
	"sync"
	"time"

	"archiver/archive/store"
)

// Clock is a store's clock that a test sets: what is written through a store
// that has it carries its time, and so does every answer. Leases are judged by
// nothing else, so that hours pass in no time.
type Clock struct {
	mu      sync.Mutex
	now     time.Time
	written map[string]time.Time
}

// NewClock starts at a time.
func NewClock(t time.Time) *Clock { return &Clock{now: t, written: map[string]time.Time{}} }

// Advance lets time pass.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Now is the clock's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *Clock) wrote(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.written[key] = c.now
}

func (c *Clock) stamp(i *store.Info) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t, ok := c.written[i.Key]; ok {
		i.Time = t
	}
}

// Faulty is a store as one process sees it, through a gate.
type Faulty struct {
	Store store.Store
	Name  string // in the gate's calls
	Gate  *Gate
	Clock *Clock // nil: the store's own
}

var _ store.Store = (*Faulty)(nil)

func (f *Faulty) do(ctx context.Context, op, key string, mutates bool, do func(context.Context) error) error {
	return f.Gate.Do(ctx, f.Name+" "+op+" "+key, mutates, do)
}

// URL is the store's.
func (f *Faulty) URL() string { return f.Store.URL() }

// Get passes through the gate, as all of the following do.
func (f *Faulty) Get(ctx context.Context, key string) (o store.Object, err error) {
	err = f.do(ctx, "Get", key, false, func(ctx context.Context) (err error) {
		if o, err = f.Store.Get(ctx, key); err == nil && f.Clock != nil {
			f.Clock.stamp(&o.Info)
			o.Now = f.Clock.Now()
		}
		return err
	})
	return o, err
}

func (f *Faulty) Stat(ctx context.Context, key, version string) (i store.Info, err error) {
	err = f.do(ctx, "Stat", key, false, func(ctx context.Context) (err error) {
		i, err = f.Store.Stat(ctx, key, version)
		return err
	})
	return i, err
}

func (f *Faulty) Open(ctx context.Context, key string, offset, length int64, pin store.Pin) (r io.ReadCloser, err error) {
	err = f.do(ctx, "Open", key, false, func(ctx context.Context) (err error) {
		r, err = f.Store.Open(ctx, key, offset, length, pin)
		return err
	})
	return r, err
}

func (f *Faulty) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	return f.write(ctx, "Create", key, func(ctx context.Context) (store.Info, error) { return f.Store.Create(ctx, key, body) })
}

func (f *Faulty) Replace(ctx context.Context, key string, body []byte, etag string) (store.Info, error) {
	return f.write(ctx, "Replace", key, func(ctx context.Context) (store.Info, error) { return f.Store.Replace(ctx, key, body, etag) })
}

// Upload takes the whole body before it asks the gate: the moment that counts
// is the completion, and a late one must have its bytes. It is for tests' small
// volumes.
func (f *Faulty) Upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	var whole bytes.Buffer
	if _, err := whole.ReadFrom(body); err != nil {
		return store.Info{}, err
	}
	return f.write(ctx, "Upload", key, func(ctx context.Context) (store.Info, error) {
		return f.Store.Upload(ctx, key, bytes.NewReader(whole.Bytes()), o)
	})
}

func (f *Faulty) write(ctx context.Context, op, key string, write func(context.Context) (store.Info, error)) (i store.Info, err error) {
	err = f.do(ctx, op, key, true, func(ctx context.Context) (err error) {
		if i, err = write(ctx); err == nil && f.Clock != nil {
			f.Clock.wrote(key)
			f.Clock.stamp(&i)
		}
		return err
	})
	return i, err
}

func (f *Faulty) Uploads(ctx context.Context, prefix string) iter.Seq2[store.Upload, error] {
	return gated(f, ctx, "Uploads", prefix, func(ctx context.Context) iter.Seq2[store.Upload, error] { return f.Store.Uploads(ctx, prefix) })
}

func (f *Faulty) Abort(ctx context.Context, u store.Upload) error {
	return f.do(ctx, "Abort", u.Key, true, func(ctx context.Context) error { return f.Store.Abort(ctx, u) })
}

func (f *Faulty) List(ctx context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	return gated(f, ctx, "List", prefix, func(ctx context.Context) iter.Seq2[store.Info, error] { return f.Store.List(ctx, prefix, after) })
}

func (f *Faulty) Versions(ctx context.Context, prefix string) iter.Seq2[store.Version, error] {
	return gated(f, ctx, "Versions", prefix, func(ctx context.Context) iter.Seq2[store.Version, error] { return f.Store.Versions(ctx, prefix) })
}

func (f *Faulty) Delete(ctx context.Context, key, etag string) error {
	return f.do(ctx, "Delete", key, true, func(ctx context.Context) error { return f.Store.Delete(ctx, key, etag) })
}

func (f *Faulty) DeleteVersion(ctx context.Context, key, version string) error {
	return f.do(ctx, "DeleteVersion", key, true, func(ctx context.Context) error { return f.Store.DeleteVersion(ctx, key, version) })
}

func (f *Faulty) Retain(ctx context.Context, key, version string, r store.Retention) error {
	return f.do(ctx, "Retain", key, true, func(ctx context.Context) error { return f.Store.Retain(ctx, key, version, r) })
}

func (f *Faulty) Retention(ctx context.Context, key, version string) (r store.Retention, err error) {
	err = f.do(ctx, "Retention", key, false, func(ctx context.Context) (err error) {
		r, err = f.Store.Retention(ctx, key, version)
		return err
	})
	return r, err
}

// gated passes a listing through the gate as one call.
func gated[T any](f *Faulty, ctx context.Context, op, prefix string, list func(context.Context) iter.Seq2[T, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		var all []T
		err := f.do(ctx, op, prefix, false, func(ctx context.Context) error {
			for x, err := range list(ctx) {
				if err != nil {
					return err
				}
				all = append(all, x)
			}
			return nil
		})
		for _, x := range all {
			if !yield(x, nil) {
				return
			}
		}
		if err != nil {
			var none T
			yield(none, err)
		}
	}
}
