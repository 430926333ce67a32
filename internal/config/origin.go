package config

import "fmt"

// Origin says where a value came from, for people: a line of the file, an
// environment variable, the command line.
type Origin string

// Origins of values that nobody gave.
const (
	// OriginDefault is a fixed default.
	OriginDefault Origin = "default"
	// OriginDerived is a default that follows from other values.
	OriginDerived Origin = "derived"
	originFlag    Origin = "command line"
)

func originLine(file string, line int) Origin { return Origin(fmt.Sprintf("%s:%d", file, line)) }

func originVariable(name string) Origin { return Origin("environment variable " + name) }

// Origin of the value at a path such as archive.volume_size. It is "" if the
// value was neither given nor has a default, or if there is no such key.
func (c *Config) Origin(path string) Origin { return c.origins[path] }

// given tells that somebody gave the value: it is no default.
func (c *Config) given(path string) bool {
	o := c.origins[path]
	return o != "" && o != OriginDefault && o != OriginDerived
}
