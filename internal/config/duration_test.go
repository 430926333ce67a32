package config

import (
	"testing"
	"time"
)

func TestDurationIsWrittenShortAndReadBack(t *testing.T) {
	for want, d := range map[string]time.Duration{
		"0s": 0, "6h": 6 * time.Hour, "1h30m": 90 * time.Minute, "10m": 10 * time.Minute, "1m10s": 70 * time.Second,
		"20h0m10s": 20*time.Hour + 10*time.Second, "250ms": 250 * time.Millisecond,
	} {
		if got := Duration(d).String(); got != want {
			t.Errorf("%v is written as %s, want %s", d, got, want)
		}
		var back Duration
		if err := back.UnmarshalText([]byte(want)); err != nil || time.Duration(back) != d {
			t.Errorf("%s: %v, %v", want, back, err)
		}
	}
}

func TestDurationRefusesBareNumbers(t *testing.T) {
	for _, text := range []string{"", "6", "6 h", "1d", "six"} {
		var d Duration
		if err := d.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, d)
		}
	}
}
