package archive

// advised is an error with what to do about it.
type advised struct {
	error
	remedy string
}

func (a *advised) Unwrap() error { return a.error }

// Hint says what to do about it.
func (a *advised) Hint() string { return a.remedy }
