package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"tuchuang/internal/fault"
)

// call is one request of the API, in a form that can be sent more than once.
type call struct {
	method string
	path   string     // on the server, or a whole URL
	query  url.Values // may be nil
	body   body       // zero: none
	safe   bool       // carrying it out twice is the same as once
	open   bool       // goes without a token
	flat   bool       // the answer is data alone, without the envelope

	// elsewhere is given the address that the answer sends a browser to.
	elsewhere func(to string)

	// take is given the body of an answer that is no envelope: one with such a header. What
	// it answers is final.
	take   func(body io.Reader) error
	header [2]string
	seen   func(http.Header) // of that answer, before; may be nil

	// content is given the body of a file, which begins at a place: the one asked for, or
	// the beginning where the server has no ranges.
	content func(from int64, body io.Reader) error
	from    int64
	hops    int // redirects that were followed: of content alone

	lastEvent string // of the stream that this one goes on with
}

const maxHops = 3

// body is what a request carries; from gives it anew for each try.
type body struct {
	kind string // its Content-Type
	size int64
	from func() io.Reader
	undo func() // takes back what was reported of it as sent; may be nil
}

func jsonBody(v any) body {
	// The shapes are this package's own structs of numbers and strings: they
	// can't fail to encode.
	b, err := json.Marshal(v)
	if err != nil {
		panic("client: encode a request: " + err.Error())
	}
	return body{kind: "application/json", size: int64(len(b)), from: func() io.Reader { return bytes.NewReader(b) }}
}

func (c *Client) get(ctx context.Context, path string, query url.Values, out any) error {
	return c.do(ctx, call{method: http.MethodGet, path: path, query: query, safe: true}, out)
}

// ask posts what may be carried out twice, order what may not.
func (c *Client) ask(ctx context.Context, path string, in, out any) error {
	return c.do(ctx, call{method: http.MethodPost, path: path, body: jsonBody(in), safe: true}, out)
}

func (c *Client) order(ctx context.Context, path string, in, out any) error {
	return c.do(ctx, call{method: http.MethodPost, path: path, body: jsonBody(in)}, out)
}

// do carries a call out: it sends it, asks once for a new token when the token
// is refused, and tries again with growing pauses what can be tried again.
func (c *Client) do(ctx context.Context, k call, out any) error {
	err := c.tries(ctx, k, out)
	if err != nil && k.body.undo != nil {
		k.body.undo()
	}
	return err
}

func (c *Client) tries(ctx context.Context, k call, out any) error {
	pause := pauses{c: c}
	renewed := false
	for {
		var token string
		if !k.open {
			var err error
			if token, err = c.token(ctx); err != nil {
				return err
			}
		}
		retryAfter, err := c.once(ctx, k, token, out)
		if err == nil {
			return nil
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		refusal, _ := errors.AsType[*Error](err)
		switch {
		case refusal != nil && refusal.Code == codeBadToken && !k.open && !renewed:
			renewed = true
			c.forget(token)
			continue
		case refusal != nil && (refusal.Code == codeTooMany || refusal.Reason == string(fault.Unavailable)):
		case Broken(err) && !isFinal(err) && (k.safe || neverSent(err)):
		default:
			return err
		}
		if c.away != nil && Broken(err) && pause.waited == 0 {
			c.away(err)
		}
		if more, waitErr := pause.next(ctx, retryAfter); waitErr != nil {
			return waitErr
		} else if !more {
			if broken, ok := errors.AsType[*brokenError](err); ok {
				broken.final = true
			}
			return err
		}
	}
}

// once sends a call one time.
func (c *Client) once(ctx context.Context, k call, token string, out any) (retryAfter time.Duration, err error) {
	resp, err := c.send(ctx, k, token)
	if err != nil {
		return 0, err
	}
	defer func() { _ = resp.Body.Close() }() // what there was to read has been read
	if seconds, err := strconv.Atoi(resp.Header.Get("Retry-After")); err == nil && seconds > 0 {
		retryAfter = time.Duration(seconds) * time.Second
	}
	if k.take != nil && resp.StatusCode == http.StatusOK && strings.HasPrefix(resp.Header.Get(k.header[0]), k.header[1]) {
		if k.seen != nil {
			k.seen(resp.Header)
		}
		return 0, c.takeBody(resp, k.take)
	}
	if k.take != nil && resp.StatusCode == http.StatusNoContent {
		return 0, nil // there is nothing more to take
	}
	if k.elsewhere != nil && resp.StatusCode == http.StatusFound {
		k.elsewhere(resp.Header.Get("Location"))
		return 0, nil
	}
	if k.content != nil && resp.StatusCode/100 == 3 && k.hops < maxHops {
		if to, err := resp.Location(); err == nil { // a store sends pictures itself
			k.path, k.hops = to.String(), k.hops+1
			return c.once(ctx, k, token, out)
		}
	}
	if k.content != nil && (resp.StatusCode == http.StatusOK || resp.StatusCode == http.StatusPartialContent) {
		from := int64(0)
		if resp.StatusCode == http.StatusPartialContent {
			if _, err := fmt.Sscanf(resp.Header.Get("Content-Range"), "bytes %d-", &from); err != nil || from != k.from {
				return 0, fmt.Errorf("client: another range than asked for: %q", resp.Header.Get("Content-Range"))
			}
		}
		return 0, c.takeBody(resp, func(body io.Reader) error { return k.content(from, body) })
	}
	return retryAfter, readAnswer(resp, out, k.flat)
}

// takeBody has the body of an answer taken, as long as something comes.
func (c *Client) takeBody(resp *http.Response, take func(io.Reader) error) error {
	var stalled atomic.Bool
	watched := watch(resp.Body, c.stall, func() {
		stalled.Store(true)
		_ = resp.Body.Close() // ends the Read that waits
	})
	defer watched.stop()
	body := &kept{r: watched}
	err := take(body)
	if err == nil || body.err == nil {
		return err
	}
	if stalled.Load() {
		err = errStalled
	}
	return &brokenError{cause: fmt.Errorf("client: the answer broke off: %w", err), final: true}
}

// kept keeps why no more can be read.
type kept struct {
	r   io.Reader
	err error
}

func (k *kept) Read(p []byte) (int, error) {
	n, err := k.r.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		k.err = err
	}
	return n, err
}

