package archive

import (
	"context"
	_ "embed"
	"errors"
	"fmt"

	"archiver/archive/store"
)

// What lies at the top of the archive bucket, so that an archive can be opened
// in ten years without this program.
var (
	//go:embed byhand/README.md
	byHandPage []byte
	//go:embed byhand/open.sh
	byHandScript []byte
	//go:embed FORMAT.md
	formatPage []byte
)

// pageName is the page's: the first thing that is written to an archive store.
const pageName = "README.md"

// PublicKey is a key to be kept with the archives.
type PublicKey struct {
	Fingerprint string
	Armored     []byte
}

// ErrUnconditional: a store that overwrites what it was asked to create cannot
// keep a ledger.
var ErrUnconditional = errors.New("the store ignores conditional writes (If-None-Match, If-Match)")

// Furnish puts the page, the script, the format and the public keys beside the
// ledger, each once: what is there stays. The page is created twice, which
// proves that the store refuses to create what exists.
func Furnish(ctx context.Context, s store.Store, keys []PublicKey) error {
	if err := furnish(ctx, s, pageName, byHandPage); err != nil {
		return err
	}
	switch _, err := s.Create(ctx, pageName, byHandPage); {
	case err == nil:
		return fmt.Errorf("%s: %w", s.URL(), ErrUnconditional)
	case !errors.Is(err, store.ErrExists):
		return err
	}
	if err := furnish(ctx, s, "open.sh", byHandScript); err != nil {
		return err
	}
	if err := furnish(ctx, s, fmt.Sprintf("FORMAT-v%d.md", Format), formatPage); err != nil {
		return err
	}
	for _, k := range keys {
		if err := furnish(ctx, s, "keys/"+k.Fingerprint+".asc", k.Armored); err != nil {
			return err
		}
	}
	return nil
}

func furnish(ctx context.Context, s store.Store, key string, body []byte) error {
	if _, err := s.Stat(ctx, key, ""); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	if _, err := s.Create(ctx, key, body); err != nil && !errors.Is(err, store.ErrExists) {
		return err
	}
	return nil
}
