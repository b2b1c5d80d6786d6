// Package db opens the database, migrates it, and runs transactions: one text of
// SQL serves SQLite and PostgreSQL, a write is durable when Write has returned
// nil, and what the engines do differently stands here behind a name. It must not
// know a single table of the product's rooms.
//
// SQL is written as PostgreSQL reads it ($1, FOR UPDATE); for SQLite the text is
// rewritten once and the prepared statement kept.
package db

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/fault"
)

// Engine names a database.
type Engine string

// The engines. SQLite is embedded: one file, no other process. PostgreSQL serves
// many processes.
const (
	SQLite     Engine = "sqlite"
	PostgreSQL Engine = "postgres"
)

// Options say what to open.
type Options struct {
	// URL of a PostgreSQL database, as postgres://USER:PASSWORD@HOST/DATABASE; where
	// it is empty the engine is SQLite.
	URL  string
	Path string // SQLite: the file; its folder must exist
	// Upgrade brings an older schema up to date; without it an older one is refused.
	// With SQLite only who knows that no other process uses the database may.
	Upgrade bool
	// Existing refuses a server's database without our tables, instead of making them.
	Existing bool
	Filling  bool             // one that is being filled from another is opened too
	Now      func() time.Time // the clock; time.Now where nil
	// Clock is what leases are compared with; where it is nil that is the database's
	// own, see Tx.Clock.
	Clock func() time.Time
	// Patience is how long a connection of the requests waits for PostgreSQL at once; 0
	// for the usual, which is longer than a statement may take there.
	Patience time.Duration
	Log      *slog.Logger // slog.Default where nil
	LogPages int          // SQLite: what its log may hold before it begins anew, in pages of 4 KiB; 0 for 16384
}

// DB is an open database. Its methods may be called at the same time.
type DB struct {
	engine   Engine
	path     string // of the file; of a server what NameOf answers
	upgrade  bool
	existing bool
	now      func() time.Time
	clock    func() time.Time // nil: the server's
	log      *slog.Logger
	config   *pgx.ConnConfig // of a server
	logPages int

	writer  *pool // SQLite has one writer, and one connection here
	readers *pool // requests' reads
	workers *pool // long reads, of background work and few of requests: they starve nobody

	write   func(ctx context.Context, op string, fn func(*Tx) error) error
	begin   string // of a transaction that reads one snapshot
	process string // names this one among those that tell each other
	counts  counts

	jobs    chan *job          // SQLite: what waits for the writer
	stop    chan struct{}      // closed: accept no more writes
	pause   chan chan struct{} // SQLite: the writer waits until what comes is closed
	ended   chan struct{}      // closed: the writer has answered its last
	stopped sync.WaitGroup
	closed  sync.Once

	mu      sync.Mutex
	foreign []func()
	told    map[string][]func(text string)
}

// Open opens the database, waits for its locks at most for the busy timeout, and
// brings the schema up to date, keeping a copy of the file before an upgrade.
// The caller closes it.
func Open(ctx context.Context, o Options) (*DB, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.Default()
	}
	d := &DB{
		engine: SQLite, path: o.Path, upgrade: o.Upgrade, existing: o.Existing, now: o.Now, clock: o.Clock, log: o.Log, logPages: o.LogPages,
		process: rand.Text(), jobs: make(chan *job, 256), stop: make(chan struct{}), pause: make(chan chan struct{}), ended: make(chan struct{}),
		told: make(map[string][]func(string)),
	}
	open := d.openFile
	if d.clock == nil && o.URL == "" {
		d.clock = d.now
	}
	if o.URL != "" {
		d.engine = PostgreSQL
		open = func(ctx context.Context) error { return d.openServer(ctx, o.URL, cmp.Or(o.Patience, pgPatience)) }
	}
	if err := open(ctx); err != nil {
		return nil, errors.Join(unusable(err, o.Path), d.closePools())
	}
	if !o.Filling {
		if err := d.whole(ctx); err != nil {
			return nil, errors.Join(err, d.Close())
		}
	}
	return d, nil
}

func (d *DB) openServer(ctx context.Context, url string, patience time.Duration) error {
	config, err := pgConfig(url)
	if err != nil {
		return err
	}
	d.path, d.config = nameOf(config), config
	d.write, d.begin = d.writeAlone, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
	if d.readers, err = openPostgres(config, pgReaders, patience); err != nil {
		return err
	}
	if err := d.migrateServer(ctx, config); err != nil {
		return err
	}
	if d.writer, err = openPostgres(config, pgWriters, patience); err != nil {
		return err
	}
	if d.workers, err = openPostgres(config, pgWorkers, 0); err != nil {
		return err
	}
	return d.listen(ctx, config)
}

