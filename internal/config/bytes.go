package config

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Bytes is a number of bytes. As text it is a whole number, alone or with one
// of the units B, KiB, MiB, GiB, TiB (powers of 1024), kB, MB, GB and TB
// (powers of 1000).
type Bytes int64

type unit struct {
	name string
	size Bytes
}

// byteUnits from the largest to the smallest of each kind; names that end in
// "B" alone come last.
func byteUnits() []unit {
	return []unit{
		{"TiB", 1 << 40}, {"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10},
		{"TB", 1e12}, {"GB", 1e9}, {"MB", 1e6}, {"kB", 1e3}, {"B", 1},
	}
}

// String is the number in the largest unit that divides it, and is read back
// as the same number.
func (b Bytes) String() string {
	for _, u := range byteUnits() {
		if b != 0 && b%u.size == 0 && u.size > 1 {
			return strconv.FormatInt(int64(b/u.size), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(b), 10)
}

// MarshalText is String.
func (b Bytes) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText reads a size that is not negative.
func (b *Bytes) UnmarshalText(text []byte) error {
	number, size := string(text), Bytes(1)
	for _, u := range byteUnits() {
		if n, ok := strings.CutSuffix(number, u.name); ok {
			number, size = n, u.size
			break
		}
	}
	n, err := strconv.ParseUint(number, 10, 63)
	if err != nil {
		return fmt.Errorf("%q is not a size: write a whole number and KiB, MiB, GiB or TiB, such as 32GiB", text)
	}
	if n > uint64(math.MaxInt64/size) {
		return fmt.Errorf("%q is too large a size", text)
	}
	*b = Bytes(n) * size
	return nil
}
