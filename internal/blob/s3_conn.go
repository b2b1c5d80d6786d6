package blob

import (
	"context"
	"net"
	"net/http"
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
