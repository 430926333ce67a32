package lab

import (
	"context"
	"os/exec"
	"strings"
	"testing"
)

const botocoreVersion = "1.43.11"

// Python runs a script with botocore, AWS's own library for Python, at hand. It
// returns what the script wrote.
func Python(t testing.TB, script, stdin string) string {
	t.Helper()
	c, err := openCache()
	if err != nil {
		t.Fatal(err)
	}
	libraries, err := c.botocore(t.Context())
	settle(t, "botocore", err)
	cmd := exec.CommandContext(t.Context(), "python3", "-c", script)
	cmd.Env = append(cmd.Environ(), "PYTHONPATH="+libraries)
	cmd.Stdin = strings.NewReader(stdin)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("python3: %v\n%s", err, stderr.String())
	}
	return string(out)
}

// botocore is a folder of Python libraries.
func (c cache) botocore(ctx context.Context) (string, error) {
	return c.item(ctx, "botocore-"+botocoreVersion, func(dir string) error {
		python, err := exec.LookPath("python3")
		if err != nil {
			return &Unavailable{"botocore", err}
		}
		if err := run(exec.CommandContext(ctx, python, "-m", "pip", "install", "--quiet", "--target", dir, "botocore=="+botocoreVersion)); err != nil {
			return &Unavailable{"botocore", err}
		}
		return nil
	})
}
