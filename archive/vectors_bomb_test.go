package archive

import (
	"archive/tar"
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"

	"archiver/archive/store"
)

// bombs are archives that are small and say that they are large, or grow when
// they are opened.
func bombs(t testing.TB) []tampering {
	t.Helper()
	// sized gives a file of volume 1 another header, behind its own hash.
	sized := func(at int, header func(t testing.TB, name string) []byte) func(*kept) {
		return func(k *kept) {
			k.replain(1, true, func(plain []byte) []byte {
				f := untar(k.t, plain)
				start := len(tarOf(k.t, f[:at])) - tarTrailer
				return bytes.Join([][]byte{plain[:start], header(k.t, f[at].Name), plain[start+tarBlock:]}, nil)
			})
		}
	}
	says := func(size int64, format tar.Format) func(testing.TB, string) []byte {
		return func(t testing.TB, name string) []byte {
			return headerOf(t, tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: fileMode, Size: size, Format: format, ModTime: noon})
		}
	}
	return []tampering{
		{name: "ARCHIVE.json that says it is large", class: ClassTar, refused: "volume 00001", tamper: sized(0, says(maxPaper, tar.FormatUSTAR))},
		{name: "blob that says it has 8 GiB", class: ClassVolume, refused: "volume 00001", tamper: sized(3, says(ustarSize-1, tar.FormatUSTAR))},
		{name: "blob that says it has exabytes, extended", class: ClassVolume, refused: "volume 00001", tamper: sized(3, says(1<<62, tar.FormatPAX))},
		{name: "blob that says it has exabytes, in base 256", class: ClassTar, refused: "volume 00001", tamper: sized(3, says(1<<62, tar.FormatGNU))},
		{name: "extended header that says it has 1 GiB", class: ClassTar, refused: "volume 00001", tamper: sized(3, func(t testing.TB, name string) []byte {
			return mended(headerOf(t, tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 1 << 30}), func(b []byte) { b[tarTypeAt] = tar.TypeXHeader })
		})},
		{name: "sparse file", class: ClassTar, refused: "larger than itself|could not|neither file", tamper: func(k *kept) {
			k.replain(1, true, func(plain []byte) []byte {
				end := len(plain) - tarTrailer
				return bytes.Join([][]byte{plain[:end], sparse(k.t, "repository/s"), plain[end:]}, nil)
			})
		}},
		{name: "ARCHIVE.json of 65 MiB", class: ClassTar, refused: "volume 00001: its ARCHIVE.json", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[0].body = make([]byte, maxPaper+1<<20); return f })
		}},
		{name: "VOLUME.json of 1 MiB", class: ClassTar, refused: "SHA256SUMS.00001", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[2].body = make([]byte, 1<<20); return f })
		}},
		{name: "manifest of 8 MiB", class: ClassManifest, refused: "SHA256SUMS.00001", tamper: func(k *kept) {
			k.repack(1, manifest(k.t, k.signer, 1, func(s string) string {
				return s + strings.Repeat(genesis+"  repository/z\n", 100_000)
			}))
		}},
		{name: "manifest's signature of 8 MiB", class: ClassTar, refused: "SHA256SUMS.00001: its signature", tamper: func(k *kept) {
			k.repack(1, func(f []file) []file { f[len(f)-1].body = make([]byte, 8<<20); return f })
		}},
		{name: "compressed bomb", class: ClassMessage, refused: "volume 00001", tamper: func(k *kept) {
			k.reseal(1, enclosed(k.t, packet.CipherAES256, tagMDC, bomb(k.t)))
		}},
		{name: "nested compressed bomb", class: ClassMessage, refused: "volume 00001", tamper: func(k *kept) {
			k.reseal(1, enclosed(k.t, packet.CipherAES256, tagMDC, compress(k.t, bomb(k.t))))
		}},
		{name: "compressed bomb that is not encrypted", class: ClassMessage, refused: "not encrypted", tamper: func(k *kept) {
			k.reseal(1, bomb(k.t))
		}},
		{name: "more blobs than a volume may have", class: ClassLedgerForm, refused: "limits of the format", tamper: func(k *kept) {
			k.resign(func(e *Entry) {
				e.Archive.Volumes[1].Objects += maxFiles
				e.Archive.Objects += maxFiles
			})
		}},
		{name: "fewer blobs than none", class: ClassLedgerForm, refused: "limits of the format", byScript: true, tamper: func(k *kept) {
			k.resign(func(e *Entry) {
				e.Archive.Volumes[1].Objects -= 1000
				e.Archive.Volumes[2].Objects += 1000
			})
		}},
		{name: "ledger entry larger than one may be", class: ClassLedgerForm, refused: "ledger entry 000002", tamper: func(k *kept) {
			if err := os.Truncate(k.entry(2), store.MaxSmall+1); err != nil {
				k.t.Fatal(err)
			}
		}},
	}
}

