package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"

	"tuchuang/internal/fault"
	"tuchuang/internal/killpoint"
)

// How many connections a process has. What waits for one is bounded by its context.
const (
	pgWriters = 8
	pgReaders = 8
	pgWorkers = 4
)

// pgFrozen is how long a transaction may stand still: less than a lease (3 s), so
// that a process which was stopped inside one does not hold up the next owner of
// its task. It bounds the wait for a row's lock too, which is tried again.
const pgFrozen = 2 * time.Second

// pgStatement bounds one statement of a request, and of a write.
const pgStatement = 30 * time.Second

// pgConfig reads a URL; its password is in nobody's error.
func pgConfig(url string) (*pgx.ConnConfig, error) {
	if scheme, rest, ok := strings.Cut(url, "://"); ok { // the driver wants it in small letters
		url = strings.ToLower(scheme) + "://" + rest
	}
	c, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, fault.New(fault.BadConfig, "db: open", fault.NotADatabase)
	}
	millis := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	for name, value := range map[string]string{
		"application_name":                    "tuchuang",
		"timezone":                            "UTC",
		"client_min_messages":                 "warning",
		"statement_timeout":                   millis(pgStatement),
		"lock_timeout":                        millis(pgFrozen),
		"idle_in_transaction_session_timeout": millis(pgFrozen),
		// A plan that was made while a table was all but empty is kept for a connection's
		// prepared statements and for the checks of foreign keys, which would go on to read
		// all of what is a million rows by then. Every statement of ours has an index.
		"enable_seqscan": "off",
		// What it weighs by the cost of a statement is more than any of ours gains.
		"jit": "off",
		// A machine that is gone is found out as quickly.
		"tcp_keepalives_idle": "1", "tcp_keepalives_interval": "1", "tcp_keepalives_count": "2",
		"tcp_user_timeout": millis(pgFrozen),
	} {
		if _, set := c.RuntimeParams[name]; !set {
			c.RuntimeParams[name] = value
		}
	}
	c.ConnectTimeout = 5 * time.Second
	c.DialFunc = dialer().DialContext
	return c, nil
}

// dialer makes connections that find out when the other machine is gone, while nothing
// is on its way to it.
func dialer() *net.Dialer {
	return &net.Dialer{KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: time.Second, Interval: time.Second, Count: 3}}
}

// NameOf is what DB.Name answers for a URL: the server's host and port, or the folder of
// its socket, and the database there, without the password.
func NameOf(url string) (string, error) {
	c, err := pgConfig(url)
	if err != nil {
		return "", err
	}
	return nameOf(c), nil
}

func nameOf(c *pgx.ConnConfig) string { return address(&c.Config) + "/" + c.Database }

// address is where a server is.
func address(c *pgconn.Config) string {
	if network, hostPort := pgconn.NetworkAddress(c.Host, c.Port); network != "unix" {
		return hostPort
	}
	return c.Host
}

// openPostgres makes a pool of so many connections, which are made when they are
// needed, and wait for the server no longer than their patience. With 0 they are for
// background work, which may read longer.
func openPostgres(config *pgx.ConnConfig, size int, patience time.Duration) (*pool, error) {
	config = config.Copy()
	if patience > 0 {
		config.DialFunc = impatient(config.DialFunc, patience)
	} else {
		config.RuntimeParams["statement_timeout"] = "0"
		dial := dialer()
		dial.Control = unheard(pgUnheard)
		config.DialFunc = dial.DialContext
	}
	return newPool(size, func() (session, error) { return &pgSession{config: config}, nil })
}

// pgSession is a connection to PostgreSQL; one that was lost is made anew when it is
// taken again.
type pgSession struct {
	config *pgx.ConnConfig
	c      *pgx.Conn
	stale  time.Time // when its plans are to be made anew
	lasted time.Duration

	doubted bool // it may be lost
}

// mostStale is how old a plan of a connection may be. In a small table every index is as
// good as the right one; so those of the first moments, in which tables grow the most,
// get no older than a second.
const mostStale = time.Minute

func (s *pgSession) there() bool { return s.c != nil && !s.c.IsClosed() }

