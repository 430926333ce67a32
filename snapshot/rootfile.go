package snapshot

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// ErrNoRoot: there is no root file among the names.
var ErrNoRoot = errors.New("no index-N file")

// LatestFile is the key of the root file that every repository has.
const LatestFile = "index.latest"

// RootFile finds the repository's root among keys below its base path: the
// index-N with the highest N counts. The error is ErrNoRoot if there is none,
// as before a repository's first snapshot.
func RootFile(names []string) (key string, generation int64, err error) {
	generation = -1
	for _, name := range names {
		if n, ok := rootGeneration(name); ok && n > generation {
			key, generation = name, n
		}
	}
	if generation < 0 {
		return "", 0, ErrNoRoot
	}
	return key, generation, nil
}

// IsRootFile says whether a key below the base path is index-N or index.latest,
// the files that stay when a repository has been emptied.
func IsRootFile(name string) bool {
	_, ok := rootGeneration(name)
	return ok || name == LatestFile
}

// rootGeneration takes N only in the one spelling that the servers write.
func rootGeneration(name string) (int64, bool) {
	digits, ok := strings.CutPrefix(name, "index-")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 0 || strconv.FormatInt(n, 10) != digits {
		return 0, false
	}
	return n, true
}

// ParseLatest reads index.latest: the root's generation in 8 bytes, big-endian.
// Stores without listings need it; where a listing says otherwise, the listing
// counts.
func ParseLatest(data []byte) (int64, error) {
	if len(data) != 8 {
		return 0, fmt.Errorf("%s has %d bytes, not 8", LatestFile, len(data))
	}
	n := binary.BigEndian.Uint64(data)
	if n > math.MaxInt64 {
		return 0, fmt.Errorf("%s holds no generation", LatestFile)
	}
	return int64(n), nil
}