func (d *DB) openFile(ctx context.Context) (err error) {
	d.write, d.begin = d.writeTogether, "BEGIN"
	if err = keepPrivate(d.path, d.log); err != nil {
		return err
	}
	if d.writer, err = openSQLite(d.path, writing, 1); err != nil {
		return err
	}
	if err = d.migrateFile(ctx); err != nil {
		return err
	}
	if d.readers, err = openSQLite(d.path, reading, 4); err != nil {
		return err
	}
	if d.workers, err = openSQLite(d.path, reading, 4); err != nil {
		return err
	}
	return d.startWriter(ctx)
}

// Close ends the writer after the writes that were accepted, and closes every
// connection. It may be called twice.
func (d *DB) Close() error {
	var err error
	d.closed.Do(func() {
		close(d.stop)
		d.stopped.Wait()
		err = d.closePools()
	})
	return err
}

func (d *DB) closePools() error {
	var first error
	for _, p := range []*pool{d.workers, d.readers, d.writer} {
		if p == nil {
			continue
		}
		if err := p.close(); err != nil && first == nil {
			first = fault.Wrap(err, "db: close")
		}
	}
	return first
}

// Engine says which engine this is.
func (d *DB) Engine() Engine { return d.engine }

// Name says which database this is: the file, or the server and the database there, see
// NameOf.
func (d *DB) Name() string { return d.path }

// Now is the injected clock.
func (d *DB) Now() time.Time { return d.now() }

// OnForeignWrite has fn called after another process has, or may have, committed
// a change: at most about a second later. fn must be quick and must not use the
// database.
func (d *DB) OnForeignWrite(fn func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.foreign = append(d.foreign, fn)
}

func (d *DB) foreignWrite() {
	d.mu.Lock()
	fns := d.foreign
	d.mu.Unlock()
	for _, fn := range fns {
		fn()
	}
}

// Ping says whether the database answers.
func (d *DB) Ping(ctx context.Context) error {
	_, err := d.Get(ctx, "db: ping", `SELECT 1`, nil, new(int))
	return err
}

// Read runs fn on one snapshot of the database (repeatable read). fn must not
// write, and each of its statements must be short: the context bounds the wait for
// a connection and is asked before a statement begins. What may take longer is
// WorkerRead's.
func (d *DB) Read(ctx context.Context, op string, fn func(*Tx) error) error {
	return d.read(ctx, d.readers, op, fn)
}

// Get scans the one row of a query that needs no other beside it: a snapshot of
// its own, without the cost of a transaction. found is false where there is none.
func (d *DB) Get(ctx context.Context, op, query string, args []any, dest ...any) (found bool, err error) {
	for try := 1; ; try++ {
		c, err := d.readers.take(ctx)
		if err != nil {
			return false, translate(err, op)
		}
		found, err = (&Tx{d: d, c: c, short: true, now: d.now()}).Get(ctx, query, args, dest...)
		d.readers.give(c)
		if err == nil || !lostConnection(err) || try == attempts {
			return found, translate(err, op)
		}
	}
}

// WorkerRead is Read on connections of the background workers' own, and the context
// bounds every statement up to its first row.
func (d *DB) WorkerRead(ctx context.Context, op string, fn func(*Tx) error) error {
	return d.read(ctx, d.workers, op, fn)
}

// longRead is for turn and answer, less than the server gives an answer.
const longRead = 20 * time.Second

// LongRead is WorkerRead for what a request asks for and what takes seconds: one at a time of
// those that share a turn (a channel of one), so that the requests' own connections and those
// of background work stay free. It ends with its caller.
func (d *DB) LongRead(ctx context.Context, turn chan struct{}, op string, fn func(context.Context, *Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, longRead)
	defer cancel()
	select {
	case turn <- struct{}{}:
		defer func() { <-turn }()
	case <-ctx.Done():
		return fault.Wrap(ctx.Err(), op)
	}
	return d.WorkerRead(ctx, op, func(tx *Tx) error { return fn(ctx, tx) })
}

