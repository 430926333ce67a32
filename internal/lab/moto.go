package lab

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// MotoServer is a moto_server: a simulated Amazon that knows what versitygw
// does not, such as lifecycle rules. It checks neither signatures nor checksums.
type MotoServer struct {
	Endpoint string // http://127.0.0.1:port; buckets are addressed by path
	PID      int
}

// Moto is a moto_server for one test, with the environment of the AWS default
// chain pointed at it. It is stopped when the test ends.
func Moto(t testing.TB) *MotoServer {
	t.Helper()
	l := alone(t)
	m, err := l.startMoto(t.Context())
	settle(t, "moto_server", err)
	(&S3Server{AccessKey: accessKey, SecretKey: secretKey}).Env(t)
	return m
}

func (l *Lab) startMoto(ctx context.Context) (*MotoServer, error) {
	python, modules, err := l.cache.moto(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := l.folder("moto")
	if err != nil {
		return nil, err
	}
	for try := 1; ; try++ {
		m, err := l.tryStartMoto(ctx, python, modules, dir)
		if !errors.Is(err, errPortTaken) || try == 5 {
			return m, err
		}
	}
}

func (l *Lab) tryStartMoto(ctx context.Context, python, modules, dir string) (*MotoServer, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	_, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}
	p, err := startProcess(command{
		argv: []string{python, "-c", "from moto.server import main; main()", "-H", "127.0.0.1", "-p", port},
		env:  []string{"PYTHONPATH=" + modules, "PYTHONDONTWRITEBYTECODE=1", "AWS_EC2_METADATA_DISABLED=true"},
		dir:  dir, log: filepath.Join(dir, "moto.log"), asSelf: true,
	})
	if err != nil {
		return nil, fmt.Errorf("start moto_server: %w", err)
	}
	m := &MotoServer{Endpoint: "http://" + address, PID: p.pid}
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	err = p.waitFor(ctx, func(ctx context.Context) bool { return answers(ctx, m.Endpoint+"/moto-api/", "", "") })
	if err == nil {
		l.processes = append(l.processes, p)
		return m, nil
	}
	if p.saysInUse() {
		err = errPortTaken
	}
	return nil, errors.Join(fmt.Errorf("start moto_server: %w", err), p.stop())
}

// moto is the Python to run the server with, and the folder of its modules,
// which are of that Python's version.
func (c cache) moto(ctx context.Context) (python, modules string, err error) {
	const ask = `import sys; print(sys.executable); print("%d.%d" % sys.version_info[:2])`
	out, err := exec.CommandContext(ctx, "python3", "-c", ask).Output()
	if err != nil {
		return "", "", &Unavailable{"moto_server", fmt.Errorf("python3: %w", err)}
	}
	python, version, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	modules, err = c.item(ctx, "moto-"+motoVersion+"-python"+version, func(dir string) error {
		cmd := exec.CommandContext(ctx, python, "-m", "pip", "install", "--quiet", "--target", dir, motoPackage+"=="+motoVersion)
		if err := run(cmd); err != nil {
			return &Unavailable{"moto_server", err}
		}
		return nil
	})
	return python, modules, err
}
