package archive

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"time"

	"golang.org/x/sync/errgroup"

	"archiver/archive/store"
)

// pipeBuffer gathers what the cipher writes in small pieces.
const pipeBuffer = 1 << 20

// Packer turns planned ranges of staging into volumes. It needs neither the
// lease nor the cluster: what it leaves is a volume under a name of its own and
// one receipt.
type Packer struct {
	Staging    Staging
	Archive    store.Store
	Plan       *Plan
	PlanSHA256 string
	Sealer     Sealer
	Signer     Signer
	Budget     Budget
	Now        func() time.Time
	// Inspect makes an inspector for each volume; nil: blobs are not inspected.
	Inspect func() Inspector
	// Progress is told of blob bytes as they are packed; from many goroutines.
	Progress func(bytes int64)
}

// PackAll packs every volume that has no receipt yet, side by side within the
// budget, and returns all receipts in order.
func (p *Packer) PackAll(ctx context.Context) ([]*Receipt, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	lanes, share, err := p.split(min(p.Budget.Lanes, len(p.Plan.Volumes)))
	if err != nil {
		return nil, err
	}
	receipts := make([]*Receipt, len(p.Plan.Volumes))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(lanes)
	for n := range receipts {
		group.Go(func() (err error) {
			if err := context.Cause(ctx); err != nil {
				return err // another volume failed: do not begin
			}
			receipts[n], err = p.packOnce(ctx, n, share)
			return err
		})
	}
	return receipts, group.Wait()
}

// Pack packs one volume, unless it has a receipt, with the whole budget.
func (p *Packer) Pack(ctx context.Context, volume int) (*Receipt, error) {
	if err := p.Check(); err != nil {
		return nil, err
	}
	_, share, err := p.split(1)
	if err != nil {
		return nil, err
	}
	return p.packOnce(ctx, volume, share)
}

// Check compares what is at hand with what the plan fixed: the keys, and
// whether its volumes fit into the budget.
func (p *Packer) Check() error {
	have, want := p.Sealer.Fingerprints(), p.Plan.Recipients
	if fmt.Sprint(have) != fmt.Sprint(want) {
		return &advised{fmt.Errorf("%w: run %s fixed the recipients %v, configured are %v", ErrMisfit, p.Plan.Run, want, have),
			"set encryption.recipients to those that the run has fixed, until it is finished"}
	}
	if p.Signer.Fingerprint() != p.Plan.Signer {
		return &advised{fmt.Errorf("%w: run %s fixed the signer %s, configured is %s", ErrMisfit, p.Plan.Run, p.Plan.Signer, p.Signer.Fingerprint()),
			"sign with the key that the run has fixed, until it is finished"}
	}
	if _, _, err := p.split(1); err != nil {
		return fmt.Errorf("%w: %w", ErrMisfit, err)
	}
	return nil
}

// split fits the budget to the largest volume of the plan.
func (p *Packer) split(lanes int) (int, lane, error) {
	var bound int64
	objects := 0
	for _, v := range p.Plan.Volumes {
		bound, objects = max(bound, v.Bound), max(objects, v.Objects)
	}
	b := p.Budget
	b.Lanes = lanes
	return b.split(p.Sealer.Bound(bound), objects)
}

func (p *Packer) packOnce(ctx context.Context, volume int, share lane) (*Receipt, error) {
	r, err := ReadReceipt(ctx, p.Staging.Store, p.Plan.Run, p.PlanSHA256, volume)
	if err == nil {
		p.Progress(r.Volume.SourceBytes)
		return r, nil
	}
	if !errors.Is(err, store.ErrNotFound) {
		return nil, err
	}
	r, err = p.pack(ctx, volume, share)
	if err != nil {
		return nil, fmt.Errorf("volume %s: %w", volumeName(volume), err)
	}
	return r.Deposit(ctx, p.Staging.Store, p.Plan.Run)
}

