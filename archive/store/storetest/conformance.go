// Package storetest holds the adapters of the object-store port to its
// contracts: Run is the suite that each of them passes unchanged. Beside it
// are the wrappers by which tests make a store fail, and turn its clock. Only
// tests may import it.
package storetest

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math/rand/v2"
	"sync"
	"testing"

	"github.com/minio/crc64nvme"

	"archiver/archive/store"
)

// Capabilities are what the port leaves to a store. What is false must not be
// half there: the suite then expects what the port says of its absence.
type Capabilities struct {
	// Versions: what Replace and Delete supersede is kept, and named by
	// Version. Without it, Version is always "".
	Versions bool
	// Lingering, of a store with Versions: conditions on a key whose object was
	// deleted still see the version below the delete marker, so that Create and
	// Replace do not keep their contracts there (versitygw 1.8.0; not S3).
	Lingering bool
	// Retention: versions can be held. Without it, Retain and Retention
	// answer ErrUnsupported.
	Retention bool
	// Checksums: Info carries a CRC64NVME. Without it, it may be "".
	Checksums bool
}

// Run holds a store to every contract of the port. open returns a store with
// an empty root of its own at each call.
func Run(t *testing.T, c Capabilities, open func(t *testing.T) store.Store) {
	for _, group := range []struct {
		name string
		test func(*suite)
	}{
		{"Create", testCreate}, {"Replace", testReplace}, {"Delete", testDelete},
		{"Read", testRead}, {"Open", testOpen}, {"List", testList},
		{"Upload", testUpload}, {"Versions", testVersions}, {"Retention", testRetention},
	} {
		t.Run(group.name, func(t *testing.T) { group.test(&suite{t, c, open}) })
	}
}

// suite is one group of contracts.
type suite struct {
	*testing.T
	can  Capabilities
	open func(t *testing.T) store.Store
}

// promise runs a test named after what it promises, on an empty store.
func (s *suite) promise(name string, test func(x *fixture)) {
	s.Run(name, func(t *testing.T) { test(&fixture{T: t, can: s.can, s: s.open(t)}) })
}

// fixture is a store that a test works on.
type fixture struct {
	*testing.T
	can Capabilities
	s   store.Store
}

func (x *fixture) create(key, body string) store.Info {
	x.Helper()
	info, err := x.s.Create(x.Context(), key, []byte(body))
	x.no(err)
	return info
}

func (x *fixture) read(key string, offset, length int64, pin store.Pin) (string, error) {
	x.Helper()
	r, err := x.s.Open(x.Context(), key, offset, length, pin)
	if err != nil {
		return "", err
	}
	defer r.Close()
	body, err := io.ReadAll(r)
	return string(body), err
}

// holds checks what lies under a key.
func (x *fixture) holds(key, want string) {
	x.Helper()
	o, err := x.s.Get(x.Context(), key)
	x.no(err)
	if string(o.Body) != want {
		x.Errorf("%s holds %q, want %q", key, o.Body, want)
	}
}

func (x *fixture) absent(key string) {
	x.Helper()
	_, err := x.s.Stat(x.Context(), key, "")
	x.want(err, store.ErrNotFound)
}

func (x *fixture) no(err error) {
	x.Helper()
	if err != nil {
		x.Fatal(err)
	}
}

func (x *fixture) want(err, want error) {
	x.Helper()
	if !errors.Is(err, want) {
		x.Fatalf("error is %v, want %v", err, want)
	}
}

// sum checks the checksum of an object whose content is known.
func (x *fixture) sum(info store.Info, body []byte) {
	x.Helper()
	want := base64.StdEncoding.EncodeToString(binary.BigEndian.AppendUint64(nil, crc64nvme.Checksum(body)))
	if info.CRC64NVME != want && (x.can.Checksums || info.CRC64NVME != "") {
		x.Errorf("CRC64NVME is %q, want %q", info.CRC64NVME, want)
	}
}

// race runs n calls at once, and counts the errors that are nil; all others
// must be want.
func (x *fixture) race(n int, want error, call func(i int) error) (won int) {
	x.Helper()
	var (
		wg    sync.WaitGroup
		start = make(chan struct{})
		errs  = make([]error, n)
	)
	for i := range n {
		wg.Go(func() {
			<-start
			errs[i] = call(i)
		})
	}
	close(start)
	wg.Wait()
	for _, err := range errs {
		if err == nil {
			won++
		} else if !errors.Is(err, want) {
			x.Errorf("a loser got %v, want %v", err, want)
		}
	}
	return won
}

// ended is a context that is cancelled already.
func (x *fixture) ended() context.Context {
	ctx, cancel := context.WithCancel(x.Context())
	cancel()
	return ctx
}

// noise is n bytes that are the same at every call with one seed.
func noise(seed uint64, n int) []byte {
	var key [32]byte
	binary.BigEndian.PutUint64(key[:], seed)
	body := make([]byte, n)
	_, _ = rand.NewChaCha8(key).Read(body) // it never fails
	return body
}

// collect drains a sequence up to its first error, after which nothing may come.
func collect[T any](seq iter.Seq2[T, error]) (all []T, err error) {
	for v, e := range seq {
		if err != nil {
			return all, errors.New("the sequence went on after its error")
		}
		if err = e; err == nil {
			all = append(all, v)
		}
	}
	return all, err
}

// stream hides everything of a reader but Read.
func stream(body []byte) io.Reader { return io.MultiReader(bytes.NewReader(body)) }
