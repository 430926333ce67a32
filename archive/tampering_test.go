package archive

import (
	"archive/tar"
	"strings"
	"testing"
	"time"
)

// tampering is one way in which an archive is not what it was.
type tampering struct {
	name    string
	tamper  func(k *kept)
	options []string // of open.sh
	refused string   // what open.sh says
	class   Class    // of what this package says
	// byScript: the page's single commands leave this to the reader's eyes, or
	// to the script.
	byScript bool
}

func tamperings(t testing.TB) []tampering {
	recipient, stranger := signerOf(t, "ops-private.asc"), signerOf(t, "stranger-private.asc")
	return []tampering{
		// the volumes
		{name: "byte of a volume flipped", class: ClassVolumeCiphertext, refused: "volume 00001: archives/.* SHA-256", tamper: func(k *kept) {
			body := k.read(k.volume(1))
			body[len(body)/2] ^= 1
			k.write(k.volume(1), body)
		}},
		{name: "volume cut", class: ClassVolumeCiphertext, refused: "volume 00002: .* bytes", tamper: func(k *kept) {
			body := k.read(k.volume(2))
			k.write(k.volume(2), body[:len(body)-1])
		}},
		{name: "volumes swapped", class: ClassVolumeCiphertext, refused: "volume 00000:", tamper: func(k *kept) { k.swap(k.volume(0), k.volume(1)) }},
		{name: "volume removed", class: ClassVolumeMissing, refused: "volume 00001: there is no", tamper: func(k *kept) { k.remove(k.volume(1)) }},
		{name: "file added to a volume that is encrypted again", class: ClassVolumeCiphertext, refused: "volume 00000:", tamper: func(k *kept) {
			entry := k.read(k.entry(keptEntry))
			k.repack(0, added("repository/index-99", nil))
			k.write(k.entry(keptEntry), entry)
		}},

		// around an entry's block
		{name: "text before the block", class: ClassLedgerForm, refused: "does not begin", tamper: entryChange("-----BEGIN PGP SIGNED", "hello\n-----BEGIN PGP SIGNED")},
		{name: "text after the block", class: ClassLedgerForm, refused: "goes on after", tamper: entryChange("-----END PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----\nhello\n")},
		{name: "empty line after the block", class: ClassLedgerForm, refused: "goes on after", tamper: entryChange("-----END PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----\n\n")},
		{name: "blank at a line's end", class: ClassLedgerForm, refused: "blank", tamper: entryChange("{\n", "{ \n")},
		{name: "carriage return", class: ClassLedgerForm, refused: "printable", tamper: entryChange("{\n", "{\r\n")},
		{name: "second header", class: ClassLedgerForm, refused: "more than one header", tamper: entryChange("Hash: SHA256\n", "Hash: SHA256\nHash: SHA512\n")},
		{name: "armor comment", class: ClassLedgerForm, refused: "signature has a header", tamper: entryChange("SIGNATURE-----\n\n", "SIGNATURE-----\nComment: x\n\n"), byScript: true},
		{name: "dash escape", class: ClassLedgerForm, refused: "starts with a dash", tamper: entryChange("{\n", "- {\n")},
		{name: "last line without end", class: ClassLedgerForm, refused: "no end", tamper: entryChange("-----END PGP SIGNATURE-----\n", "-----END PGP SIGNATURE-----"), byScript: true},

		// an entry
		{name: "entry altered", class: ClassLedgerSignature, refused: "signature is not a signer's", tamper: entryChange(`"bytes": 2`, `"bytes": 3`)},
		{name: "entry signed by a recipient", class: ClassLedgerUntrusted, refused: "signature is not a signer's", tamper: func(k *kept) {
			k.resignText(recipient, noon, func(s string) string { return s })
		}},
		{name: "entry signed by a stranger", class: ClassLedgerUntrusted, refused: "signature is not a signer's", tamper: func(k *kept) {
			k.resignText(stranger, noon, func(s string) string { return s })
		}},
		{name: "duplicate member", class: ClassLedgerForm, refused: "canonical", tamper: func(k *kept) {
			k.resignText(k.signer, noon, func(s string) string {
				return strings.Replace(s, `  "stream": "logdata",`, "  \"stream\": \"other\",\n  \"stream\": \"logdata\",", 1)
			})
		}},
		{name: "two values", class: ClassLedgerForm, refused: "2 JSON values", tamper: func(k *kept) {
			k.resignText(k.signer, noon, func(s string) string { return s + s })
		}},
		{name: "no JSON", class: ClassLedgerForm, refused: "is not JSON", tamper: func(k *kept) {
			k.resignText(k.signer, noon, func(string) string { return "hello\n" })
		}},
		{name: "no object", class: ClassLedgerForm, refused: "is not a ledger entry", tamper: func(k *kept) {
			k.resignText(k.signer, noon, func(string) string { return "[]\n" })
		}},
		{name: "malformed run", class: ClassLedgerForm, refused: "date or run is malformed", byScript: true, tamper: func(k *kept) {
			k.resignText(k.signer, noon, func(s string) string { return strings.Replace(s, `"run": "`, `"run": "../`, 1) })
		}},
		{name: "unknown type", class: ClassLedgerForm, refused: "type extended is not known", byScript: true, tamper: func(k *kept) {
			k.resignText(k.signer, noon, func(s string) string { return strings.Replace(s, `"type": "archive"`, `"type": "extended"`, 1) })
		}},
		{name: "type without its body", class: ClassLedgerForm, refused: "does not go with its body", byScript: true, tamper: func(k *kept) {
			k.resignText(k.signer, noon, func(s string) string { return strings.Replace(s, `"type": "archive"`, `"type": "withdrawn"`, 1) })
		}},
		{name: "time not that of the signature", class: ClassLedgerChain, refused: "is not that of its signature", byScript: true, tamper: func(k *kept) {
			k.resignText(k.signer, noon.Add(time.Second), func(s string) string { return s })
		}},

		// the chain
		{name: "time going back", class: ClassLedgerChain, refused: "before the previous", byScript: true, tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Time = e.Time.Add(-time.Second) })
		}},
		{name: "entry removed", class: ClassLedgerChain, refused: "000002.json.asc is missing", tamper: func(k *kept) { k.remove(k.entry(2)) }},
		{name: "first entry removed", class: ClassLedgerChain, refused: "no entry 000001", tamper: func(k *kept) { k.remove(k.entry(1)) }},
		{name: "entries swapped", class: ClassLedgerChain, refused: "entry 000001.* number 2", tamper: func(k *kept) { k.swap(k.entry(1), k.entry(2)) }},
		{name: "entry replaced by an earlier one", class: ClassLedgerChain, refused: "entry 000003.* number 1", tamper: func(k *kept) { k.write(k.entry(3), k.read(k.entry(1))) }},
		{name: "entry that follows another", class: ClassLedgerChain, refused: "does not follow", tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Previous = genesis })
		}},
		{name: "entry of another stream", class: ClassLedgerForm, refused: "stream other", tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Stream = "other" })
		}},
		{name: "something else in the ledger", class: ClassLedgerChain, refused: "something besides", tamper: func(k *kept) { k.write(k.entry(5), nil) }},
		{name: "chain that ends before the head", class: ClassHead, refused: "tail may have been cut", byScript: true,
			options: []string{"-H", "4:" + genesis}, tamper: func(*kept) {}},
		{name: "chain that went elsewhere", class: ClassHead, refused: "not the one that -H names", byScript: true,
			options: []string{"-H", "000002:" + genesis}, tamper: func(*kept) {}},

		// what only the signer could have done
		{name: "blob added", class: ClassTar, refused: "no manifest names\n.*index-99", tamper: func(k *kept) { k.repack(0, added("repository/index-99", nil)) }},
		{name: "hidden file added", class: ClassTar, refused: "no manifest names", tamper: func(k *kept) { k.repack(2, added(".x", nil)) }},
		{name: "message without its end", class: ClassMessage, refused: "does not call it whole", tamper: func(k *kept) {
			message := k.read(k.volume(1))
			k.reseal(1, message[:len(message)-1])
		}},
		{name: "message with another end", class: ClassMessage, refused: "does not call it whole", tamper: func(k *kept) {
			message := k.read(k.volume(1))
			message[len(message)-1] ^= 1
			k.reseal(1, message)
		}},
		{name: "link added", class: ClassTar, refused: "neither file nor folder", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file {
				return append(f, file{Header: tar.Header{Typeflag: tar.TypeSymlink, Name: "repository/l", Linkname: "../ARCHIVE.json"}})
			})
		}},
		{name: "blob left out", class: ClassVolume, refused: "not every file", tamper: func(k *kept) {
			k.repack(0, func(f []file) []file { return append(f[:3:3], f[4:]...) })
		}},
		{name: "blob made longer", class: ClassVolume, refused: "not every file", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[4].body = append(f[4].body, 'x'); return f })
		}},
		{name: "blob altered", class: ClassFile, refused: "not every file", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[4].body[0] ^= 1; return f })
		}},
		{name: "volumes with different ARCHIVE.json", class: ClassRecord, refused: "volume 00001: its ARCHIVE.json", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[0].body = append(f[0].body, '\n'); return f })
		}},
		{name: "manifest signed by a recipient", class: ClassManifestSignature, refused: "SHA256SUMS.00001: its signature", tamper: func(k *kept) {
			k.repack(1, manifest(k.t, recipient, 1, func(s string) string { return s }))
		}},
		{name: "manifest with a climbing name", class: ClassManifest, refused: "malformed", tamper: func(k *kept) {
			k.repack(1, manifest(k.t, k.signer, 1, func(s string) string { return s + SHA256(k.read(k.path("open.sh"))) + "  ../open.sh\n" }))
		}},
		{name: "manifest that names a file twice", class: ClassManifest, refused: "more than one volume", tamper: func(k *kept) {
			k.repack(2, manifest(k.t, k.signer, 2, func(s string) string { return s + s[strings.Index(s, "repository/")-66:] }))
		}, byScript: true},
		{name: "manifest without a blob", class: ClassManifest, refused: "no manifest names", tamper: func(k *kept) {
			k.repack(0, manifest(k.t, k.signer, 0, func(s string) string { return s[:strings.LastIndex(s[:len(s)-1], "\n")+1] }))
		}},
		{name: "manifest other than the entry's", class: ClassManifest, refused: "SHA256SUMS.00000: .* SHA-256", tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Archive.Volumes[0].ManifestSHA256 = genesis })
		}},
		{name: "manifest left out", class: ClassTar, refused: "holds no SHA256SUMS.00001", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { return f[:len(f)-2] })
		}},
		{name: "number of files", class: ClassManifest, refused: "does not name 9 files", byScript: true, tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Archive.Volumes[1].Files = 9 })
		}},
		{name: "number of blobs", class: ClassLedgerForm, refused: "counts others", tamper: func(k *kept) { k.resign(func(e *Entry) { e.Archive.Objects++ }) }},
		{name: "ARCHIVE.json other than the entry's", class: ClassRecord, refused: "ARCHIVE.json", tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Archive.RecordSHA256 = genesis })
		}},
		{name: "ARCHIVE.json that counts more volumes", class: ClassRecord, refused: "does not say what", byScript: true, tamper: func(k *kept) {
			k.rerecord(`"volumes": 3`, `"volumes": 4`)
		}},
		{name: "entry without its last volume", class: ClassLedgerForm, refused: "counts others", tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Archive.Volumes = e.Archive.Volumes[:2] })
		}},
		{name: "entry that exchanges volumes", class: ClassLedgerForm, refused: "volume 1 stands where 0 must be", byScript: true, tamper: func(k *kept) {
			k.resign(func(e *Entry) { v := e.Archive.Volumes; v[0], v[1] = v[1], v[0] })
		}},
		{name: "entry without volumes", class: ClassLedgerForm, refused: "names no volume", tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Archive.Volumes = []Volume{} })
		}},
		{name: "volumes of another day", class: ClassLedgerForm, refused: "no place for volume", byScript: true, tamper: func(k *kept) {
			k.resign(func(e *Entry) { e.Archive.Volumes = k.chain.Entries[0].Archive.Volumes })
		}},
	}
}

func entryChange(old, new string) func(*kept) {
	return func(k *kept) { k.replace(k.entry(keptEntry), old, new) }
}

func added(name string, body []byte) func([]file) []file {
	return func(f []file) []file {
		return append(f, file{Header: tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: 0o644}, body: body})
	}
}

// manifest replaces a volume's manifest and signs it again.
func manifest(t testing.TB, s Signer, number int, change func(string) string) func([]file) []file {
	return func(f []file) []file {
		text := []byte(change(string(f[len(f)-2].body)))
		sig, err := s.Detached(text, noon)
		if err != nil {
			t.Fatal(err)
		}
		f[len(f)-2].body, f[len(f)-1].body = text, sig
		return f
	}
}
