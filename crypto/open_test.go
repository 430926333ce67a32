package crypto

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
	openpgp "github.com/ProtonMail/go-crypto/openpgp/v2"
	"pgregory.net/rapid"
)

func opener(t testing.TB, keys ...*Private) *Opener {
	t.Helper()
	o, err := NewOpener(keys)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func opsOpener(t testing.TB) *Opener {
	t.Helper()
	return opener(t, privateFile(t, "ops-private.asc"))
}

// opened is a message's plaintext, or what was read of it before the error.
func opened(o *Opener, message []byte) ([]byte, error) {
	return openedFrom(o, bytes.NewReader(message))
}

func openedFrom(o *Opener, message io.Reader) ([]byte, error) {
	r, err := o.Open(message)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// boundaries are sizes around those of lengths, chunks and buffers.
var boundaries = []int{
	0, 1, 5, 6, 15, 16, 17, 22, 23, 183, 184, 185, 186, 191, 192, 193,
	505, 506, 511, 512, 513, 8191, 8192, 8193, 8376, 8377, 8378, 8383, 8384, 8385,
	64<<10 - 23, 64<<10 - 22, 64<<10 - 7, 64<<10 - 1, 64 << 10, 64<<10 + 1, 128<<10 - 1, 128 << 10, 128<<10 + 1,
	1<<20 - 1, 1 << 20, 1<<20 + 1,
}

func TestEverySealedMessageOpens(t *testing.T) {
	o := opsOpener(t)
	r := recipients(t, publicKey(t, "escrow.asc"), publicKey(t, "ops.asc"))
	for _, size := range boundaries {
		for _, read := range []int{1, 7, 22, 23, 4096, 64 << 10, 2 << 20} {
			if read < 4096 && size > 9000 {
				continue // slow, and the same for the packets
			}
			message := seal(t, r, content(size), 0)
			from, err := o.Open(bytes.NewReader(message))
			if err != nil {
				t.Fatalf("%d: %v", size, err)
			}
			if got, err := readBy(from, read); err != nil || !bytes.Equal(got, content(size)) {
				t.Errorf("%d by %d: %d bytes, %v", size, read, len(got), err)
			}
		}
	}
}

// readBy reads everything in reads of n bytes.
func readBy(r io.Reader, n int) (all []byte, err error) {
	buf := make([]byte, n)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}

func TestSealAndOpenAreInverse(t *testing.T) {
	o := opsOpener(t)
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"))
	rapid.Check(t, func(rt *rapid.T) {
		size := rapid.OneOf(rapid.SampledFrom(boundaries), rapid.IntRange(0, 300_000)).Draw(rt, "size")
		write := rapid.IntRange(1000, 200_000).Draw(rt, "bytes in a write")
		read := rapid.IntRange(500, 200_000).Draw(rt, "bytes in a read")
		var from io.Reader = bytes.NewReader(seal(t, r, content(size), write))
		if rapid.Bool().Draw(rt, "data and EOF together") {
			from = iotest.DataErrReader(from)
		}
		plain, err := o.Open(from)
		if err != nil {
			rt.Fatal(err)
		}
		if got, err := readBy(plain, read); err != nil || !bytes.Equal(got, content(size)) {
			rt.Fatalf("%d bytes, %v", len(got), err)
		}
	})
}

func TestAMessageOpensHoweverItArrives(t *testing.T) {
	o := opsOpener(t)
	message := seal(t, recipients(t, publicKey(t, "ops.asc")), content(200_000), 0)
	for name, from := range map[string]io.Reader{
		"byte by byte":          iotest.OneByteReader(bytes.NewReader(message)),
		"in halves":             iotest.HalfReader(bytes.NewReader(message)),
		"the end with the data": iotest.DataErrReader(bytes.NewReader(message)),
	} {
		if got, err := openedFrom(o, from); err != nil || !bytes.Equal(got, content(200_000)) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
	}
}

// Every bit counts: none can be changed without an error.
func TestAChangedBitNeverOpens(t *testing.T) {
	rsa := newEntity(t, packet.Config{RSABits: 2048})
	p256 := newEntity(t, nistP256())
	for name, c := range map[string]struct {
		to   *Key
		with *Private
	}{
		"Curve25519": {publicKey(t, "ops.asc"), privateFile(t, "ops-private.asc")},
		"RSA":        {parsePublic(t, "", publicPackets(t, rsa)), parsePrivate(t, privatePackets(t, rsa), "")},
		"P-256":      {parsePublic(t, "", publicPackets(t, p256)), parsePrivate(t, privatePackets(t, p256), "")},
	} {
		o := opener(t, c.with)
		message := seal(t, recipients(t, c.to), content(40), 0)
		for i := range message {
			for bit := range 8 {
				if name == "RSA" && bit != i%8 {
					continue // slow
				}
				damaged := bytes.Clone(message)
				damaged[i] ^= 1 << bit
				got, err := opened(o, damaged)
				if !errors.Is(err, ErrMessage) && !errors.Is(err, ErrNoKey) || errors.Is(err, ErrMessage) && errors.Is(err, ErrNoKey) {
					t.Errorf("%s, byte %d, bit %d of %d bytes: %d bytes, %v", name, i, bit, len(message), len(got), err)
				}
			}
		}
	}
}

func TestAChangedByteOfALongMessageNeverOpens(t *testing.T) {
	o := opsOpener(t)
	r := recipients(t, publicKey(t, "ops.asc"))
	message := seal(t, r, content(300_000), 0)
	rapid.Check(t, func(rt *rapid.T) {
		damaged := bytes.Clone(message)
		damaged[rapid.IntRange(0, len(message)-1).Draw(rt, "at")] ^= rapid.ByteRange(1, 255).Draw(rt, "by")
		if _, err := opened(o, damaged); !errors.Is(err, ErrMessage) && !errors.Is(err, ErrNoKey) {
			rt.Errorf("%v", err)
		}
	})
}

func TestACutMessageNeverOpens(t *testing.T) {
	o := opsOpener(t)
	r := recipients(t, publicKey(t, "ops.asc"))
	for _, size := range []int{0, 40, 600} {
		message := seal(t, r, content(size), 0)
		for n := range message {
			if got, err := opened(o, message[:n]); !errors.Is(err, ErrMessage) || errors.Is(err, io.EOF) {
				t.Errorf("%d of %d bytes: %d bytes, %v", n, len(message), len(got), err)
			}
		}
	}
}

// The cuts that a lazy reader takes for the end: between two parts.
func TestAMessageCutBetweenItsPartsNeverOpens(t *testing.T) {
	o := opsOpener(t)
	r := recipients(t, publicKey(t, "ops.asc"))
	message := seal(t, r, content(1<<20), 0)
	packets, err := r.SessionKeyPackets(message)
	if err != nil {
		t.Fatal(err)
	}
	cuts := 0
	for at := len(packets) + 1; message[at] >= 224; cuts++ {
		at += 1 + 1<<(message[at]&0x1f)
		for _, end := range []int{at, at + 1} {
			for _, from := range []io.Reader{bytes.NewReader(message[:end]), iotest.DataErrReader(bytes.NewReader(message[:end]))} {
				if got, err := openedFrom(o, from); !errors.Is(err, ErrMessage) {
					t.Errorf("cut at %d: %d bytes, %v", end, len(got), err)
				}
			}
		}
	}
	if cuts < 5 {
		t.Errorf("only %d parts: the test proves nothing", cuts)
	}
}

func TestAnErrorStays(t *testing.T) {
	o := opsOpener(t)
	message := seal(t, recipients(t, publicKey(t, "ops.asc")), content(1000), 0)
	message[len(message)-1] ^= 1
	r, err := o.Open(bytes.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	_, first := io.ReadAll(r)
	for range 3 {
		if n, err := r.Read(make([]byte, 10)); n != 0 || err != first || !errors.Is(err, ErrMessage) {
			t.Errorf("read %d bytes, %v after %v", n, err, first)
		}
	}
}

func TestTheEndStays(t *testing.T) {
	r, err := opsOpener(t).Open(bytes.NewReader(seal(t, recipients(t, publicKey(t, "ops.asc")), nil, 0)))
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if n, err := r.Read(make([]byte, 10)); n != 0 || err != io.EOF {
			t.Errorf("read %d bytes, %v", n, err)
		}
	}
}

// An interrupted connection must not look like a damaged archive, whatever
// error it speaks with.
func TestAFailureToReadIsNoDamage(t *testing.T) {
	o := opsOpener(t)
	message := seal(t, recipients(t, publicKey(t, "ops.asc")), content(200_000), 0)
	for _, failure := range []error{errors.New("connection reset"), io.ErrUnexpectedEOF} {
		for _, n := range []int{0, 1, 50, 94, 95, 96, 110, 130, 100_000, len(message) - 1, len(message)} {
			_, err := openedFrom(o, io.MultiReader(bytes.NewReader(message[:n]), iotest.ErrReader(failure)))
			if !errors.Is(err, failure) || errors.Is(err, ErrMessage) || errors.Is(err, ErrNoKey) {
				t.Errorf("%v after %d bytes: %v", failure, n, err)
			}
		}
	}
}

func TestAWrongKeyIsNoDamageAndNamesTheRightOnes(t *testing.T) {
	stranger := privateFile(t, "stranger-private.asc")
	message := seal(t, recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc")), content(10), 0)
	_, err := opened(opener(t, stranger), message)
	if !errors.Is(err, ErrNoKey) || errors.Is(err, ErrMessage) {
		t.Fatalf("got %v", err)
	}
	ids := []string{stranger.Fingerprint()}
	for _, name := range []string{"ops-private.asc", "escrow-private.asc"} {
		ids = append(ids, fmt.Sprintf("%016X", privateEntity(t, name).Subkeys[0].PublicKey.KeyId))
	}
	for _, id := range ids {
		if !strings.Contains(err.Error(), id) {
			t.Errorf("%s is not in: %v", id, err)
		}
	}
	var h interface{ Hint() string }
	if !errors.As(err, &h) || h.Hint() == "" {
		t.Error("no hint")
	}
}

func TestAnyRecipientsKeyOpens(t *testing.T) {
	ops, escrow, stranger := privateFile(t, "ops-private.asc"), privateFile(t, "escrow-private.asc"), privateFile(t, "stranger-private.asc")
	message := seal(t, recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc")), content(10), 0)
	for _, keys := range [][]*Private{{ops}, {escrow}, {stranger, escrow}, {escrow, ops}, {ops, stranger}} {
		if got, err := opened(opener(t, keys...), message); err != nil || len(got) != 10 {
			t.Errorf("%v: %d bytes, %v", keys, len(got), err)
		}
	}
}

// An old message is encrypted to the subkey of its day.
func TestEverySubkeyOpensWhatWasEncryptedToIt(t *testing.T) {
	e := newEntity(t, packet.Config{})
	for range 2 {
		if err := e.AddEncryptionSubkey(&packet.Config{Time: whenMade}); err != nil {
			t.Fatal(err)
		}
	}
	o := opener(t, parsePrivate(t, privatePackets(t, e), ""))
	if len(e.Subkeys) != 3 {
		t.Fatalf("%d subkeys", len(e.Subkeys))
	}
	for i, sub := range e.Subkeys {
		message := crafted{to: sub.PublicKey}.build(t)
		if got, err := opened(o, message); err != nil || string(got) != craftedContent {
			t.Errorf("subkey %d: %q, %v", i, got, err)
		}
	}
}

func TestAnUnnamedRecipientsMessageOpens(t *testing.T) {
	rsa := newEntity(t, packet.Config{RSABits: 2048})
	ops, escrow, other := privateFile(t, "ops-private.asc"), privateFile(t, "escrow-private.asc"), parsePrivate(t, privatePackets(t, rsa), "")
	toOps := crafted{to: privateEntity(t, "ops-private.asc").Subkeys[0].PublicKey, hidden: true}.build(t)
	toRSA := crafted{to: rsa.Subkeys[0].PublicKey, hidden: true}.build(t)
	for _, c := range []struct {
		message []byte
		keys    []*Private
		want    error
	}{
		{toOps, []*Private{ops}, nil},
		{toOps, []*Private{other, escrow, ops}, nil},
		{toOps, []*Private{other, escrow}, ErrNoKey},
		{toRSA, []*Private{ops, other}, nil},
		{toRSA, []*Private{ops, escrow}, ErrNoKey},
	} {
		got, err := opened(opener(t, c.keys...), c.message)
		if !errors.Is(err, c.want) || errors.Is(err, ErrMessage) || err == nil && string(got) != craftedContent {
			t.Errorf("%v: %q, %v, want %v", c.keys, got, err, c.want)
		}
	}
}

func TestOneDamagedSessionKeyLeavesTheOthers(t *testing.T) {
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"))
	message := seal(t, r, content(10), 0)
	message[80] ^= 1 // in the first recipient's wrapped key
	ops, escrow := privateFile(t, "ops-private.asc"), privateFile(t, "escrow-private.asc")
	if _, err := opened(opener(t, ops), message); !errors.Is(err, ErrMessage) || !strings.Contains(err.Error(), ops.Fingerprint()) {
		t.Errorf("with the first key: %v", err)
	}
	if got, err := opened(opener(t, ops, escrow), message); err != nil || len(got) != 10 {
		t.Errorf("with both: %d bytes, %v", len(got), err)
	}
}

func TestKeysThatExpiredOrWereRevokedStillOpen(t *testing.T) {
	expired := newEntity(t, packet.Config{KeyLifetimeSecs: 3600})
	revoked := newEntity(t, packet.Config{})
	if err := revoked.Revoke(packet.KeyCompromised, "", &packet.Config{Time: whenMade}); err != nil {
		t.Fatal(err)
	}
	for name, e := range map[string]*openpgp.Entity{"expired": expired, "revoked": revoked} {
		if _, err := NewRecipients([]*Key{parsePublic(t, name, publicPackets(t, e))}, noon.Add(48*time.Hour)); err == nil {
			t.Errorf("%s: is valid: the case proves nothing", name)
		}
		o := opener(t, parsePrivate(t, privatePackets(t, e), ""))
		if got, err := opened(o, crafted{to: e.Subkeys[0].PublicKey}.build(t)); err != nil || string(got) != craftedContent {
			t.Errorf("%s: %q, %v", name, got, err)
		}
	}
}

func TestMessagesAreOpenedSideBySide(t *testing.T) {
	rsa := newEntity(t, packet.Config{RSABits: 2048})
	r := recipients(t, publicKey(t, "ops.asc"), parsePublic(t, "rsa.gpg", publicPackets(t, rsa)))
	message := seal(t, r, content(100_000), 0)
	for _, o := range []*Opener{opsOpener(t), opener(t, parsePrivate(t, privatePackets(t, rsa), ""))} {
		results := make([]error, 8)
		var wg sync.WaitGroup
		for i := range results {
			wg.Go(func() { _, results[i] = opened(o, message) })
		}
		wg.Wait()
		if i := slices.IndexFunc(results, func(err error) bool { return err != nil }); i >= 0 {
			t.Error(results[i])
		}
	}
}

func TestMemoryDoesNotGrowWithTheMessage(t *testing.T) {
	o := opsOpener(t)
	r := recipients(t, publicKey(t, "ops.asc"))
	allocated := func(size int) uint64 {
		message := bytes.NewReader(seal(t, r, make([]byte, size), 0))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		plain, err := o.Open(message)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := io.Copy(io.Discard, plain); err != nil || n != int64(size) {
			t.Fatalf("%d bytes, %v", n, err)
		}
		runtime.ReadMemStats(&after)
		return after.TotalAlloc - before.TotalAlloc
	}
	short, long := allocated(1<<20), allocated(16<<20)
	if long > short+(64<<10) {
		t.Errorf("opening allocated %d bytes for 1 MiB and %d for 16 MiB", short, long)
	}
}

func BenchmarkOpen(b *testing.B) {
	o := opsOpener(b)
	plain := bytes.Repeat([]byte("x"), 8<<20)
	message := seal(b, recipients(b, publicKey(b, "ops.asc")), plain, 0)
	b.SetBytes(int64(len(plain)))
	b.ReportAllocs()
	for b.Loop() {
		r, err := o.Open(bytes.NewReader(message))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, r); err != nil {
			b.Fatal(err)
		}
	}
}
