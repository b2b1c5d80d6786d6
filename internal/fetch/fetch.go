// Package fetch speaks HTTP with servers of strangers: it gets what a URL names and
// posts what it is told to. It promises that no address is reached that is not of the
// public internet, unless the operator has opened it: addresses are judged where they
// are dialled, of every redirect too. It knows nothing of accounts, and keeps nothing.
package fetch

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tuchuang/internal/fault"
)

// Limits of one exchange.
const (
	MaxURL       = 8 << 10 // bytes
	maxRedirects = 10
	maxHeader    = 256 << 10        // bytes of the answer's
	toConnect    = 10 * time.Second // as well for TLS
	toHeader     = 30 * time.Second // from the request on
	toAnswer     = 2 * time.Minute  // with all redirects
	toByte       = time.Minute      // from one to the next
	slowFor      = 2 * time.Minute  // of waiting for bytes, so often looked at
	slowest      = 4 << 10          // bytes a second over that time, no fewer
	maxAfter     = time.Hour        // that a server may ask us to wait
	agent        = "tuchuang"
)

// Options are what a Client may be told; the zero value is for use.
type Options struct {
	Allow    []netip.Prefix // addresses that are opened though they are not public
	Resolver *net.Resolver  // nil for the system's
	Now      func() time.Time
	ToAnswer time.Duration // 0 for two minutes
	ToByte   time.Duration // 0 for a minute
}

// Client asks servers. Its methods may be called at the same time.
type Client struct {
	allow    []netip.Prefix
	http     http.Client
	now      func() time.Time
	toAnswer time.Duration
	toByte   time.Duration
}

// New makes a Client. It knows no proxy: what it dials would be the proxy's address.
func New(o Options) *Client {
	c := &Client{allow: o.Allow, now: o.Now, toAnswer: cmp.Or(o.ToAnswer, toAnswer), toByte: cmp.Or(o.ToByte, toByte)}
	if c.now == nil {
		c.now = time.Now
	}
	dialer := &net.Dialer{Timeout: toConnect, Resolver: o.Resolver, Control: c.control}
	c.http = http.Client{
		Transport: &http.Transport{
			DialContext:            dialer.DialContext,
			TLSHandshakeTimeout:    toConnect,
			ResponseHeaderTimeout:  toHeader,
			MaxResponseHeaderBytes: maxHeader,
			DisableCompression:     true, // ranges are of what is sent
			DisableKeepAlives:      true, // each exchange is judged anew
			TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12},
		},
		CheckRedirect: func(req *http.Request, via []*http.Request) error {
			if len(via) > maxRedirects {
				return &Failure{Reason: TooManyRedirects}
			}
			if first := via[0].Method; req.Method != first { // it would arrive without its body
				return &Failure{Reason: BadStatus, Status: req.Response.StatusCode}
			}
			req.Header.Del("Referer") // the URL may be a secret of who gave it
			return c.judge(req.URL)
		},
	}
	return c
}

// Request says what to get.
type Request struct {
	URL   string
	Limit int64 // bytes that may come in all; more is TooLarge

	// Where the beginning is there already: how much, and of what. The answer may begin
	// anew all the same.
	From      int64
	Validator string
	Total     int64
}

// Answer is what a server gives.
type Answer struct {
	URL       *url.URL // the last one, after redirects
	Name      string   // that the server gives it; "" for none, and any text
	From      int64    // where Body begins: Request.From, or 0
	Total     int64    // bytes in all; -1 where that is not known
	Validator string   // for Request, where it can be gone on with; else ""
	Body      io.ReadCloser

	content io.Reader // what Body is to give
}

// Get asks for what a URL names. Its errors are Failures, and so are those of reading
// Body, which gives exactly Total bytes where that is known. The caller closes Body.
func (c *Client) Get(ctx context.Context, r Request) (*Answer, error) {
	ctx, cancel := context.WithCancel(ctx)
	a, err := c.get(ctx, cancel, r)
	if err != nil {
		err = c.failure(ctx, err)
		cancel()
		return nil, err
	}
	return a, nil
}

func (c *Client) get(ctx context.Context, cancel context.CancelFunc, r Request) (*Answer, error) {
	req, err := c.request(ctx, http.MethodGet, r.URL, nil)
	if err != nil {
		return nil, err
	}
	goOn := r.From > 0 && r.Validator != "" && r.From < r.Total
	if goOn {
		req.Header.Set("Range", "bytes="+strconv.FormatInt(r.From, 10)+"-")
		req.Header.Set("If-Range", r.Validator)
	}
	req.Header.Set("Accept-Encoding", "identity")
	// The limit of a header does not hold for what a redirect says beside it.
	late := time.AfterFunc(c.toAnswer, cancel)
	resp, err := c.http.Do(req)
	if !late.Stop() {
		if err == nil {
			_ = resp.Body.Close() // it was cancelled
		}
		return nil, &Failure{Reason: Stalled, Again: true}
	}
	if err != nil {
		return nil, err
	}
	a, err := c.answer(resp, r, goOn)
	if err != nil {
		return nil, errors.Join(err, resp.Body.Close())
	}
	a.Body = c.watch(ctx, cancel, resp.Body, a, r.Limit)
	return a, nil
}

// request makes a request after a look at its URL.
func (c *Client) request(ctx context.Context, method, raw string, body io.Reader) (*http.Request, error) {
	u, err := c.Check(raw)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, u.String(), body)
	if err != nil {
		return nil, fault.Because(fault.BadURL, "fetch: request", err)
	}
	req.Header.Set("User-Agent", agent)
	return req, nil
}

