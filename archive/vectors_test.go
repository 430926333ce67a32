package archive

import (
	"archive/tar"
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

// vectors are all cases that both readers must refuse.
func vectors(t testing.TB) []tampering {
	return slices.Concat(tamperings(t), hostile(t), foreign(t), messages(t), bombs(t))
}

// hostile are archives that a hostile or faulty archiver could have made: what is
// wrong lies behind hashes and signatures that are right.
func hostile(t testing.TB) []tampering {
	recipient, stranger := signerOf(t, "ops-private.asc"), signerOf(t, "stranger-private.asc")
	renamed := func(name string) func(*kept) {
		return func(k *kept) {
			k.repack(1, func(f []file) []file {
				return slices.Insert(f, 4, file{Header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: fileMode}, body: []byte("x")})
			})
		}
	}
	special := func(kind byte, link string) func(*kept) {
		return func(k *kept) {
			k.repack(1, func(f []file) []file {
				return slices.Insert(f, 4, file{Header: tar.Header{Typeflag: kind, Name: "repository/index-2", Linkname: link, Mode: fileMode}})
			})
		}
	}
	plain := func(change func(plain []byte) []byte) func(*kept) {
		return func(k *kept) { k.replain(1, true, change) }
	}
	return []tampering{
		{name: "tar without trailer", class: ClassTar, refused: "no trailer", tamper: plain(func(p []byte) []byte { return p[:len(p)-tarTrailer] })},
		{name: "tar with half a trailer", class: ClassTar, refused: "no trailer", tamper: plain(func(p []byte) []byte { return p[:len(p)-tarBlock] })},
		{name: "tar that is cut within a file", class: ClassTar, refused: "no trailer", tamper: plain(func(p []byte) []byte { return p[:len(p)/2] })},
		{name: "something after the trailer", class: ClassTar, refused: "no trailer", tamper: plain(func(p []byte) []byte { return append(p, 'x') })},
		{name: "no tar", class: ClassTar, refused: "no tar|no trailer", tamper: plain(func([]byte) []byte { return bytes.Repeat([]byte("x"), 4096) })},
		{name: "empty message", class: ClassTar, refused: "", tamper: plain(func([]byte) []byte { return nil })},
		{name: "trailer that never ends", class: ClassTar, refused: "volume 00001", tamper: func(k *kept) {
			k.replain(1, false, func(p []byte) []byte { return append(p, make([]byte, 32<<20)...) })
		}},
		{name: "file that is larger than the volume", class: ClassVolume, refused: "volume 00001", tamper: func(k *kept) {
			k.replain(1, false, func(p []byte) []byte {
				f := untar(k.t, p)
				f[3].body = make([]byte, 32<<20)
				return tarOf(k.t, f)
			})
		}},
		{name: "fewer bytes than the entry names", class: ClassVolume, refused: "does not have .* bytes", tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Archive.Volumes[1].PlaintextBytes += tarBlock })
		}},
		{name: "absolute name", class: ClassTar, refused: "neither file nor folder", tamper: renamed("/tmp/archiver-hostile")},
		{name: "climbing name", class: ClassTar, refused: "neither file nor folder", tamper: renamed("repository/../../hostile")},
		{name: "name with a blank", class: ClassTar, refused: "neither file nor folder", tamper: renamed("repository/a b")},
		{name: "symbolic link", class: ClassTar, refused: "neither file nor folder", tamper: special(tar.TypeSymlink, "/etc/passwd")},
		{name: "hard link", class: ClassTar, refused: "neither file nor folder", tamper: special(tar.TypeLink, "repository/index-1")},
		{name: "device", class: ClassTar, refused: "neither file nor folder", tamper: special(tar.TypeChar, "")},
		{name: "pipe", class: ClassTar, refused: "neither file nor folder", tamper: special(tar.TypeFifo, "")},
		{name: "folder", class: ClassTar, refused: "neither file nor folder", tamper: special(tar.TypeDir, "")},
		{name: "blob twice in a volume", class: ClassTar, refused: "once and in its order", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { return slices.Insert(f, 4, f[3]) })
		}},
		{name: "blobs out of order", class: ClassTar, refused: "once and in its order", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[3], f[4] = f[4], f[3]; return f })
		}},
		{name: "blob of another volume", class: ClassTar, refused: "no manifest names|in more than one|once and in its order", tamper: func(k *kept) {
			first := k.unpack(0)[3]
			k.repack(1, func(f []file) []file { return slices.Insert(f, 3, first) })
		}},
		{name: "manifest with a line more", class: ClassManifest, refused: "not every file", tamper: func(k *kept) {
			k.repack(1, manifest(k.t, k.signer, 1, func(s string) string { return s + genesis + "  repository/z\n" }))
		}},
		{name: "manifest with a line less", class: ClassManifest, refused: "no manifest names", tamper: func(k *kept) {
			k.repack(1, manifest(k.t, k.signer, 1, func(s string) string { return s[:strings.LastIndex(s[:len(s)-1], "\n")+1] }))
		}},
		{name: "manifest without signature", class: ClassManifestSignature, refused: "SHA256SUMS.00001: its signature", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[len(f)-1].body = nil; return f })
		}},
		{name: "manifest signed by a stranger", class: ClassManifestSignature, refused: "SHA256SUMS.00001: its signature", tamper: func(k *kept) {
			k.repack(1, manifest(k.t, stranger, 1, func(s string) string { return s }))
		}},
		{name: "encrypted again, with a new manifest", class: ClassVolumeCiphertext, refused: "volume 00001", tamper: func(k *kept) {
			entry := k.read(k.entry(keptEntry))
			k.repack(1, manifest(k.t, recipient, 1, func(s string) string { return s }))
			k.write(k.entry(keptEntry), entry)
		}},
		{name: "volume of another day", class: ClassVolumeCiphertext, refused: "volume 00000", tamper: func(k *kept) {
			k.write(k.volume(0), k.read(k.path("archive/"+k.chain.Entries[0].Archive.Volumes[0].Key)))
		}},
		{name: "volume of another day, under its hash", class: ClassRecord, refused: "volume 00000: its ARCHIVE.json", tamper: func(k *kept) {
			k.reseal(0, k.read(k.path("archive/"+k.chain.Entries[0].Archive.Volumes[0].Key)))
			k.resign(func(e *Entry) {
				e.Archive.Volumes[0].PlaintextBytes = k.chain.Entries[0].Archive.Volumes[0].PlaintextBytes
			})
		}},
		{name: "another volume of the day, under its hash", class: ClassTar, refused: "SHA256SUMS|manifest", tamper: func(k *kept) {
			k.reseal(1, k.read(k.volume(2)))
			k.resign(func(e *Entry) { e.Archive.Volumes[1].PlaintextBytes = e.Archive.Volumes[2].PlaintextBytes })
		}},
		{name: "literal message", class: ClassMessage, refused: "not encrypted", tamper: func(k *kept) { k.reseal(1, literal(k.t, decrypted(k.t, k.read(k.volume(1))), false)) }},
		{name: "compressed message", class: ClassMessage, refused: "not encrypted", tamper: func(k *kept) { k.reseal(1, literal(k.t, decrypted(k.t, k.read(k.volume(1))), true)) }},
		{name: "bare tar", class: ClassMessage, refused: "not encrypted", tamper: func(k *kept) { k.reseal(1, decrypted(k.t, k.read(k.volume(1)))) }},
	}
}

