package main

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"time"

	"tuchuang/internal/api"
	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/copytask"
	"tuchuang/internal/fault"
	"tuchuang/internal/metrics"
	"tuchuang/internal/offline"
	"tuchuang/internal/queue"
	"tuchuang/internal/thumbnail"
	"tuchuang/internal/transfer"
)

// observer is what looks at a server from aside: the figures and the profiler, each
// at an address of its own, where they are wanted. A nil figure is not kept.
type observer struct {
	metrics *metrics.Metrics
	servers []*http.Server
}

// What the kinds of tasks are called in figures.
const (
	kindCopy     = "copy"
	kindOffline  = "offline"
	kindCallback = "callback"
	kindTreeCopy = "drive_copy"
)

// crew are the workers of a kind.
type crew struct {
	kind    string
	workers *queue.Workers
	size    int // how many work at the same time
}

// observe begins to answer at the addresses for operators.
func (s *server) observe(ctx context.Context) error {
	if s.conf.MetricsListen != "" {
		mux := http.NewServeMux()
		mux.Handle("GET /metrics", s.metrics.Handler())
		if err := s.aside(ctx, "metrics", s.conf.MetricsListen, "/metrics", mux); err != nil {
			return err
		}
	}
	if s.conf.PProf == "" {
		return nil
	}
	mux := http.NewServeMux()
	for path, h := range map[string]http.HandlerFunc{
		"": pprof.Index, "cmdline": pprof.Cmdline, "profile": pprof.Profile, "symbol": pprof.Symbol, "trace": pprof.Trace,
	} {
		mux.HandleFunc("/debug/pprof/"+path, h)
	}
	return s.aside(ctx, "pprof", s.conf.PProf, "/debug/pprof/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isLoopback(r.Host) {
			http.Error(w, "ask for a loopback address", http.StatusMisdirectedRequest)
			return
		}
		mux.ServeHTTP(w, r)
	}))
}

// isLoopback says whether a Host names this machine to itself. A page may have a name of
// its own point here, and would read what is answered as its own.
func isLoopback(host string) bool {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return strings.EqualFold(host, "localhost") || ip != nil && ip.IsLoopback()
}

// aside answers at one of these addresses, and says so in the log.
func (s *server) aside(ctx context.Context, name, address, path string, h http.Handler) error {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	if err != nil {
		return failure{text: s.ui.text(listenFailed, address, s.ui.cause(err))}
	}
	server := newHTTPServer(h, s.log)
	server.WriteTimeout = 0 // a profile takes as long as was asked for
	s.servers = append(s.servers, server)
	s.log.Info("serve: "+name, "url", "http://"+l.Addr().String()+path)
	s.work.Go(func() {
		if err := server.Serve(l); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.log.Error("serve: "+name, "err", err)
		}
	})
	return nil
}

// blind ends what observe began.
func (o *observer) blind() (err error) {
	for _, s := range o.servers {
		err = errors.Join(err, s.Close())
	}
	return err
}

// watchStore has the operations of a store counted, and that it goes away told.
func (o *observer) watchStore(store blob.Store, log *slog.Logger) blob.Store {
	away := &storeAway{log: log}
	return blob.Watched(store, func(operation string, err error, took time.Duration) {
		away.note(operation, err)
		if o.metrics != nil {
			o.metrics.Stored(operation, resultOf(err), took)
		}
	})
}

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return string(fault.CodeOf(err))
}

// watchRequests is what the doors tell of each answer; nil where nobody wants it.
func (o *observer) watchRequests() func(route, result string, took time.Duration) {
	if o.metrics == nil {
		return nil
	}
	return o.metrics.Request
}

// watchDecoders is what the decoders of pictures tell of each; nil where nobody wants it.
func (o *observer) watchDecoders() func(kind thumbnail.Kind, waited, took time.Duration) {
	if o.metrics == nil {
		return nil
	}
	return func(_ thumbnail.Kind, waited, took time.Duration) { o.metrics.Decoded(waited, took) }
}

// watchTasks has the tasks of all kinds counted, and pictures that are copied.
func (o *observer) watchTasks(r *rooms) {
	m := o.metrics
	if m == nil {
		return
	}
	r.tasks.Watch(copytask.Watch{
		Ended: func(state queue.State, code copytask.FailCode) { m.Task(kindCopy, state.String(), string(code)) },
		Items: func(outcome copytask.Outcome, reason copytask.Reason, n int) {
			m.Items(outcome.String(), string(reason), n)
		},
	})
	r.downloads.Watch(offline.Watch{
		Ended: func(state queue.State, code offline.FailCode) { m.Task(kindOffline, state.String(), string(code)) },
	})
	for _, c := range r.crews {
		c.workers.Watch(queue.Watch{
			Waited:  func(d time.Duration) { m.Waited(c.kind, d) },
			Attempt: func(result string) { m.Attempt(c.kind, result) },
			Ended: func(took time.Duration, state queue.State) {
				m.Took(c.kind, took)
				if c.kind == kindCallback || c.kind == kindTreeCopy { // the others tell by themselves, with the reason
					m.Task(c.kind, state.String(), "")
				}
			},
		})
	}
}

