package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"iter"
	"slices"
	"sort"
	"strings"
	"sync"
	"testing"
	"time"

	"archiver/archive/store"
)

// memory is a store whose insides a test can reach: to tamper, to fail, to
// count. It keeps no checksums and no retention.
type memory struct {
	mu      sync.Mutex
	objects map[string][]byte
	history map[string][]store.Version // of keys that tests gave a past
	clock   time.Time
	// opened is asked before every ranged read, if set.
	opened func(key string, offset int64) error
	// created is asked after every creation, if set: its error is the answer.
	created func(key string) error
	// listed stands in for the listing, if set.
	listed iter.Seq2[store.Info, error]
}

func newMemory() *memory {
	return &memory{objects: map[string][]byte{}, clock: noon}
}

var _ store.Store = (*memory)(nil)

func (m *memory) put(key, body string) { m.objects[key] = []byte(body) }

func (m *memory) URL() string { return "memory:" }

func (m *memory) info(key string, body []byte) store.Info {
	return store.Info{Key: key, Size: int64(len(body)), ETag: fmt.Sprintf("%08x", crc32.ChecksumIEEE(body)), Time: m.clock}
}

func (m *memory) Get(_ context.Context, key string) (store.Object, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, ok := m.objects[key]
	if !ok {
		return store.Object{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	}
	return store.Object{Info: m.info(key, body), Body: bytes.Clone(body), Now: m.clock}, nil
}

func (m *memory) Stat(ctx context.Context, key, _ string) (store.Info, error) {
	o, err := m.Get(ctx, key)
	return o.Info, err
}

func (m *memory) Open(ctx context.Context, key string, offset, length int64, pin store.Pin) (io.ReadCloser, error) {
	if m.opened != nil {
		if err := m.opened(key, offset); err != nil {
			return nil, err
		}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	body, ok := m.objects[key]
	switch {
	case !ok:
		return nil, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	case pin.ETag != "" && pin.ETag != m.info(key, body).ETag:
		return nil, fmt.Errorf("%s: %w", key, store.ErrChanged)
	case length < 0:
		length = int64(len(body)) - offset
	}
	return io.NopCloser(bytes.NewReader(body[offset : offset+length])), ctx.Err()
}

func (m *memory) Create(_ context.Context, key string, body []byte) (store.Info, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.objects[key]; ok {
		return store.Info{}, fmt.Errorf("%s: %w", key, store.ErrExists)
	}
	m.objects[key] = bytes.Clone(body)
	if m.created != nil {
		if err := m.created(key); err != nil {
			return store.Info{}, err
		}
	}
	return m.info(key, body), nil
}

func (m *memory) Upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	all, err := io.ReadAll(body)
	switch {
	case err != nil:
		return store.Info{}, err
	case int64(len(all)) > o.Bound:
		return store.Info{}, errors.New("body exceeds its bound")
	}
	return m.Create(ctx, key, all)
}

func (m *memory) List(_ context.Context, prefix, after string) iter.Seq2[store.Info, error] {
	if m.listed != nil {
		return m.listed
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var infos []store.Info
	for key, body := range m.objects {
		if strings.HasPrefix(key, prefix) && key > after {
			infos = append(infos, m.info(key, body))
		}
	}
	slices.SortFunc(infos, func(a, b store.Info) int { return strings.Compare(a.Key, b.Key) })
	return each(infos)
}

func (m *memory) Versions(ctx context.Context, prefix string) iter.Seq2[store.Version, error] {
	var versions []store.Version
	for info := range m.List(ctx, prefix, "") {
		if past, ok := m.history[info.Key]; ok {
			versions = append(versions, past...)
			continue
		}
		versions = append(versions, store.Version{Info: info, Latest: true})
	}
	sort.SliceStable(versions, func(i, j int) bool { return versions[i].Key < versions[j].Key })
	return each(versions)
}

// each yields values without an error.
func each[T any](values []T) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for _, v := range values {
			if !yield(v, nil) {
				return
			}
		}
	}
}

func (m *memory) Replace(context.Context, string, []byte, string) (store.Info, error) {
	return store.Info{}, store.ErrUnsupported
}

func (m *memory) Uploads(context.Context, string) iter.Seq2[store.Upload, error] {
	return each[store.Upload](nil)
}

func (m *memory) Abort(context.Context, store.Upload) error { return store.ErrUnsupported }

func (m *memory) Delete(context.Context, string, string) error { return store.ErrUnsupported }

func (m *memory) DeleteVersion(context.Context, string, string) error { return store.ErrUnsupported }

func (m *memory) Retain(context.Context, string, string, store.Retention) error {
	return store.ErrUnsupported
}

func (m *memory) Retention(context.Context, string, string) (store.Retention, error) {
	return store.Retention{}, store.ErrUnsupported
}

// keys lists what m holds below prefix.
func (m *memory) keys(t testing.TB, prefix string) []string {
	t.Helper()
	var keys []string
	for info, err := range m.List(t.Context(), prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	return keys
}
