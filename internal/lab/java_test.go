package lab

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

func TestFindJavaTakesJavaHomeThenTheOldestThatFits(t *testing.T) {
	dir := t.TempDir()
	for name, release := range map[string]string{
		"eight": "JAVA_VERSION=\"1.8.0_392\"\n",
		"17":    "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"17.0.15\"\nLIBC=\"gnu\"\n",
		"21":    "JAVA_VERSION=\"21\"\n",
		"25":    "JAVA_VERSION=\"25.0.3\"\n",
		"26-ea": "JAVA_VERSION=\"26-ea\"\n",
		"none":  "",
	} {
		home := filepath.Join(dir, name)
		err := errors.Join(
			os.MkdirAll(filepath.Join(home, "bin"), 0o755),
			os.WriteFile(filepath.Join(home, "bin", "java"), nil, 0o755),
			os.WriteFile(filepath.Join(home, "release"), []byte(release), 0o644),
		)
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, "21", "bin")); err != nil { // sources and the like only
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, javaHome  string
		lowest, highest int
		want            string // "" for none
	}{
		{"exact", "", 17, 17, "17"},
		{"oldest that fits", "", 21, 0, "25"},
		{"JAVA_HOME goes first", "26-ea", 21, 0, "26-ea"},
		{"JAVA_HOME that does not fit", "25", 17, 17, "17"},
		{"JAVA_HOME that is not one", "missing", 17, 17, "17"},
		{"none", "", 27, 0, ""},
		{"in a range", "", 18, 30, "25"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Setenv("JAVA_HOME", "")
			if c.javaHome != "" {
				t.Setenv("JAVA_HOME", filepath.Join(dir, c.javaHome))
			}
			got, err := findJava([]string{filepath.Join(dir, "*")}, c.lowest, c.highest)
			if (err == nil) != (c.want != "") {
				t.Fatalf("got %q, %v", got, err)
			}
			if c.want != "" && got != filepath.Join(dir, c.want) {
				t.Errorf("got %q, want %s", got, c.want)
			}
		})
	}
}
