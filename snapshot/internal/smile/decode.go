package smile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"
)

// Files come from others: what they may cost is bounded.
const (
	// maxDepth is how deep values nest.
	maxDepth = 64
	// maxValues is how many values a file has. A value can take forty times as
	// much memory as its one byte in the file.
	maxValues = 1 << 19
)

// Decode reads one object and wants nothing to follow it. However hostile the
// file, it takes at most some 50 MiB and what its strings have.
func Decode(data []byte) (Object, error) {
	d := decoder{in: data}
	head, err := d.take(len(header))
	if err != nil || !bytes.Equal(head, header) {
		return nil, errors.New("smile: not the header that search clusters write")
	}
	v, err := d.value(0)
	if err != nil {
		return nil, fmt.Errorf("smile: at byte %d of %d: %w", len(data)-len(d.in), len(data), err)
	}
	o, ok := v.(Object)
	if !ok || len(d.in) > 0 {
		return nil, fmt.Errorf("smile: %T and %d more bytes where one object should be", v, len(d.in))
	}
	return o, nil
}

type decoder struct {
	in     []byte
	names  []string
	values int // so far
}

func (d *decoder) take(n int) ([]byte, error) {
	if n < 0 || n > len(d.in) {
		return nil, io.ErrUnexpectedEOF
	}
	b := d.in[:n]
	d.in = d.in[n:]
	return b, nil
}

func (d *decoder) byte() (byte, error) {
	b, err := d.take(1)
	if err != nil {
		return 0, err
	}
	return b[0], nil
}

func (d *decoder) string(n int) (string, error) {
	b, err := d.take(n)
	if err == nil && !utf8.Valid(b) {
		return "", errors.New("a string that is not UTF-8")
	}
	return string(b), err
}

// untilEnd reads up to a byte that UTF-8 never has.
func (d *decoder) untilEnd() (string, error) {
	s, err := d.string(bytes.IndexByte(d.in, stringEnd))
	if err == nil {
		d.in = d.in[1:]
	}
	return s, err
}

func (d *decoder) vint() (uint64, error) {
	var n uint64
	for range 10 {
		b, err := d.byte()
		if err != nil {
			return 0, err
		}
		if b&0x80 != 0 {
			if n>>58 != 0 {
				break
			}
			return n<<6 | uint64(b&0x3f), nil
		}
		if n>>57 != 0 {
			break
		}
		n = n<<7 | uint64(b)
	}
	return 0, errors.New("a number of more than 64 bits")
}

func (d *decoder) value(depth int) (any, error) {
	if depth > maxDepth {
		return nil, errors.New("nested too deep")
	}
	if d.values++; d.values > maxValues {
		return nil, fmt.Errorf("more than %d values", maxValues)
	}
	t, err := d.byte()
	if err != nil {
		return nil, err
	}
	switch {
	case t >= tinyASCII && t < shortASCII:
		return d.string(int(t-tinyASCII) + 1)
	case t >= shortASCII && t < tinyText:
		return d.string(int(t-shortASCII) + 33)
	case t >= tinyText && t < shortText:
		return d.string(int(t-tinyText) + 2)
	case t >= shortText && t < smallInt:
		return d.string(int(t-shortText) + 34)
	case t >= smallInt && t < longASCII:
		return unzigzag(uint64(t - smallInt)), nil
	}
	switch t {
	case emptyString:
		return "", nil
	case null:
		return nil, nil
	case no, yes:
		return t == yes, nil
	case int32Value, int64Value:
		n, err := d.vint()
		if v := unzigzag(n); t == int64Value || v == int64(int32(v)) {
			return v, err
		}
		return nil, errors.New("a number of more than 32 bits")
	case longASCII, longText:
		return d.untilEnd()
	case rawBinary:
		return d.binary()
	case arrayStart:
		return d.array(depth)
	case objectStart:
		return d.object(depth)
	}
	return nil, fmt.Errorf("unknown value %#x", t)
}

func unzigzag(n uint64) int64 { return int64(n>>1) ^ -int64(n&1) }

func (d *decoder) binary() ([]byte, error) {
	n, err := d.vint()
	if err != nil {
		return nil, err
	}
	if n > uint64(len(d.in)) {
		return nil, io.ErrUnexpectedEOF
	}
	b, err := d.take(int(n))
	return bytes.Clone(b), err
}

func (d *decoder) array(depth int) ([]any, error) {
	list := []any{}
	for {
		if len(d.in) > 0 && d.in[0] == arrayEnd {
			d.in = d.in[1:]
			return list, nil
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, err
		}
		list = append(list, v)
	}
}

func (d *decoder) object(depth int) (Object, error) {
	o := Object{}
	for {
		t, err := d.byte()
		if err != nil {
			return nil, err
		}
		if t == objectEnd {
			return o, nil
		}
		name, err := d.name(t)
		if err != nil {
			return nil, err
		}
		v, err := d.value(depth + 1)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		o = append(o, Field{name, v})
	}
}

func (d *decoder) name(t byte) (string, error) {
	switch {
	case t == emptyName:
		return "", nil
	case t == longName:
		return d.untilEnd()
	case t >= longSharedRef && t < longName:
		low, err := d.byte()
		if err != nil {
			return "", err
		}
		return d.shared(int(t-longSharedRef)<<8 | int(low))
	case t >= sharedRef && t < asciiName:
		return d.shared(int(t - sharedRef))
	case t >= asciiName && t < textName:
		return d.newName(int(t-asciiName) + 1)
	case t >= textName && t < arrayStart:
		return d.newName(int(t-textName) + 2)
	}
	return "", fmt.Errorf("unknown name %#x", t)
}

func (d *decoder) newName(n int) (string, error) {
	s, err := d.string(n)
	if err != nil {
		return "", err
	}
	if len(d.names) == maxShared {
		d.names = d.names[:0]
	}
	d.names = append(d.names, s)
	return s, nil
}

func (d *decoder) shared(n int) (string, error) {
	if n >= len(d.names) {
		return "", fmt.Errorf("name %d of %d", n, len(d.names))
	}
	return d.names[n], nil
}
