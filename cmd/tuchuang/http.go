package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path"
	"strings"
	"sync/atomic"
	"time"

	"tuchuang/internal/api"
	"tuchuang/internal/config"
	"tuchuang/internal/transfer"
	"tuchuang/internal/web"
)

const (
	headerLimit = 10 * time.Second
	idleLimit   = 2 * time.Minute  // of a connection between two requests
	readLimit   = time.Minute      // of one Read of a body
	restLimit   = 5 * time.Second  // of a body that the answer did not wait for, for each restPiece of it
	writeLimit  = time.Minute      // of an answer; one that is a file has more, see transfer
	sharedLimit = 10 * time.Minute // of an answer in HTTP/2, which waits for the others of its connection
	headerBytes = 64 << 10

	restPiece = 64 << 10  // bytes
	restBytes = 128 << 20 // of a body that the answer did not wait for: more than the largest picture
	restAlone = 256 << 10 // of such a body are taken by net/http itself
)

func newHTTPServer(h http.Handler, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: headerLimit, WriteTimeout: writeLimit, IdleTimeout: idleLimit, MaxHeaderBytes: headerBytes,
		// Of a connection that many answers share, and each may wait for the others.
		HTTP2:    &http.HTTP2Config{WriteByteTimeout: writeLimit},
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// handler puts the doors together. Published pictures go first and unwrapped: they
// are the hot path.
func (s *server) handler(door *api.API, raw *transfer.Transfer, pages *web.Web) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/api/", door)
	mux.Handle("/upload/", door)
	raw.Routes(mux)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "ok\n") })
	mux.HandleFunc("GET /readyz", s.ready)
	mux.HandleFunc("GET /openapi.json", door.Document)
	mux.HandleFunc("GET /docs", door.Page)
	pages.Routes(mux)
	imageHost := onlyPictures(s.conf)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !s.running.TryRLock() {
			return // the server has ended, and the connection too
		}
		defer s.returned(r)
		if r.ProtoMajor > 1 {
			writeUntil(http.NewResponseController(w), time.Now().Add(sharedLimit))
		}
		hasBody := r.ContentLength != 0 // in HTTP/2 there is always a Body
		if hasBody {
			boundRest(w)
			defer boundRest(w)
		}
		if strings.HasPrefix(r.URL.Path, "/i/") {
			raw.Picture(w, r)
			return
		}
		if imageHost != "" && strings.EqualFold(hostName(r.Host), imageHost) {
			http.NotFound(w, r)
			return
		}
		if strings.Contains(r.URL.Path, "//") { // a base URL with a slash too many; the mux would redirect
			r.URL.Path = path.Clean(r.URL.Path)
		}
		if !hasBody {
			mux.ServeHTTP(w, r)
			return
		}
		late := &lateAnswer{ResponseWriter: w, rc: http.NewResponseController(w), limit: writeLimit}
		body := &idleBody{ReadCloser: r.Body, rc: late.rc, early: late.wait(r)}
		r.Body = body
		if r.ProtoMajor == 1 {
			late.last = body.ended.Load
		}
		mux.ServeHTTP(late, r)
		late.begin()
		if r.ProtoMajor == 1 { // in HTTP/2 nobody sends more than he was asked for
			r.Body = body.ReadCloser // net/http sees how much is left, and does not wait for it
			s.takeRest(late.rc, body, r.ContentLength)
		}
	})
}

// returned counts a request out, and says of one that was broken off what it was.
func (s *server) returned(r *http.Request) {
	if s.cut.Load() {
		at := r.URL.Path
		for _, secret := range []string{"/d/", "/z/", "/dl-log/", "/s/"} {
			if strings.HasPrefix(at, secret) {
				at = secret // the rest is a secret while it lives
			}
		}
		s.log.Warn("serve: a request was broken off", "method", r.Method, "path", at)
	}
	s.running.RUnlock()
}

// onlyPictures gives the host where nothing but pictures answers; "" where
// pictures and all else share one.
func onlyPictures(conf config.Config) string {
	page, err := url.Parse(conf.PublicURL)
	if err != nil {
		return ""
	}
	images, err := url.Parse(conf.ImageURL)
	if err != nil || strings.EqualFold(images.Hostname(), page.Hostname()) {
		return ""
	}
	return images.Hostname()
}

// hostName is a Host header without its port.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return host
}

// boundRest bounds what the server does by itself before and after an answer: it
// reads on to the end of a body that nobody wanted, which may never come.
func boundRest(w http.ResponseWriter) {
	if err := http.NewResponseController(w).SetReadDeadline(time.Now().Add(restLimit)); err != nil {
		return // the connection has gone
	}
}

// takeRest takes what is left of a body that the answer did not wait for. Many clients
// send all of it before they read, and would never see the answer if the connection
// ended before. The answer goes first: others read it, and stop.
func (s *server) takeRest(rc *http.ResponseController, body *idleBody, size int64) {
	if body.whole.Load() || size >= 0 && size-body.came.Load() <= restAlone {
		return
	}
	// Where it can't know how much is left it takes some of it before the answer goes.
	if err := errors.Join(rc.SetReadDeadline(time.Now().Add(restLimit)), rc.Flush()); err != nil {
		return // the client has gone
	}
	defer func() { writeUntil(rc, time.Now().Add(writeLimit)) }() // for the end of an answer in chunks
	for range restBytes / restPiece {
		select {
		case <-s.draining:
			return
		default:
		}
		if err := rc.SetReadDeadline(time.Now().Add(restLimit)); err != nil {
			return
		}
		if _, err := io.CopyN(io.Discard, body.ReadCloser, restPiece); err != nil {
			return // it has ended, or stands still, or net/http has taken it all
		}
	}
}

