package s3

import (
	"net"
	"time"
)

// idleConn is a connection that fails once nothing has moved on it for a while.
//
// It is what ends a body that stalls, in either direction, and an answer that
// never comes: the SDK and net/http have no time limit for the former that
// does not limit the whole transfer too. A consumer may take its time: the
// clock runs only while a read or a write waits.
type idleConn struct {
	net.Conn
	idle time.Duration
}

func (c *idleConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write moves the deadline of a waiting Read too: net/http waits for the
// answer from the first byte of a request on.
func (c *idleConn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.idle)); err != nil {
		return 0, err
	}
	n, err := c.Conn.Write(p)
	if err == nil {
		err = c.SetReadDeadline(time.Now().Add(c.idle))
	}
	return n, err
}
