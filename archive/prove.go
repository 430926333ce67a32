package archive

import (
	"context"
	"errors"
	"fmt"

	"archiver/archive/store"
)

// Prove shows that the receipts make a whole archive of what lies in staging
// now: one receipt for each volume, ranges that tile the listing, a listing
// that still has the planned digests, and volumes that lie in the store as
// their receipts say. Errors: ErrStagingChanged, ErrIntegrity.
func Prove(ctx context.Context, s Staging, archive store.Store, p *Plan, receipts []*Receipt) error {
	if err := proveReceipts(p, receipts); err != nil {
		return err
	}
	if err := CheckStaging(ctx, s, p); err != nil {
		return err
	}
	for _, r := range receipts {
		if err := CheckVolume(ctx, archive, r.Volume); err != nil {
			return err
		}
	}
	return nil
}

// proveReceipts compares receipts with the plan, whose ranges tile the listing
// by construction: each begins where the one before ended.
func proveReceipts(p *Plan, receipts []*Receipt) error {
	if len(receipts) != len(p.Volumes) {
		return fmt.Errorf("%w: %d receipts for %d volumes", ErrIntegrity, len(receipts), len(p.Volumes))
	}
	after := ""
	for n, planned := range p.Volumes {
		v := receipts[n].Volume
		if v.Number != n || v.After != after || v.After != planned.After || v.Last != planned.Last ||
			v.Objects != planned.Objects || v.SourceBytes != planned.Bytes || v.Digest != planned.Digest {
			return fmt.Errorf("%w: the receipt of volume %s does not fit the plan", ErrIntegrity, volumeName(n))
		}
		after = v.Last
	}
	return nil
}

// CheckStaging lists staging again and compares it, volume by volume, with the
// plan. Errors: ErrStagingChanged, ErrForeign.
func CheckStaging(ctx context.Context, s Staging, p *Plan) error {
	n, t := 0, newTally()
	for b, err := range s.All(ctx) {
		if err != nil {
			return err
		}
		for n < len(p.Volumes) && b.Key > p.Volumes[n].Last {
			if err := t.check(p.Volumes[n]); err != nil {
				return err
			}
			n, t = n+1, newTally()
		}
		if n == len(p.Volumes) {
			return fmt.Errorf("%w: %s was added", ErrStagingChanged, s.Base+b.Key)
		}
		t.add(b)
	}
	for ; n < len(p.Volumes); n++ {
		if err := t.check(p.Volumes[n]); err != nil {
			return err
		}
		t = newTally()
	}
	return nil
}

// CheckVolume looks at a volume in the store, by version, without reading it.
// A store that kept no checksum when it was uploaded is compared by size.
// Errors: ErrIntegrity.
func CheckVolume(ctx context.Context, archive store.Store, v Volume) error {
	info, err := archive.Stat(ctx, v.Key, v.Version)
	if errors.Is(err, store.ErrNotFound) {
		return fmt.Errorf("%w: %s is gone: %w", ErrIntegrity, v.Key, err)
	}
	if err != nil {
		return fmt.Errorf("looking at volume %s: %w", volumeName(v.Number), err)
	}
	if info.Size != v.Bytes || info.CRC64NVME != v.CRC64NVME {
		return fmt.Errorf("%w: %s has %d bytes and CRC64NVME %q in the store, its receipt says %d and %q",
			ErrIntegrity, v.Key, info.Size, info.CRC64NVME, v.Bytes, v.CRC64NVME)
	}
	return nil
}
