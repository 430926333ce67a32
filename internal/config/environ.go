package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

const (
	variablePrefix = "ARCHIVER_"
	// variableConfig names the configuration file.
	variableConfig = variablePrefix + "CONFIG"
)

// isForeign tells the variables of that prefix that are no keys: the file's
// name, and those that tests and the demonstration read.
func isForeign(name string) bool {
	return name == variableConfig || name == variablePrefix+"LAB" || name == variablePrefix+"SKIPS"
}

// readEnv takes the environment's variables apart. One that is empty counts as
// not set: deployments pass empty ones on. One that nobody knows is a warning
// and no error, because Kubernetes sets ARCHIVER_SERVICE_HOST and its like.
func readEnv(env []string, all []field) (out []assignment, warnings []Warning) {
	known := map[string]field{}
	for _, f := range all {
		known[f.Env] = f
	}
	set := variables(env)
	for _, name := range slices.Sorted(maps.Keys(set)) {
		f, ok := known[name]
		switch {
		case set[name] == "" || isForeign(name):
		case !ok:
			w := fmt.Sprintf("environment variable %s names no key of the configuration and is ignored", name)
			if near := nearest(name, slices.Sorted(maps.Keys(known))); near != "" {
				w += "; did you mean " + near + "?"
			}
			warnings = append(warnings, Warning(w))
		default:
			out = append(out, assignment{path: f.Path, value: value{shape: line, text: set[name]}, origin: originVariable(name)})
		}
	}
	return out, warnings
}

// variables are those that may be ours; the last of a name counts.
func variables(env []string) map[string]string {
	out := map[string]string{}
	for _, e := range env {
		if name, text, ok := strings.Cut(e, "="); ok && strings.HasPrefix(name, variablePrefix) {
			out[name] = text
		}
	}
	return out
}

// readOverrides takes what the command line gave, by path. An empty text is a
// value: it clears what another source gave.
func readOverrides(overrides map[string]string, all []field) (out []assignment, problems Problems) {
	known := byPath(all)
	for _, path := range slices.Sorted(maps.Keys(overrides)) {
		f, ok := known[path]
		refuse := func(what, remedy string) {
			problems = append(problems, Problem{Key: path, Origin: originFlag, What: what, Remedy: remedy})
		}
		switch {
		case !ok:
			refuse("there is no such key", suggestKey(path, known, nil))
		case f.Secret:
			refuse("is a secret, and what the command line says can be seen by others", "use "+f.Env+" or "+path+"_file")
		case strings.Contains(overrides[path], armorMarkPrivate):
			refuse("holds a private key, and what the command line says can be seen by others", "give the name of a file")
		default:
			out = append(out, assignment{path: path, value: value{shape: line, text: overrides[path]}, origin: originFlag})
		}
	}
	return out, problems
}
