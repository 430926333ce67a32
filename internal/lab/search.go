package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// SearchServer is a single node of OpenSearch or Elasticsearch, empty when it
// starts. Repositories of type "fs" may lie below RepoDir and, so that S3 sees
// their files as objects, below a bucket's folder in the S3 server's Dir.
// Where the version has the plugin, repositories of type "s3" reach the lab's
// S3 server: name the bucket and nothing else.
type SearchServer struct {
	URL      string // http://127.0.0.1:port
	Username string // with BasicAuth, else empty
	Password string
	PID      int
	DataDir  string // the node's own data (path.data)
	RepoDir  string
}

// SearchOptions chooses how the server is configured. Servers with different
// options are different servers. The zero value asks for no authentication.
type SearchOptions struct {
	BasicAuth bool // Elasticsearch only
	// Plugin adds what the distribution lacks of API keys and of index lifecycles:
	// keys can be made, and an index takes the setting that names its policy, on
	// which nothing acts. Elasticsearch 8.19 only; it needs a Java compiler.
	Plugin bool
}

type searchKey struct {
	version Version
	options SearchOptions
}

const (
	username = "elastic"
	password = "archiver-lab-password" // guards test data on 127.0.0.1
	heap     = "1g"
)

// Search returns the lab's server of that version, started if need be, and its
// S3 server with it. The context bounds the start (15 to 30 seconds, and a
// download of up to 160 MB before the first), not the server's life.
func (l *Lab) Search(ctx context.Context, v Version, o SearchOptions) (*SearchServer, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := searchKey{v, o}
	if !l.search[key].done {
		s, err := l.startSearch(ctx, v, o)
		l.search[key] = started[*SearchServer]{true, s, err}
	}
	return l.search[key].server, l.search[key].err
}

func (l *Lab) startSearch(ctx context.Context, v Version, o SearchOptions) (*SearchServer, error) {
	d, err := v.distribution()
	if err != nil {
		return nil, err
	}
	if o.BasicAuth && !d.security {
		return nil, fmt.Errorf("%s has no basic authentication built in", d)
	}
	if o.Plugin && v != Elasticsearch819 {
		return nil, fmt.Errorf("the lab's plugin is made for %s, not for %s", Elasticsearch819, d)
	}
	java, err := findJava(javaPlaces(), d.javaFrom, d.javaTo)
	if err != nil {
		return nil, &Unavailable{d.String(), err}
	}
	home, err := l.cache.home(ctx, d, java)
	if err != nil {
		return nil, err
	}
	if o.Plugin {
		if home, err = l.cache.homeWithPlugin(ctx, d, home, java); err != nil {
			return nil, err
		}
	}
	store, err := l.lockedS3(ctx)
	if err != nil {
		return nil, err
	}
	name := d.String()
	if o.BasicAuth {
		name += "-auth"
	}
	if o.Plugin {
		name += "-plugin"
	}
	dir, err := l.folder(name)
	if err != nil {
		return nil, err
	}
	n := node{distribution: d, options: o, java: java, home: home, dir: dir, store: store}
	s, p, err := n.start(ctx)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	l.processes = append(l.processes, p)
	return s, nil
}

// node is one server to be: everything that it writes lies below dir.
type node struct {
	distribution
	options    SearchOptions
	java, home string
	dir        string
	store      *S3Server
}

func (n node) path(elem string) string { return filepath.Join(n.dir, elem) }

func (n node) start(ctx context.Context) (*SearchServer, *process, error) {
	if err := n.configure(); err != nil {
		return nil, nil, err
	}
	p, err := startProcess(command{
		argv: []string{filepath.Join(n.home, "bin", n.name)},
		env: []string{
			n.env + "_JAVA_HOME=" + n.java,
			n.env + "_PATH_CONF=" + n.path("config"),
			n.env + "_TMPDIR=" + n.path("tmp"),
			// No profiling compiler: a test's server is always young.
			n.env + "_JAVA_OPTS=-Xms" + heap + " -Xmx" + heap + " -XX:-AlwaysPreTouch -XX:TieredStopAtLevel=1",
		},
		dir: n.dir,
		log: n.path("console.log"),
	})
	if err != nil {
		return nil, nil, err
	}
	s := &SearchServer{PID: p.pid, DataDir: n.path("data"), RepoDir: n.path("repo")}
	if n.options.BasicAuth {
		s.Username, s.Password = username, password
	}
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	err = p.waitFor(ctx, func(ctx context.Context) bool {
		s.URL = n.url()
		return s.URL != "" && answers(ctx, s.URL+"/_cluster/health", s.Username, s.Password)
	})
	if err != nil {
		return nil, nil, errors.Join(err, p.stop())
	}
	return s, p, nil
}

// url is empty until the server has written which port it was given.
func (n node) url() string {
	ports, err := os.ReadFile(n.path("logs/http.ports"))
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(ports)) {
		if address := strings.TrimSpace(line); strings.HasPrefix(address, "127.0.0.1:") {
			return "http://" + address
		}
	}
	return ""
}

// configure copies the distribution's configuration, keystore included, and
// makes it this node's.
func (n node) configure() error {
	config := n.path("config")
	if err := os.CopyFS(config, os.DirFS(filepath.Join(n.home, "config"))); err != nil {
		return err
	}
	for _, dir := range []string{"data", "logs", "tmp", "repo"} {
		if err := os.Mkdir(n.path(dir), 0o755); err != nil {
			return err
		}
	}
	if err := n.redirectJVM(filepath.Join(config, "jvm.options")); err != nil {
		return err
	}
	yml := filepath.Join(config, n.name+".yml")
	if err := os.WriteFile(yml, []byte(n.settings()), 0o644); err != nil {
		return err
	}
	return giveToServers(n.dir)
}

// redirectJVM has the JVM write to this node's logs what it would write into
// the shared home.
func (n node) redirectJVM(file string) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	logs := n.path("logs")
	out := strings.NewReplacer(
		"file=logs/", "file="+logs+"/",
		"ErrorFile=logs/", "ErrorFile="+logs+"/",
		"HeapDumpPath=data", "HeapDumpPath="+logs,
	).Replace(string(text))
	return os.WriteFile(file, []byte(out), 0o644)
}

func (n node) settings() string {
	// The server chooses its ports and writes them down (node.portsfile), so
	// that nobody can take one between the choice and the use.
	s := fmt.Sprintf(`cluster.name: lab
node.name: n1
network.host: 127.0.0.1
http.port: 0
transport.port: 0
node.portsfile: true
discovery.type: single-node
path.data: %q
path.logs: %q
path.repo: [%q, %q]
cluster.routing.allocation.disk.threshold_enabled: false
`, n.path("data"), n.path("logs"), n.path("repo"), n.store.Dir)
	if n.s3Plugin {
		s += fmt.Sprintf(`s3.client.default.endpoint: %q
s3.client.default.path_style_access: true
s3.client.default.region: %s
`, n.store.Endpoint, Region)
	}
	if n.security {
		s += fmt.Sprintf("xpack.security.enabled: %t\n", n.options.BasicAuth)
	}
	return s
}
