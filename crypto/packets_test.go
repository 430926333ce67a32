package crypto

import (
	"bytes"
	"testing"

	"github.com/ProtonMail/go-crypto/openpgp/packet"
)

func TestSessionKeyPacketsStandApartFromTheData(t *testing.T) {
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"))
	message := seal(t, r, content(100_000), 0)
	packets, err := r.SessionKeyPackets(message[:1000])
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.HasPrefix(message, packets) {
		t.Fatal("they do not lead the message")
	}
	// The data opens with them put in front again, and not without.
	data := message[len(packets):]
	for _, name := range []string{"ops-private.asc", "escrow-private.asc"} {
		e := privateEntity(t, name)
		if got, _, err := open(t, e, append(bytes.Clone(packets), data...)); err != nil || !bytes.Equal(got, content(100_000)) {
			t.Errorf("%s: %d bytes, %v", name, len(got), err)
		}
		if _, _, err := open(t, e, data); err == nil {
			t.Errorf("%s opened the data alone", name)
		}
	}
}

func TestSessionKeyPacketsAreReadFromGnuPGsMessages(t *testing.T) {
	g := newGnuPG(t)
	g.run(t, keyFile(t, "ops.asc"), "--import")
	g.run(t, keyFile(t, "escrow.asc"), "--import")
	r := recipients(t, publicKey(t, "ops.asc"), publicKey(t, "escrow.asc"))
	message := g.run(t, content(1000), "--trust-model", "always", "--encrypt", "-r", r.Fingerprints()[0], "-r", r.Fingerprints()[1])
	packets, err := r.SessionKeyPackets(message) // gpg writes old headers
	if err != nil || len(packets) == 0 || message[len(packets)] != 0xd2 || message[0]&newFormat != 0 {
		t.Errorf("%d bytes, %v", len(packets), err)
	}
}

func TestSessionKeyPacketsReadsEveryLength(t *testing.T) {
	for _, c := range []struct {
		name   string
		header []byte
		body   int
	}{
		{"new, one byte", []byte{0xc1, 100}, 100},
		{"new, two bytes", []byte{0xc1, 193, 44}, 492},
		{"new, five bytes", []byte{0xc1, 255, 0, 0, 2, 12}, 524},
		{"old, one byte", []byte{0x84, 94}, 94},
		{"old, two bytes", []byte{0x85, 2, 12}, 524},
		{"old, four bytes", []byte{0x86, 0, 0, 2, 12}, 524},
	} {
		t.Run(c.name, func(t *testing.T) {
			one := append(bytes.Clone(c.header), make([]byte, c.body)...)
			two := append(bytes.Clone(one), one...)
			for _, data := range [][]byte{{0xd2, 0xf0}, {0xca}} {
				got, n, err := sessionKeyPackets(append(bytes.Clone(two), data...))
				if data[0] == 0xca {
					if err == nil {
						t.Error("accepted in front of another packet")
					}
					continue
				}
				if err != nil || n != 2 || !bytes.Equal(got, two) {
					t.Errorf("got %d bytes, %d packets, %v", len(got), n, err)
				}
			}
		})
	}
}

func TestSessionKeyPacketsRefuses(t *testing.T) {
	r := recipients(t, publicKey(t, "ops.asc"))
	message := seal(t, r, content(1000), 0)
	packets, err := r.SessionKeyPackets(message)
	if err != nil {
		t.Fatal(err)
	}
	data := message[len(packets):]
	for _, c := range []struct {
		name string
		head []byte
	}{
		{"nothing", nil},
		{"part of a header", message[:1]},
		{"part of a packet", message[:50]},
		{"no start of the data", packets},
		{"data without session keys", data},
		{"fewer packets than recipients have", append(bytes.Clone(packets), message...)},
		{"a signature in front", append([]byte{0x88, 0}, message...)},
		{"text", []byte("-----BEGIN PGP MESSAGE-----")},
		{"a partial length", append([]byte{0xc1, 0xe4}, data...)},
		{"no length", append([]byte{0x87}, data...)},
		{"an endless length", append([]byte{0xc1, 255, 255, 255, 255, 255}, data...)},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got, err := r.SessionKeyPackets(c.head); err == nil {
				t.Errorf("accepted: %d bytes", len(got))
			}
		})
	}
}

func FuzzSessionKeyPackets(f *testing.F) {
	r := recipients(f, publicKey(f, "ops.asc"), publicKey(f, "escrow.asc"))
	f.Add(seal(f, r, content(1000), 0))
	f.Add([]byte{0xc1, 1, 0, 0xd2})
	f.Add([]byte{0x86, 0, 0, 0, 1, 0, 0xd2})
	f.Fuzz(func(t *testing.T, head []byte) {
		packets, n, err := sessionKeyPackets(head)
		if err != nil {
			return
		}
		if n == 0 || !bytes.HasPrefix(head, packets) || len(packets) == len(head) {
			t.Fatalf("%d packets in %d of %d bytes", n, len(packets), len(head))
		}
		// The library must see the same packets, whatever is in them.
		for r := packet.NewOpaqueReader(bytes.NewReader(packets)); n > 0; n-- {
			if p, err := r.Next(); err != nil || p.Tag != tagSessionKey {
				t.Fatalf("the library reads %+v, %v", p, err)
			}
		}
	})
}
