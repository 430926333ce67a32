package archive

const (
	tarBlock   = 512
	tarTrailer = 2 * tarBlock
	ustarName  = 100     // longer names need a split or a PAX record
	ustarSize  = 8 << 30 // 11 octal digits
	hexSHA256  = 64
	separator  = 2 // between hash and name in a manifest
)

// entryBound is an upper bound of what one tar entry takes: header, with PAX
// records if it may need them, and data rounded up.
func entryBound(name string, size int64) int64 {
	bound := int64(tarBlock) + roundUp(size)
	if len(name) > ustarName || size >= ustarSize {
		bound += tarBlock + roundUp(int64(len(name))+2*tarBlock)
	}
	return bound
}

// manifestLine is the length of a manifest's line for a name.
func manifestLine(name string) int64 {
	return int64(hexSHA256 + separator + len(name) + 1)
}

func roundUp(n int64) int64 { return (n + tarBlock - 1) / tarBlock * tarBlock }

// tarBound adds up an upper bound of a volume's tar while its blobs are listed.
type tarBound struct{ entries, manifest int64 }

func (t *tarBound) add(name string, size int64) {
	t.entries += entryBound(name, size)
	t.manifest += manifestLine(name)
}

// total is the bound with manifest, signature and trailer.
func (t *tarBound) total(volume int) int64 {
	return t.entries +
		entryBound(manifestName(volume), t.manifest) +
		entryBound(manifestSigName(volume), SignatureBytes) +
		tarTrailer
}
