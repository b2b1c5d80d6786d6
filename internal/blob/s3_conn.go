package blob

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"time"
)

// stallingTransport makes connections that end where they get no further within a time,
// whether the store does not answer, gives no more of a body, or takes no more of one.
// How long all of a request may take is a matter of its context.
func stallingTransport(limit time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: limit}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment,
		DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
			conn, err := dialer.DialContext(ctx, network, addr)
			if err != nil {
				return nil, err
			}
			return &stallingConn{conn, limit}, nil
		},
		TLSHandshakeTimeout: limit,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     limit,
		DisableCompression:  true, // lengths must be those of the content
	}
}

// ownBodies gives each try of a request a body of its own: a try that has its answer, or
// an error, reads no more of what the next one is about to read from the beginning.
type ownBodies struct{ next http.RoundTripper }

func (t ownBodies) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil || r.Body == http.NoBody {
		return t.next.RoundTrip(r)
	}
	body := &ownBody{from: r.Body}
	again := *r
	again.Body = body
	again.GetBody = nil // a connection that was lost is one more try of who sent r
	defer body.leave()
	return t.next.RoundTrip(&again)
}

type ownBody struct {
	mu   sync.Mutex
	from io.ReadCloser
	left bool
}

func (b *ownBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.left {
		return 0, http.ErrBodyReadAfterClose
	}
	return b.from.Read(p)
}

func (b *ownBody) Close() error {
	b.leave()
	return b.from.Close()
}

func (b *ownBody) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left = true
}

type stallingConn struct {
	net.Conn
	limit time.Duration
}

func (c *stallingConn) Read(p []byte) (int, error) {
	if err := c.SetReadDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Read(p)
}

// Write gives a Read that waits for the answer its time anew: it began with the request.
func (c *stallingConn) Write(p []byte) (int, error) {
	if err := c.SetDeadline(time.Now().Add(c.limit)); err != nil {
		return 0, err
	}
	return c.Conn.Write(p)
}
