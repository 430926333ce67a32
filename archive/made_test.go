package archive

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"archiver/archive/store"
	"archiver/crypto"
)

// noon is a time at which the test keys are valid.
var noon = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func keyFile(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "testdata", "keys", name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func publicKey(t testing.TB, name string) *crypto.Key {
	t.Helper()
	k, err := crypto.ParsePublic(name, keyFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signerOf(t testing.TB, name string) *crypto.Signer {
	t.Helper()
	s, err := crypto.ParseSigner(name, keyFile(t, name), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sealerOf(t testing.TB, names ...string) *crypto.Recipients {
	t.Helper()
	var keys []*crypto.Key
	for _, n := range names {
		keys = append(keys, publicKey(t, n))
	}
	r, err := crypto.NewRecipients(keys, noon)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// made is a stream with days in it: what staging held, and the archive store.
type made struct {
	archive store.Store
	ledger  Ledger
	chain   *Chain
	signer  Signer
	sealer  Sealer
}

func newMade(t testing.TB, s store.Store) *made {
	t.Helper()
	m := &made{archive: s, signer: signerOf(t, "signer-private.asc"), sealer: sealerOf(t, "ops.asc", "escrow.asc")}
	m.ledger = Ledger{Store: s, Stream: "logdata", Trust: crypto.NewTrust([]*crypto.Key{publicKey(t, "signer.asc")})}
	m.chain = &Chain{Stream: "logdata"}
	return m
}

// blobs puts some objects, like a repository's, into a staging store.
func blobs(s *memory, base string, seed uint64) {
	rng := rand.New(rand.NewPCG(seed, 0))
	s.put(base+"index-1", `{"snapshots":[]}`)
	s.put(base+"index.latest", "\x00\x00\x00\x00\x00\x00\x00\x01")
	s.put(base+"snap-u.dat", "")
	for i, size := range []int{0, 1, 511, 512, 513, 1024, 3000, 4096, 10_000, 1536} {
		body := make([]byte, size)
		for j := range body {
			body[j] = byte(rng.Uint32())
		}
		s.put(fmt.Sprintf("%sindices/Ab-_x+=%d/0/__b%d", base, i%3, i), string(body))
	}
}

func recordOf(stream, date string) Record {
	documents := int64(12_345)
	return Record{
		Format: Format, Stream: stream, Date: date, Run: NewRun(noon), Time: noon, Tool: "archiver test",
		Cluster: Cluster{Name: "logs é", UUID: "cluster-uuid", Distribution: "opensearch", Version: "3.6.0"},
		Snapshot: Snapshot{Name: "snap-1", UUID: "u", Indices: []Index{
			{Name: stream + "-" + date, UUID: "i", Documents: &documents, Shards: 1, Bytes: 20_000, CreatedVersion: "3.6.0", Changed: new(false)},
			{Name: stream + "-b-" + date, UUID: "j", DocumentsReason: "timed out <soon>", Shards: 1, Bytes: 1, ChangedReason: "timed out"},
		}},
		Witness: RecordWitness{Time: noon, Samples: []Sample{{Index: "i", ID: "1 \u2028", SHA256: SHA256(nil), Derived: "synthetic"}},
			Missing: []Unsampled{{Index: "j", Reason: "timed out"}}},
	}
}

func planOptions(m *made, date string, volumeSize int64) PlanOptions {
	return PlanOptions{
		Record: recordOf(m.ledger.Stream, date), Attempt: 1, Root: Root{Key: "index-1", Generation: 1}, VolumeSize: volumeSize,
		Recipients: m.sealer.Fingerprints(), Signer: m.signer.Fingerprint(), Retention: Retention{Mode: "none", Years: 5},
		Expect: func(Blob) error { return nil },
	}
}

func packer(t testing.TB, m *made, s Staging, p *Plan) *Packer {
	t.Helper()
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return &Packer{
		Staging: s, Archive: m.archive, Plan: p, PlanSHA256: SHA256(text), Sealer: m.sealer, Signer: m.signer,
		Budget: Budget{Memory: 256 << 20, Transfers: 4, Lanes: 2},
		Now:    func() time.Time { return noon }, Progress: func(int64) {},
	}
}

// day plans, packs, proves and seals what staging holds.
func (m *made) day(t testing.TB, s Staging, date string, volumeSize int64) *Sealed {
	t.Helper()
	ctx := t.Context()
	plan, err := MakePlan(ctx, s, planOptions(m, date, volumeSize))
	if err != nil {
		t.Fatal(err)
	}
	receipts, err := packer(t, m, s, plan).PackAll(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := Prove(ctx, s, m.archive, plan, receipts); err != nil {
		t.Fatal(err)
	}
	body, err := SealedEntry(plan, receipts)
	if err != nil {
		t.Fatal(err)
	}
	e := m.chain.Next(noon, "archiver test")
	e.Type, e.Archive = TypeArchive, body
	m.append(t, e)
	return body
}

func (m *made) append(t testing.TB, e Entry) Head {
	t.Helper()
	object, err := e.render(m.signer)
	if err != nil {
		t.Fatal(err)
	}
	head, err := m.ledger.Append(t.Context(), m.chain, object)
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// copyDown writes a store's objects into a folder, as one copies a bucket.
func copyDown(ctx context.Context, s store.Store, dir string) error {
	for info, err := range s.List(ctx, "", "") {
		if err != nil {
			return err
		}
		o, err := s.Get(ctx, info.Key)
		if err != nil {
			return err
		}
		path := filepath.Join(dir, info.Key)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, o.Body, 0o644); err != nil {
			return err
		}
	}
	return nil
}
