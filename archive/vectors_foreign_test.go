package archive

import (
	"bytes"
	"strings"
	"testing"
)

// foreign are archives with something of another run or stream in it, or of
// another wording: plain, under hashes that are right, and with an entry that
// agrees.
func foreign(t testing.TB) []tampering {
	t.Helper()
	var all []tampering
	for _, of := range []struct{ name, stream string }{{"run", "logdata"}, {"stream", "otherdata"}} {
		all = append(all,
			tampering{name: "volume of another " + of.name, class: ClassVolumeCiphertext, refused: "volume 00001", tamper: func(k *kept) {
				m, other := k.other(of.stream)
				k.write(k.volume(1), m.volume(k.t, other, 1))
			}},
			tampering{name: "volume of another " + of.name + ", under its hash", class: ClassRecord, refused: "volume 00001: its ARCHIVE.json", tamper: func(k *kept) {
				m, other := k.other(of.stream)
				k.take(m, other, 1)
			}},
			tampering{name: "archive of another " + of.name + ", under its hashes", class: ClassRecord, refused: "ARCHIVE.json: it does not say", byScript: true, tamper: func(k *kept) {
				m, other := k.other(of.stream)
				for n := range other.Volumes {
					k.take(m, other, n)
				}
				k.resign(func(e *Entry) { e.Archive.RecordSHA256 = other.RecordSHA256 })
			}},
			tampering{name: "VOLUME.json of another " + of.name, class: ClassVolume, refused: "VOLUME.00001.json: it does not say", byScript: true, tamper: func(k *kept) {
				m, other := k.other(of.stream)
				k.reword(1, 2, untar(k.t, decrypted(k.t, m.volume(k.t, other, 1)))[2].body)
			}},
		)
	}
	return append(all,
		tampering{name: "ARCHIVE.json of another snapshot", class: ClassRecord, refused: "ARCHIVE.json: it does not say", byScript: true, tamper: func(k *kept) {
			k.rerecord(`"name": "snap-1"`, `"name": "snap-2"`)
		}},
		tampering{name: "VOLUME.json that is not canonical", class: ClassVolume, refused: "VOLUME.00001.json: it does not say", byScript: true, tamper: func(k *kept) {
			k.reword(1, 2, append(k.unpack(1)[2].body, '\n'))
		}},
		tampering{name: "volumes with different RESTORE.md", class: ClassRecord, refused: "volume 00001: its RESTORE.md", tamper: func(k *kept) {
			k.reword(1, 1, append(k.unpack(1)[1].body, '\n'))
		}},
	)
}

// other makes an archive of the same day and the same blobs by another run.
func (k *kept) other(stream string) (*made, *Sealed) {
	k.t.Helper()
	m := newMade(k.t, newMemory())
	m.ledger.Stream, m.chain.Stream = stream, stream
	staging := newMemory()
	blobs(staging, "base/", 2)
	sealed := m.day(k.t, Staging{Store: staging, Base: "base/"}, keptDate, 10_000)
	if len(sealed.Volumes) != len(k.day.Volumes) || sealed.Run == k.day.Run {
		k.t.Fatalf("%d volumes of run %s", len(sealed.Volumes), sealed.Run)
	}
	return m, sealed
}

// volume reads a volume's object.
func (m *made) volume(t testing.TB, s *Sealed, n int) []byte {
	t.Helper()
	o, err := m.archive.Get(t.Context(), s.Volumes[n].Key)
	if err != nil {
		t.Fatal(err)
	}
	return o.Body
}

// take puts another archive's volume in the place of one of the day's, and all
// that the entry says of it but where it lies.
func (k *kept) take(m *made, other *Sealed, n int) {
	k.t.Helper()
	k.reseal(n, m.volume(k.t, other, n))
	k.resign(func(e *Entry) {
		v := other.Volumes[n]
		v.Key = e.Archive.Volumes[n].Key
		e.Archive.Volumes[n] = v
	})
}

// reword replaces a file of a volume, and its hash in the manifest.
func (k *kept) reword(volume, at int, body []byte) {
	k.t.Helper()
	k.repack(volume, func(f []file) []file {
		old := f[at].body
		f[at].body = body
		return manifest(k.t, k.signer, volume, func(s string) string { return strings.Replace(s, SHA256(old), SHA256(body), 1) })(f)
	})
}

// rerecord rewords ARCHIVE.json in all volumes, manifests and the entry.
func (k *kept) rerecord(old, new string) {
	k.t.Helper()
	record := bytes.Replace(k.unpack(0)[0].body, []byte(old), []byte(new), 1)
	for n := range k.day.Volumes {
		k.reword(n, 0, record)
	}
	k.resign(func(e *Entry) { e.Archive.RecordSHA256 = SHA256(record) })
}
