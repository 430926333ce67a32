package smile

import "fmt"

// Encode writes o. Values of other types than Object names are a mistake of
// the caller's and an error.
func Encode(o Object) ([]byte, error) {
	e := encoder{out: append([]byte(nil), header...), names: map[string]int{}}
	if err := e.value(o); err != nil {
		return nil, err
	}
	return e.out, nil
}

type encoder struct {
	out   []byte
	names map[string]int
}

func (e *encoder) put(b ...byte) { e.out = append(e.out, b...) }

func (e *encoder) value(v any) error {
	switch v := v.(type) {
	case nil:
		e.put(null)
	case bool:
		if v {
			e.put(yes)
		} else {
			e.put(no)
		}
	case int:
		e.int(int64(v))
	case int64:
		e.int(v)
	case string:
		e.text(v)
	case []byte:
		e.put(rawBinary)
		e.vint(uint64(len(v)))
		e.put(v...)
	case []any:
		return e.array(v)
	case Object:
		return e.object(v)
	default:
		return fmt.Errorf("smile: a %T cannot be written", v)
	}
	return nil
}

func (e *encoder) array(vs []any) error {
	e.put(arrayStart)
	for _, v := range vs {
		if err := e.value(v); err != nil {
			return err
		}
	}
	e.put(arrayEnd)
	return nil
}

func (e *encoder) object(o Object) error {
	e.put(objectStart)
	for _, f := range o {
		e.name(f.Name)
		if err := e.value(f.Value); err != nil {
			return fmt.Errorf("%s: %w", f.Name, err)
		}
	}
	e.put(objectEnd)
	return nil
}

func (e *encoder) int(n int64) {
	zigzag := uint64(n<<1) ^ uint64(n>>63)
	switch {
	case n >= -16 && n <= 15:
		e.put(smallInt + byte(zigzag))
		return
	case n == int64(int32(n)):
		e.put(int32Value)
	default:
		e.put(int64Value)
	}
	e.vint(zigzag)
}

// vint writes 7 bits a byte, the last byte with 6 bits and its top bit set.
func (e *encoder) vint(n uint64) {
	bytes := []byte{0x80 | byte(n&0x3f)}
	for n >>= 6; n > 0; n >>= 7 {
		bytes = append([]byte{byte(n & 0x7f)}, bytes...)
	}
	e.put(bytes...)
}

func (e *encoder) text(s string) {
	n, ascii := len(s), isASCII(s)
	switch {
	case n == 0:
		e.put(emptyString)
		return
	case ascii && n <= 32:
		e.put(tinyASCII + byte(n-1))
	case ascii && n <= 64:
		e.put(shortASCII + byte(n-33))
	case !ascii && n <= 33:
		e.put(tinyText + byte(n-2))
	case !ascii && n <= 65:
		e.put(shortText + byte(n-34))
	case ascii:
		e.put(longASCII)
	default:
		e.put(longText)
	}
	e.put([]byte(s)...)
	if n > 64 && (ascii || n > 65) {
		e.put(stringEnd)
	}
}

func (e *encoder) name(s string) {
	if n, seen := e.names[s]; seen {
		if n < 64 {
			e.put(sharedRef + byte(n))
		} else {
			e.put(longSharedRef|byte(n>>8), byte(n))
		}
		return
	}
	switch n := len(s); {
	case n == 0:
		e.put(emptyName)
		return
	case isASCII(s) && n <= 64:
		e.put(asciiName + byte(n-1))
	case !isASCII(s) && n <= 57:
		e.put(textName + byte(n-2))
	default:
		e.put(longName)
		e.put([]byte(s)...)
		e.put(stringEnd)
		return // names as long as these are not shared
	}
	e.put([]byte(s)...)
	if len(e.names) == maxShared {
		clear(e.names)
	}
	e.names[s] = len(e.names)
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= 0x80 {
			return false
		}
	}
	return true
}