// replain replaces what a volume holds, and its hash in the entry; the number of
// its bytes only if told.
func (k *kept) replain(number int, told bool, change func(plain []byte) []byte) {
	k.t.Helper()
	plain := change(decrypted(k.t, k.read(k.volume(number))))
	var message bytes.Buffer
	sealed, err := k.sealer.Seal(&message)
	if err != nil {
		k.t.Fatal(err)
	}
	_, err = sealed.Write(plain)
	if err := errors.Join(err, sealed.Close()); err != nil {
		k.t.Fatal(err)
	}
	k.reseal(number, message.Bytes())
	if told {
		k.resign(func(e *Entry) { e.Archive.Volumes[number].PlaintextBytes = int64(len(plain)) })
	}
}

func tarOf(t testing.TB, files []file) []byte {
	t.Helper()
	var out bytes.Buffer
	w := tar.NewWriter(&out)
	for _, f := range files {
		h := f.Header
		h.Size = int64(len(f.body))
		if err := w.WriteHeader(&h); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write(f.body); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// literal is a message that is not encrypted, or what is to be.
func literal(t testing.TB, plain []byte, compressed bool) []byte {
	t.Helper()
	if compressed {
		return compress(t, literal(t, plain, false))
	}
	var out bytes.Buffer
	l, err := packet.SerializeLiteral(nopCloser{&out}, true, "", 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.Write(plain)
	if err := errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

type nopCloser struct{ *bytes.Buffer }

func (nopCloser) Close() error { return nil }