// watchNumbers has what the rooms count by themselves read for each scrape.
func (s *server) watchNumbers(raw *transfer.Transfer) {
	if s.metrics == nil {
		return
	}
	r := s.rooms
	s.metrics.ReadFrom(func(ctx context.Context, set metrics.Set) error {
		p := raw.Counts()
		set(metrics.PicturesServed, float64(p.FromMemory), "memory")
		set(metrics.PicturesServed, float64(p.FromStore), "store")
		set(metrics.PicturesServed, float64(p.Unchanged), "unchanged")
		set(metrics.PicturesServed, float64(p.Redirected), "redirected")
		set(metrics.PictureBytes, float64(p.Bytes))
		set(metrics.PictureUnknown, float64(p.Unknown))
		th := r.thumbnails.Counts()
		for kind, n := range th.Answered {
			set(metrics.Thumbnails, float64(n), string(kind))
		}
		set(metrics.ThumbnailsFromKept, float64(th.FromKept))
		set(metrics.ThumbnailsKept, float64(th.Kept))
		set(metrics.DecodersRunning, float64(th.Running))
		set(metrics.DecodersWaiting, float64(th.Waiting))
		set(metrics.DecodersMemory, float64(th.Held))
		set(metrics.DecodersRefused, float64(th.Answered[thumbnail.Busy]))
		d := s.db.Stats()
		for _, p := range d.Pools {
			set(metrics.DBConnections, float64(p.Size), p.Name)
			set(metrics.DBInUse, float64(p.InUse), p.Name)
			set(metrics.DBWaits, float64(p.Waits), p.Name)
			set(metrics.DBWaited, p.Waited.Seconds(), p.Name)
		}
		set(metrics.DBWrites, float64(d.Writes), "ok")
		set(metrics.DBWrites, float64(d.Failed), "failed")
		set(metrics.DBWriteTime, d.WriteFor.Seconds())
		set(metrics.DBCommits, float64(d.Commits))
		set(metrics.DBRetries, float64(d.Retries))
		set(metrics.DBPending, float64(d.Pending))
		// What the database or the store has to be asked for comes last.
		room, errRoom := r.store.Room(ctx)
		if errRoom == nil && room < blob.Endless {
			set(metrics.StoreRoom, float64(room))
		}
		for _, c := range r.crews {
			depth, err := c.workers.Depth(ctx)
			if err != nil {
				return errors.Join(err, errRoom)
			}
			set(metrics.QueueTasks, float64(depth.Waiting), c.kind, queue.Waiting.String())
			set(metrics.QueueTasks, float64(depth.Running), c.kind, queue.Running.String())
			set(metrics.QueueOldest, depth.Oldest.Seconds(), c.kind)
		}
		open, err := r.uploads.CountOpen(ctx)
		if err == nil {
			set(metrics.UploadsOpen, float64(open))
		}
		return errors.Join(err, errRoom)
	})
}

// health is how the server is, for operators that ask by the API.
func (s *server) health(ctx context.Context) (api.Health, error) {
	h := api.Health{Version: programVersion(), Database: string(s.db.Engine()), Store: "folder", Room: -1, Ready: !s.leaving.Load()}
	if s.conf.BlobURL != "" {
		h.Store = "bucket"
	}
	switch {
	case !h.Ready:
		h.Problem = "draining"
	case s.answers(ctx) != nil:
		h.Ready, h.Problem = false, "database"
		return h, nil //nolint:nilerr // that is what is told
	}
	room, err := s.rooms.store.Room(ctx)
	switch {
	case err != nil:
		h.Problem = cmp.Or(h.Problem, "store")
	case room < blob.Endless:
		h.Room = room
		if room < lowRoom {
			h.Problem = cmp.Or(h.Problem, "room")
		}
	}
	if _, _, moved, err := s.db.Moved(ctx); err != nil {
		return h, err
	} else if moved {
		h.Problem = cmp.Or(h.Problem, "moved")
	}
	for _, c := range s.rooms.crews {
		depth, err := c.workers.Depth(ctx)
		if err != nil {
			return h, err
		}
		h.Waiting, h.Running, h.Oldest = h.Waiting+depth.Waiting, h.Running+depth.Running, max(h.Oldest, depth.Oldest)
	}
	return h, nil
}

// lowRoom is how many bytes left an operator should look at.
const lowRoom = 1 << 30

// observedLog makes the log, and the figures where they are wanted.
func observedLog(u *ui, conf config.Config) (*slog.Logger, *metrics.Metrics) {
	log := newLog(u, conf.LogLevel)
	if conf.MetricsListen == "" {
		return slog.New(calmLog{log.Handler()}), nil
	}
	m := metrics.New(programVersion())
	m.Expect(expected())
	return slog.New(calmLog{countedLog{log.Handler(), m.Logged}}), m
}

// countedLog counts the lines of a log by level.
type countedLog struct {
	slog.Handler
	count func(level string)
}

func (c countedLog) Handle(ctx context.Context, r slog.Record) error {
	c.count(r.Level.String())
	return c.Handler.Handle(ctx, r)
}

func (c countedLog) WithAttrs(attrs []slog.Attr) slog.Handler {
	return countedLog{c.Handler.WithAttrs(attrs), c.count}
}

func (c countedLog) WithGroup(name string) slog.Handler {
	return countedLog{c.Handler.WithGroup(name), c.count}
}
