package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"reflect"
)

// defaultFile is read if it exists and no other file is named.
const defaultFile = "archiver.yaml"

// LoadOptions say where the configuration comes from.
type LoadOptions struct {
	// Path of the file. "": what ARCHIVER_CONFIG in Env names, else
	// archiver.yaml if it exists, else no file.
	Path string
	// Env is the environment, as os.Environ gives it. Nil: an empty one.
	Env []string
	// Overrides are values from the command line, by path, written as in the
	// environment. They win over everything, and secrets are refused.
	Overrides map[string]string
	// ReadFile reads the file, and later those that hold secrets and keys.
	// Nil: os.ReadFile.
	ReadFile func(name string) ([]byte, error)
}

// Load reads the configuration and fills in the defaults. Relative names of
// files in the file are made relative to its folder. What cannot be read, as a
// key or as a value, comes back as Problems, all at once; whether the values
// make sense is for Validate to say. Warnings come with or without an error.
func Load(o LoadOptions) (*Config, []Warning, error) {
	if o.ReadFile == nil {
		o.ReadFile = os.ReadFile
	}
	c := &Config{origins: map[string]Origin{}, readFile: o.ReadFile}
	all := fields()
	fromFile, problems, err := loadFile(o, all)
	if c.noFile = errors.Is(err, errNoFile); err != nil && !c.noFile {
		return nil, nil, err
	}
	fromEnv, warnings := readEnv(o.Env, all)
	fromFlags, wrong := readOverrides(o.Overrides, all)
	problems = append(problems, wrong...)

	known := byPath(all)
	for _, source := range [][]assignment{defaults(all), fromFile, fromEnv, fromFlags} {
		for _, a := range source {
			if err := known[a.path].assign(c, a); err != nil {
				problems = append(problems, Problem{Key: a.path, Origin: a.origin, What: err.Error()})
				continue
			}
			c.origins[a.path] = a.origin
		}
	}
	if err := problems.err(); err != nil {
		return nil, warnings, err
	}
	c.inherit(all)
	c.derive()
	return c, warnings, nil
}

// errNoFile: no file was named, and none lies where one is looked for.
var errNoFile = errors.New("no configuration file")

// loadFile finds and reads the file. Errors: errNoFile.
func loadFile(o LoadOptions, all []field) ([]assignment, Problems, error) {
	path, named := o.Path, "it was named on the command line"
	if path == "" {
		path, named = variables(o.Env)[variableConfig], "it was named by "+variableConfig
	}
	if path == "" {
		path, named = defaultFile, ""
	}
	data, err := o.ReadFile(path)
	switch {
	case err == nil:
		out, problems := readFile(path, data, all)
		return out, problems, nil
	case named == "" && errors.Is(err, fs.ErrNotExist):
		return nil, nil, errNoFile
	case named == "":
		return nil, nil, fmt.Errorf("configuration: %w", err)
	}
	return nil, nil, fmt.Errorf("configuration: %w (%s): correct the name, or write the file with archiver init", err, named)
}

// defaults are the fixed ones.
func defaults(all []field) (out []assignment) {
	for _, f := range all {
		if f.literal != "" {
			out = append(out, assignment{path: f.Path, value: value{shape: line, text: f.literal}, origin: OriginDefault})
		}
	}
	return out
}

// inherit fills in what a section takes from another.
func (c *Config) inherit(all []field) {
	known := byPath(all)
	at := func(f field) reflect.Value { return reflect.ValueOf(c).Elem().FieldByIndex(f.index) }
	for _, f := range all {
		parent, ok := known[f.parent]
		if !ok || c.origins[f.Path] != "" {
			continue
		}
		at(f).Set(at(parent))
		if o := c.origins[parent.Path]; o != "" {
			c.origins[f.Path] = o
		}
	}
}

// derive fills in the defaults that follow from other values. Those that need
// the stream's name stay empty without one.
func (c *Config) derive() {
	fill := func(path string, empty bool, set func()) {
		if empty {
			set()
			c.origins[path] = OriginDerived
		}
	}
	fill("cluster.auth", c.Cluster.Auth == "", func() {
		c.Cluster.Auth = AuthNone
		if c.Cluster.Username != "" {
			c.Cluster.Auth = AuthBasic
		}
	})
	fill("staging.type", c.Staging.Type == "", func() {
		c.Staging.Type = RepositoryS3
		if c.Staging.URL.Dir != "" {
			c.Staging.Type = RepositoryFS
		}
	})
	fill("restore.staging.type", c.Restore.Staging.Type == "", func() {
		switch r := &c.Restore.Staging; {
		case r.URL.IsZero():
			r.Type = c.Staging.Type
		case r.URL.Dir != "":
			r.Type = RepositoryFS
		default:
			r.Type = RepositoryS3
		}
	})
	if c.Stream == "" {
		return
	}
	fill("indices", len(c.Indices) == 0, func() { c.Indices = []Pattern{Pattern(c.Stream + "-{DDMMYYYY}")} })
	fill("staging.repository", c.Staging.Repository == "", func() { c.Staging.Repository = "archiver-" + c.Stream })
}