func (s *pgSession) doubt() { s.doubted = true }

func (s *pgSession) ready(ctx context.Context) (err error) {
	if s.there() {
		switch {
		case time.Now().After(s.stale):
			if err := s.probe(ctx, "DISCARD PLANS"); err != nil {
				return err
			}
			s.lasted = min(2*s.lasted, mostStale)
			s.stale = time.Now().Add(s.lasted)
		case s.doubted:
			if err := s.probe(ctx, ";"); err != nil {
				return err
			}
		}
		s.doubted = false
		return nil
	}
	if s.c, err = pgx.ConnectConfig(ctx, s.config); err != nil && ctx.Err() != nil {
		return ctx.Err() // nobody waits for it any more
	}
	s.lasted, s.doubted = time.Second, false
	s.stale = time.Now().Add(s.lasted)
	return err
}

// probe has the server do what takes it no time. One that does not even do that in a while
// is as good as gone.
func (s *pgSession) probe(ctx context.Context, statement string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), pgFrozen)
	defer cancel()
	_, err := s.c.Exec(ctx, statement)
	if err != nil && !s.there() {
		return errLost
	}
	return err
}

func (s *pgSession) exec(ctx context.Context, query string, args []any) (int64, error) {
	values, err := pgValues(args)
	if err != nil {
		return 0, err
	}
	tag, err := s.c.Exec(ctx, query, values...)
	return tag.RowsAffected(), err
}

func (s *pgSession) execAll(ctx context.Context, calls []call) (changed int64, err error) {
	if len(calls) == 1 {
		return s.exec(ctx, calls[0].query, calls[0].args)
	}
	var all pgx.Batch
	for _, one := range calls {
		values, err := pgValues(one.args)
		if err != nil {
			return 0, err
		}
		all.Queue(one.query, values...)
	}
	r := s.c.SendBatch(ctx, &all)
	for range calls {
		tag, err := r.Exec()
		if err != nil {
			_ = r.Close() // says the same
			return 0, err
		}
		changed += tag.RowsAffected()
	}
	return changed, r.Close()
}

func (s *pgSession) query(ctx context.Context, query string, args []any) (rows, error) {
	values, err := pgValues(args)
	if err != nil {
		return nil, err
	}
	r, err := s.c.Query(ctx, query, values...)
	if err != nil {
		return nil, err
	}
	return &pgRows{rows: r}, nil
}

func (s *pgSession) close() error {
	if s.c == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	return s.c.Close(ctx)
}

// pgValues are the arguments as both engines take them: what is true is 1.
func pgValues(args []any) ([]any, error) {
	out := make([]any, len(args))
	for i, arg := range args {
		v, err := plainValue(arg)
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", i+1, err)
		}
		if b, ok := v.(bool); ok {
			v = int64(0)
			if b {
				v = int64(1)
			}
		}
		out[i] = v
	}
	return out, nil
}

// pgRows are rows in the few types that SQLite has too.
type pgRows struct {
	rows   pgx.Rows
	values []driver.Value
	err    error
}

func (r *pgRows) next() bool {
	if r.err != nil || !r.rows.Next() {
		return false
	}
	all, err := r.rows.Values()
	if r.err = err; err != nil {
		return false
	}
	r.values = r.values[:0]
	for _, v := range all {
		switch n := v.(type) {
		case int16:
			v = int64(n)
		case int32:
			v = int64(n)
		case bool:
			v = int64(0)
			if n {
				v = int64(1)
			}
		case pgtype.Numeric: // sums
			if i, err := n.Int64Value(); err == nil && i.Valid {
				v = i.Int64
			}
		}
		r.values = append(r.values, v)
	}
	return true
}

func (r *pgRows) close() error {
	r.rows.Close()
	if r.err != nil {
		return r.err
	}
	return r.rows.Err()
}

func (r *pgRows) Columns() (names []string) {
	for _, f := range r.rows.FieldDescriptions() {
		names = append(names, f.Name)
	}
	return names
}

func (r *pgRows) Scan(dest ...any) error { return scanAll(dest, r.values) }