// errStalled ends a try of which no byte moves any more.
var errStalled = errors.New("client: the connection stalled")

// send sends the request of a call and gives the answer's head; its body is the
// caller's to close.
func (c *Client) send(ctx context.Context, k call, token string) (*http.Response, error) {
	ctx, giveUp := context.WithCancelCause(ctx)
	var stream io.Reader
	if k.body.from != nil {
		stream = k.body.from()
	}
	if stream != nil && k.body.size > 0 {
		watched := watch(stream, c.stall, func() { giveUp(errStalled) })
		defer watched.stop()
		stream = watched
	}
	target := k.path
	if !strings.Contains(target, "://") {
		target = c.server.String() + target
	}
	if len(k.query) > 0 {
		target += "?" + k.query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, k.method, target, stream)
	if err != nil {
		giveUp(nil)
		return nil, fmt.Errorf("client: %w", err)
	}
	if k.body.size == 0 && stream != nil {
		req.Body = http.NoBody
	}
	req.ContentLength = k.body.size
	if k.body.from != nil {
		req.Header.Set("Content-Type", k.body.kind)
	}
	req.Header.Set("User-Agent", c.userAgent)
	if k.content != nil {
		req.Header.Set("Accept-Encoding", "identity") // bytes as they are
	}
	if k.from > 0 {
		req.Header.Set("Range", fmt.Sprintf("bytes=%d-", k.from))
	}
	if k.lastEvent != "" {
		req.Header.Set("Last-Event-ID", k.lastEvent)
	}
	if !isPresigned(k) {
		req.Header.Set("Platform", "open_platform")
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		cause := context.Cause(ctx)
		giveUp(nil)
		if unread, ok := errors.AsType[*contentError](err); ok {
			return nil, unread
		}
		if errors.Is(cause, errStalled) {
			err = errStalled
		}
		return nil, &brokenError{cause: fmt.Errorf("client: %w", err)}
	}
	c.reached.Store(true)
	resp.Body = &closer{resp.Body, func() { giveUp(nil) }}
	return resp, nil
}

// isPresigned says whether the call goes to a signed URL, which wants neither
// token nor platform.
func isPresigned(k call) bool { return k.method == http.MethodPut && k.open }

// closer frees the request's context once its answer has been read.
type closer struct {
	io.ReadCloser
	done func()
}

func (c *closer) Close() error {
	err := c.ReadCloser.Close()
	c.done()
	return err
}

// neverSent says whether a broken call surely did not arrive: nobody answered
// the dial.
func neverSent(err error) bool {
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}
