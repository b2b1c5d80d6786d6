package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/api"
	"tuchuang/internal/blob"
	"tuchuang/internal/config"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
	"tuchuang/internal/ops"
	"tuchuang/internal/transfer"
	"tuchuang/internal/web"
)

// local are the flags of every command that works on a data folder.
type local struct {
	Data        *string `name:"data" placeholder:"DIR" help:"help_data"`
	DatabaseURL *string `name:"database-url" placeholder:"URL" help:"help_database_url"`
	BlobURL     *string `name:"blob-url" placeholder:"URL" help:"help_blob_url"`
	Config      string  `name:"config" placeholder:"FILE" help:"help_config"`
}

func (l local) flags() map[string]string {
	return given(map[string]*string{"data": l.Data, "database-url": l.DatabaseURL, "blob-url": l.BlobURL})
}

// given keeps the flags that stand on the line.
func given(all map[string]*string) map[string]string {
	set := make(map[string]string)
	for name, v := range all {
		if v != nil {
			set[name] = *v
		}
	}
	return set
}

type serveCmd struct {
	local
	Listen         *string  `name:"listen" placeholder:"HOST:PORT" help:"help_listen"`
	PublicURL      *string  `name:"public-url" placeholder:"URL" help:"help_public_url"`
	ImageURL       *string  `name:"image-url" placeholder:"URL" help:"help_image_url"`
	ImageRedirect  *string  `name:"image-redirect" placeholder:"on|off|URL" help:"help_image_redirect"`
	TLSCert        *string  `name:"tls-cert" placeholder:"FILE" help:"help_tls_cert"`
	TLSKey         *string  `name:"tls-key" placeholder:"FILE" help:"help_tls_key"`
	TrustedProxies *string  `name:"trusted-proxies" placeholder:"CIDR" help:"help_proxies"`
	FetchAllow     []string `name:"fetch-allow" placeholder:"CIDR" help:"help_fetch_allow"`
	OfflineWorkers *string  `name:"offline-workers" placeholder:"N" help:"help_offline_workers"`
	Grace          *string  `name:"grace" placeholder:"TIME" help:"help_grace"`
	DrainWait      *string  `name:"drain-wait" placeholder:"TIME" help:"help_drain_wait"`
	LogLevel       *string  `name:"log-level" placeholder:"LEVEL" help:"help_log_level"`
	MetricsListen  *string  `name:"metrics-listen" placeholder:"HOST:PORT" help:"help_metrics"`
	AuditDays      *string  `name:"audit-days" placeholder:"DAYS" help:"help_audit_days"`
	TaskDays       *string  `name:"task-days" placeholder:"DAYS" help:"help_task_days"`
	TokenDays      *string  `name:"token-days" placeholder:"DAYS" help:"help_token_days"`
	ClientTokens   *string  `name:"client-tokens" placeholder:"N" help:"help_client_tokens"`
	RateLimits     *string  `name:"rate-limits" placeholder:"off|documented" help:"help_rate_limits"`
	CopyIDs        *string  `name:"copy-ids" placeholder:"N" help:"help_copy_ids"`
	CopyTasks      *string  `name:"copy-tasks" placeholder:"N" help:"help_copy_tasks"`
	CopyImages     *string  `name:"copy-images" placeholder:"N" help:"help_copy_images"`
	CopyLevels     *string  `name:"copy-levels" placeholder:"N" help:"help_copy_levels"`
	ImageSize      *string  `name:"image-size" placeholder:"SIZE" help:"help_image_size"`
	ThumbnailsSize *string  `name:"thumbnails-size" placeholder:"SIZE" help:"help_thumbnails_size"`
	PProf          *string  `name:"pprof" placeholder:"HOST:PORT" help:"help_pprof"`
	PrintConfig    bool     `name:"print-config" help:"help_print_config"`
}