// pack streams one volume: blobs, tar, cipher, upload. The uploader reads what
// the packing side writes; an error on either side ends both, and the upload is
// completed only after the packing side has ended well.
func (p *Packer) pack(ctx context.Context, volume int, share lane) (*Receipt, error) {
	plan, id := p.Plan.Volumes[volume], randomHex()
	key := VolumeKey(p.Plan.Stream, p.Plan.Date, p.Plan.Run, id, volume)
	pr, pw := io.Pipe()
	packing := make(chan packed, 1)
	go func() {
		out, err := p.stream(ctx, pw, volume, share)
		pw.CloseWithError(err) // nil: the end of the volume
		packing <- packed{out, err}
	}()
	body := newCipherSum(pr)
	info, err := p.Archive.Upload(ctx, key, body, store.UploadOptions{Bound: p.Sealer.Bound(plan.Bound), Concurrency: uploadParts})
	if err != nil {
		pr.CloseWithError(err) // releases the packing side
	}
	out := <-packing
	switch {
	case out.err != nil && out.err != err && (errors.Is(err, out.err) || !errors.Is(out.err, err)):
		return nil, out.err // the cause; the upload only followed
	case err != nil:
		return nil, fmt.Errorf("uploading %s: %w", key, err)
	case info.Size != body.bytes:
		return nil, fmt.Errorf("%w: %s has %d bytes in the store, %d were sent", ErrIntegrity, key, info.Size, body.bytes)
	}
	sessionKeys, err := p.Sealer.SessionKeyPackets(body.head)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", key, err)
	}
	list := KeyListKey(p.Plan.Run, p.PlanSHA256, volume, id)
	if err := deposit(ctx, p.Staging.Store, list, out.keys.Bytes()); err != nil {
		return nil, err
	}
	return &Receipt{Format: Format, PlanSHA256: p.PlanSHA256, KeyList: list, LeftOpen: out.leftOpen, Volume: Volume{
		Number: volume, Key: key, Version: info.Version, Bytes: info.Size,
		SHA256: hex.EncodeToString(body.sum.Sum(nil)), CRC64NVME: info.CRC64NVME,
		SessionKeys:    base64.StdEncoding.EncodeToString(sessionKeys),
		PlaintextBytes: out.bytes, Files: out.files, ManifestSHA256: SHA256(out.manifest.Bytes()),
		After: plan.After, Last: plan.Last, Objects: plan.Objects, SourceBytes: plan.Bytes, Digest: plan.Digest,
	}}, nil
}

// packed is what the packing side has to tell.
type packed struct {
	*plaintext
	err error
}

// plaintext is a finished volume before its encryption.
type plaintext struct {
	*volumeWriter
	bytes int64
}

// stream writes the encrypted volume to w.
func (p *Packer) stream(ctx context.Context, w io.Writer, volume int, share lane) (*plaintext, error) {
	// A consumer that stops early ends the read-ahead too.
	buffered := bufio.NewWriterSize(w, pipeBuffer)
	sealed, err := p.Sealer.Seal(buffered)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	counted := &countWriter{w: sealed}
	out := newVolumeWriter(counted, p.Plan, volume)
	if p.Inspect != nil {
		out.inspector = p.Inspect()
	}
	if err := out.begin(); err != nil {
		return nil, err
	}
	for c, err := range prefetch(ctx, p.Staging, p.blobs(ctx, volume), share) {
		if err != nil {
			return nil, err
		}
		if err := out.add(c); err != nil {
			return nil, err
		}
		p.Progress(int64(len(c.data)))
	}
	if err := out.end(p.Signer, p.Now()); err != nil {
		return nil, err
	}
	if err := sealed.Close(); err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return &plaintext{out, counted.n}, buffered.Flush()
}

// blobs lists the range of a volume.
func (p *Packer) blobs(ctx context.Context, volume int) func(yield func(Blob, error) bool) {
	v := p.Plan.Volumes[volume]
	return func(yield func(Blob, error) bool) {
		for b, err := range p.Staging.After(ctx, v.After) {
			if err == nil && b.Key > v.Last {
				return
			}
			if !yield(b, err) {
				return
			}
		}
	}
}

// cipherSum hashes and counts a message as it is read, and keeps its head.
type cipherSum struct {
	r     io.Reader
	sum   hash.Hash
	bytes int64
	head  []byte
}

func newCipherSum(r io.Reader) *cipherSum { return &cipherSum{r: r, sum: sha256.New()} }

func (c *cipherSum) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.sum.Write(p[:n])
	c.bytes += int64(n)
	if room := HeadBytes - len(c.head); room > 0 {
		c.head = append(c.head, p[:min(n, room)]...)
	}
	return n, err
}

type countWriter struct {
	w io.Writer
	n int64
}

func (c *countWriter) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
