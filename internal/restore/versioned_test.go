package restore_test

import (
	"context"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"sync"
	"testing"

	"archiver/archive/store"
	"archiver/internal/restore"
)

// versioned is a store that keeps what is deleted or replaced, as a bucket with
// versions does: of each key its versions, the newest first.
type versioned struct {
	store.Store
	mu   sync.Mutex
	n    int
	past map[string][]store.Version
}

func (v *versioned) add(key string, marker bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.n++
	x := store.Version{Info: store.Info{Key: key, Version: fmt.Sprint(v.n)}, DeleteMarker: marker}
	v.past[key] = append([]store.Version{x}, v.past[key]...)
}

func (v *versioned) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	info, err := v.Store.Create(ctx, key, body)
	if err == nil {
		v.add(key, false)
	}
	return info, err
}

func (v *versioned) Replace(ctx context.Context, key string, body []byte, etag string) (store.Info, error) {
	info, err := v.Store.Replace(ctx, key, body, etag)
	if err == nil {
		v.add(key, false)
	}
	return info, err
}

func (v *versioned) Upload(ctx context.Context, key string, body io.Reader, o store.UploadOptions) (store.Info, error) {
	info, err := v.Store.Upload(ctx, key, body, o)
	if err == nil {
		v.add(key, false)
	}
	return info, err
}

func (v *versioned) Delete(ctx context.Context, key, etag string) error {
	err := v.Store.Delete(ctx, key, etag)
	if err == nil {
		v.add(key, true)
	}
	return err
}

func (v *versioned) DeleteVersion(_ context.Context, key, version string) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.past[key] = slices.DeleteFunc(v.past[key], func(x store.Version) bool { return x.Version == version })
	return nil
}

func (v *versioned) Versions(_ context.Context, prefix string) iter.Seq2[store.Version, error] {
	v.mu.Lock()
	defer v.mu.Unlock()
	var all []store.Version
	for key, past := range v.past {
		for n, x := range past {
			if x.Latest = n == 0; strings.HasPrefix(key, prefix) {
				all = append(all, x)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b store.Version) int { return strings.Compare(a.Key, b.Key) })
	return func(yield func(store.Version, error) bool) {
		for _, x := range all {
			if !yield(x, nil) {
				return
			}
		}
	}
}

// TestABucketWithVersionsKeepsNothingOfARestore looks below what a listing shows:
// what was restored from is plain text.
func TestABucketWithVersionsKeepsNothingOfARestore(t *testing.T) {
	w := newWorld(t)
	v := &versioned{Store: w.staging, past: map[string][]store.Version{}}
	w.staging = v
	const foreign = ".archiver/restores-of-mine/dump"
	v.past[foreign] = []store.Version{{Info: store.Info{Key: foreign, Version: "a"}}, {Info: store.Info{Key: foreign, Version: "b"}}}
	for name, do := range map[string]func() error{
		"a drill": func() error { _, err := w.drill(healthy()); return err },
		"a restore": func() error {
			_, err := restoreBeside(w, healthy())
			return err
		},
		"one that died in the cluster's part": func() error {
			w.dieAt("cluster Recovery", (*world).drill)
			_, err := w.process(healthy()).Leftovers(context.Background(), true)
			return err
		},
		"one that died while it removed old versions": func() error {
			w.dieAt("staging DeleteVersion", (*world).drill)
			_, err := w.process(healthy()).Leftovers(context.Background(), true)
			return err
		},
	} {
		if err := do(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for key, past := range v.past {
			if strings.HasPrefix(key, restore.Prefix) && len(past) > 0 {
				t.Errorf("%s: of %s, %d versions are kept", name, key, len(past))
			}
		}
		if len(v.past[foreign]) != 2 {
			t.Errorf("%s: what is another's was removed", name)
		}
	}
}
