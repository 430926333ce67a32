package config

import (
	"fmt"
	"strings"
	"time"
)

// Duration is a time.Duration that is written as 6h, 1h30m or 0s.
type Duration time.Duration

// String leaves out the units that are zero: 6h, where Go says 6h0m0s.
func (d Duration) String() string {
	s := time.Duration(d).String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText is String.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads what time.ParseDuration does.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("%q is not a duration: write numbers with h, m or s, such as 6h or 1h30m", text)
	}
	*d = Duration(v)
	return nil
}
