package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
)

const (
	// maxPaper bounds ARCHIVE.json and RESTORE.md, which are held in memory: as
	// much as a ledger entry may have, which says the same.
	maxPaper = 64 << 20
	// maxVolumePaper bounds VOLUME.NNNNN.json: two keys and some numbers.
	maxVolumePaper = 16 << 10
	// manifestSlack is how much longer than it should be a manifest is read, so
	// that it can be said what is wrong with it.
	manifestSlack = 1 << 20
)

// Contents is what a volume that was read and checked says.
type Contents struct {
	Record  *Record // of the whole archive
	volume  int
	restore string // SHA-256 of RESTORE.md
}

// volumeReader reads a volume's tar, entry by entry in the order of the format,
// and holds all of it against the ledger entry.
type volumeReader struct {
	entry  *Entry
	volume *Volume
	plain  *plaintextReader
	tar    *untarrer
	trust  Verifier
	out    *outlet

	manifest bytes.Buffer // what it must be: a line for each entry so far
	files    int
	objects  int
	bytes    int64
	last     string // key of the last blob
}

func newVolumeReader(ctx context.Context, e *Entry, v *Volume, plain *plaintextReader, trust Verifier, to Sink, share readLane) *volumeReader {
	r := &volumeReader{entry: e, volume: v, plain: plain, trust: trust, last: v.After}
	r.tar = &untarrer{r: newBuffered(plain), object: v.Key}
	r.out = newOutlet(ctx, to, share)
	return r
}

