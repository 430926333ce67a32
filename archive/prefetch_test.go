package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"archiver/archive/store"
)

// content gives a store blobs of these sizes, and what a listing says of them.
func content(sizes ...int) (*memory, []Blob) {
	s := newMemory()
	var all []Blob
	for i, n := range sizes {
		key := fmt.Sprintf("b%04d", i)
		s.put(key, string(bytes.Repeat([]byte{byte(i), byte(n)}, n/2+1)[:n]))
		info, _ := s.Stat(context.Background(), key, "")
		all = append(all, Blob{Key: key, Size: info.Size, ETag: info.ETag})
	}
	return s, all
}

func TestPrefetchYieldsAllBytesInOrderInChunks(t *testing.T) {
	s, all := content(0, 1, chunkBytes-1, chunkBytes, chunkBytes+1, 0, 3*chunkBytes, 5)
	wantChunks := []int{1, 1, 1, 1, 2, 1, 3, 1}
	for _, l := range []lane{{buffers: 2, readers: 1}, {buffers: 2, readers: 2}, {buffers: 7, readers: 5}} {
		// Later chunks answer sooner: order must not depend on it.
		s.opened = func(_ string, offset int64) error {
			if offset == 0 {
				time.Sleep(2 * time.Millisecond)
			}
			return nil
		}
		var got []Blob
		chunks := make([]int, len(all))
		body := map[string][]byte{}
		for c, err := range prefetch(t.Context(), Staging{Store: s}, each(all), l) {
			if err != nil {
				t.Fatal(err)
			}
			if c.first {
				got = append(got, c.blob)
			}
			chunks[len(got)-1]++
			body[c.blob.Key] = append(body[c.blob.Key], c.data...)
			if whole := int64(len(body[c.blob.Key])) == c.blob.Size; c.last != whole {
				t.Errorf("%+v: %s: last is %v after %d bytes", l, c.blob.Key, c.last, len(body[c.blob.Key]))
			}
		}
		if !slices.Equal(got, all) || !slices.Equal(chunks, wantChunks) {
			t.Errorf("%+v: blobs %v in chunks %v", l, got, chunks)
		}
		for key, want := range s.objects {
			if !bytes.Equal(body[key], want) {
				t.Errorf("%+v: %s has other bytes", l, key)
			}
		}
	}
}

func TestPrefetchHoldsNoMoreThanItsBuffers(t *testing.T) {
	sizes := slices.Repeat([]int{1, 3 * chunkBytes}, 10)
	s, all := content(sizes...)
	l := lane{buffers: 3, readers: 3}
	var begun atomic.Int64
	s.opened = func(string, int64) error { begun.Add(1); return nil }
	var mu sync.Mutex
	buffers := map[*byte]bool{}
	var taken int64
	for c, err := range prefetch(t.Context(), Staging{Store: s}, each(all), l) {
		if err != nil {
			t.Fatal(err)
		}
		// What has been asked for is what was yielded and what is read ahead.
		if ahead := begun.Load() - taken; ahead > int64(l.buffers) {
			t.Fatalf("%d chunks are held, with %d buffers", ahead, l.buffers)
		}
		taken++
		mu.Lock()
		buffers[&c.data[:1][0]] = true
		mu.Unlock()
	}
	if len(buffers) > l.buffers {
		t.Errorf("%d buffers were made, of %d", len(buffers), l.buffers)
	}
}

func TestPrefetchPassesErrorsOnInTheirPlace(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	broken := errors.New("broken")
	for _, c := range []struct {
		name  string
		fail  func(s *memory, all []Blob) iter.Seq2[Blob, error]
		blobs int // that arrive before
		want  error
	}{
		{"of a read", func(s *memory, all []Blob) iter.Seq2[Blob, error] {
			s.opened = func(key string, _ int64) error {
				if key == all[3].Key {
					return broken
				}
				return nil
			}
			return each(all)
		}, 3, broken},
		{"of the listing", func(_ *memory, all []Blob) iter.Seq2[Blob, error] {
			return func(yield func(Blob, error) bool) {
				for _, b := range all[:5] {
					if !yield(b, nil) {
						return
					}
				}
				yield(Blob{}, broken)
			}
		}, 5, broken},
		{"of the first listing", func(*memory, []Blob) iter.Seq2[Blob, error] {
			return func(yield func(Blob, error) bool) { yield(Blob{}, broken) }
		}, 0, broken},
		{"replaced blob", func(s *memory, all []Blob) iter.Seq2[Blob, error] {
			s.put(all[2].Key, "other")
			return each(all)
		}, 2, ErrStagingChanged},
		{"deleted blob", func(s *memory, all []Blob) iter.Seq2[Blob, error] {
			delete(s.objects, all[2].Key)
			return each(all)
		}, 2, ErrStagingChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			s, all := content(slices.Repeat([]int{10}, 20)...)
			list := c.fail(s, all)
			arrived, failures := 0, 0
			for _, err := range prefetch(t.Context(), Staging{Store: s}, list, lane{buffers: 4, readers: 3}) {
				if failures > 0 {
					t.Fatal("it went on after its error")
				}
				if err == nil {
					arrived++
					continue
				}
				failures++
				if !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
			}
			if arrived != c.blobs || failures != 1 {
				t.Errorf("%d blobs and %d errors, want %d and 1", arrived, failures, c.blobs)
			}
		})
	}
}

func TestPrefetchEndsWithItsConsumerOrItsContextAndLeavesNothingRunning(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	s, all := content(slices.Repeat([]int{10, 2 * chunkBytes}, 5)...)
	for stop := range 15 {
		for _, err := range prefetch(t.Context(), Staging{Store: s}, each(all), lane{buffers: 3, readers: 2}) {
			if err != nil {
				t.Fatal(err)
			}
			if stop == 0 {
				break
			}
			stop--
		}
		ctx, cancel := context.WithCancelCause(t.Context())
		why := errors.New("interrupted")
		var last error
		n := 0
		for _, err := range prefetch(ctx, Staging{Store: s}, each(all), lane{buffers: 3, readers: 2}) {
			if last = err; err == nil && n == stop {
				cancel(why)
			}
			n++
		}
		if n < 15 && last == nil {
			t.Errorf("cancelled after %d chunks, it ended as if it were whole", n)
		}
		cancel(nil)
	}
}

func TestPrefetchReadsWhatWasListedOnly(t *testing.T) {
	s, all := content(10)
	all[0].ETag = "listed earlier"
	for _, err := range prefetch(t.Context(), Staging{Store: s}, each(all), lane{buffers: 2, readers: 1}) {
		if !errors.Is(err, ErrStagingChanged) || !errors.Is(err, store.ErrChanged) {
			t.Errorf("%v", err)
		}
	}
}