// Run serves until it is told to stop.
func (c *serveCmd) Run(ctx context.Context, u *ui) error {
	flags := given(map[string]*string{
		"data": c.Data, "database-url": c.DatabaseURL, "blob-url": c.BlobURL, "listen": c.Listen, "public-url": c.PublicURL, "image-url": c.ImageURL, "image-redirect": c.ImageRedirect, "tls-cert": c.TLSCert,
		"tls-key": c.TLSKey, "trusted-proxies": c.TrustedProxies, "grace": c.Grace, "drain-wait": c.DrainWait, "log-level": c.LogLevel,
		"metrics-listen": c.MetricsListen, "pprof": c.PProf, "audit-days": c.AuditDays, "task-days": c.TaskDays,
		"token-days": c.TokenDays, "client-tokens": c.ClientTokens, "rate-limits": c.RateLimits,
		"copy-ids": c.CopyIDs, "copy-tasks": c.CopyTasks, "copy-images": c.CopyImages, "copy-levels": c.CopyLevels, "image-size": c.ImageSize, "thumbnails-size": c.ThumbnailsSize, "offline-workers": c.OfflineWorkers,
	})
	if len(c.FetchAllow) > 0 {
		flags["fetch-allow"] = strings.Join(c.FetchAllow, ",")
	}
	conf, err := config.Load(flags, os.Getenv, c.Config)
	if err != nil {
		return err
	}
	if c.PrintConfig {
		return u.showConfig(conf)
	}
	tuneCollector()
	s, err := startServer(ctx, conf, u)
	errShown := u.showOperator(s) // whatever came after: they are shown this once
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		u.note(u.text(stoppedEarly))
		return errShown
	}
	if err != nil {
		return ended(ctx, u, errors.Join(err, errShown))
	}
	if err := errors.Join(errShown, u.showListening(s)); err != nil {
		return errors.Join(err, s.stop())
	}
	select {
	case <-ctx.Done():
		u.note(u.text(draining))
		err = s.leave()
	case err = <-s.broken:
	}
	return ended(ctx, u, errors.Join(err, s.stop()))
}

// ended says what went wrong where that it was told to stop would be taken for all
// there is to say.
func ended(ctx context.Context, u *ui, err error) error {
	if err == nil || ctx.Err() == nil {
		return err
	}
	u.fail(err)
	return errReported
}

// showConfig prints the settings: as a config file, for scripts as an object.
func (u *ui) showConfig(conf config.Config) error {
	if !u.json {
		_, err := io.WriteString(u.out, conf.Print())
		return err
	}
	settings := make(map[string]string)
	for _, s := range conf.Values() {
		settings[s[0]] = s[1]
	}
	return u.document(settings)
}

// drainLimit is how long running requests may take to end before they are broken off.
const drainLimit = 30 * time.Second

// server is a running server and all it stands on.
type server struct {
	conf   config.Config // with the URLs filled in
	url    string        // where it listens
	broken chan error
	admin  *account.Secrets // of the first start

	observer
	ui *ui

	log      *slog.Logger
	lock     *os.File
	listener net.Listener
	db       *db.DB
	http     *http.Server
	leaving  atomic.Bool // it was told to stop
	draining chan struct{}
	stopWork context.CancelFunc
	work     sync.WaitGroup

	rooms *rooms // nil until they are open

	asking sync.Mutex
	asked  *question // what is being asked for readyz; nil while nobody does

	running sync.RWMutex // held by every request for reading; locked for good at the end
	cut     atomic.Bool  // what still runs was broken off
}

