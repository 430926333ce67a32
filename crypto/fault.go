package crypto

// fault is an error that callers decide on: by its value, or, where they may not
// know this package, by the word that Fault gives.
type fault struct{ word, text string }

func (f *fault) Error() string { return f.text }

// Fault is one of "malformed", "signature", "untrusted" and "no key".
func (f *fault) Fault() string { return f.word }