// answer reads the header of an answer.
func (c *Client) answer(resp *http.Response, r Request, goOn bool) (*Answer, error) {
	if err := c.status(resp); err != nil {
		return nil, err
	}
	a := &Answer{URL: resp.Request.URL, Name: nameOf(resp.Header), Total: resp.ContentLength, Validator: validator(resp.Header), content: resp.Body}
	switch resp.StatusCode {
	case http.StatusPartialContent:
		first, total, ok := contentRange(resp.Header.Get("Content-Range"))
		// An answer of the same content says so, or says nothing.
		if !goOn || !ok || first != r.From || total != r.Total || a.Validator != "" && a.Validator != r.Validator ||
			a.Total >= 0 && a.Total != total-first || resp.Header.Get("Content-Encoding") != "" {
			return nil, &Failure{Reason: BadRange, Again: true, Afresh: true}
		}
		a.From, a.Total, a.Validator = first, total, r.Validator
	case http.StatusOK:
	default:
		return nil, &Failure{Reason: BadStatus, Status: resp.StatusCode}
	}
	switch strings.ToLower(strings.TrimSpace(resp.Header.Get("Content-Encoding"))) {
	case "", "identity":
	case "gzip", "x-gzip":
		a.Total, a.Validator = -1, ""
		a.content = &unzipped{from: resp.Body}
	default:
		return nil, &Failure{Reason: BadEncoding}
	}
	if a.Total < 0 {
		a.Validator = "" // where it ends would not be known
	}
	if a.Total > r.Limit {
		return nil, &Failure{Reason: TooLarge}
	}
	return a, nil
}

// status is a Failure of what is no success.
func (c *Client) status(resp *http.Response) error {
	code := resp.StatusCode
	switch {
	case code >= 200 && code < 300:
		return nil
	case code == http.StatusRequestedRangeNotSatisfiable:
		return &Failure{Reason: BadRange, Status: code, Again: true, Afresh: true}
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout || code == http.StatusTooEarly:
		return &Failure{Reason: Busy, Status: code, Again: true, After: c.after(resp.Header.Get("Retry-After"))}
	}
	return &Failure{Reason: BadStatus, Status: code}
}

// after reads how long a server asks us to wait, no longer than maxAfter.
func (c *Client) after(s string) time.Duration {
	if n, err := strconv.ParseUint(s, 10, 31); err == nil {
		return min(time.Duration(n)*time.Second, maxAfter)
	}
	if t, err := http.ParseTime(s); err == nil {
		return min(max(0, t.Sub(c.now())), maxAfter)
	}
	return 0
}

// Post sends JSON and wants any success for it; a redirect that would not send it again is
// none. Its errors are Failures.
func (c *Client) Post(ctx context.Context, to string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, toHeader)
	defer cancel()
	req, err := c.request(ctx, http.MethodPost, to, bytes.NewReader(body))
	if err != nil {
		return c.failure(ctx, err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := c.http.Do(req)
	if err != nil {
		return c.failure(ctx, err)
	}
	_ = resp.Body.Close() // what it says beside that is of no interest
	return c.status(resp)
}

// watch gives a body that ends as it should: after as many bytes as were said, no more
// than may come, not without one for long, and not too slowly.
func (c *Client) watch(ctx context.Context, cancel context.CancelFunc, raw io.Closer, a *Answer, limit int64) io.ReadCloser {
	b := &body{c: c, ctx: ctx, cancel: cancel, raw: raw, from: a.content, at: a.From, total: a.Total, limit: limit}
	b.timer = time.AfterFunc(c.toByte, func() {
		b.stalled.Store(true)
		cancel()
	})
	return b
}

type body struct {
	c       *Client
	ctx     context.Context
	cancel  context.CancelFunc
	raw     io.Closer
	from    io.Reader
	timer   *time.Timer
	stalled atomic.Bool

	at, total, limit int64
	err              error

	waited time.Duration // for what came since
	came   int64
}

func (b *body) Read(p []byte) (n int, err error) {
	if b.err != nil {
		return 0, b.err
	}
	if len(p) == 0 {
		return 0, nil
	}
	b.timer.Reset(b.c.toByte)
	began := b.c.now()
	n, err = b.from.Read(p)
	b.timer.Stop() // whoever reads may take the time there is
	b.at += int64(n)
	slow := b.slow(n, b.c.now().Sub(began))
	switch {
	case b.at > b.limit:
		n, err = 0, &Failure{Reason: TooLarge}
	case b.stalled.Load() && err != nil:
		err = &Failure{Reason: Stalled, Again: true, Cause: err}
	case errors.Is(err, io.EOF) && b.total >= 0 && b.at != b.total:
		err = &Failure{Reason: Network, Again: true, Cause: io.ErrUnexpectedEOF}
	case err != nil && !errors.Is(err, io.EOF):
		err = b.c.failure(b.ctx, err)
	case slow && err == nil && b.at != b.total:
		err = &Failure{Reason: Stalled, Again: true}
	}
	b.err = err
	return n, err
}

// slow says whether too little has come, after a wait that brought n bytes.
func (b *body) slow(n int, waited time.Duration) bool {
	b.came += int64(n)
	if b.waited += waited; b.waited < slowFor {
		return false
	}
	slow := b.came < int64(b.waited/time.Second)*slowest
	b.waited, b.came = 0, 0
	return slow
}

func (b *body) Close() error {
	b.timer.Stop()
	err := b.raw.Close()
	b.cancel()
	return err
}

// unzipped is what was sent as gzip; its header is read with the first bytes.
type unzipped struct {
	from io.Reader
	zip  *gzip.Reader
}

func (u *unzipped) Read(p []byte) (n int, err error) {
	if u.zip == nil {
		if u.zip, err = gzip.NewReader(u.from); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return 0, err
		}
	}
	return u.zip.Read(p)
}
