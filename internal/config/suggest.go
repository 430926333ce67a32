package config

import (
	"maps"
	"slices"
	"strings"
)

// suggestKey is the remedy for a path that is none: the key that was probably
// meant, "" if none comes near.
func suggestKey(path string, known map[string]field, sections map[string]bool) string {
	candidates := slices.Sorted(maps.Keys(known))
	candidates = append(candidates, slices.Sorted(maps.Keys(sections))...)
	near := nearest(path, candidates)
	if near == "" {
		near = elsewhere(path, candidates)
	}
	if near == "" {
		return ""
	}
	return "did you mean " + near + "?"
}

// elsewhere finds a key of that name, or nearly, in another section.
func elsewhere(path string, candidates []string) string {
	var names, paths []string
	for _, c := range candidates {
		names, paths = append(names, leaf(c)), append(paths, c)
	}
	near := nearest(leaf(path), names)
	if near == "" {
		return ""
	}
	return paths[slices.Index(names, near)]
}

func leaf(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// nearest is the candidate that is fewest typing errors away, "" if that is
// more than two, or more than a third of the letters.
func nearest(text string, candidates []string) string {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(s, "-", "_")) }
	best, fewest := "", min(2, len(text)/3)+1
	for _, c := range candidates {
		if n := typos(plain(text), plain(c)); n < fewest {
			best, fewest = c, n
		}
	}
	return best
}

// typos counts insertions, deletions, replacements and swaps of neighbours that
// make b of a (the distance called optimal string alignment), in bytes.
func typos(a, b string) int {
	rows := make([][]int, len(a)+1)
	for i := range rows {
		rows[i] = make([]int, len(b)+1)
		rows[i][0] = i
	}
	for j := range b {
		rows[0][j+1] = j + 1
	}
	for i := range len(a) {
		for j := range len(b) {
			differ := 1
			if a[i] == b[j] {
				differ = 0
			}
			n := min(rows[i][j+1]+1, rows[i+1][j]+1, rows[i][j]+differ)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				n = min(n, rows[i-1][j-1]+1)
			}
			rows[i+1][j+1] = n
		}
	}
	return rows[len(a)][len(b)]
}
