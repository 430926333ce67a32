package main

import "fmt"

// count is a number and its noun, in the singular or the plural.
func count[N int | int64](n N, one, more string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, more)
}
