// Package depcheck keeps the direction of imports: its test fails when a
// package of this module reaches one that it must know nothing of, over
// however many steps. The rules are in the test; here is the checker. Imports
// of test files are free.
package depcheck

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Graph holds what each package imports directly, by import path.
type Graph map[string][]string

// Rule forbids packages to reach others. Patterns are import paths; a
// trailing "/..." takes in the path itself and everything below it.
type Rule struct {
	From   []string
	Except []string // of From: the rule does not hold for these
	To     []string
	Allow  []string // of To: these may be reached
	Why    string
}

// Violations lists every forbidden edge, as the chain of imports that leads to
// it and the reason, in a stable order. A chain is shown up to the first
// forbidden package: what that one imports is its own affair.
func Violations(g Graph, rules []Rule) []string {
	var found []string
	for _, r := range rules {
		for _, from := range slices.Sorted(maps.Keys(g)) {
			if matches(r.From, from) && !matches(r.Except, from) {
				for _, chain := range r.reached(g, from) {
					found = append(found, fmt.Sprintf("%s: %s", strings.Join(chain, " -> "), r.Why))
				}
			}
		}
	}
	return found
}

// reached walks breadth first, so that each chain is a shortest one.
func (r Rule) reached(g Graph, from string) [][]string {
	var found [][]string
	seen := map[string]bool{from: true}
	for queue := [][]string{{from}}; len(queue) > 0; queue = queue[1:] {
		chain := queue[0]
		for _, next := range slices.Sorted(slices.Values(g[chain[len(chain)-1]])) {
			if seen[next] {
				continue
			}
			seen[next] = true
			longer := append(slices.Clone(chain), next)
			if matches(r.To, next) && !matches(r.Allow, next) {
				found = append(found, longer)
				continue
			}
			queue = append(queue, longer)
		}
	}
	return found
}

func matches(patterns []string, path string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		below, tree := strings.CutSuffix(p, "/...")
		return path == below || tree && strings.HasPrefix(path, below+"/")
	})
}
