package snapshot

import "hash/crc32"

// joinCRC gives the CRC-32 of two texts behind each other from those of each,
// and the length of the second. CRCs are linear over GF(2): the first sum is
// carried over as many zero bytes as the second text is long, by squaring the
// step over one bit, and the second is added.
func joinCRC(first, second uint32, length int64) uint32 {
	step := zeroBit()
	for range 3 { // one byte
		step = step.squared()
	}
	for ; length > 0; length >>= 1 {
		if length&1 == 1 {
			first = step.times(first)
		}
		step = step.squared()
	}
	return first ^ second
}

// matrix is a linear map of sums: what becomes of each single bit.
type matrix [32]uint32

// zeroBit is the step of a sum over one zero bit.
func zeroBit() *matrix {
	m := &matrix{crc32.IEEE}
	for i := 1; i < len(m); i++ {
		m[i] = 1 << (i - 1)
	}
	return m
}

func (m *matrix) times(sum uint32) (out uint32) {
	for i := 0; sum != 0; i++ {
		if sum&1 == 1 {
			out ^= m[i]
		}
		sum >>= 1
	}
	return out
}

func (m *matrix) squared() *matrix {
	var s matrix
	for i := range m {
		s[i] = m.times(m[i])
	}
	return &s
}
