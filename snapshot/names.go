package snapshot

import (
	"fmt"
	"strings"
	"unicode"
)

// notInNames are the characters that no index, repository or snapshot may have
// in its name, or that would turn one name into several: a DELETE of "*" is
// for everything.
const notInNames = `*?,"<>|\/# `

func checkName(kind, name string) error {
	return check(kind, name, notInNames)
}

// checkPattern is checkName for a name that may hold the wildcard *.
func checkPattern(kind, pattern string) error {
	return check(kind, pattern, strings.ReplaceAll(notInNames, "*", ""))
}

func check(kind, name, refused string) error {
	switch {
	case name == "":
		return fmt.Errorf("%s has no name", kind)
	case name == "." || name == ".." || strings.HasPrefix(name, "_") || strings.HasPrefix(name, "-"):
		return fmt.Errorf("%s %q: a name may not begin with _ or - nor be a folder such as .. by itself", kind, name)
	case strings.ContainsAny(name, refused) || strings.ContainsFunc(name, unicode.IsControl):
		return fmt.Errorf("%s %q: a name may not hold any of %s", kind, name, refused)
	}
	return nil
}

// checkNewIndex is checkName for an index that is to come to be: servers make
// none whose name has capital letters, a colon or a + at its beginning, or more
// than 255 bytes.
func checkNewIndex(name string) error {
	const kind, longest = "restored index", 255
	switch err := check(kind, name, notInNames+":"); {
	case err != nil:
		return err
	case strings.HasPrefix(name, "+"):
		return fmt.Errorf("%s %q: a name may not begin with +", kind, name)
	case name != strings.ToLower(name):
		return fmt.Errorf("%s %q: a name may not hold capital letters", kind, name)
	case len(name) > longest:
		return fmt.Errorf("%s %q: it has %d bytes, and %d are allowed", kind, name, len(name), longest)
	}
	return nil
}

func checkSnapshot(repository, name string) error {
	if err := checkName("repository", repository); err != nil {
		return err
	}
	return checkName("snapshot", name)
}
