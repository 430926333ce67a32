package restore

import (
	"context"
	"fmt"

	"archiver/internal/lease"
)

// claimObject is where the lease of a restore lies.
func (r *Restorer) claimObject(id string) lease.Object[Claim] {
	return lease.Object[Claim]{
		Store: r.Staging, Key: claimKey(id), What: fmt.Sprintf("the claim of restore %s", id),
		Mark:   func(c *Claim) *lease.Mark { return &c.Mark },
		Decode: func(text []byte) (*Claim, error) { return decodeClaim(id, text) },
	}
}

// take writes a claim, a new one (etag "") or one that is taken over. The context
// it returns ends with lease.ErrLost if another takes over.
func (r *Restorer) take(ctx context.Context, c Claim, etag string) (context.Context, *lease.Lease[Claim], error) {
	return r.claimObject(c.ID).Take(ctx, c, etag, r.Holder, r.Lease)
}
