package archive

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"time"
)

// volumeWriter writes a volume's tar, and the manifest and the key list on the
// way. Nothing of a tar that was not finished can be taken for a whole one.
type volumeWriter struct {
	plan     *Plan
	number   int
	tar      *tar.Writer
	manifest bytes.Buffer
	keys     bytes.Buffer // one line a blob: size, ETag, key
	files    int
	tally    *tally
	sum      hash.Hash // of the blob being written
	// inspector stops the volume over what a blob holds; nil: nothing does.
	inspector Inspector
	leftOpen  json.RawMessage
}

func newVolumeWriter(w io.Writer, p *Plan, number int) *volumeWriter {
	return &volumeWriter{plan: p, number: number, tar: tar.NewWriter(w), tally: newTally(), sum: sha256.New()}
}

// begin writes the papers that lead the volume.
func (v *volumeWriter) begin() error {
	paper, err := v.plan.volumeRecord(v.number)
	if err != nil {
		return err
	}
	for _, e := range []struct {
		name string
		body []byte
	}{
		{recordName, []byte(v.plan.Record)},
		{restoreName, []byte(v.plan.Restore)},
		{volumeJSONName(v.number), paper},
	} {
		if err := v.whole(e.name, e.body); err != nil {
			return err
		}
		v.line(SHA256(e.body), e.name)
	}
	return nil
}

// add writes the next chunk of the blobs.
func (v *volumeWriter) add(c chunk) error {
	name := blobPrefix + c.blob.Key
	if err := v.inspect(c); err != nil {
		return err
	}
	if c.first {
		v.sum.Reset()
		if err := v.header(name, c.blob.Size, c.blob.Time); err != nil {
			return err
		}
	}
	v.sum.Write(c.data)
	if _, err := v.tar.Write(c.data); err != nil {
		return err
	}
	if c.last {
		v.line(fmt.Sprintf("%x", v.sum.Sum(nil)), name)
		v.tally.add(c.blob)
		fmt.Fprintf(&v.keys, "%d %s %s\n", c.blob.Size, c.blob.ETag, c.blob.Key)
	}
	return nil
}

// inspect shows a chunk to the inspector.
func (v *volumeWriter) inspect(c chunk) error {
	if v.inspector == nil {
		return nil
	}
	if c.first {
		if err := v.inspector.Next(c.blob.Key); err != nil {
			return fmt.Errorf("%w: %w", ErrDamaged, err)
		}
	}
	if _, err := v.inspector.Write(c.data); err != nil {
		return fmt.Errorf("%w: %s: %w", ErrDamaged, c.blob.Key, err)
	}
	return nil
}

// endInspection lets the inspector judge what it has seen.
func (v *volumeWriter) endInspection() (err error) {
	if v.inspector == nil {
		return nil
	}
	if v.leftOpen, err = v.inspector.End(); err != nil {
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return nil
}

// end compares the blobs with the plan, and closes the volume with its signed
// manifest.
func (v *volumeWriter) end(sign Signer, now time.Time) error {
	if err := v.tally.check(v.plan.Volumes[v.number]); err != nil {
		return err
	}
	if err := v.endInspection(); err != nil {
		return err
	}
	sig, err := sign.Detached(v.manifest.Bytes(), Seconds(now))
	if err != nil {
		return fmt.Errorf("signing %s: %w", manifestName(v.number), err)
	}
	if len(sig) > SignatureBytes {
		return fmt.Errorf("the signature of %s has %d bytes, at most %d were reckoned with", manifestName(v.number), len(sig), SignatureBytes)
	}
	if err := v.whole(manifestName(v.number), v.manifest.Bytes()); err != nil {
		return err
	}
	if err := v.whole(manifestSigName(v.number), sig); err != nil {
		return err
	}
	return v.tar.Close()
}

func (v *volumeWriter) line(sha256, name string) {
	fmt.Fprintf(&v.manifest, "%s  %s\n", sha256, name)
	v.files++
}

// whole writes a generated entry; all of them carry the plan's time.
func (v *volumeWriter) whole(name string, body []byte) error {
	if err := v.header(name, int64(len(body)), v.plan.Time); err != nil {
		return err
	}
	_, err := v.tar.Write(body)
	return err
}

// fileMode is every entry's.
const fileMode = 0o644

// header starts an entry. Format is left open: archive/tar then takes USTAR,
// and PAX only where size or name demand it.
func (v *volumeWriter) header(name string, size int64, mtime time.Time) error {
	return v.tar.WriteHeader(&tar.Header{
		Typeflag: tar.TypeReg, Name: name, Size: size, Mode: fileMode, ModTime: Seconds(mtime),
	})
}
