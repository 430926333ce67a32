package job

import "sync/atomic"

// Adder adds up what parts of a step report side by side, and tells the observer.
// Each part calls add with the bytes that it has come on by; total is Progress's.
func Adder(o Observer, p Phase, total int64) (add func(n int64)) {
	var done atomic.Int64
	return func(n int64) { o.Progress(p, done.Add(n), total) }
}
