package lab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is a server that runs in a process group of its own.
type process struct {
	pid      int
	log      string        // the file that holds what it printed
	lifeline *os.File      // closed, by us or by our death: the group is killed
	exited   chan struct{} // closed when it has ended
}

// command describes a server to start.
type command struct {
	argv []string
	env  []string // beside PATH and the like; nothing else is inherited
	dir  string   // working folder and home
	log  string
	// asSelf: the server is not given to nobody. Only for one that keeps nothing
	// in files, and may need a Python below a home that nobody can read.
	asSelf bool
}

// underLifeline runs "$@" in place of the shell, so that the pid is the
// server's, beside a watcher that kills the whole group when the pipe at its
// descriptor 3 has no writer any more. Unlike Linux's parent death signal this
// reaches a server's children, does not depend on the thread that started it,
// and is there on macOS.
const underLifeline = `(read -r _; kill -s KILL -- -$$) <&3 & exec "$@" 3<&-`

// startProcess starts the server, as nobody if we are root and it may be.
func startProcess(c command) (*process, error) {
	log, err := os.Create(c.log)
	if err != nil {
		return nil, err
	}
	defer log.Close()
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer read.Close()
	cmd := exec.Command("/bin/sh", append([]string{"-c", underLifeline, "sh"}, c.argv...)...)
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + c.dir, "LANG=C.UTF-8"}, c.env...)
	cmd.Dir, cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = c.dir, log, log, []*os.File{read}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if os.Getuid() == 0 && !c.asSelf {
		if cmd.SysProcAttr.Credential, err = nobody(); err != nil {
			return nil, errors.Join(err, write.Close())
		}
	}
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, write.Close())
	}
	p := &process{pid: cmd.Process.Pid, log: c.log, lifeline: write, exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // how it ended stands in the log, for whoever missed it
		close(p.exited)
	}()
	return p, nil
}

// stop asks the server to end, and after 20 seconds makes it. Repeating it
// does nothing.
func (p *process) stop() error {
	select {
	case <-p.exited:
	default:
		// An error means that it ended this moment; if not, the lifeline ends it.
		_ = syscall.Kill(p.pid, syscall.SIGTERM)
	}
	select {
	case <-p.exited:
	case <-time.After(20 * time.Second):
	}
	err := p.lifeline.Close()
	if errors.Is(err, os.ErrClosed) {
		err = nil
	}
	<-p.exited
	return err
}

// waitFor polls until ready says so. It fails when the process ends first or
// the context does, with the last lines that the server printed.
func (p *process) waitFor(ctx context.Context, ready func(context.Context) bool) error {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		if ready(ctx) {
			return nil
		}
		select {
		case <-p.exited:
			return fmt.Errorf("server ended while starting; its last lines:\n%s", p.tail())
		case <-ctx.Done():
			return fmt.Errorf("server did not get ready: %w; its last lines:\n%s", ctx.Err(), p.tail())
		case <-tick.C:
		}
	}
}

func (p *process) tail() []byte {
	out, err := os.ReadFile(p.log)
	if err != nil {
		return []byte(err.Error())
	}
	return out[max(0, len(out)-3000):]
}

// saysInUse reports whether the server printed that its port was taken.
func (p *process) saysInUse() bool {
	return bytes.Contains(bytes.ToLower(p.tail()), []byte("address already in use"))
}

// freeAddress is an address that nobody listened on a moment ago. Another
// process may take it before the server does: try again then.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// answers reports whether a GET is answered with 200. No connection stays, so
// that tests that look for leaked goroutines see none of ours.
func answers(ctx context.Context, url, username, password string) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return false
	}
	if username != "" {
		req.SetBasicAuth(username, password)
	}
	resp, err := plainClient().Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	return resp.StatusCode == http.StatusOK
}

func plainClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}
