package archive

import (
	"context"
	"errors"
	"testing"

	"archiver/archive/store"
	"archiver/archive/store/dir"
)

func TestFurnishPutsWhatAPersonNeedsAndKeepsWhatIsThere(t *testing.T) {
	vault, err := dir.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := vault.Create(t.Context(), "open.sh", []byte("older")); err != nil {
		t.Fatal(err)
	}
	key := PublicKey{Fingerprint: publicKey(t, "signer.asc").Fingerprint(), Armored: keyFile(t, "signer.asc")}
	for range 2 {
		if err := Furnish(t.Context(), vault, []PublicKey{key}); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string][]byte{
		"README.md": byHandPage, "FORMAT-v1.md": formatPage, "open.sh": []byte("older"), "keys/" + key.Fingerprint + ".asc": key.Armored,
	} {
		if o, err := vault.Get(t.Context(), name); err != nil || string(o.Body) != string(want) || len(want) == 0 {
			t.Errorf("%s has %d bytes, want %d: %v", name, len(o.Body), len(want), err)
		}
	}
}

// overwriting ignores the condition, as some S3-compatibles do.
type overwriting struct{ *memory }

func (s overwriting) Create(ctx context.Context, key string, body []byte) (store.Info, error) {
	delete(s.objects, key)
	return s.memory.Create(ctx, key, body)
}

func TestFurnishRefusesAStoreThatIgnoresConditions(t *testing.T) {
	if err := Furnish(t.Context(), overwriting{newMemory()}, nil); !errors.Is(err, ErrUnconditional) {
		t.Errorf("%v", err)
	}
}
