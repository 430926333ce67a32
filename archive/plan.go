package archive

import (
	"context"
	"errors"
	"fmt"
	"time"

	"archiver/archive/store"
)

// maxFiles is how many blobs one volume holds at the most: a manifest of them
// is held in memory until it is signed.
const maxFiles = 100_000

// Retention says how long an archive is held.
type Retention struct {
	Mode  string    `json:"mode"`  // none, governance or compliance
	Years int       `json:"years"` // calendar years after the plan's time
	Until time.Time `json:"until"`
}

// Root is the repository's root file, as planned.
type Root struct {
	Key        string `json:"key"` // below the base path
	Generation int64  `json:"generation"`
}

// Plan fixes, before the first byte is packed, all that must not change on a
// retry. It is as small for a million blobs as for ten.
type Plan struct {
	Format     int             `json:"format"`
	Stream     string          `json:"stream"`
	Date       string          `json:"date"`
	Run        string          `json:"run"`
	Attempt    int             `json:"attempt"`
	Time       time.Time       `json:"time"` // of every generated tar entry
	Base       string          `json:"base"` // the repository's base path
	Snapshot   PlannedSnapshot `json:"snapshot"`
	Root       Root            `json:"root"`
	VolumeSize int64           `json:"volume_size"` // bytes of blobs
	Recipients []string        `json:"recipients"`  // fingerprints
	Signer     string          `json:"signer"`      // fingerprint
	Retention  Retention       `json:"retention"`
	Record     string          `json:"record"`  // the bytes of ARCHIVE.json
	Restore    string          `json:"restore"` // the bytes of RESTORE.md
	Objects    int             `json:"objects"`
	Bytes      int64           `json:"bytes"`
	Volumes    []PlannedVolume `json:"volumes"`
}

// PlannedSnapshot is the snapshot that packing binds to.
type PlannedSnapshot struct {
	Name string `json:"name"`
	UUID string `json:"uuid"`
}

// PlannedVolume is one volume's contiguous range (After, Last] of keys.
type PlannedVolume struct {
	Number  int    `json:"number"`
	After   string `json:"after"`
	Last    string `json:"last"`
	Objects int    `json:"objects"`
	Bytes   int64  `json:"bytes"`
	Digest  string `json:"digest"`
	Bound   int64  `json:"bound"` // upper bound of its tar, in bytes
}

// PlanOptions are what a plan is made of besides the listing.
type PlanOptions struct {
	Record     Record // complete but for Objects, Bytes, Volumes
	Attempt    int
	Root       Root
	VolumeSize int64
	Recipients []string
	Signer     string
	Retention  Retention // Until is filled in
	// Expect is asked about every blob, in order: an error stops the plan. It
	// is where the repository's metadata is held against the listing.
	Expect func(Blob) error
}

// MakePlan lists staging once, streaming, and cuts it into volumes.
func MakePlan(ctx context.Context, s Staging, o PlanOptions) (*Plan, error) {
	c := cutter{size: o.VolumeSize}
	for b, err := range s.All(ctx) {
		if err != nil {
			return nil, err
		}
		if err := o.Expect(b); err != nil {
			return nil, err
		}
		c.add(b)
	}
	c.cut()
	if c.total.objects == 0 {
		return nil, errors.New("staging holds nothing to archive")
	}
	if len(c.volumes) > maxVolumes {
		return nil, fmt.Errorf("%d volumes, at most %d can be numbered: raise archive.volume_size", len(c.volumes), maxVolumes)
	}
	return c.plan(s.Base, o)
}

