package config

import (
	"fmt"
	"time"

	_ "time/tzdata" // containers often have no time zones of their own
)

// Timezone is a named time zone. The zero value is UTC.
type Timezone struct {
	location *time.Location // nil: UTC
}

// Location is never nil.
func (z Timezone) Location() *time.Location {
	if z.location == nil {
		return time.UTC
	}
	return z.location
}

// String is the zone's name.
func (z Timezone) String() string { return z.Location().String() }

// MarshalText is String.
func (z Timezone) MarshalText() ([]byte, error) { return []byte(z.String()), nil }

// UnmarshalText takes a name of the IANA time zone database. "Local" is
// refused: which days are archived must not depend on the machine.
func (z *Timezone) UnmarshalText(text []byte) error {
	name := string(text)
	if name == "UTC" {
		*z = Timezone{}
		return nil
	}
	location, err := time.LoadLocation(name)
	if err != nil || name == "" || name == "Local" {
		return fmt.Errorf("%q is not a time zone: give a name such as UTC or Europe/Berlin", text)
	}
	*z = Timezone{location: location}
	return nil
}
