package lab

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

//go:embed pom.xml
var pom []byte

const descriptor = `name=repository-s3
description=S3 repository
version=%[1]s
opensearch.version=%[1]s
java.version=21
classname=org.opensearch.repositories.s3.S3RepositoryPlugin
`

const policy = `grant {
  permission java.net.SocketPermission "*", "accept,connect,listen,resolve";
  permission java.net.NetPermission "*";
  permission java.lang.RuntimePermission "*";
  permission java.lang.reflect.ReflectPermission "*";
  permission java.util.PropertyPermission "*", "read,write";
  permission java.security.SecurityPermission "*";
  permission java.io.FilePermission "<<ALL FILES>>", "read,readlink";
};
`

// home is the folder of the unpacked distribution, with its plugin and a
// keystore. It is shared and stays as it is: servers run on a copy of its
// configuration.
func (c cache) home(ctx context.Context, d distribution, java string) (string, error) {
	dir, err := c.item(ctx, d.String(), func(dir string) error {
		if err := d.download(ctx, dir); err != nil {
			return &Unavailable{d.String(), err}
		}
		home := filepath.Join(dir, d.String())
		if d.s3Plugin {
			if err := d.assemblePlugin(home, filepath.Join(dir, "repository-s3")); err != nil {
				return fmt.Errorf("%s: assemble repository-s3: %w", d, err)
			}
		}
		if err := d.fillKeystore(ctx, home, java); err != nil {
			return fmt.Errorf("%s: keystore: %w", d, err)
		}
		return readableByAll(home)
	})
	return filepath.Join(dir, d.String()), err
}

func (d distribution) download(ctx context.Context, dir string) error {
	mvn, err := exec.LookPath("mvn")
	if err != nil {
		return err
	}
	project, err := os.MkdirTemp("", "")
	if err != nil {
		return err
	}
	defer os.RemoveAll(project)
	if err := os.WriteFile(filepath.Join(project, "pom.xml"), pom, 0o644); err != nil {
		return err
	}
	args := []string{"-B", "-q", "package",
		"-Dlab.group=" + d.group, "-Dlab.name=" + d.name, "-Dlab.version=" + d.version, "-Dlab.out=" + dir}
	if d.s3Plugin {
		args = append(args, "-P", "repository-s3")
	}
	cmd := exec.CommandContext(ctx, mvn, args...)
	cmd.Dir = project
	return run(cmd)
}

// assemblePlugin lays out the jars as an installed plugin. Those that the
// server brings along must not be there twice: it calls that "jar hell".
func (d distribution) assemblePlugin(home, jars string) error {
	found, err := filepath.Glob(filepath.Join(jars, "*.jar"))
	if err != nil {
		return err
	}
	for _, jar := range found {
		if _, err := os.Stat(filepath.Join(home, "lib", filepath.Base(jar))); err == nil {
			if err := os.Remove(jar); err != nil {
				return err
			}
		}
	}
	return errors.Join(
		os.WriteFile(filepath.Join(jars, "plugin-descriptor.properties"), fmt.Appendf(nil, descriptor, d.version), 0o644),
		os.WriteFile(filepath.Join(jars, "plugin-security.policy"), []byte(policy), 0o644),
		os.Rename(jars, filepath.Join(home, "plugins", "repository-s3")),
	)
}

// fillKeystore stores the secrets that the server takes from nowhere else.
func (d distribution) fillKeystore(ctx context.Context, home, java string) error {
	var names, values []string
	if d.s3Plugin {
		names = append(names, "s3.client.default.access_key", "s3.client.default.secret_key")
		values = append(values, accessKey, secretKey)
	}
	if d.security {
		names = append(names, "bootstrap.password")
		values = append(values, password)
	}
	if len(names) == 0 {
		return nil
	}
	if err := run(d.keystore(ctx, home, java, "create")); err != nil {
		return err
	}
	add := d.keystore(ctx, home, java, append([]string{"add", "--force", "--stdin"}, names...)...)
	add.Stdin = strings.NewReader(strings.Join(values, "\n") + "\n")
	return run(add)
}

func (d distribution) keystore(ctx context.Context, home, java string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(home, "bin", d.name+"-keystore"), args...)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), d.env + "_JAVA_HOME=" + java}
	return cmd
}

// readableByAll lets nobody read what root has unpacked.
func readableByAll(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := e.Info()
		if err != nil {
			return err
		}
		owner := info.Mode().Perm() & 0o500
		return os.Chmod(path, info.Mode().Perm()|owner>>3|owner>>6)
	})
}

// run makes what the command printed part of its error.
func run(cmd *exec.Cmd) error {
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s: %w: %s", filepath.Base(cmd.Path), err, strings.TrimSpace(string(out)))
	}
	return nil
}
