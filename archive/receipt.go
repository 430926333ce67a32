package archive

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"archiver/archive/store"
)

// Receipt tells what packing a volume gave. There is one for each volume.
type Receipt struct {
	Format     int    `json:"format"`
	PlanSHA256 string `json:"plan_sha256"`
	Volume     Volume `json:"volume"`
	KeyList    string `json:"key_list"` // key in staging of the list of its blobs
	// LeftOpen is what the volume's inspector could not judge without the other
	// volumes. nil if it did not say: there was none, or an older program's.
	LeftOpen json.RawMessage `json:"left_open,omitempty"`
}

// Volume describes a volume as it lies in the archive store: the part of a
// receipt that the ledger entry keeps.
type Volume struct {
	Number    int    `json:"number"`
	Key       string `json:"key"` // below the archive's prefix
	Version   string `json:"version"`
	Bytes     int64  `json:"bytes"`     // of the ciphertext, like the digests
	SHA256    string `json:"sha256"`    // lower-case hex
	CRC64NVME string `json:"crc64nvme"` // base64, as S3 prints it
	// SessionKeys are the packets that lead the message, base64: new recipients
	// can be added years later without a thaw.
	SessionKeys    string `json:"session_keys"`
	PlaintextBytes int64  `json:"plaintext_bytes"` // of the tar
	Files          int    `json:"files"`           // lines of the manifest
	ManifestSHA256 string `json:"manifest_sha256"`
	After          string `json:"after"` // the range of keys (after, last]
	Last           string `json:"last"`
	Objects        int    `json:"objects"`
	SourceBytes    int64  `json:"source_bytes"` // of the blobs
	Digest         string `json:"digest"`
}

// Deposit creates a receipt in staging. If another packer was faster, its
// receipt stands and is returned: the caller's volume is an orphan then.
func (r *Receipt) Deposit(ctx context.Context, s store.Store, run string) (*Receipt, error) {
	text, err := encodePaper(r)
	if err != nil {
		return nil, err
	}
	_, err = s.Create(ctx, ReceiptKey(run, r.PlanSHA256, r.Volume.Number), text)
	if errors.Is(err, store.ErrExists) {
		return ReadReceipt(ctx, s, run, r.PlanSHA256, r.Volume.Number)
	}
	return r, err
}

// ReadReceipt reads the receipt of a volume. Errors: store.ErrNotFound.
func ReadReceipt(ctx context.Context, s store.Store, run, planSHA256 string, volume int) (*Receipt, error) {
	key := ReceiptKey(run, planSHA256, volume)
	o, err := s.Get(ctx, key)
	if err != nil {
		return nil, err
	}
	r := new(Receipt)
	if err := decodePaper(o.Body, r); err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	if r.Format != Format || r.PlanSHA256 != planSHA256 || r.Volume.Number != volume {
		return nil, fmt.Errorf("%w: %s is the receipt of something else", ErrIntegrity, key)
	}
	return r, nil
}