// plan writes the papers that every volume carries, now that all is counted.
func (c *cutter) plan(base string, o PlanOptions) (*Plan, error) {
	r := o.Record
	r.Objects, r.Bytes, r.Volumes = c.total.objects, c.total.bytes, len(c.volumes)
	record, err := encodeJSON(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", recordName, err)
	}
	restore, err := restorePage(r)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", restoreName, err)
	}
	o.Retention.Until = Seconds(r.Time.AddDate(o.Retention.Years, 0, 0))
	p := &Plan{
		Format: Format, Stream: r.Stream, Date: r.Date, Run: r.Run, Attempt: o.Attempt, Time: r.Time, Base: base,
		Snapshot:   PlannedSnapshot{Name: r.Snapshot.Name, UUID: r.Snapshot.UUID},
		Root:       o.Root,
		VolumeSize: o.VolumeSize, Recipients: o.Recipients, Signer: o.Signer, Retention: o.Retention,
		Record: string(record), Restore: string(restore),
		Objects: r.Objects, Bytes: r.Bytes, Volumes: c.volumes,
	}
	for i := range p.Volumes {
		v := &p.Volumes[i]
		paper, err := p.volumeRecord(v.Number)
		if err != nil {
			return nil, err
		}
		v.Bound += p.papersBound(v.Number, paper)
	}
	return p, nil
}

// papersBound is what the generated entries before the blobs take.
func (p *Plan) papersBound(volume int, paper []byte) int64 {
	var t tarBound
	t.add(recordName, int64(len(p.Record)))
	t.add(restoreName, int64(len(p.Restore)))
	t.add(volumeJSONName(volume), int64(len(paper)))
	return t.entries + roundUp(t.manifest)
}

// volumeRecord is VOLUME.NNNNN.json of a planned volume.
func (p *Plan) volumeRecord(volume int) ([]byte, error) {
	v := p.Volumes[volume]
	return encodeJSON(VolumeRecord{
		Format: Format, Stream: p.Stream, Date: p.Date, Run: p.Run, Volume: v.Number,
		After: v.After, Last: v.Last, Objects: v.Objects, Bytes: v.Bytes, Digest: v.Digest,
	})
}

// cutter cuts a listing into volumes.
type cutter struct {
	size    int64
	volumes []PlannedVolume
	total   struct {
		objects int
		bytes   int64
	}
	// the volume being filled
	tally *tally
	bound tarBound
	after string
	last  string
}

func (c *cutter) add(b Blob) {
	if c.tally != nil && (c.tally.objects == maxFiles || c.tally.bytes+b.Size > c.size) {
		c.cut()
	}
	if c.tally == nil {
		c.tally, c.bound, c.after = newTally(), tarBound{}, c.last
	}
	c.tally.add(b)
	c.bound.add(blobPrefix+b.Key, b.Size)
	c.last = b.Key
	c.total.objects++
	c.total.bytes += b.Size
}

func (c *cutter) cut() {
	if c.tally == nil {
		return
	}
	n := len(c.volumes)
	c.volumes = append(c.volumes, PlannedVolume{
		Number: n, After: c.after, Last: c.last,
		Objects: c.tally.objects, Bytes: c.tally.bytes, Digest: c.tally.digest(),
		Bound: c.bound.total(n),
	})
	c.tally = nil
}

// Encode renders the plan; its SHA-256 names it.
func (p *Plan) Encode() ([]byte, error) {
	// ARCHIVE.json stands in one string, which may be a longer line than a
	// signed text may have: the plan is not signed.
	return encodePaper(p)
}

// Deposit writes the plan into staging and returns the SHA-256 that names it.
func (p *Plan) Deposit(ctx context.Context, s store.Store) (sha256 string, err error) {
	text, err := p.Encode()
	if err != nil {
		return "", err
	}
	sha256 = SHA256(text)
	if err := deposit(ctx, s, PlanKey(p.Run, sha256), text); err != nil {
		return "", fmt.Errorf("writing the plan: %w", err)
	}
	return sha256, nil
}

// DecodePlan parses a plan and checks that it is the one with this SHA-256.
func DecodePlan(text []byte, sha256 string) (*Plan, error) {
	if got := SHA256(text); got != sha256 {
		return nil, fmt.Errorf("%w: the stored plan has SHA-256 %s, the state names %s", ErrIntegrity, got, sha256)
	}
	p := new(Plan)
	if err := decodePaper(text, p); err != nil {
		return nil, fmt.Errorf("plan: %w", err)
	}
	if p.Format != Format {
		return nil, fmt.Errorf("plan has format %d, this program knows %d", p.Format, Format)
	}
	return p, nil
}
