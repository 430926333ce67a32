package lab

import (
	"context"
	"crypto/sha256"
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed plugin/LabPlugin.java
var pluginSource []byte

const pluginDescriptor = `name=lab
description=what the test distribution lacks
version=1
elasticsearch.version=%s
java.version=17
classname=archiver.lab.LabPlugin
`

// homeWithPlugin is a copy of a distribution's home with the lab's own plugin in
// it, compiled against that home.
func (c cache) homeWithPlugin(ctx context.Context, d distribution, home, java string) (string, error) {
	sum := sha256.Sum256(pluginSource)
	dir, err := c.item(ctx, fmt.Sprintf("%s-lab-%x", d, sum[:4]), func(dir string) error {
		copied := filepath.Join(dir, d.String())
		if err := os.CopyFS(copied, os.DirFS(home)); err != nil {
			return err
		}
		if err := d.compilePlugin(ctx, copied, java); err != nil {
			return fmt.Errorf("%s: the lab's plugin: %w", d, err)
		}
		return readableByAll(copied)
	})
	return filepath.Join(dir, d.String()), err
}

func (d distribution) compilePlugin(ctx context.Context, home, java string) error {
	javac, jar := filepath.Join(java, "bin", "javac"), filepath.Join(java, "bin", "jar")
	if _, err := exec.LookPath(javac); err != nil {
		return &Unavailable{"javac", err}
	}
	work, err := os.MkdirTemp("", "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	source, classes := filepath.Join(work, "LabPlugin.java"), filepath.Join(work, "classes")
	plugin := filepath.Join(home, "plugins", "lab")
	err = errors.Join(
		os.WriteFile(source, pluginSource, 0o644),
		os.Mkdir(plugin, 0o755),
		os.WriteFile(filepath.Join(plugin, "plugin-descriptor.properties"), fmt.Appendf(nil, pluginDescriptor, d.version), 0o644),
	)
	if err != nil {
		return err
	}
	if err := run(exec.CommandContext(ctx, javac, "-cp", filepath.Join(home, "lib", "*"), "-d", classes, source)); err != nil {
		return err
	}
	return run(exec.CommandContext(ctx, jar, "--create", "--file", filepath.Join(plugin, "lab.jar"), "-C", classes, "."))
}
