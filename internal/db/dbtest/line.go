package dbtest

import (
	"net"
	"net/url"
	"path/filepath"
	"sync"
	"testing"

	"tuchuang/internal/db"
)

// Line is a way over TCP to a PostgreSQL database, which a test can hold up.
type Line struct {
	listener net.Listener
	socket   string // of the server

	mu    sync.Mutex
	held  bool
	flows chan struct{} // closed while it is not held
	conns []net.Conn
	work  sync.WaitGroup
}

// OverLine answers a database of the tests' as it is reached over a line, which ends with
// the test.
func OverLine(t testing.TB, place db.Options) (db.Options, *Line) {
	t.Helper()
	u, err := url.Parse(place.URL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{listener: listener, socket: filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"), flows: make(chan struct{})}
	close(l.flows)
	l.work.Go(l.accept)
	t.Cleanup(l.end)
	u.Host, u.RawQuery = listener.Addr().String(), "sslmode=disable"
	place.URL = u.String()
	return place, l
}

// Hold has nothing pass any more, in neither direction, as with a server that is frozen:
// every connection stays. Who makes a new one is refused.
func (l *Line) Hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.held {
		l.held, l.flows = true, make(chan struct{})
	}
}

// Release ends what Hold has begun; what was held up passes.
func (l *Line) Release() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		l.held = false
		close(l.flows)
	}
}

func (l *Line) accept() {
	for {
		c, err := l.listener.Accept()
		if err != nil {
			return
		}
		if to := l.connect(c); to != nil {
			l.work.Go(func() { l.pass(to, c) })
			l.work.Go(func() { l.pass(c, to) })
		} else {
			c.Close()
		}
	}
}

// connect answers the server's end of a new connection; nil where there is none.
func (l *Line) connect(c net.Conn) net.Conn {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held {
		return nil
	}
	to, err := net.Dial("unix", l.socket)
	if err != nil {
		return nil
	}
	l.conns = append(l.conns, c, to)
	return to
}

// pass hands on what comes until either end closes.
func (l *Line) pass(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		l.mu.Lock()
		flows := l.flows
		l.mu.Unlock()
		<-flows
		if _, e := to.Write(buf[:n]); err != nil || e != nil {
			return
		}
	}
}

// Cut ends every connection; who makes a new one is refused until Release.
func (l *Line) Cut() {
	l.Hold()
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		c.Close()
	}
	l.conns = nil
}

func (l *Line) end() {
	l.listener.Close()
	l.Cut()
	close(l.flows)
	l.work.Wait()
}
