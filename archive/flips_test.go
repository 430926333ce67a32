package archive

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"testing"
)

// flips is how many places of a volume are tried.
const flips = 200

// places are spread over n bytes, the first and the last among them.
func places(n int) []int {
	var all []int
	for i := range flips {
		all = append(all, i*(n-1)/(flips-1))
	}
	return all
}

func TestEveryFlippedByteIsFoundAndNothingReleased(t *testing.T) {
	k := newKept(t)
	whole := k.read(k.volume(1))
	rng := rand.New(rand.NewPCG(1, 2))
	found := 0
	for _, at := range places(len(whole)) {
		body := bytes.Clone(whole)
		body[at] ^= 1 << rng.IntN(8)
		k.write(k.volume(1), body)
		err := k.extract()
		var v *Violation
		if !errors.As(err, &v) || v.Class != ClassVolumeCiphertext {
			t.Errorf("byte %d: %v", at, err)
			continue
		}
		if _, err := os.Stat(k.path("opened")); !errors.Is(err, fs.ErrNotExist) {
			t.Fatalf("byte %d: something was left: %v", at, err)
		}
		found++
	}
	if found != flips {
		t.Errorf("%d of %d were found", found, flips)
	}
}

func TestEveryFlippedByteIsFoundByHand(t *testing.T) {
	tools(t)
	home := gnupgHome(t, "ops-private.asc")
	original := newKept(t)
	whole := original.read(original.volume(1))
	all := places(len(whole))
	const side = 4
	for lane := range side {
		t.Run(fmt.Sprint(lane), func(t *testing.T) {
			t.Parallel()
			k := original.copy(t)
			for i := lane; i < len(all); i += side {
				body := bytes.Clone(whole)
				body[all[i]] ^= 1 << (i % 8)
				k.write(k.volume(1), body)
				if out, code := k.open(home); code != 6 {
					t.Errorf("byte %d: exit code %d\n%s", all[i], code, out)
				}
				if _, err := os.Stat(k.path("opened")); !errors.Is(err, fs.ErrNotExist) {
					t.Fatalf("byte %d: something was left: %v", all[i], err)
				}
			}
		})
	}
}

// A flip behind a hash that is right: only the cipher and what is in it can tell.
func TestEveryFlippedByteUnderItsHashIsFound(t *testing.T) {
	k := newKept(t)
	whole := k.read(k.volume(1))
	for _, at := range places(len(whole)) {
		body := bytes.Clone(whole)
		body[at] ^= 0x10
		k.reseal(1, body)
		err := k.extract()
		// A changed session key is a missing key; with another recipient's it opens.
		if err == nil && at > len(whole)/20 || err != nil && !errors.Is(err, ErrIntegrity) && !errors.Is(err, ErrNoKey) {
			t.Errorf("byte %d: %v", at, err)
		}
		if err == nil {
			if err := os.RemoveAll(k.path("opened")); err != nil {
				t.Fatal(err)
			}
		}
	}
}
