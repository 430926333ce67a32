package snapshot

import (
	"fmt"
	"strconv"
)

// createdVersion puts the number in index.version.created into words.
//
// Elasticsearch, and OpenSearch for what it took over from there, write
// MMmmrrbb, with 99 for a release: 7172999 is 7.17.29. OpenSearch turns over the
// bit 0x08000000 of its own (its Version.java, MASK): 137277827 is 3.6.0. From
// 8.11 on Elasticsearch counts the changes of its index format instead
// (IndexVersions.java): 8500000 and above, 9000000 and above. These name a
// major version and no release.
func createdVersion(number string) string {
	id, err := strconv.ParseInt(number, 10, 64)
	if err != nil || id <= 0 {
		return ""
	}
	const mask, firstCounted = 0x08000000, 8_500_000
	opensearch := id&mask != 0
	if opensearch {
		id ^= mask
	}
	major, minor, patch := id/1_000_000, id/10_000%100, id/100%100
	switch {
	case major == 0 || major > 99:
		return ""
	case !opensearch && id >= firstCounted:
		return strconv.FormatInt(major, 10)
	}
	return fmt.Sprintf("%d.%d.%d", major, minor, patch)
}