// lateAnswer is the answer to a request with a body. That may take any time to come,
// so the time for the answer begins with the answer, not with the request.
type lateAnswer struct {
	http.ResponseWriter
	rc    *http.ResponseController
	limit time.Duration
	begun bool
	last  func() bool // the connection ends with this answer; nil: never
}

// wait stops the time that the server has set, and answers what each Read of the body
// has to do beside: on a connection of its own the server writes, before the body
// comes, that it may. (In HTTP/2 a limit that passes ends the request, answered or not.)
func (a *lateAnswer) wait(r *http.Request) (early func()) {
	if r.ProtoMajor > 1 {
		a.limit = sharedLimit
		writeUntil(a.rc, time.Time{})
		return func() {}
	}
	return func() { writeUntil(a.rc, time.Now().Add(a.limit)) }
}

func (a *lateAnswer) begin() {
	if !a.begun {
		a.begun = true
		if a.last != nil && a.last() {
			a.Header().Set("Connection", "close")
		}
		writeUntil(a.rc, time.Now().Add(a.limit))
	}
}

func writeUntil(rc *http.ResponseController, t time.Time) {
	_ = rc.SetWriteDeadline(t) // fails where the connection has gone: so does the answer
}

func (a *lateAnswer) WriteHeader(status int) {
	a.begin()
	a.ResponseWriter.WriteHeader(status)
}

func (a *lateAnswer) Write(p []byte) (int, error) {
	a.begin()
	return a.ResponseWriter.Write(p)
}

// SetWriteDeadline is for who knows better how long the answer takes.
func (a *lateAnswer) SetWriteDeadline(t time.Time) error {
	a.begun = true
	return a.rc.SetWriteDeadline(t)
}

// Unwrap is for http.ResponseController.
func (a *lateAnswer) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// idleBody bounds each Read of a body instead of the whole: a slow upload is fine,
// a stalled one ends.
type idleBody struct {
	io.ReadCloser
	rc    *http.ResponseController
	early func() // see lateAnswer
	ended atomic.Bool
	came  atomic.Int64 // bytes
	whole atomic.Bool  // it has come to its end
}

func (b *idleBody) Read(p []byte) (int, error) {
	b.early()
	if err := b.rc.SetReadDeadline(time.Now().Add(readLimit)); err != nil {
		return 0, err
	}
	if b.ended.Load() {
		return 0, os.ErrDeadlineExceeded
	}
	n, err := b.ReadCloser.Read(p)
	b.came.Add(int64(n))
	b.whole.Store(errors.Is(err, io.EOF))
	// The server itself reads on to notice that the client has gone: it must not
	// take the end of this limit for that.
	if e := b.rc.SetReadDeadline(time.Time{}); err == nil {
		err = e
	}
	return n, err
}

// Interrupt ends a Read that waits, and all later ones, see upload.Interrupter. Where the
// body has come the server reads by then, to notice that the client has gone, and takes
// this for it: whatever came by the connection next would be broken off too. So there is
// nothing next, see lateAnswer.
func (b *idleBody) Interrupt() {
	b.ended.Store(true)
	_ = b.rc.SetReadDeadline(time.Unix(1, 0)) // fails where the connection has gone already
}

func (s *server) ready(w http.ResponseWriter, r *http.Request) {
	if s.leaving.Load() {
		answer(w, http.StatusServiceUnavailable, "draining\n")
		return
	}
	if err := s.answers(r.Context()); err != nil {
		answer(w, http.StatusServiceUnavailable, "the database does not answer\n")
		return
	}
	answer(w, http.StatusOK, "ready\n")
}

// readyLimit is how long the database may take to answer that it does.
const readyLimit = 2 * time.Second

// answers says whether the database answers, in time. What asks it may hang where it
// does, so all who want to know wait for one that asks, and none longer than the limit.
func (s *server) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyLimit)
	defer cancel()
	s.asking.Lock()
	asked := s.asked
	if asked == nil {
		asked = &question{done: make(chan struct{})}
		s.asked = asked
		s.work.Go(func() {
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyLimit)
			defer cancel()
			asked.err = s.db.Ping(ctx)
			s.asking.Lock()
			s.asked = nil
			s.asking.Unlock()
			close(asked.done)
		})
	}
	s.asking.Unlock()
	select {
	case <-asked.done:
		return asked.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

// question is one to the database.
type question struct {
	done chan struct{}
	err  error // when it is done
}

func answer(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) // the client has gone
}

// bare is an address without the port and the brackets that some proxies give it.
func bare(address string) string {
	if a, err := netip.ParseAddrPort(address); err == nil {
		return a.Addr().String()
	}
	return strings.TrimSuffix(strings.TrimPrefix(address, "["), "]")
}

// clientAddr tells who sent a request: the peer, or, where that is a trusted proxy,
// the last address of X-Forwarded-For that is not one.
func clientAddr(trusted []netip.Prefix) func(*http.Request) string {
	isTrusted := func(s string) bool {
		a, err := netip.ParseAddr(strings.TrimSpace(s))
		for _, p := range trusted {
			if err == nil && p.Contains(a.Unmap()) {
				return true
			}
		}
		return false
	}
	return func(r *http.Request) string {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			return r.RemoteAddr
		}
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && isTrusted(host); i-- {
			if hop := bare(strings.TrimSpace(hops[i])); hop != "" {
				host = hop
			}
		}
		return host
	}
}