func (d *DB) read(ctx context.Context, p *pool, op string, fn func(*Tx) error) (err error) {
	// The caller may have gone; the connection must come back clean all the same.
	// (And a statement that can be cancelled costs the driver a goroutine.)
	whole := context.WithoutCancel(ctx)
	c, err := d.beginRead(ctx, whole, p)
	if err != nil {
		return translate(err, op)
	}
	defer p.give(c)
	defer func() {
		if e := plain(whole, c, "ROLLBACK"); err == nil && e != nil {
			err = translate(e, op)
		}
	}()
	return translate(fn(&Tx{d: d, c: c, short: p == d.readers, now: d.now()}), op)
}

// beginRead takes a connection and begins; one that turns out to be lost is made anew.
func (d *DB) beginRead(ctx, whole context.Context, p *pool) (session, error) {
	for try := 1; ; try++ {
		c, err := p.take(ctx)
		if err != nil {
			return nil, err
		}
		if err = plain(whole, c, d.begin); err == nil {
			return c, nil
		}
		p.give(c)
		if !lostConnection(err) || try == attempts {
			return nil, err
		}
	}
}

// Tx is a transaction. It is valid inside the function it was handed to, for one
// goroutine.
type Tx struct {
	d     *DB
	c     session
	write bool
	short bool // of statements that are not broken off once they have begun
	now   time.Time
	after []func()
	tells []tell
}

// Now is the injected clock, read once when the transaction began.
func (t *Tx) Now() time.Time { return t.now }

// Micros is Now as it is stored: microseconds since 1970, UTC.
func (t *Tx) Micros() int64 { return t.now.UnixMicro() }

// Clock is the time that leases are compared with, in microseconds: the
// database's own, which on SQLite is the process's, unless Options say otherwise.
func (t *Tx) Clock(ctx context.Context) (micros int64, err error) {
	if t.d.clock != nil {
		return t.d.clock().UnixMicro(), nil
	}
	_, err = t.Get(ctx, `SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT)`, nil, &micros)
	return micros, err
}

// AfterCommit has fn called once the transaction is durable, before Write
// returns; not at all when it is rolled back. fn must be quick and must not use
// the database.
func (t *Tx) AfterCommit(fn func()) { t.after = append(t.after, fn) }

// Exec runs a statement and says how many rows it changed.
func (t *Tx) Exec(ctx context.Context, query string, args ...any) (int64, error) {
	ctx, err := t.context(ctx)
	if err != nil {
		return 0, err
	}
	return t.c.exec(ctx, query, args)
}

// Get scans the one row of a query. found is false where there is none.
func (t *Tx) Get(ctx context.Context, query string, args []any, dest ...any) (found bool, err error) {
	err = t.each(ctx, func(r rows) error {
		if found = r.next(); found {
			return r.Scan(dest...)
		}
		return nil
	}, query, args)
	return found && err == nil, err
}

// Each calls fn for every row of a query, and ends with its first error.
func (t *Tx) Each(ctx context.Context, fn func(Row) error, query string, args ...any) error {
	return t.each(ctx, func(r rows) error {
		for r.next() {
			if err := fn(r); err != nil {
				return err
			}
		}
		return nil
	}, query, args)
}

// each hands the rows of a query to fn and closes them, also where fn panics: the
// connection is used again.
func (t *Tx) each(ctx context.Context, fn func(rows) error, query string, args []any) (err error) {
	ctx, err = t.context(ctx)
	if err != nil {
		return err
	}
	r, err := t.c.query(ctx, query, args)
	if err != nil {
		return err
	}
	defer func() {
		if e := r.close(); err == nil {
			err = e
		}
	}()
	return fn(r)
}

// Collect scans every row of a query.
func Collect[T any](ctx context.Context, t *Tx, scan func(Row) (T, error), query string, args ...any) (out []T, err error) {
	err = t.Each(ctx, func(row Row) error {
		v, err := scan(row)
		out = append(out, v)
		return err
	}, query, args...)
	return out, err
}

// context is what a statement runs under. SQLite answers an interrupted write by
// rolling the whole transaction back, and others may share that transaction: so a
// write that has begun is finished. A short read is finished too: what can be broken
// off costs two goroutines a statement and a look at the context for every row, and
// with PostgreSQL the connection; there a limit of the session's bounds it.
func (t *Tx) context(ctx context.Context) (context.Context, error) {
	switch {
	case t.write:
		return context.WithoutCancel(ctx), nil
	case t.short:
		return context.WithoutCancel(ctx), ctx.Err()
	}
	return ctx, nil
}
