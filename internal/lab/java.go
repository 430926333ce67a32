package lab

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// javaPlaces are where installers put JDKs: Debian and Red Hat, other Linux,
// macOS, Homebrew.
func javaPlaces() []string {
	return []string{
		"/usr/lib/jvm/*",
		"/usr/java/*",
		"/opt/java/*",
		"/Library/Java/JavaVirtualMachines/*/Contents/Home",
		"/opt/homebrew/opt/openjdk*/libexec/openjdk.jdk/Contents/Home",
	}
}

// findJava returns the home of a Java with a feature release from lowest to
// highest (0: no limit): JAVA_HOME if it will do, else the oldest one in the
// places that will, which is the nearest to what the server was made for.
func findJava(places []string, lowest, highest int) (string, error) {
	fits := func(home string) (int, bool) {
		feature, ok := javaFeature(home)
		return feature, ok && feature >= lowest && (highest == 0 || feature <= highest)
	}
	if home := os.Getenv("JAVA_HOME"); home != "" {
		if _, ok := fits(home); ok {
			return home, nil
		}
	}
	best, bestFeature := "", 0
	for _, place := range places {
		homes, err := filepath.Glob(place)
		if err != nil {
			return "", err
		}
		for _, home := range homes {
			if feature, ok := fits(home); ok && (best == "" || feature < bestFeature) {
				best, bestFeature = home, feature
			}
		}
	}
	if best == "" {
		return "", fmt.Errorf("no Java %s, by JAVA_HOME or in %s", javaRange(lowest, highest), strings.Join(places, ", "))
	}
	return best, nil
}

func javaRange(lowest, highest int) string {
	switch highest {
	case 0:
		return fmt.Sprintf("%d or later", lowest)
	case lowest:
		return strconv.Itoa(lowest)
	}
	return fmt.Sprintf("%d to %d", lowest, highest)
}

// javaFeature reads the feature release, 17 or 21 say, from the "release" file
// that every Java since 9 carries.
func javaFeature(home string) (int, bool) {
	if info, err := os.Stat(filepath.Join(home, "bin", "java")); err != nil || info.IsDir() {
		return 0, false
	}
	text, err := os.ReadFile(filepath.Join(home, "release"))
	if err != nil {
		return 0, false
	}
	for line := range strings.Lines(string(text)) {
		value, ok := strings.CutPrefix(line, "JAVA_VERSION=")
		if !ok {
			continue
		}
		value = strings.Trim(strings.TrimSpace(value), `"`)
		end := strings.IndexFunc(value, func(r rune) bool { return r < '0' || r > '9' })
		if end >= 0 {
			value = value[:end]
		}
		feature, err := strconv.Atoi(value)
		return feature, err == nil
	}
	return 0, false
}
