package archive

import (
	"context"
	"fmt"
	"io"
	"testing"

	"archiver/archive/store"
)

// nowhere is an archive store that takes volumes and forgets them.
type nowhere struct{ store.Store }

func (n nowhere) Upload(_ context.Context, key string, body io.Reader, _ store.UploadOptions) (store.Info, error) {
	size, err := io.Copy(io.Discard, body)
	return store.Info{Key: key, Size: size}, err
}

// BenchmarkPack packs 64 MiB from memory to nowhere, by one and by two lanes,
// beside a bare read of the same blobs: what packing costs is the ratio. It
// leaves out both networks.
func BenchmarkPack(b *testing.B) {
	const size, count = 4 << 20, 16
	m := newMade(b, newMemory())
	s := newMemory()
	body := make([]byte, size)
	for i := range count {
		s.objects[fmt.Sprintf("base/blob-%02d", i)] = body
	}
	staging := Staging{Store: s, Base: "base/"}
	plan, err := MakePlan(b.Context(), staging, planOptions(m, keptDate, size*count/2))
	if err != nil {
		b.Fatal(err)
	}
	b.Run("bare-read", func(b *testing.B) {
		b.SetBytes(size * count)
		for b.Loop() {
			for c, err := range prefetch(b.Context(), staging, staging.All(b.Context()), lane{buffers: 8, readers: 4}) {
				if err != nil || len(c.data) == 0 {
					b.Fatal(err)
				}
			}
		}
	})
	for _, lanes := range []int{1, 2} {
		b.Run(fmt.Sprintf("pack-lanes-%d", lanes), func(b *testing.B) {
			p := packer(b, m, staging, plan)
			p.Archive = nowhere{p.Archive}
			p.Budget.Lanes = lanes
			b.SetBytes(size * count)
			for b.Loop() {
				p.PlanSHA256 = SHA256([]byte(randomHex())) // receipts of its own
				if _, err := p.PackAll(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
