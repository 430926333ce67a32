package snapshot

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Difference is one thing about a registration that is not as wanted.
type Difference struct {
	Key  string // "type", or a setting's flat name
	Want string
	Have string // empty if it is not set
}

// String shows both sides.
func (d Difference) String() string {
	if d.Have == "" {
		return fmt.Sprintf("%s should be %q and is not set", d.Key, d.Want)
	}
	return fmt.Sprintf("%s should be %q and is %q", d.Key, d.Want, d.Have)
}

// Diff compares a registration with the one that we would send, which is want:
// only the settings in want count, as strings, since servers add others. The
// values of settings that look secret are hidden, and one that the server does
// not show counts as equal. The result is sorted by key.
func (want Repository) Diff(have Repository) []Difference {
	var ds []Difference
	if want.Type != have.Type {
		ds = append(ds, Difference{Key: "type", Want: want.Type, Have: have.Type})
	}
	for _, k := range slices.Sorted(maps.Keys(want.Settings)) {
		w, h := want.Settings[k], have.Settings[k]
		switch {
		case w == h:
		case !secret(k):
			ds = append(ds, Difference{Key: k, Want: w, Have: h})
		case h != "":
			ds = append(ds, Difference{Key: k, Want: "(hidden)", Have: "(another)"})
		}
	}
	return ds
}

func secret(key string) bool {
	key = strings.ToLower(key)
	return slices.ContainsFunc([]string{"secret", "password", "token", "access_key"}, func(w string) bool {
		return strings.Contains(key, w)
	})
}
