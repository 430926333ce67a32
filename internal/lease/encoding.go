package lease

import (
	"bytes"
	"encoding/json"
)

// Encode renders an object as it is stored.
func Encode(object any) ([]byte, error) {
	text, err := json.MarshalIndent(object, "", "  ")
	return append(text, '\n'), err
}

// Decode reads what Encode has written. It refuses fields that it does not know:
// what a newer version wrote must not be half understood.
func Decode[T any](text []byte) (*T, error) {
	x := new(T)
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return x, d.Decode(x)
}
