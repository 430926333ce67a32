// Package lab fetches, starts and stops the real servers that the tests and
// the demonstration day run against: versitygw for S3, moto for lifecycle
// rules, OpenSearch and Elasticsearch for the cluster. It also finds the tools
// that tests call, and keeps the list of tests that had to be skipped for want
// of something.
//
// Servers are pinned (versions.go), fetched once into a cache that test
// processes share (cache.go), started at first use with data of their own,
// listen on 127.0.0.1 only, and die with the process that started them, even
// if that is killed (process.go). Linux and macOS.
//
// Only tests and internal/lab/day may import it, and it imports no package of
// the project: what is tested must not help the tests.
package lab

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
)

// Lab is one set of running servers, each started when it is first asked for.
// It is safe for concurrent use. Close it.
type Lab struct {
	cache cache

	mu        sync.Mutex // held while a server starts, so that each starts once
	run       *runDir    // data, configuration and logs; nil until a server starts
	processes []*process
	s3        started[*S3Server]
	otherS3   started[*S3Server]
	search    map[searchKey]started[*SearchServer]
}

// started remembers how a start ended, so that what cannot be had is tried
// for once only.
type started[T any] struct {
	done   bool
	server T
	err    error
}

// Unavailable is the error for what a machine does not offer: no Java, no
// network, a tool that is not installed. A server that was there and did not
// start is an ordinary error.
type Unavailable struct {
	What string // such as "OpenSearch 3.6.0"
	Err  error
}

func (u *Unavailable) Error() string { return fmt.Sprintf("%s is not available: %v", u.What, u.Err) }
func (u *Unavailable) Unwrap() error { return u.Err }

// Open prepares an empty lab. The cache is the folder named by ARCHIVER_LAB;
// without it, archiver-lab in the user's cache folder or, for root, in
// /var/tmp, because root's servers run as nobody, who cannot read root's home.
func Open() (*Lab, error) {
	c, err := openCache()
	if err != nil {
		return nil, err
	}
	return &Lab{cache: c, search: map[searchKey]started[*SearchServer]{}}, nil
}

// S3 returns the lab's S3 server, started if need be. The context bounds the
// start (the first on a machine builds the server, which takes minutes), not
// the server's life.
func (l *Lab) S3(ctx context.Context) (*S3Server, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lockedS3(ctx)
}

func (l *Lab) lockedS3(ctx context.Context) (*S3Server, error) {
	if !l.s3.done {
		s, err := l.startS3(ctx, "s3", account{Region, accessKey, secretKey})
		l.s3 = started[*S3Server]{true, s, err}
	}
	return l.s3.server, l.s3.err
}

// OtherS3 returns a second S3 server, with other credentials and for another
// region, started if need be.
func (l *Lab) OtherS3(ctx context.Context) (*S3Server, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.otherS3.done {
		s, err := l.startS3(ctx, "s3-other", account{OtherRegion, accessKey + "-other", secretKey + "-other"})
		l.otherS3 = started[*S3Server]{true, s, err}
	}
	return l.otherS3.server, l.otherS3.err
}

// Close stops every server, the newest first, and removes their data.
func (l *Lab) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	var errs []error
	for i := len(l.processes) - 1; i >= 0; i-- {
		errs = append(errs, l.processes[i].stop())
	}
	l.processes = nil
	if l.run != nil {
		errs = append(errs, l.run.remove())
		l.run = nil
	}
	return errors.Join(errs...)
}

// folder makes a folder in this run's own place. Its server owns it after
// giveToServers.
func (l *Lab) folder(name string) (string, error) {
	if l.run == nil {
		run, err := l.cache.newRun()
		if err != nil {
			return "", err
		}
		l.run = run
	}
	path := filepath.Join(l.run.path, name)
	return path, os.Mkdir(path, 0o755)
}
