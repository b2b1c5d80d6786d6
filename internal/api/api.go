// Package api is the door of the JSON wire: it reads requests leniently, asks the
// rooms, and answers in the envelope that clients of the 123pan open platform
// expect. routes.go shows every endpoint; one adapter answers. It knows HTTP and
// the wire's words, and nothing of SQL.
package api

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"reflect"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api/wire"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/copytask"
	"tuchuang/internal/direct"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/imagebed"
	"tuchuang/internal/offline"
	"tuchuang/internal/often"
	"tuchuang/internal/share"
	"tuchuang/internal/thumbnail"
	"tuchuang/internal/treecopy"
	"tuchuang/internal/upload"
)

// answerLimit is how long a request that moves no file may take, with its body.
const answerLimit = 30 * time.Second

// Options are what the door needs.
type Options struct {
	Accounts   *account.Accounts
	Drive      *drive.Drive
	Bed        *imagebed.Bed
	Uploads    *upload.Uploads
	Tasks      *copytask.Tasks
	Downloads  *offline.Downloads
	Shares     *share.Shares
	Links      *direct.Links
	Copies     *treecopy.Copies
	Thumbnails *thumbnail.Thumbnails
	PublicURL  string // where clients reach this server, without a slash at the end
	ImageURL   string // where links point to, without a slash at the end
	Node       string // part of every x-traceID
	Log        *slog.Logger

	// AddUser makes an account, and Health looks how the server is.
	AddUser func(ctx context.Context, name string, quota int64, operator bool) (account.Secrets, error)
	Health  func(ctx context.Context) (Health, error)

	Rates      *often.Rates               // where accounts may ask as often as is documented; nil where they may ask as they like
	OnDetached func()                     // wakes the sweep of large deletes
	ClientAddr func(*http.Request) string // who sent a request, for the log

	// Watch, where it is set, is told of every answer: a path of routes.go, or
	// "unknown", the word of the result, and the time it took.
	Watch func(route, result string, took time.Duration)

	// Draining is closed when the server is to end: streams of events end then.
	Draining <-chan struct{}
}

// API is the door.
type API struct {
	Options
	handlers map[string]http.HandlerFunc
	turns    chan struct{} // of large bodies
	refusals often.Refusals
	hub      *hub
	limits   copytask.Limits

	document, page func() []byte // what the API is, for programs and for people; made when it is asked for
}

// New makes the door.
func New(o Options) *API {
	a := &API{Options: o, handlers: make(map[string]http.HandlerFunc), turns: make(chan struct{}, largeBodies), limits: copytask.Documented()}
	a.hub = &hub{log: o.Log, audiences: make(map[account.ID]*audience)}
	if o.Tasks != nil { // tests of the door alone have none
		a.limits = o.Tasks.Limits()
		a.hub.look, a.hub.limits = o.Tasks.Look, a.limits
		o.Tasks.OnChange(a.hub.changedTask, a.hub.missedSome)
	}
	for _, r := range append(a.routes(), unsupported()...) {
		for _, path := range append([]string{r.path}, r.also...) {
			a.handlers[path] = a.adapt(r)
		}
	}
	a.document = sync.OnceValue(func() []byte { return a.describe().write() })
	a.page = sync.OnceValue(func() []byte { return a.describe().page(a.PublicURL) })
	return a
}

// ServeHTTP answers every path below /api/ and /upload/ that transfer does not.
func (a *API) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.Header().Set("Cache-Control", "no-store")
	if h := a.handlers[r.URL.Path]; h != nil {
		h(w, r)
		return
	}
	a.fail(w, r, a.newTrace(), 0, time.Now(), fault.New(fault.NoSuchRoute, "api: route"))
}

// route is an endpoint.
type route struct {
	method string // as documented; GET and POST are always both taken
	path   string
	serve  endpoint
	need   account.Scope // what its token must be allowed; anyone without one
	also   []string      // other paths that clients use for it
}

