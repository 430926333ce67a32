package config

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestBytesReadsSizes(t *testing.T) {
	for text, want := range map[string]Bytes{
		"0": 0, "1": 1, "12B": 12, "1kB": 1000, "1KiB": 1024, "256MiB": 256 << 20, "1GB": 1e9,
		"32GiB": 32 << 30, "4TiB": 4 << 40, "2TB": 2e12, "9223372036854775807": 1<<63 - 1,
	} {
		var b Bytes
		if err := b.UnmarshalText([]byte(text)); err != nil || b != want {
			t.Errorf("%s: %d, %v", text, b, err)
		}
	}
}

func TestBytesRefusesWhatIsNoSize(t *testing.T) {
	for _, text := range []string{
		"", "GiB", "-1", "+1", "1.5GiB", "32G", "32gib", "32 GiB", "1_000", "0x10", "9223372036854775808", "8388608TiB", "1KiBB",
	} {
		var b Bytes
		if err := b.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %d", text, b)
		} else if !strings.Contains(err.Error(), text) {
			t.Errorf("%q: the error does not name it: %v", text, err)
		}
	}
}

func TestBytesAreReadBackAsTheyWere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := Bytes(rapid.Int64Range(0, 1<<23-1).Draw(t, "n"))
		want := n * rapid.SampledFrom(byteUnits()).Draw(t, "unit").size
		var got Bytes
		if err := got.UnmarshalText([]byte(want.String())); err != nil || got != want {
			t.Fatalf("%d is written as %v and read as %d, %v", want, want, got, err)
		}
	})
	if s := Bytes(32 << 30).String(); s != "32GiB" {
		t.Errorf("32 GiB is written as %s", s)
	}
}
