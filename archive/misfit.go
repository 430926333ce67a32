package archive

// misfit is an error with what has to be changed in the configuration.
type misfit struct {
	error
	remedy string
}

func (m *misfit) Unwrap() error { return m.error }

// Hint says what to do about it.
func (m *misfit) Hint() string { return m.remedy }
