package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
)

// content is n bytes that depend on the seed alone.
func content(n int) []byte {
	p := make([]byte, n)
	rand.NewChaCha8([32]byte{1}).Read(p)
	return p
}

// seal encrypts in writes of at most step bytes; 0 means one write.
func seal(t testing.TB, r *Recipients, plain []byte, step int) []byte {
	t.Helper()
	var out bytes.Buffer
	w, err := r.Seal(&out)
	if err != nil {
		t.Fatal(err)
	}
	if step == 0 {
		step = max(len(plain), 1)
	}
	for rest := plain; len(rest) > 0; {
		n, err := w.Write(rest[:min(step, len(rest))])
		if err != nil {
			t.Fatal(err)
		}
		rest = rest[n:]
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func open(t testing.TB, e *openpgp.Entity, message []byte) ([]byte, *openpgp.MessageDetails, error) {
	t.Helper()
	md, err := openpgp.ReadMessage(bytes.NewReader(message), openpgp.EntityList{e}, nil, nil)
	if err != nil {
		return nil, nil, err
	}
	plain, err := io.ReadAll(md.UnverifiedBody)
	return plain, md, err
}

var sizes = []int{
	0, 1, 511, 512, 513, 8383, 8384,
	64<<10 - 7, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128<<10 + 1,
	1<<20 - 1, 1 << 20, 1<<20 + 1, 10 << 20,
}

func TestSealedMessagesOpenAndKeepTheirBound(t *testing.T) {
	ops := privateEntity(t, "ops-private.asc")
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"))
	for _, size := range sizes {
		for _, step := range []int{0, 1, 1000, 64 << 10, 64<<10 + 1, 300_000} {
			if step == 1 && size > 128<<10+1 || step > 1000 && size > 1<<20+1 {
				continue // slow, and the same for the packets
			}
			t.Run(fmt.Sprintf("%d by %d", size, step), func(t *testing.T) {
				plain := content(size)
				message := seal(t, r, plain, step)
				got, md, err := open(t, ops, message)
				if err != nil || !bytes.Equal(got, plain) || !md.IsEncrypted {
					t.Fatalf("got %d bytes, %v", len(got), err)
				}
				checkBound(t, r, size, len(message))
			})
		}
	}
}

// checkBound wants a bound that holds and is not wasteful.
func checkBound(t testing.TB, r *Recipients, plain, sealed int) {
	t.Helper()
	spare := r.Bound(int64(plain)) - int64(sealed)
	if spare < 0 || spare > 100+int64(plain)/10_000 {
		t.Errorf("%d bytes became %d, bound is %d", plain, sealed, r.Bound(int64(plain)))
	}
}

func TestBoundHoldsForRSA(t *testing.T) {
	k := parsePublic(t, "rsa.gpg", publicPackets(t, newEntity(t, packet.Config{RSABits: 2048})))
	r := recipients(t, k)
	for range 600 { // one number in 256 begins with a zero byte, which is not written
		message := seal(t, r, nil, 0)
		checkBound(t, r, 0, len(message))
		packets, err := r.SessionKeyPackets(message)
		if err != nil {
			t.Fatal(err)
		}
		if int64(len(packets)) > r.overhead {
			t.Fatalf("a session-key packet of %d bytes, bound is %d", len(packets), r.overhead)
		}
	}
}

// counter counts what is written.
type counter int

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// Every chunk leaves a byte more in the outer packet's writer, until these make
// a length of their own after some 30 MiB.
func TestBoundHoldsWhereSmallLengthsAppear(t *testing.T) {
	r := recipients(t, publicKey(t, "ops.asc"))
	var out counter
	w, err := r.Seal(&out)
	if err != nil {
		t.Fatal(err)
	}
	const size = 40 << 20
	for range size >> 20 {
		if _, err := w.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	checkBound(t, r, size, int(out))
}

func TestGnuPGOpensWhatWasSealed(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, keyFile(t, "escrow-private.asc"), "--import")
	p256 := newEntity(t, nistP256())
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"), parsePublic(t, "p256.gpg", publicPackets(t, p256)))
	for _, size := range sizes {
		plain := content(size)
		message := seal(t, r, plain, 1000)
		got := g.run(t, message, "--decrypt")
		if !bytes.Equal(got, plain) {
			t.Errorf("gpg made %d bytes of %d", len(got), size)
		}
		if size > 1<<10 {
			continue
		}
		if got, _, err := open(t, p256, message); err != nil || !bytes.Equal(got, plain) {
			t.Errorf("the P-256 recipient: %d bytes, %v", len(got), err)
		}
	}
}

func TestGnuPGSeesAES256WithMDCAndABareLiteral(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, keyFile(t, "ops-private.asc"), "--import")
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"))
	message := g.file(t, "message.pgp", seal(t, r, content(1000), 0))
	cmd := g.command(g.gpg, "--batch", "-v", "--show-session-key", "--list-packets", message)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{
		"session key: '9:",        // AES-256
		"mdc_method: 2",           // SHA-1, the one there is
		"mode b (62), created 0,", // literal: binary, no date,
		"name=\"\"",               // and no name
	} {
		if !bytes.Contains(out, []byte(want)) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
	if n := bytes.Count(out, []byte(":pubkey enc packet:")); n != 2 {
		t.Errorf("%d session-key packets, want 2", n)
	}
	if bytes.Contains(out, []byte("compressed")) {
		t.Errorf("compressed:\n%s", out)
	}
}

func TestEveryMessageHasItsOwnSessionKey(t *testing.T) {
	r := recipients(t, publicKey(t, "ops.asc"))
	plain := content(1000)
	if bytes.Equal(seal(t, r, plain, 0), seal(t, r, plain, 0)) {
		t.Error("the same bytes came out twice")
	}
}

func TestUnclosedOrDamagedMessagesDoNotOpen(t *testing.T) {
	ops := privateEntity(t, "ops-private.asc")
	r := recipients(t, publicKey(t, "ops.asc"))
	whole := seal(t, r, content(300_000), 0)
	var unclosed bytes.Buffer
	w, err := r.Seal(&unclosed)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(content(300_000)); err != nil {
		t.Fatal(err)
	}
	flipped := bytes.Clone(whole)
	flipped[200_000] ^= 1
	for name, message := range map[string][]byte{
		"never closed": unclosed.Bytes(),
		"cut":          whole[:len(whole)-1],
		"flipped":      flipped,
	} {
		if _, _, err := open(t, ops, message); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

// failing fails once, at the write that passes its limit, and never again.
type failing struct {
	bytes.Buffer
	limit  int
	failed bool
}

var errDisk = errors.New("disk full")

func (f *failing) Write(p []byte) (int, error) {
	if !f.failed && f.Len()+len(p) > f.limit {
		f.failed = true
		return 0, errDisk
	}
	return f.Buffer.Write(p)
}

func TestAfterAFailedWriteNothingMoreIsWritten(t *testing.T) {
	out := &failing{limit: 100_000}
	w, err := recipients(t, publicKey(t, "ops.asc")).Seal(out)
	if err != nil {
		t.Fatal(err)
	}
	if _, err = io.Copy(w, bytes.NewReader(content(1<<20))); !errors.Is(err, errDisk) {
		t.Fatalf("copying: %v", err)
	}
	before := out.Len()
	if _, err := w.Write(content(1 << 20)); !errors.Is(err, errDisk) {
		t.Errorf("writing on: %v", err)
	}
	if err := w.Close(); !errors.Is(err, errDisk) {
		t.Errorf("closing: %v", err)
	}
	if out.Len() != before {
		t.Errorf("%d bytes were written after the failure", out.Len()-before)
	}
}

func TestAClosedMessageTakesNothingMore(t *testing.T) {
	var out bytes.Buffer
	w, err := recipients(t, publicKey(t, "ops.asc")).Seal(&out)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	before := out.Len()
	if _, err := w.Write([]byte("more")); err == nil {
		t.Error("writing was accepted")
	}
	if err := w.Close(); err == nil {
		t.Error("closing again was accepted")
	}
	if out.Len() != before {
		t.Error("the message grew")
	}
}

func TestMessagesAreSealedSideBySide(t *testing.T) {
	ops := privateEntity(t, "ops-private.asc")
	rsa := parsePublic(t, "rsa.gpg", publicPackets(t, newEntity(t, packet.Config{RSABits: 2048})))
	r := recipients(t, publicKey(t, "ops.asc"), rsa)
	var wg sync.WaitGroup
	messages := make([][]byte, 8)
	for i := range messages {
		wg.Go(func() { messages[i] = seal(t, r, content(200_000), 0) })
	}
	wg.Wait()
	for _, m := range messages {
		if got, _, err := open(t, ops, m); err != nil || !bytes.Equal(got, content(200_000)) {
			t.Errorf("got %d bytes, %v", len(got), err)
		}
	}
}

func BenchmarkSeal(b *testing.B) {
	r := recipients(b, publicKey(b, "ops.asc"))
	plain := []byte(strings.Repeat("x", 1<<20))
	w, err := r.Seal(io.Discard)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(len(plain)))
	for b.Loop() {
		if _, err := w.Write(plain); err != nil {
			b.Fatal(err)
		}
	}
}
