package snapshot

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/opensearch-project/opensearch-go/v4/opensearchtransport"
)

// Options say where the cluster is and how to speak to it.
type Options struct {
	// URLs of the cluster's nodes, or of what stands before them; at least one,
	// http or https. A path is kept as a prefix of every request. Credentials
	// in a URL are refused, since URLs show up in errors.
	URLs []string
	// Username and Password are sent as basic authentication. Both empty: none.
	Username string
	Password string `json:"-"`
	// APIKey is sent in place of them, if set: as the cluster gave it out,
	// encoded, or as id:key.
	APIKey string `json:"-"`
	// Authorize, if set, replaces both: it is called for every request just
	// before it is sent, when method, URL and headers are final. It may add
	// headers or sign (package sigv4; the body can be had from GetBody). Its
	// error ends the request, which is repeated only for ErrUnreachable.
	Authorize func(*http.Request) error `json:"-"`
	// CA holds PEM certificates that replace the system's roots. Empty: the
	// system's.
	CA []byte
	// Timeout bounds one request with its answer. 0: one minute. Deletions
	// that take longer than this end in ErrAmbiguous and go on in the cluster.
	Timeout time.Duration
	// RetryFor bounds how long a read is repeated. 0: two minutes; negative: a
	// read is tried once.
	RetryFor time.Duration
	// Retrying, if set, is told each time when a read is about to be repeated.
	Retrying func(err error) `json:"-"`
}

// String leaves the secrets out.
func (o Options) String() string {
	return fmt.Sprintf("urls=%q username=%q", o.URLs, o.Username)
}

// GoString leaves the secrets out of %#v.
func (o Options) GoString() string { return "snapshot.Options{" + o.String() + "}" }

// Cluster is a connection to one cluster. It may be used by several goroutines
// at once.
type Cluster struct {
	transport streamer
	closer    io.Closer
	redact    func(string) string
	timeout   time.Duration
	retryFor  time.Duration
	retrying  func(error)
	pause     time.Duration // before the first repetition of a read
	addresses int
	amazon    atomic.Bool // an answer came through the front of Amazon's service
}

// streamer sends one request, once, and hands back the answer unread.
type streamer interface {
	Stream(*http.Request) (*http.Response, error)
}

const (
	defaultTimeout  = time.Minute
	defaultRetryFor = 2 * time.Minute
	firstPause      = 500 * time.Millisecond
)

// Connect prepares a connection; the first request is the one that dials.
// Close must be called at the end.
func Connect(o Options) (*Cluster, error) {
	urls, err := parseURLs(o.URLs)
	if err != nil {
		return nil, err
	}
	authorize, err := authorizer(o)
	if err != nil {
		return nil, err
	}
	rt, err := roundTripper(o.CA)
	if err != nil {
		return nil, err
	}
	// Everything the client does on its own is switched off: repeating
	// changes, polling node statistics, probing health. A dead node is left
	// out for a while and then tried again.
	t, err := opensearchtransport.New(opensearchtransport.Config{
		URLs:                  urls,
		Signer:                signer{authorize},
		Transport:             rt,
		DisableRetry:          true,
		NodeStatsInterval:     -1,
		MaxRetryClusterHealth: -1,
		HealthCheck:           opensearchtransport.NoOpHealthCheck,
	})
	if err != nil {
		return nil, fmt.Errorf("connect to the cluster: %w", err)
	}
	c := &Cluster{
		transport: t,
		closer:    t,
		redact:    redactor(o),
		timeout:   o.Timeout,
		retryFor:  o.RetryFor,
		retrying:  o.Retrying,
		pause:     firstPause,
		addresses: len(urls),
	}
	if c.retrying == nil {
		c.retrying = func(error) {}
	}
	if c.timeout == 0 {
		c.timeout = defaultTimeout
	}
	if c.retryFor == 0 {
		c.retryFor = defaultRetryFor
	}
	return c, nil
}

// Close ends what runs in the background and closes idle connections.
func (c *Cluster) Close() error { return c.closer.Close() }

func parseURLs(raw []string) ([]*url.URL, error) {
	if len(raw) == 0 {
		return nil, errors.New("connect to the cluster: no url given")
	}
	urls := make([]*url.URL, len(raw))
	for i, s := range raw {
		u, err := url.Parse(s)
		switch {
		case err != nil:
			// The parser's error repeats the URL, which may hold a password.
			return nil, fmt.Errorf("connect to the cluster: url %d cannot be parsed", i+1)
		case u.User != nil:
			return nil, fmt.Errorf("connect to the cluster: url %d holds credentials: give them apart from it", i+1)
		case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
			return nil, fmt.Errorf("connect to the cluster: url %d is not of the form https://host[:port][/prefix]", i+1)
		case u.RawQuery != "" || u.Fragment != "":
			return nil, fmt.Errorf("connect to the cluster: url %d has a query or a fragment", i+1)
		}
		// Empty and dot segments would be signed differently by different
		// implementations.
		if u.Path != "" {
			u = u.JoinPath()
		}
		urls[i] = u
	}
	return urls, nil
}

func roundTripper(ca []byte) (http.RoundTripper, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12}
	if len(ca) > 0 {
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("connect to the cluster: the CA file holds no PEM certificate")
		}
	}
	return &http.Transport{
		Proxy:               http.ProxyFromEnvironment,
		DialContext:         (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:     conf,
		TLSHandshakeTimeout: 10 * time.Second,
		ForceAttemptHTTP2:   true,
		// Shorter than the 60 s after which load balancers hang up: a change
		// sent into a dead connection would be ambiguous for nothing.
		IdleConnTimeout: 20 * time.Second,
	}, nil
}
