package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"archiver/archive/store"
	"archiver/archive/store/dir"
)

// unpacker reads the kept day from the copy in its folder.
func (k *kept) unpacker(opener Opener) *Unpacker {
	k.t.Helper()
	s, err := dir.Open(k.path("archive"))
	if err != nil {
		k.t.Fatal(err)
	}
	return &Unpacker{
		Store: s, Entry: &k.chain.Entries[keptEntry-1], Opener: opener, Trust: k.ledger.Trust,
		Budget: Budget{Memory: 256 << 20, Transfers: 4, Lanes: 2},
	}
}

// gathered is a sink in memory.
type gathered struct {
	mu    sync.Mutex
	files map[string]string
	times map[string]time.Time
}

func (g *gathered) Put(_ context.Context, name string, size int64, modified time.Time, body io.Reader) error {
	all, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if _, again := g.files[name]; again || int64(len(all)) != size {
		return fmt.Errorf("%s comes twice, or with %d bytes instead of %d", name, len(all), size)
	}
	g.files[name], g.times[name] = string(all), modified
	return nil
}

func newGathered() *gathered {
	return &gathered{files: map[string]string{}, times: map[string]time.Time{}}
}

func TestUnpackGivesEveryFileOfADayOnceByEitherKey(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	k := newKept(t)
	for _, key := range []string{"ops-private.asc", "escrow-private.asc"} {
		to := newGathered()
		u := k.unpacker(openerOf(t, key))
		var mu sync.Mutex
		var read int64
		u.Progress = func(n int64) { mu.Lock(); read += n; mu.Unlock() }
		record, err := u.Unpack(t.Context(), to)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(k.expected(), to.files); diff != "" {
			t.Error(diff)
		}
		if record.Run != k.day.Run || record.Objects != k.day.Objects || len(record.Witness.Samples) != 1 {
			t.Errorf("the record is %+v", record)
		}
		var want int64
		for _, v := range k.day.Volumes {
			want += v.Bytes
		}
		if read != want {
			t.Errorf("progress of %d bytes, want %d", read, want)
		}
		for name, at := range to.times {
			if !at.Equal(noon) {
				t.Errorf("%s was modified at %v", name, at)
			}
		}
	}
}

func TestLargeFilesStreamAndSmallOnesComeSideBySide(t *testing.T) {
	m := newMade(t, newMemory())
	staging := newMemory()
	for i, size := range []int{0, chunkBytes, chunkBytes + 1, 3*chunkBytes + 17, 5} {
		staging.put(fmt.Sprintf("b%d", i), string(make([]byte, size)))
	}
	m.day(t, Staging{Store: staging}, keptDate, 1<<30)
	u := &Unpacker{
		Store: m.archive, Entry: &m.chain.Entries[0], Opener: openerOf(t, "ops-private.asc"), Trust: m.ledger.Trust,
		Budget: Budget{Memory: 256 << 20, Transfers: 4, Lanes: 2},
	}
	to := newMemory()
	if _, err := u.Unpack(t.Context(), RepositorySink(to, "back/")); err != nil {
		t.Fatal(err)
	}
	if len(to.objects) != 5 {
		t.Errorf("it holds %v", to.keys(t, ""))
	}
	for key, body := range to.objects {
		if !bytes.Equal(body, staging.objects[key[len("back/"):]]) {
			t.Errorf("%s is not what it was", key)
		}
	}
	if _, err := u.Unpack(t.Context(), RepositorySink(to, "back/")); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second time: %v, want an error about the large files", err)
	}
}

func TestSmallFileThatLiesThereAlreadyMustBeTheSame(t *testing.T) {
	k := newKept(t)
	u := k.unpacker(openerOf(t, "ops-private.asc"))
	to := newMemory()
	for range 2 {
		if _, err := u.Unpack(t.Context(), RepositorySink(to, "p/")); err != nil {
			t.Fatal(err)
		}
	}
	to.put("p/index-1", "another")
	if _, err := u.Unpack(t.Context(), RepositorySink(to, "p/")); !errors.Is(err, store.ErrExists) {
		t.Errorf("%v", err)
	}
}

func TestFolderGivesUpItsFilesOnlyAtTheEnd(t *testing.T) {
	k := newKept(t)
	u := k.unpacker(openerOf(t, "ops-private.asc"))
	out := filepath.Join(t.TempDir(), "a", "out")
	f, err := FolderSink(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := u.Unpack(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if entries, err := os.ReadDir(out); err != nil || len(entries) != 1 || entries[0].Name() != ".unchecked" {
		t.Errorf("before its release the folder holds %v, %v", entries, err)
	}
	if err := f.Release(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(k.expected(), tree(t, out)); diff != "" {
		t.Error(diff)
	}
	if _, err := FolderSink(out); !errors.Is(err, ErrNotEmpty) {
		t.Errorf("%v", err)
	}
	other := filepath.Join(t.TempDir(), "other")
	if f, err = FolderSink(other); err != nil {
		t.Fatal(err)
	}
	if _, err := u.Unpack(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := f.Discard(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(other); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("discarded, it is still there: %v", err)
	}
}

func TestMissingKeyIsNoViolation(t *testing.T) {
	k := newKept(t)
	_, err := k.unpacker(openerOf(t, "stranger-private.asc")).Unpack(t.Context(), newGathered())
	var missing *NoKeyError
	if !errors.As(err, &missing) || errors.Is(err, ErrIntegrity) || missing.Hint() == "" {
		t.Errorf("%v", err)
	}
}

func TestUnpackPassesFailuresOfStoreAndSinkOn(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	k := newKept(t)
	broken := errors.New("broken")
	for _, name := range []string{"ARCHIVE.json", "repository/index-1", "SHA256SUMS.00002.asc"} {
		to := &failing{gathered: newGathered(), name: name, err: broken}
		if _, err := k.unpacker(openerOf(t, "ops-private.asc")).Unpack(t.Context(), to); !errors.Is(err, broken) || errors.Is(err, ErrIntegrity) {
			t.Errorf("%s: %v", name, err)
		}
	}
	m := newMemory()
	m.opened = func(string, int64) error { return broken }
	for _, v := range k.day.Volumes {
		m.put(v.Key, string(k.read(k.path("archive/"+v.Key))))
	}
	u := k.unpacker(openerOf(t, "ops-private.asc"))
	u.Store = m
	if _, err := u.Unpack(t.Context(), newGathered()); !errors.Is(err, broken) || errors.Is(err, ErrIntegrity) {
		t.Errorf("of the store: %v", err)
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(broken)
	if _, err := k.unpacker(openerOf(t, "ops-private.asc")).Unpack(ctx, newGathered()); !errors.Is(err, broken) || errors.Is(err, ErrIntegrity) {
		t.Errorf("interrupted: %v", err)
	}
}

// failing refuses one file.
type failing struct {
	*gathered
	name string
	err  error
}

func (f *failing) Put(ctx context.Context, name string, size int64, modified time.Time, body io.Reader) error {
	if name == f.name {
		return f.err
	}
	return f.gathered.Put(ctx, name, size, modified, body)
}
