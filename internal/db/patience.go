package db

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

// What the server's own limits can't bound is a server that stands still, or a machine
// that is gone. Our statements run to their end, whoever waits for them, so this side
// needs limits too.

// pgPatience is how long a connection of the requests waits for the server: longer than
// any statement may take there.
const pgPatience = pgStatement + 2*time.Second

// pgUnheard is how long what was sent may go unreceived, where nothing else bounds the
// wait. The system takes it for the limit of its probes too, by which an idle connection
// finds out within four seconds that its machine is gone: so it is not for all.
const pgUnheard = 30 * time.Second

// impatient makes connections that wait for the server no longer than a limit.
func impatient(dial pgconn.DialFunc, limit time.Duration) pgconn.DialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		c, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &impatientConn{Conn: c, limit: limit}, nil
	}
}

// impatientConn bounds each Read and each Write for which the driver has set no
// deadline; when that has passed the connection is of no use any more, and whoever tries
// again is told so at once. An idle connection is neither read nor written, so it stays.
type impatientConn struct {
	net.Conn
	limit time.Duration

	mu                sync.Mutex // the driver sets deadlines while it reads and writes
	readSet, writeSet bool       // it has set one
	lost              error
}

func (c *impatientConn) Read(p []byte) (int, error) {
	return c.bounded(c.Conn.Read, p, &c.readSet, c.Conn.SetReadDeadline)
}

func (c *impatientConn) Write(p []byte) (int, error) {
	return c.bounded(c.Conn.Write, p, &c.writeSet, c.Conn.SetWriteDeadline)
}

func (c *impatientConn) bounded(call func([]byte) (int, error), p []byte, set *bool, deadline func(time.Time) error) (int, error) {
	if err := c.begin(set, deadline); err != nil {
		return 0, err
	}
	n, err := call(p)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.mu.Lock()
		defer c.mu.Unlock()
		if !*set {
			c.lost = err
		}
	}
	return n, err
}

// begin has the time begin, unless a deadline stands.
func (c *impatientConn) begin(set *bool, deadline func(time.Time) error) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *set || c.lost != nil {
		return c.lost
	}
	return deadline(time.Now().Add(c.limit))
}

// keep takes a deadline of the driver's, or takes it back: what is being read or written
// then has the limit again.
func (c *impatientConn) keep(set *bool, deadline func(time.Time) error, t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if *set = !t.IsZero(); !*set {
		t = time.Now().Add(c.limit)
	}
	return deadline(t)
}

func (c *impatientConn) SetReadDeadline(t time.Time) error {
	return c.keep(&c.readSet, c.Conn.SetReadDeadline, t)
}

func (c *impatientConn) SetWriteDeadline(t time.Time) error {
	return c.keep(&c.writeSet, c.Conn.SetWriteDeadline, t)
}

func (c *impatientConn) SetDeadline(t time.Time) error {
	return errors.Join(c.SetReadDeadline(t), c.SetWriteDeadline(t))
}