// startServer opens where the data is and serves it; when it has returned the server
// is ready to answer. The caller stops it.
func startServer(ctx context.Context, conf config.Config, u *ui) (s *server, err error) {
	log, figures := observedLog(u, conf)
	s = &server{conf: conf, ui: u, log: log, broken: make(chan error, 1), draining: make(chan struct{})}
	workCtx, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	s.stopWork, s.metrics = stopWork, figures
	defer func() {
		if err != nil {
			err = errors.Join(err, s.stop())
		}
	}()
	// Where another server has the folder it most likely has the port too: that it is the
	// folder is to be said.
	owns := ownsFolder(conf)
	if owns {
		if err := refuseForeign(conf.Data); err != nil {
			return s, err
		}
	}
	if owns && exists(dataFile(conf.Data, "lock")) {
		if s.lock, err = lockFolder(conf.Data); err != nil {
			return s, err
		}
	}
	// Taken before there is a folder, so that a busy port leaves none behind; answered
	// only when everything stands.
	if s.listener, err = new(net.ListenConfig).Listen(ctx, "tcp", conf.Listen); err != nil {
		return s, u.listenFailure(err, conf.Listen)
	}
	if owns && s.lock == nil {
		if s.lock, err = lockFolder(conf.Data); err != nil {
			return s, err
		}
	}
	if host, port, err := net.SplitHostPort(s.listener.Addr().String()); err == nil {
		s.conf = conf.At(host, port)
	}
	if s.db, err = openDB(ctx, conf, db.Options{Upgrade: true}, log); err != nil {
		return s, err
	}
	if _, to, moved, err := s.db.Moved(ctx); err != nil {
		return s, err
	} else if moved {
		u.note(u.text(dataMoved, to) + "\n  → " + u.text(adviceMoved))
	}
	store, err := openStore(ctx, conf)
	if err != nil {
		return s, err
	}
	if err := clearSpool(conf); err != nil {
		return s, err
	}
	store = s.watchStore(store, log)
	// Nothing is removed from the store of another installation.
	if err := blob.Own(ctx, s.db, store); err != nil {
		return s, err
	}
	if secrets, made, err := ops.FirstStart(byCommand(ctx), s.db); err != nil {
		return s, err
	} else if made {
		s.admin = &secrets
	}
	r, err := s.openRooms(ctx, store)
	if err != nil {
		return s, err
	}
	s.rooms = r
	s.watchTasks(r)
	if err := r.takeOver(ctx, s.db, log); err != nil {
		return s, err
	}
	s.background(workCtx)

	door := api.New(api.Options{
		Accounts: r.accounts, Drive: r.drive, Bed: r.bed, Uploads: r.uploads, Tasks: r.tasks, Downloads: r.downloads, Shares: r.shares, Links: r.links,
		Copies: r.copies, Thumbnails: r.thumbnails, PublicURL: s.conf.PublicURL, ImageURL: s.conf.ImageURL,
		Node: "tuchuang", Log: log, Rates: r.limits(conf), OnDetached: r.wakeSweep,
		AddUser: func(ctx context.Context, name string, quota int64, operator bool) (account.Secrets, error) {
			return ops.AddUser(ctx, s.db, name, quota, operator)
		},
		Health:     s.health,
		ClientAddr: clientAddr(conf.TrustedProxies), Watch: s.watchRequests(), Draining: s.draining,
	})
	raw := transfer.New(transfer.Options{
		Accounts: r.accounts, Drive: r.drive, Bed: r.bed, Uploads: r.uploads, Store: store, Links: r.links, Redirect: conf.Redirect, Log: log,
		ClientAddr: clientAddr(conf.TrustedProxies), Watch: s.watchRequests(),
	})
	sent, err := sentTo(ctx, store, conf.Redirect)
	if err != nil {
		return s, err
	}
	pages, err := web.New(web.Options{
		Accounts: r.accounts, Shares: r.shares, PublicURL: s.conf.PublicURL, ImageURL: s.conf.ImageURL, StoreURL: sent, Version: programVersion(), Log: log, Now: s.db.Now,
		ClientAddr: clientAddr(conf.TrustedProxies), Watch: s.watchRequests(),
	})
	if err != nil {
		return s, err
	}
	s.watchNumbers(raw)
	if err := s.observe(ctx); err != nil {
		return s, err
	}
	s.answer(s.handler(door, raw, pages), log)
	return s, nil
}

func openDB(ctx context.Context, conf config.Config, o db.Options, log *slog.Logger) (*db.DB, error) {
	if ownsFolder(conf) && ops.Unfinished(conf.Data) {
		return nil, fault.New(fault.BadData, "serve", fault.DataUnfinished, conf.Data, "tuchuang restore")
	}
	o.Log = log
	if conf.DatabaseURL != "" {
		o.URL, o.Now = conf.DatabaseURL, killpoint.Clock()
	} else {
		o.Path = dataFile(conf.Data, "tuchuang.db")
	}
	return db.Open(ctx, o)
}