var bombOnce struct {
	sync.Once
	text []byte
}

// bomb is a compressed message of 128 MiB. It takes long to make.
func bomb(t testing.TB) []byte {
	t.Helper()
	bombOnce.Do(func() { bombOnce.text = literal(t, make([]byte, 128<<20), true) })
	return bombOnce.text
}

func headerOf(t testing.TB, h tar.Header) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := tar.NewWriter(&out).WriteHeader(&h); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// mended changes a header and gives it its checksum again.
func mended(header []byte, change func([]byte)) []byte {
	const at, width = 148, 8
	change(header)
	copy(header[at:at+width], "        ")
	sum := 0
	for _, b := range header {
		sum += int(b)
	}
	copy(header[at:at+width], fmt.Sprintf("%06o\x00 ", sum))
	return header
}

// sparse is the header of a file that GNU tar makes 8 GiB large, out of nothing.
func sparse(t testing.TB, name string) []byte {
	t.Helper()
	return mended(headerOf(t, tar.Header{Typeflag: tar.TypeReg, Name: name, Mode: fileMode, Format: tar.FormatGNU}), func(b []byte) {
		const most = "77777777777\x00"
		b[tarTypeAt] = tar.TypeGNUSparse
		copy(b[386:], most+"00000000000\x00") // one run of data: none, at the end
		copy(b[483:], most)                   // the size of the file
	})
}

// What a bomb takes is what any volume takes, and its own ciphertext.
func TestSizeBombsTakeNoMemory(t *testing.T) {
	original := newKept(t)
	allocated := func(k *kept) int64 {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_ = k.extract() // judged elsewhere
		runtime.ReadMemStats(&after)
		return int64(after.TotalAlloc - before.TotalAlloc)
	}
	usual := allocated(original.copy(t))
	for _, c := range bombs(t) {
		t.Run(c.name, func(t *testing.T) {
			k := original.copy(t)
			c.tamper(k)
			info, err := os.Stat(k.volume(1))
			if err != nil {
				t.Fatal(err)
			}
			const slack = 8 << 20
			if took := allocated(k); took > usual+info.Size()+slack {
				t.Errorf("%d KiB were allocated, for a good archive %d", took>>10, usual>>10)
			}
		})
	}
}

// The tools of the script keep within an address space that is small beside what
// the bombs would be.
func TestSizeBombsTakeTheScriptNoMemory(t *testing.T) {
	tools(t)
	home := gnupgHome(t, "ops-private.asc")
	original := newKept(t)
	const limited = `ulimit -v 200000; exec sh open.sh -s signer.asc -o opened archive logdata "$1"`
	if out, code := original.copy(t).run(home, "sh", "-c", limited, "sh", keptDate); code != 0 {
		t.Fatalf("a good archive: exit code %d\n%s", code, out)
	}
	for _, c := range bombs(t) {
		t.Run(c.name, func(t *testing.T) {
			k := original.copy(t)
			c.tamper(k)
			if out, code := k.run(home, "sh", "-c", limited, "sh", keptDate); code != 6 {
				t.Errorf("exit code %d, want 6\n%s", code, out)
			}
		})
	}
}