// endpoint reads a request and answers data for the envelope. long says that it
// moves a file, so that idle limits hold instead of one limit for all.
type endpoint struct {
	in    reflect.Type
	out   reflect.Type // of the data; nil where the answer is no envelope
	flat  bool         // the data comes without the envelope
	away  bool         // it sends the browser elsewhere
	media []string     // of an answer that is none
	ids   int          // how many elements its lists may have, 0 for what their tags say
	file  string       // the field of a form that carries a file; "" for none
	long  bool
	head  bool // it takes HEAD too

	own      bool // the account's owner alone may ask
	operator bool // an operator alone may
	call     func(ctx context.Context, acc account.ID, r *http.Request) (any, error)
}

// handle makes an endpoint of a function from the request's fields to the data.
func handle[In, Out any](fn func(ctx context.Context, acc account.ID, in In) (*Out, error)) endpoint {
	return handleUpTo(maxBody, 0, fn)
}

// handleUpTo is handle for bodies of at most so many bytes and lists of at most so many
// ids, 0 for as many as their tags say.
func handleUpTo[In, Out any](maxBody int64, ids int, fn func(ctx context.Context, acc account.ID, in In) (*Out, error)) endpoint {
	e := reading(maxBody, ids, fn)
	e.out = reflect.TypeFor[Out]()
	return e
}

// handleFlat is handle for data that comes without the envelope, to anybody.
func handleFlat[In, Out any](fn func(ctx context.Context, acc account.ID, in In) (*Out, error)) endpoint {
	e := handleUpTo(maxOpenBody, 0, fn)
	e.flat = true
	return e
}

// handleStream is handle for what answers no envelope, but one of some types of media.
func handleStream[In any](fn func(ctx context.Context, acc account.ID, in In) (stream, error), media ...string) endpoint {
	e := reading(maxBody, 0, fn)
	e.media = media
	return e
}

// reading makes an endpoint that reads the request's fields, whatever it answers.
func reading[In, Out any](maxBody int64, ids int, fn func(ctx context.Context, acc account.ID, in In) (Out, error)) endpoint {
	t := reflect.TypeFor[In]()
	if err := wire.Check(t); err != nil {
		panic(err) // a tag of ours is wrong: seen by any test
	}
	return endpoint{in: t, ids: ids, call: func(ctx context.Context, acc account.ID, r *http.Request) (any, error) {
		var in In
		p, err := wire.Parse(r, maxBody)
		if err == nil {
			err = wire.BindUpTo(p, &in, ids)
		}
		if err != nil {
			return nil, err
		}
		return fn(ctx, acc, in)
	}}
}

// adapt does once what every endpoint needs: the method, the token, the limit of
// time, the envelope, the trace id and the log.
func (a *API) adapt(rt route) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		trace := a.newTrace()
		var acc account.ID
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler { //nolint:errorlint // a sentinel that is compared by the server too
					panic(p)
				}
				a.fail(w, r, trace, acc, began, fault.Because(fault.Internal, "api: panic", fmt.Errorf("%v\n%s", p, debug.Stack())))
			}
		}()
		ctx := r.Context()
		if !rt.serve.long {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, answerLimit)
			defer cancel()
		}
		if r.Method != http.MethodGet && r.Method != http.MethodPost && r.Method != rt.method && !(rt.serve.head && r.Method == http.MethodHead) {
			a.fail(w, r, trace, acc, began, fault.New(fault.WrongMethod, "api: method"))
			return
		}
		var caller account.Caller
		if rt.need != anyone {
			var err error
			if caller, err = a.Accounts.AuthenticateClient(ctx, a.token(r, rt.need)); err != nil {
				a.fail(w, r, trace, acc, began, err)
				return
			}
			acc = caller.ID
			if err := a.mayAsk(ctx, rt, caller); err != nil {
				a.fail(w, r, trace, acc, began, err)
				return
			}
			ctx = account.By(ctx, caller)
		}
		if err := a.inRate(ctx, r, rt, acc); err != nil {
			a.fail(w, r, trace, acc, began, err)
			return
		}
		ctx = auditlog.With(ctx, auditlog.Actor{Client: caller.Client, Address: a.ClientAddr(r), Trace: trace})
		data, err := a.ask(ctx, rt.serve, acc, r)
		if err != nil {
			a.fail(w, r, trace, acc, began, err)
			return
		}
		if s, ok := data.(stream); ok {
			a.log(r, trace, acc, began, "ok") // what it takes from here on is up to the client
			if err := s(r.Context(), newFlow(w, r)); err != nil {
				a.broke(r, trace, acc, err)
				panic(http.ErrAbortHandler)
			}
			return
		}
		if rt.serve.flat {
			err = wire.WriteFlat(w, data)
		} else {
			err = wire.WriteOK(w, trace, data)
		}
		if err != nil {
			a.Log.Debug("api: answer", "trace", trace, "err", err) // the client has gone
		}
		a.log(r, trace, acc, began, "ok")
	}
}