// read reads all of it. The sink has everything, or an error is returned.
func (r *volumeReader) read() (*Contents, error) {
	c, err := r.entries()
	if putErr := r.out.wait(); putErr != nil && !errors.Is(err, ErrIntegrity) {
		err = putErr // it ended the reading
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

func (r *volumeReader) entries() (*Contents, error) {
	c := &Contents{volume: r.volume.Number}
	record, err := r.paper(recordName, maxPaper, r.volume.Number == 0)
	if err != nil {
		return nil, err
	}
	if c.Record, err = r.record(record); err != nil {
		return nil, err
	}
	restore, err := r.paper(restoreName, maxPaper, r.volume.Number == 0)
	if err != nil {
		return nil, err
	}
	c.restore = SHA256(restore)
	about, err := r.paper(volumeJSONName(r.volume.Number), maxVolumePaper, true)
	if err != nil {
		return nil, err
	}
	if err := r.describes(about); err != nil {
		return nil, err
	}
	after, err := r.blobs()
	if err != nil {
		return nil, err
	}
	return c, r.close(after)
}

// paper reads a generated entry, which must be the next one.
func (r *volumeReader) paper(name string, most int64, put bool) ([]byte, error) {
	e, err := r.next()
	if err != nil {
		return nil, err
	}
	if e.Name != name || e.Size > min(most, r.volume.PlaintextBytes) {
		return nil, violated(ClassTar, r.volume.Key, "it has %q of %d bytes where %s must be", e.Name, e.Size, name)
	}
	body, err := r.body(e)
	if err != nil {
		return nil, err
	}
	r.line(SHA256(body), name)
	if !put {
		return body, nil
	}
	return body, r.out.small(e, body)
}

// body reads an entry whose size was judged.
func (r *volumeReader) body(e tarEntry) ([]byte, error) {
	body := make([]byte, e.Size)
	_, err := io.ReadFull(r.tar, body)
	return body, err
}

// next is the next entry; there must be one.
func (r *volumeReader) next() (tarEntry, error) {
	e, err := r.tar.next()
	if err == io.EOF {
		err = violated(ClassTar, r.volume.Key, "it ends before its manifest's signature")
	}
	return e, err
}

func (r *volumeReader) line(sha256, name string) {
	fmt.Fprintf(&r.manifest, "%s  %s\n", sha256, name)
	r.files++
}

// record believes ARCHIVE.json, which the ledger entry names by its hash.
func (r *volumeReader) record(text []byte) (*Record, error) {
	s := r.entry.Archive
	if SHA256(text) != s.RecordSHA256 {
		return nil, violated(ClassRecord, recordName, "in volume %s it does not have the SHA-256 that the ledger entry names", volumeName(r.volume.Number))
	}
	a := new(Record)
	if err := decodeJSON(text, a); err != nil {
		return nil, violatedBy(ClassRecord, recordName, err)
	}
	same := a.Format == Format && a.Stream == r.entry.Stream && a.Date == s.Date && a.Run == s.Run &&
		a.Volumes == len(s.Volumes) && a.Objects == s.Objects && a.Bytes == s.Bytes
	if same && !(a.Cluster == s.Cluster && reflect.DeepEqual(a.Snapshot, s.Snapshot)) {
		return nil, violated(ClassRecord, recordName, "it speaks of another cluster or snapshot than the ledger entry")
	}
	if !same {
		return nil, violated(ClassRecord, recordName, "it counts %d blobs of %d bytes in %d volumes for %s of %s, run %s, snapshot %s, format %d; the ledger entry says otherwise",
			a.Objects, a.Bytes, a.Volumes, a.Stream, a.Date, a.Run, a.Snapshot.Name, a.Format)
	}
	return a, nil
}

// describes holds VOLUME.NNNNN.json against the ledger entry.
func (r *volumeReader) describes(text []byte) error {
	s, v, name := r.entry.Archive, r.volume, volumeJSONName(r.volume.Number)
	var a VolumeRecord
	if err := decodeJSON(text, &a); err != nil {
		return violatedBy(ClassVolume, name, err)
	}
	want := VolumeRecord{
		Format: Format, Stream: r.entry.Stream, Date: s.Date, Run: s.Run, Volume: v.Number,
		After: v.After, Last: v.Last, Objects: v.Objects, Bytes: v.SourceBytes, Digest: v.Digest,
	}
	if a != want {
		return violated(ClassVolume, name, "it describes volume %s of %s of %s, run %s, in another way than the ledger entry", volumeName(a.Volume), a.Stream, a.Date, a.Run)
	}
	return nil
}

// blobs reads the blobs and returns the entry that follows them.
func (r *volumeReader) blobs() (tarEntry, error) {
	for {
		e, err := r.next()
		if err != nil {
			return e, err
		}
		key, ok := strings.CutPrefix(e.Name, blobPrefix)
		if !ok {
			return e, r.afterBlobs(e)
		}
		if err := r.fits(key, e); err != nil {
			return e, err
		}
		sum, err := r.blob(e)
		if err != nil {
			return e, err
		}
		r.line(sum, e.Name)
	}
}

// afterBlobs judges the entry that is no blob, and the blobs before it.
func (r *volumeReader) afterBlobs(e tarEntry) error {
	if name := manifestName(r.volume.Number); e.Name != name {
		return violated(ClassTar, r.volume.Key, "it has %q where a blob or %s must be", e.Name, name)
	}
	return r.counted()
}

// fits holds a blob against the range of its volume, before it is read. Keys that
// ascend within ranges that follow each other come once in an archive.
func (r *volumeReader) fits(key string, e tarEntry) error {
	switch {
	case !isBlobKey(key):
		return violated(ClassTar, r.volume.Key, "it has an entry %q, which no repository has", e.Name)
	case key <= r.last:
		return violated(ClassTar, r.volume.Key, "%s comes twice, or out of order", e.Name)
	case key > r.volume.Last:
		return violated(ClassVolume, r.volume.Key, "%s is beyond its range", e.Name)
	}
	r.objects, r.bytes, r.last = r.objects+1, r.bytes+e.Size, key
	if r.objects > r.volume.Objects || r.bytes > r.volume.SourceBytes {
		return r.counted()
	}
	return nil
}

// counted holds the number of blobs and their bytes against the ledger entry.
func (r *volumeReader) counted() error {
	v := r.volume
	if r.objects != v.Objects || r.bytes != v.SourceBytes || r.last != v.Last {
		return violated(ClassVolume, v.Key, "it holds %d blobs of %d bytes up to %s; its ledger entry names %d of %d up to %s",
			r.objects, r.bytes, r.last, v.Objects, v.SourceBytes, v.Last)
	}
	return nil
}

// blob gives a blob to the sink and returns its SHA-256.
func (r *volumeReader) blob(e tarEntry) (string, error) {
	if e.Size <= chunkBytes {
		if err := r.out.room(e.Size); err != nil {
			return "", err
		}
		body, err := r.body(e)
		if err != nil {
			return "", err
		}
		return SHA256(body), r.out.put(e, body)
	}
	sum := sha256.New()
	if err := r.out.large(e, io.TeeReader(r.tar, sum)); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", sum.Sum(nil)), nil
}

// close reads the manifest, which is at hand, its signature, and the end of all.
func (r *volumeReader) close(e tarEntry) error {
	n := r.volume.Number
	if e.Size > min(int64(r.manifest.Len())+manifestSlack, r.volume.PlaintextBytes) {
		return violated(ClassManifest, e.Name, "%d bytes are too many for %d files", e.Size, r.files)
	}
	manifest, err := r.body(e)
	if err != nil {
		return err
	}
	s, err := r.next()
	if err != nil {
		return err
	}
	if s.Name != manifestSigName(n) || s.Size > SignatureBytes {
		return violated(ClassTar, r.volume.Key, "it has %q of %d bytes where %s must be", s.Name, s.Size, manifestSigName(n))
	}
	signature, err := r.body(s)
	if err != nil {
		return err
	}
	if err := r.believe(e.Name, manifest, signature); err != nil {
		return err
	}
	if err := r.end(); err != nil {
		return err
	}
	if err := r.out.small(e, manifest); err != nil {
		return err
	}
	return r.out.small(s, signature)
}

// believe holds what was read against the manifest, after the manifest was
// believed.
func (r *volumeReader) believe(name string, manifest, signature []byte) error {
	if SHA256(manifest) != r.volume.ManifestSHA256 {
		return violated(ClassManifest, name, "it does not have the SHA-256 that the ledger entry names")
	}
	if _, _, err := r.trust.OpenDetached(manifest, signature); err != nil {
		return violatedBy(ClassManifestSignature, name, err)
	}
	if err := compareManifests(name, manifest, r.manifest.Bytes()); err != nil {
		return err
	}
	if r.files != r.volume.Files {
		return violated(ClassManifest, name, "it names %d files, the ledger entry says %d", r.files, r.volume.Files)
	}
	return nil
}

// end reads the tar's trailer and the end of the message.
func (r *volumeReader) end() error {
	switch e, err := r.tar.next(); {
	case err == nil:
		return violated(ClassTar, r.volume.Key, "%q follows its manifest's signature", e.Name)
	case err != io.EOF:
		return err
	case r.plain.bytes != r.volume.PlaintextBytes:
		return violated(ClassVolume, r.volume.Key, "its tar has %d bytes, its ledger entry names %d", r.plain.bytes, r.volume.PlaintextBytes)
	}
	return nil
}

// compareManifests names the first file that is not what the manifest says of
// it; found is the manifest of what is there.
func compareManifests(name string, manifest, found []byte) error {
	if bytes.Equal(manifest, found) {
		return nil
	}
	said, is := bytes.SplitAfter(manifest, []byte("\n")), bytes.SplitAfter(found, []byte("\n"))
	for i := range min(len(said), len(is)) {
		if bytes.Equal(said[i], is[i]) {
			continue
		}
		const hash = hexSHA256 + separator
		if len(said[i]) > hash && len(is[i]) > hash && bytes.Equal(said[i][hash:], is[i][hash:]) && bytes.Equal(said[i][hexSHA256:hash], is[i][hexSHA256:hash]) {
			return violated(ClassFile, string(bytes.TrimSpace(is[i][hash:])), "it does not have the SHA-256 that %s names", name)
		}
		return violated(ClassManifest, name, "its line %d is not that of the file that is there: %.80q", i+1, said[i])
	}
	return violated(ClassManifest, name, "it names %d files, %d are there", len(said)-1, len(is)-1)
}