// writeAlone runs a write in a transaction of its own, see Write.
func (d *DB) writeAlone(ctx context.Context, op string, fn func(*Tx) error) error {
	for try := 1; ; try++ {
		select {
		case <-d.stop:
			return fault.Because(fault.Unavailable, op, errClosed)
		default:
		}
		c, err := d.writer.take(ctx)
		if err != nil {
			return translate(err, op)
		}
		j := &job{ctx: ctx, op: op, fn: fn}
		again := d.transact(context.WithoutCancel(ctx), c, j)
		d.writer.give(c)
		if j.panic != nil {
			panic(j.panic)
		}
		if j.err != nil && again && try < attempts {
			d.counts.retries.Add(1)
			continue
		}
		return translate(j.err, op)
	}
}

// transact runs a write and commits it. again says that it may be tried again after
// an error: nothing of it can have been committed.
func (d *DB) transact(ctx context.Context, c session, j *job) (again bool) {
	if j.err = plain(ctx, c, "BEGIN"); j.err != nil {
		return true
	}
	if d.run(c, j); j.err == nil && j.panic == nil {
		j.err = j.tx.tellOthers(ctx)
	}
	if j.failed() {
		again = retryable(j.err)
		if err := plain(ctx, c, "ROLLBACK"); err != nil && !lostConnection(err) {
			d.log.Error("db: rollback", "err", err)
		}
		return again
	}
	killpoint.Here("db.before_commit")
	if err := plain(ctx, c, "COMMIT"); err != nil {
		j.err = err
		if notCommitted(err) {
			return retryable(err)
		}
		j.err = fault.Because(fault.Uncertain, j.op, err)
		return false
	}
	d.counts.commits.Add(1)
	killpoint.Here("db.after_commit")
	j.tx.committed()
	return false
}

// notCommitted says that a COMMIT which ended with err has done nothing: it was never
// sent, or the server has said so. Of a connection that was lost meanwhile nobody can
// say what became of it.
func notCommitted(err error) bool {
	if e, said := errors.AsType[*pgconn.PgError](err); said {
		return e.Code == pgIdleTooLong || !lostConnection(err)
	}
	return pgconn.SafeToRetry(err)
}

// The codes of PostgreSQL's that mean something to us.
const (
	pgUnique          = "23505"
	pgSerialization   = "40001"
	pgDeadlock        = "40P01"
	pgLockTimeout     = "55P03"
	pgCanceled        = "57014"
	pgDiskFull        = "53100"
	pgClassConnection = "08"
	pgClassResources  = "53"
	pgClassOperator   = "57"
	pgClassPassword   = "28"
	pgNoDatabase      = "3D000"
	pgNoRight         = "42501"
	pgIdleTooLong     = "25P03"
)

// pgCode gives an error of PostgreSQL's a code of ours; "" where it is a bug.
func pgCode(err error) fault.Code {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch {
		case e.Code == pgDiskFull:
			return fault.DiskFull
		case e.Code[:2] == pgClassPassword, e.Code == pgNoDatabase:
			return fault.BadData
		case e.Code == pgSerialization, e.Code == pgDeadlock, e.Code == pgLockTimeout, e.Code == pgIdleTooLong,
			e.Code[:2] == pgClassConnection, e.Code[:2] == pgClassResources, e.Code[:2] == pgClassOperator:
			return fault.Unavailable
		}
		return ""
	}
	if lostConnection(err) {
		return fault.Unavailable
	}
	return ""
}

// lostConnection says that an error is none of the server's answers but that there
// was no answer.
func lostConnection(err error) bool {
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == pgIdleTooLong || e.Code[:2] == pgClassOperator && e.Code != pgCanceled
	}
	if pgconn.SafeToRetry(err) || errors.Is(err, net.ErrClosed) {
		return true
	}
	var netErr net.Error
	return errors.As(err, &netErr) || err != nil && (errors.Is(err, io.ErrUnexpectedEOF) || err.Error() == "conn closed")
}

func pgRetryable(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case pgUnique, pgSerialization, pgDeadlock, pgLockTimeout:
			return true
		}
	}
	return lostConnection(err)
}
