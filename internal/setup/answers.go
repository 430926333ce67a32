// Package setup writes a first configuration: what init asks, the commented file
// that comes of the answers, and throw-away keys to try it with.
//
// It writes new files and overwrites none; it connects to nothing, which is what
// check is for.
package setup

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"archiver/internal/config"
)

// Answers are what a configuration cannot do without, and what most need.
type Answers struct {
	Stream         string
	Indices        []string // "": follows from the stream
	Timezone       string
	Cluster        []string // URLs
	Username       string   // "": no authentication
	PasswordFile   string
	Staging        string // URL
	Archive        string // URL
	Region         string
	Endpoint       string // "": Amazon
	PathStyle      bool
	Recipients     []string // files
	SigningKey     string   // file
	PassphraseFile string
	Opening        string // file of a private key that opens; "": none is near
}

// Missing names the answers, as flags, that are needed and not given.
func (a Answers) Missing() (flags []string) {
	for _, q := range questions() {
		if q.required && q.get(&a) == "" {
			flags = append(flags, "--"+q.flag)
		}
	}
	return flags
}

// ErrExists: a file that would be written is there.
var ErrExists = errors.New("is there already, and nothing is overwritten")

// Write renders the answers into a new file. What is wrong with them is said
// before anything is written. Errors: ErrExists, config.Problems.
func (a Answers) Write(path string) error {
	if err := a.Check(path); err != nil {
		return err
	}
	return create(path, []byte(a.Render()), 0o644) // holds no secret
}

// Check reads the file back as a run will, before it is written. The password
// may be meant to come by the environment. Errors: config.Problems.
func (a Answers) Check(path string) error {
	o := config.LoadOptions{Path: path, ReadFile: func(string) ([]byte, error) { return []byte(a.Render()), nil }}
	if a.Username != "" && a.PasswordFile == "" {
		o.Env = []string{"ARCHIVER_CLUSTER_PASSWORD=given later"}
	}
	c, _, err := config.Load(o)
	if err != nil {
		return err
	}
	return c.Validate(config.NeedAll)
}

// create writes a new file.
func create(path string, body []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s %w", path, ErrExists)
	}
	if err != nil {
		return err
	}
	if _, err := f.Write(body); err != nil {
		return errors.Join(err, f.Close(), os.Remove(path))
	}
	return f.Close()
}

// Beside turns names of files, meant from the working directory, into such as
// stand in the configuration file, which are meant from its own folder.
func (a Answers) Beside(path string) (Answers, error) {
	folder, err := filepath.Abs(filepath.Dir(path))
	if err != nil {
		return a, err
	}
	move := func(name string) (string, error) {
		if name == "" || filepath.IsAbs(name) {
			return name, nil
		}
		full, err := filepath.Abs(name)
		if err != nil {
			return "", err
		}
		if near, err := filepath.Rel(folder, full); err == nil && !strings.HasPrefix(near, "..") {
			return near, nil
		}
		return full, nil
	}
	recipients := make([]string, len(a.Recipients))
	for i, name := range a.Recipients {
		if recipients[i], err = move(name); err != nil {
			return a, err
		}
	}
	a.Recipients = recipients
	for _, p := range []*string{&a.SigningKey, &a.PassphraseFile, &a.PasswordFile, &a.Opening} {
		if *p, err = move(*p); err != nil {
			return a, err
		}
	}
	return a, nil
}
