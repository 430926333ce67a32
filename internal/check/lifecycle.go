package check

import (
	"fmt"
	"strings"

	"archiver/archive/store"
)

// touching are the rules in force that move or delete objects below any of the
// prefixes.
func touching(rules []store.Rule, prefixes ...string) (bad []store.Rule) {
	for _, r := range rules {
		for _, p := range prefixes {
			if r.Acts() && r.Touches(p, -1) {
				bad = append(bad, r)
				break
			}
		}
	}
	return bad
}

// describe says what rules do, for people.
func describe(rules []store.Rule) string {
	var all []string
	for _, r := range rules {
		what := []string{}
		if len(r.Classes) > 0 {
			what = append(what, "moves objects to "+strings.Join(r.Classes, " and "))
		}
		switch {
		case r.ExpireDays > 0:
			what = append(what, fmt.Sprintf("deletes them after %d %s", r.ExpireDays, plural(r.ExpireDays, "day", "days")))
		case r.Expires:
			what = append(what, "deletes them at a fixed date")
		}
		name := "a rule without a name"
		if r.ID != "" {
			name = fmt.Sprintf("the rule %q", r.ID)
		}
		about := "the whole bucket"
		if r.Prefix != "" {
			about = r.Prefix
		}
		all = append(all, fmt.Sprintf("%s on %s %s", name, about, strings.Join(what, " and ")))
	}
	return strings.Join(all, "; ")
}

func plural(n int, one, more string) string {
	if n == 1 {
		return one
	}
	return more
}

// volumesFate says what the rules do to volumes.
type volumesFate struct {
	Moved   []string     // storage classes that all volumes move to at some time
	Deletes []store.Rule // rules that delete volumes
	Some    bool         // a rule moves some of them, and not all
}

func fateOf(rules []store.Rule, prefix string) (f volumesFate) {
	for _, r := range rules {
		if !r.Acts() || !r.Touches(prefix, -1) {
			continue
		}
		if r.Expires {
			f.Deletes = append(f.Deletes, r)
		}
		switch {
		case len(r.Classes) > 0 && r.Covers(prefix):
			f.Moved = append(f.Moved, r.Classes...)
		case len(r.Classes) > 0:
			f.Some = true
		}
	}
	return f
}

// tooSoon are the rules that delete before so many days have passed.
func tooSoon(rules []store.Rule, days int) (bad []store.Rule) {
	for _, r := range rules {
		if r.ExpireDays < days {
			bad = append(bad, r)
		}
	}
	return bad
}