// ask calls an endpoint, with bounds for what it reads. What it holds of the body it no
// longer does when the answer is written.
func (a *API) ask(ctx context.Context, e endpoint, acc account.ID, r *http.Request) (any, error) {
	if !e.long && r.Body != nil && r.ContentLength != 0 {
		defer a.bounded(ctx, r)()
	}
	return e.call(ctx, acc, r)
}

// fail answers an error, and logs the ones that are ours in full.
func (a *API) fail(w http.ResponseWriter, r *http.Request, trace string, acc account.ID, began time.Time, err error) {
	ans, code := answerTo(err)
	switch code {
	case fault.Internal, fault.Uncertain, fault.DiskFull, fault.ContentMissing:
		a.Log.Error("api: "+r.URL.Path, "trace", trace, "account", acc, "err", err)
	case fault.TooManyRequests:
		w.Header().Set("Retry-After", fmt.Sprint(fault.ArgsOf(err)...))
	case fault.BadCredentials, fault.BadGrant, fault.WrongPassword:
		a.refusals.Tell(a.Log, began, "api: a sign-in was refused", "trace", trace, "from", a.ClientAddr(r))
	case fault.Unavailable: // busy, or the database is away
		a.Log.Warn("api: "+r.URL.Path, "trace", trace, "account", acc, "err", err)
	}
	if e := wire.WriteFail(w, ans.status, trace, ans.code, ans.chinese, string(code), ans.english); e != nil {
		a.Log.Debug("api: answer", "trace", trace, "err", e) // the client has gone
	}
	a.log(r, trace, acc, began, string(code))
}

// broke tells of a stream that ended before its end.
func (a *API) broke(r *http.Request, trace string, acc account.ID, err error) {
	level := slog.LevelError
	if r.Context().Err() != nil || fault.Is(err, fault.Canceled) {
		level = slog.LevelDebug // the client has gone
	}
	a.Log.Log(r.Context(), level, "api: an answer broke off: "+r.URL.Path, "trace", trace, "account", acc, "err", err)
}

// log tells of an answer.
func (a *API) log(r *http.Request, trace string, acc account.ID, began time.Time, result string) {
	if a.Watch != nil {
		route := "unknown"
		if a.handlers[r.URL.Path] != nil {
			route = r.URL.Path
		}
		a.Watch(route, result, time.Since(began))
	}
	if !a.Log.Enabled(r.Context(), slog.LevelDebug) {
		return
	}
	a.Log.Debug("request", "method", r.Method, "path", r.URL.Path, "account", acc,
		"from", a.ClientAddr(r), "result", result, "took", time.Since(began), "trace", trace)
}

func (a *API) newTrace() string {
	var b [16]byte
	rand.Read(b[:]) // never fails
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x_%s", b[0:4], b[4:6], b[6:8], b[8:10], b[10:], a.Node)
}

func bearer(r *http.Request) string {
	h := r.Header.Get("Authorization")
	if len(h) > 7 && strings.EqualFold(h[:7], "Bearer ") {
		return strings.TrimSpace(h[7:])
	}
	return ""
}
