package snapshottest

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// Options describe a cluster. Only Blobs is required.
type Options struct {
	// Blobs is where repositories are written.
	Blobs Blobs
	// Locate says where a repository of a type (fs or s3) with these settings
	// lies among the blobs; its error is told to whoever registers it. Nil:
	// DefaultPlace.
	Locate func(typ string, settings map[string]string) (Place, error)

	Name         string // of the cluster; "": simulated
	UUID         string // of the cluster; "": a random one
	Distribution string // as GET / tells it; "": opensearch
	Version      string // as GET / tells it; "": 3.6.0

	// SnapshotSteps is how many steps a snapshot takes, its writes being spread
	// evenly over them. 0: it has ended before the request for it is answered.
	SnapshotSteps int
	// DeleteSteps is how many steps a deletion goes on after its request was
	// answered: the snapshot is gone then, its files are not. A real cluster
	// answers when they are; this is what a client sees whose connection broke.
	// 0: all is done before the answer.
	DeleteSteps int
	// Manual leaves it to Step to advance what is going on. Otherwise each GET
	// request does, before it is answered.
	Manual bool

	// ExtraSettings are shown with each repository, as settings that the server
	// added on its own.
	ExtraSettings map[string]string
	Now           func() time.Time // nil: time.Now
	Rand          io.Reader        // what identifiers are made of; nil: crypto/rand
}

// Cluster is a simulated cluster. It may be used by several goroutines at once.
// What a real cluster remembers lives in it, whatever happens to its clients.
type Cluster struct {
	o  Options
	mu sync.Mutex // held by every exported method and during every request

	node         string
	indices      map[string]*index
	repositories map[string]*repository
	failReason   string // the next snapshot fails as a whole, for this
}

// New makes a cluster without indices and repositories.
func New(o Options) *Cluster {
	if o.Locate == nil {
		o.Locate = DefaultPlace
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	c := &Cluster{o: o, indices: map[string]*index{}, repositories: map[string]*repository{}}
	c.node = c.id()
	setDefault(&c.o.Name, "simulated")
	setDefault(&c.o.UUID, c.id())
	setDefault(&c.o.Distribution, "opensearch")
	setDefault(&c.o.Version, "3.6.0")
	return c
}

func setDefault(s *string, value string) {
	if *s == "" {
		*s = value
	}
}

// Start serves the cluster on a free port of the loopback interface until stop
// is called.
func (c *Cluster) Start() (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, fmt.Errorf("serving a simulated cluster: %w", err)
	}
	server := &http.Server{Handler: c.Handler(), ReadHeaderTimeout: time.Minute}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = server.Serve(l) // ends with stop
	}()
	return "http://" + l.Addr().String(), func() {
		_ = server.Close() // requests in flight are cut, as by a death
		<-ended
	}, nil
}

// Step advances everything that is going on by one step and says whether
// anything was.
func (c *Cluster) Step() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.step()
}

func (c *Cluster) step() bool {
	moved := false
	for _, r := range c.repositories {
		if len(r.queue) > 0 {
			moved = true
			r.step()
		}
	}
	return moved
}

// FailSnapshot makes the next snapshot end in FAILED, for this reason.
func (c *Cluster) FailSnapshot(reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.failReason = reason
}

// id makes an identifier in the servers' form: 16 bytes in URL-safe base64.
func (c *Cluster) id() string {
	id := c.rawID()
	return base64.RawURLEncoding.EncodeToString(id[:])
}

func (c *Cluster) rawID() (id [16]byte) {
	if _, err := io.ReadFull(c.o.Rand, id[:]); err != nil {
		panic("snapshottest: Options.Rand gives no more: " + err.Error())
	}
	return id
}

func (c *Cluster) millis() int64 { return c.o.Now().UnixMilli() }
