package archive

import (
	"bytes"
	"encoding/json"
)

// Papers are plans and receipts: kept beside the state while a run lasts, not
// part of the archive format, not signed.

func encodePaper(v any) ([]byte, error) {
	text, err := json.MarshalIndent(v, "", "  ")
	return append(text, '\n'), err
}

// decodePaper refuses what this version does not know: a paper of another
// version of the program must not be half understood.
func decodePaper(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}
