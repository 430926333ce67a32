package archive

import (
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"archiver/archive/store"
	"archiver/archive/store/dir"
	"archiver/crypto"
)

// packing is a planned day that is ready to be packed.
type packing struct {
	*made
	store   *memory // staging
	staging Staging
	packer  *Packer
}

func newPacking(t testing.TB, archive store.Store, volumeSize int64) *packing {
	t.Helper()
	p := &packing{made: newMade(t, archive), store: newMemory()}
	blobs(p.store, "base/", 7)
	p.staging = Staging{Store: p.store, Base: "base/"}
	plan, err := MakePlan(t.Context(), p.staging, planOptions(p.made, keptDate, volumeSize))
	if err != nil {
		t.Fatal(err)
	}
	p.packer = packer(t, p.made, p.staging, plan)
	return p
}

func TestPackedDayIsProvedSealedAndWholeInADirectory(t *testing.T) {
	vault, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	p := newPacking(t, vault, 8192)
	var progress atomic.Int64
	p.packer.Progress = func(n int64) { progress.Add(n) }
	receipts, err := p.packer.PackAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	plan := p.packer.Plan
	if len(receipts) < 3 || progress.Load() != plan.Bytes {
		t.Fatalf("%d volumes, progress told of %d bytes of %d", len(receipts), progress.Load(), plan.Bytes)
	}
	if err := Prove(t.Context(), p.staging, vault, plan, receipts); err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for n, r := range receipts {
		checkVolume(t, vault, plan, n, r, found)
		list, err := KeyList(t.Context(), p.store, r)
		if err != nil || len(list) != r.Volume.Objects {
			t.Errorf("key list of %d blobs, want %d: %v", len(list), r.Volume.Objects, err)
		}
	}
	for _, key := range p.store.keys(t, "base/") {
		if found[strings.TrimPrefix(key, "base/")] != string(p.store.objects[key]) {
			t.Errorf("%s is not in the archive as it was", key)
		}
	}

	body, err := SealedEntry(plan, receipts)
	if err != nil {
		t.Fatal(err)
	}
	e := p.chain.Next(noon, "archiver test")
	e.Type, e.Archive = TypeArchive, body
	head := p.append(t, e)
	chain, err := p.ledger.Load(t.Context())
	if err != nil || chain.Head() != head {
		t.Fatalf("the ledger's head is %v, want %v: %v", chain.Head(), head, err)
	}
	if again, ok := chain.Sealed(keptDate); !ok || again.Archive.RecordSHA256 != SHA256([]byte(plan.Record)) {
		t.Error("the day is not sealed")
	}
}

// checkVolume holds a volume against FORMAT.md and adds its blobs to found.
func checkVolume(t *testing.T, vault store.Store, plan *Plan, n int, r *Receipt, found map[string]string) {
	t.Helper()
	o, err := vault.Get(t.Context(), r.Volume.Key)
	if err != nil {
		t.Fatal(err)
	}
	plain := decrypted(t, o.Body)
	v := r.Volume
	if v.Bytes != o.Size || v.SHA256 != SHA256(o.Body) || v.PlaintextBytes != int64(len(plain)) {
		t.Errorf("volume %d: the receipt does not fit the object: %+v", n, v)
	}
	if v.PlaintextBytes > plan.Volumes[n].Bound {
		t.Errorf("volume %d: the tar has %d bytes, its bound is %d", n, v.PlaintextBytes, plan.Volumes[n].Bound)
	}
	if sessionKeys, err := base64.StdEncoding.DecodeString(v.SessionKeys); err != nil || len(sessionKeys) < 180 || !bytes.HasPrefix(o.Body, sessionKeys) {
		t.Errorf("volume %d: session keys do not lead the message", n)
	}
	if !bytes.HasSuffix(plain, make([]byte, tarTrailer)) {
		t.Errorf("volume %d: the tar has no trailer", n)
	}
	files := untar(t, plain)
	names := []string{recordName, restoreName, volumeJSONName(n)}
	var manifest bytes.Buffer
	for i, f := range files {
		if f.Mode != 0o644 || f.Uid != 0 || f.Gid != 0 || f.Uname+f.Gname != "" || len(f.PAXRecords) > 0 {
			t.Errorf("header %+v", f.Header)
		}
		key, isBlob := strings.CutPrefix(f.Name, blobPrefix)
		switch {
		case isBlob:
			found[key] = string(f.body)
		case i < 3 && f.Name != names[i], i >= 3 && i < len(files)-2:
			t.Errorf("entry %d is %s", i, f.Name)
		}
		if i < len(files)-2 {
			fmt.Fprintf(&manifest, "%s  %s\n", SHA256(f.body), f.Name)
		}
	}
	text, sig := files[len(files)-2], files[len(files)-1]
	if text.Name != manifestName(n) || !bytes.Equal(text.body, manifest.Bytes()) || v.ManifestSHA256 != SHA256(text.body) || v.Files != len(files)-2 {
		t.Errorf("volume %d: manifest %s\n%s", n, text.Name, text.body)
	}
	trust := crypto.NewTrust([]*crypto.Key{publicKey(t, "signer.asc")})
	if _, at, err := trust.OpenDetached(text.body, sig.body); err != nil || !at.Equal(noon) || sig.Name != manifestSigName(n) {
		t.Errorf("volume %d: %s, made at %v: %v", n, sig.Name, at, err)
	}
	if string(files[0].body) != plan.Record || string(files[1].body) != plan.Restore {
		t.Errorf("volume %d: its papers are not the plan's", n)
	}
	var paper VolumeRecord
	if err := decodeJSON(files[2].body, &paper); err != nil || paper.Volume != n || paper.Last != v.Last || paper.Digest != v.Digest {
		t.Errorf("volume %d: %+v, %v", n, paper, err)
	}
}