// answer begins to answer at the listener.
func (s *server) answer(h http.Handler, log *slog.Logger) {
	scheme := "http://"
	s.http = newHTTPServer(h, log)
	serve := func() error { return s.http.Serve(s.listener) }
	if s.conf.TLSCert != "" {
		scheme = "https://"
		serve = func() error { return s.http.ServeTLS(s.listener, s.conf.TLSCert, s.conf.TLSKey) }
	}
	s.url = scheme + s.listener.Addr().String()
	s.work.Go(func() {
		if err := serve(); err != nil && !errors.Is(err, http.ErrServerClosed) {
			s.broken <- fault.Wrap(err, "serve")
		}
	})
}

// leave goes on for the time that is set, not ready any more, so that whoever spreads
// requests over several servers sends none by the time this one stops.
func (s *server) leave() error {
	s.leaving.Store(true)
	select {
	case <-time.After(s.conf.DrainWait):
		return nil
	case err := <-s.broken:
		return err
	}
}

// stop drains: claiming ends, running requests end or are broken off, which is said,
// a running task stops at a batch, and the database is closed last, when nobody is at
// it any more.
func (s *server) stop() error {
	s.leaving.Store(true)
	close(s.draining)
	s.stopWork()
	var errs []error
	if s.http == nil && s.listener != nil {
		errs = append(errs, s.listener.Close())
	}
	if s.http != nil {
		ctx, cancel := context.WithTimeout(context.Background(), drainLimit)
		defer cancel()
		if err := s.http.Shutdown(ctx); err != nil {
			s.cut.Store(true)
			s.log.Warn("serve: the requests that still run are broken off", "after", drainLimit)
			errs = append(errs, s.http.Close())
		}
		s.running.Lock()
	}
	errs = append(errs, s.blind())
	s.work.Wait()
	if s.rooms != nil {
		s.rooms.thumbnails.Close()
		s.rooms.keepCounts(s.log)
	}
	if s.db != nil {
		errs = append(errs, s.db.Close())
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Close())
	}
	return errors.Join(errs...)
}

func newLog(u *ui, level string) *slog.Logger {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		l = slog.LevelInfo // config has checked the word
	}
	return slog.New(slog.NewTextHandler(u.err, &slog.HandlerOptions{Level: l}))
}

// secretsOut is how secrets are printed for scripts.
type secretsOut struct {
	UID          account.ID `json:"uid"`
	ClientID     string     `json:"clientID"`
	ClientSecret string     `json:"clientSecret"`
	Password     string     `json:"password"`
}

// startOut are the facts of a start that are printed for scripts, one a document.
type startOut struct {
	FirstStart *operatorOut  `json:"firstStart,omitempty"`
	Listening  *listeningOut `json:"listening,omitempty"`
}

type operatorOut struct {
	Name string `json:"name"`
	secretsOut
	SignIn string `json:"signIn"` // opens the page, signed in, once
}

type listeningOut struct {
	URL       string `json:"url"`
	PublicURL string `json:"publicURL"`
	ImageURL  string `json:"imageURL"`
	Data      string `json:"data"`
}

// showListening says that a server is ready.
func (u *ui) showListening(s *server) error {
	if s.conf.GuessedURL {
		u.note(u.text(guessedURL, s.conf.PublicURL))
	}
	if u.json {
		return u.fact(startOut{Listening: &listeningOut{s.url, s.conf.PublicURL, s.conf.ImageURL, s.conf.Data}})
	}
	u.say(u.text(listening, s.url, s.conf.PublicURL, placeName(s.conf)))
	return nil
}

// showOperator prints the secrets of the operator that the first start has made;
// nothing can show them again.
func (u *ui) showOperator(s *server) error {
	if s.admin == nil {
		return nil
	}
	admin, link := *s.admin, s.conf.PublicURL+web.LinkPath+s.admin.Link
	if u.json {
		return u.handedOver(u.fact(startOut{FirstStart: &operatorOut{ops.Admin, outOf(admin), link}}), ops.Admin)
	}
	u.say(u.text(firstStart, ops.Admin))
	u.say(u.text(secretLines, admin.ID, admin.ClientID, admin.ClientSecret, admin.Password))
	u.say(u.text(signInLine, link))
	return u.handedOver(u.lost(), ops.Admin)
}

func outOf(s account.Secrets) secretsOut {
	return secretsOut{s.ID, s.ClientID, s.ClientSecret, s.Password}
}

func (u *ui) secretsLine(s account.Secrets) error { return u.fact(outOf(s)) }
