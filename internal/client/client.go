// Package client is a typed client of the HTTP API, for the commands and the
// tests. It promises that a call which can safely be sent again survives a broken
// connection, a restart of the server and an expired token, that no file is ever
// held whole in memory, and that every refusal comes back as an *Error. It keeps
// its own shapes of the wire and must know nothing of how a server is built: it
// works with any that speaks the API.
package client

import (
	"context"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"tuchuang/internal/fault"
)

// Options say whom to talk to, and as whom.
type Options struct {
	Server    string        // http:// or https:// with a host, and a path where the API is not at the root
	ClientID  string        // of the account
	Secret    string        // of the account
	Token     Token         // one from an earlier run, used until it is refused; may be zero
	UserAgent string        // "tuchuang" when empty
	HTTP      *http.Client  // a client with sensible limits of its own when nil
	Patience  time.Duration // waiting over all tries of a call for a server that went away; 30 s when zero
	Away      func(error)   // told when a call begins to wait for a server that went away, from any goroutine; may be nil
}

// Client talks to one server as one account. It may be used from many
// goroutines at once.
type Client struct {
	server    *url.URL
	clientID  string
	secret    string
	userAgent string
	http      *http.Client
	patience  time.Duration
	away      func(error)
	stall     time.Duration                              // a body of which no byte moves for so long is given up
	wait      func(context.Context, time.Duration) error // how back-off waits; tests put a clock here
	reached   atomic.Bool                                // the server has answered once
	tokens    tokens
}

// New checks the options and makes a client. It sends nothing.
func New(o Options) (*Client, error) {
	server, err := ParseServer(o.Server)
	if err != nil {
		return nil, err
	}
	c := &Client{
		server:    server,
		clientID:  o.ClientID,
		secret:    o.Secret,
		userAgent: o.UserAgent,
		http:      o.HTTP,
		patience:  o.Patience,
		away:      o.Away,
		stall:     time.Minute,
		wait:      sleep,
		tokens:    tokens{kept: o.Token},
	}
	if c.userAgent == "" {
		c.userAgent = "tuchuang"
	}
	if c.http == nil {
		// A redirect would turn a POST into a GET: it is shown instead of followed.
		c.http = &http.Client{
			Transport:     transport(),
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	if c.patience == 0 {
		c.patience = 30 * time.Second
	}
	return c, nil
}

// ParseServer reads the address of a server as people write it: http:// or https://
// with a host, perhaps a port and a path. Anything else is fault.BadConfig.
func ParseServer(address string) (*url.URL, error) {
	if address == "" {
		return nil, notAServer(address)
	}
	u, err := url.Parse(strings.TrimRight(address, "/"))
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return nil, notAServer(address)
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, notAServer(address)
	}
	return u, nil
}

func notAServer(address string) error {
	return fault.New(fault.BadConfig, "client: server", fault.NotAServer, address)
}

// Server is the address the client was made with, without a slash at its end.
func (c *Client) Server() string { return c.server.String() }

// Close lets go of idle connections. The client can still be used.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// served is the zone in which the API gives times, without saying so.
var served = time.FixedZone("", 8*60*60)

// ParseTime reads a time as the API gives it; ok is false for one it does not give,
// as that of a task which has not begun.
func ParseTime(text string) (t time.Time, ok bool) {
	t, err := time.ParseInLocation(time.DateTime, text, served)
	return t, err == nil
}

// transport is net/http's own with what many uploads at once to one host need.
func transport() *http.Transport {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.MaxIdleConnsPerHost = 64
	t.ResponseHeaderTimeout = 2 * time.Minute
	t.WriteBufferSize = 64 << 10
	return t
}

// sleep waits for d or until ctx ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-timer.C:
		return nil
	}
}