func TestPackingAgainKeepsWhatHasAReceipt(t *testing.T) {
	vault := newMemory()
	p := newPacking(t, vault, 8192)
	first, err := p.packer.Pack(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	all, err := p.packer.PackAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := vault.keys(t, ""); all[1].Volume.Key != first.Volume.Key || len(got) != len(all) {
		t.Errorf("volumes %q", got)
	}
	again, err := p.packer.PackAll(t.Context())
	if err != nil || len(vault.objects) != len(all) {
		t.Errorf("%d volumes, %v", len(vault.objects), err)
	}
	for n := range all {
		if again[n].Volume != all[n].Volume {
			t.Errorf("volume %d has another receipt", n)
		}
	}
}

func TestRacingPackersAgreeOnOneReceipt(t *testing.T) {
	vault := newMemory()
	p := newPacking(t, vault, 1<<20)
	const racers = 4
	// All of them are past the look for a receipt before the first leaves one.
	var reading sync.WaitGroup
	reading.Add(racers)
	var once [racers]sync.Once
	receipts := make([]*Receipt, racers)
	var group sync.WaitGroup
	for i := range racers {
		racer := *p.packer
		racer.Progress = func(int64) {
			once[i].Do(func() { reading.Done(); reading.Wait() })
		}
		group.Go(func() {
			var err error
			if receipts[i], err = racer.Pack(context.WithoutCancel(t.Context()), 0); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	for _, r := range receipts[1:] {
		if r.Volume != receipts[0].Volume {
			t.Errorf("receipts name %s and %s", r.Volume.Key, receipts[0].Volume.Key)
		}
	}
	if got := vault.keys(t, ""); len(got) != racers {
		t.Errorf("%d volumes were written", len(got))
	}
	if err := Prove(t.Context(), p.staging, vault, p.packer.Plan, receipts[:1]); err != nil {
		t.Error(err)
	}
}

// failingSealer fails at some byte, or at the end.
type failingSealer struct {
	*crypto.Recipients
	after int
	err   error
}

func (s *failingSealer) Seal(w io.Writer) (io.WriteCloser, error) {
	inner, err := s.Recipients.Seal(w)
	return &failingMessage{inner, s.after, s.err}, err
}

type failingMessage struct {
	io.WriteCloser
	left int
	err  error
}

func (m *failingMessage) Write(p []byte) (int, error) {
	if m.left -= len(p); m.left < 0 {
		return 0, m.err
	}
	return m.WriteCloser.Write(p)
}

func (m *failingMessage) Close() error { return cmp.Or(m.err, m.WriteCloser.Close()) }

type failingSigner struct {
	Signer
	err error
}

func (s failingSigner) Detached([]byte, time.Time) ([]byte, error) { return nil, s.err }

// watchful is an inspector that keeps what it is shown, and fails if it is told
// to.
type watchful struct {
	next, write, end error
	seen             []string // keys
	held             map[string][]byte
	ended            bool
}

func inspectors(one Inspector) func() Inspector { return func() Inspector { return one } }

func (w *watchful) Next(key string) error {
	w.seen = append(w.seen, key)
	return w.next
}

func (w *watchful) Write(p []byte) (int, error) {
	if w.held == nil {
		w.held = map[string][]byte{}
	}
	key := w.seen[len(w.seen)-1]
	w.held[key] = append(w.held[key], p...)
	return len(p), w.write
}

func (w *watchful) End() (json.RawMessage, error) {
	w.ended = true
	left, err := json.Marshal(w.seen)
	return left, cmp.Or(w.end, err)
}

func TestEachVolumeHasAnInspectorOfItsOwnThatIsShownAllOfIt(t *testing.T) {
	p := newPacking(t, newMemory(), 8192)
	var mu sync.Mutex
	var all []*watchful
	p.packer.Inspect = func() Inspector {
		mu.Lock()
		defer mu.Unlock()
		all = append(all, &watchful{})
		return all[len(all)-1]
	}
	receipts, err := p.packer.PackAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(all) != len(p.packer.Plan.Volumes) || len(all) < 3 {
		t.Fatalf("%d inspectors of %d volumes", len(all), len(p.packer.Plan.Volumes))
	}
	shown := map[string]bool{}
	for _, w := range all {
		if !w.ended || !slices.IsSorted(w.seen) {
			t.Errorf("ended: %v; in the order %v", w.ended, w.seen)
		}
		for _, key := range w.seen {
			if body := p.store.objects["base/"+key]; shown[key] || !bytes.Equal(w.held[key], body) {
				t.Errorf("%s was shown before (%v), or not as it is", key, shown[key])
			}
			shown[key] = true
		}
	}
	if len(shown) != p.packer.Plan.Objects {
		t.Errorf("%d blobs were shown of %d", len(shown), p.packer.Plan.Objects)
	}
	var left []string
	for n := range receipts {
		r, err := ReadReceipt(t.Context(), p.store, p.packer.Plan.Run, p.packer.PlanSHA256, n)
		if err != nil {
			t.Fatal(err)
		}
		var keys []string
		if err := json.Unmarshal(r.LeftOpen, &keys); err != nil {
			t.Fatalf("volume %d left open %q: %v", n, r.LeftOpen, err)
		}
		left = append(left, keys...)
	}
	if len(left) != len(shown) || !slices.IsSorted(left) {
		t.Errorf("the receipts, in order, keep %q of what was left open", left)
	}
}

// The paper is what an older program has left in some bucket.
func TestReceiptThatTellsNothingOfWhatWasLeftOpenIsRead(t *testing.T) {
	s := newMemory()
	s.put(ReceiptKey("run", genesis, 0), `{"format": 1, "plan_sha256": "`+genesis+`", "volume": {"number": 0}, "key_list": "list"}`)
	r, err := ReadReceipt(t.Context(), s, "run", genesis, 0)
	if err != nil || r.KeyList != "list" || r.LeftOpen != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

func TestAFailureAnywhereLeavesNoVolumeAndNoReceipt(t *testing.T) {
	broken := errors.New("broken")
	for _, c := range []struct {
		name    string
		prepare func(p *packing)
		want    error
	}{
		{"reading", func(p *packing) {
			p.store.opened = func(key string, _ int64) error {
				if strings.HasSuffix(key, "__b8") {
					return broken
				}
				return nil
			}
		}, broken},
		{"blob replaced", func(p *packing) { p.store.put("base/indices/Ab-_x+=1/0/__b4", "other") }, ErrStagingChanged},
		{"blob removed", func(p *packing) { delete(p.store.objects, "base/index-1") }, ErrStagingChanged},
		{"blob added", func(p *packing) { p.store.put("base/index-0", "x") }, ErrStagingChanged},
		{"foreign object", func(p *packing) { p.store.put("base/a b", "x") }, ErrForeign},
		{"encrypting", func(p *packing) {
			p.packer.Sealer = &failingSealer{p.packer.Sealer.(*crypto.Recipients), 12_000, broken}
		}, broken},
		{"ending the encryption", func(p *packing) {
			p.packer.Sealer = &failingSealer{p.packer.Sealer.(*crypto.Recipients), 1 << 30, broken}
		}, broken},
		{"signing the manifest", func(p *packing) { p.packer.Signer = failingSigner{p.packer.Signer, broken} }, broken},
		{"what a blob holds", func(p *packing) { p.packer.Inspect = inspectors(&watchful{next: broken}) }, ErrDamaged},
		{"what a blob holds, its end", func(p *packing) { p.packer.Inspect = inspectors(&watchful{write: broken}) }, ErrDamaged},
		{"what the last blob holds", func(p *packing) { p.packer.Inspect = inspectors(&watchful{end: broken}) }, broken},
		{"uploading", func(p *packing) { p.packer.Archive = &failingUpload{newMemory(), broken} }, broken},
		{"looking for receipts", func(p *packing) {
			p.packer.Staging.Store = &failingGet{p.store, broken}
		}, broken},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
			vault := newMemory()
			p := newPacking(t, vault, 1<<20)
			c.prepare(p)
			if _, err := p.packer.PackAll(t.Context()); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			if got := append(vault.keys(t, ""), p.store.keys(t, WorkPrefix)...); len(got) > 0 {
				t.Errorf("left: %q", got)
			}
		})
	}
}

// failingUpload reads a little, and fails.
type failingUpload struct {
	*memory
	err error
}

func (s *failingUpload) Upload(_ context.Context, _ string, body io.Reader, _ store.UploadOptions) (store.Info, error) {
	if _, err := io.ReadFull(body, make([]byte, 100)); err != nil {
		return store.Info{}, err
	}
	return store.Info{}, s.err
}

type failingGet struct {
	*memory
	err error
}

func (s *failingGet) Get(context.Context, string) (store.Object, error) {
	return store.Object{}, s.err
}

func TestPackingEndsWithItsContext(t *testing.T) {
	defer goleak.VerifyNone(t, goleak.IgnoreCurrent())
	vault := newMemory()
	p := newPacking(t, vault, 8192)
	ctx, cancel := context.WithCancel(t.Context())
	p.packer.Progress = func(int64) { cancel() }
	if _, err := p.packer.PackAll(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if err := Prove(t.Context(), p.staging, vault, p.packer.Plan, nil); !errors.Is(err, ErrIntegrity) {
		t.Errorf("a day without receipts was proved: %v", err)
	}
}

func TestPackingWithOtherKeysThanThePlanFixedIsRefused(t *testing.T) {
	p := newPacking(t, newMemory(), 1<<20)
	others := *p.packer
	others.Sealer = sealerOf(t, "escrow.asc", "ops.asc")
	if _, err := others.PackAll(t.Context()); err == nil || !strings.Contains(err.Error(), "recipients") {
		t.Errorf("other recipients: %v", err)
	}
	others = *p.packer
	others.Signer = signerOf(t, "rsa-signer-private.asc")
	if _, err := others.Pack(t.Context(), 0); err == nil || !strings.Contains(err.Error(), "signer") {
		t.Errorf("other signer: %v", err)
	}
}

func TestProofFailsOnWhatIsNotAsPacked(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(p *packing, vault *memory, receipts []*Receipt) []*Receipt
		want   error
	}{
		{"receipt missing", func(_ *packing, _ *memory, r []*Receipt) []*Receipt { return r[1:] }, ErrIntegrity},
		{"receipts exchanged", func(_ *packing, _ *memory, r []*Receipt) []*Receipt { r[0], r[1] = r[1], r[0]; return r }, ErrIntegrity},
		{"receipt of another listing", func(_ *packing, _ *memory, r []*Receipt) []*Receipt { r[0].Volume.Digest = genesis; return r }, ErrIntegrity},
		{"volume gone", func(_ *packing, v *memory, r []*Receipt) []*Receipt { delete(v.objects, r[1].Volume.Key); return r }, ErrIntegrity},
		{"volume cut", func(_ *packing, v *memory, r []*Receipt) []*Receipt { v.put(r[1].Volume.Key, "x"); return r }, ErrIntegrity},
		{"blob added", func(p *packing, _ *memory, r []*Receipt) []*Receipt { p.store.put("base/index-99", ""); return r }, ErrStagingChanged},
		{"blob replaced", func(p *packing, _ *memory, r []*Receipt) []*Receipt { p.store.put("base/index-1", "?"); return r }, ErrStagingChanged},
	} {
		t.Run(c.name, func(t *testing.T) {
			vault := newMemory()
			p := newPacking(t, vault, 8192)
			receipts, err := p.packer.PackAll(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			receipts = c.change(p, vault, receipts)
			if err := Prove(t.Context(), p.staging, vault, p.packer.Plan, receipts); !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

func TestReceiptOfSomethingElseIsAnIntegrityViolation(t *testing.T) {
	p := newPacking(t, newMemory(), 8192)
	receipts, err := p.packer.PackAll(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run, sum := p.packer.Plan.Run, p.packer.PlanSHA256
	p.store.objects[ReceiptKey(run, sum, 1)] = p.store.objects[ReceiptKey(run, sum, 0)]
	if _, err := ReadReceipt(t.Context(), p.store, run, sum, 1); !errors.Is(err, ErrIntegrity) {
		t.Errorf("receipt of another volume: %v", err)
	}
	p.store.put(receipts[0].KeyList, "1 e index-1\n")
	if _, err := KeyList(t.Context(), p.store, receipts[0]); !errors.Is(err, ErrIntegrity) {
		t.Errorf("key list of something else: %v", err)
	}
}
