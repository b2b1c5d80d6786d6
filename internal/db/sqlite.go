package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"

	"tuchuang/internal/fault"
)

type mode int

const (
	writing mode = iota
	reading
	checkpointing
)

// dsn names the file as a URI, so that any name of a folder works, and sets what
// each connection needs.
func dsn(path string, m mode) (string, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return "", fault.Wrap(err, "db: path")
	}
	p := filepath.ToSlash(abs)
	if !strings.HasPrefix(p, "/") {
		p = "/" + p // a drive letter
	}
	wait := "busy_timeout(10000)"
	if m == checkpointing {
		wait = "busy_timeout(20)" // for who reads the log, while writes pause
	}
	q := url.Values{}
	for _, pragma := range []string{
		wait, "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "temp_store(MEMORY)",
	} {
		q.Add("_pragma", pragma)
	}
	switch m {
	case writing:
		q.Add("_pragma", "cache_size(-16384)")
		// Copying the log back is done off the path of writes, see fileLog.
		q.Add("_pragma", "wal_autocheckpoint(0)")
		q.Add("_pragma", fmt.Sprintf("journal_size_limit(%d)", 2*logPages*4096)) // when it begins anew
	case checkpointing:
	case reading:
		q.Set("mode", "rw") // nothing is made in the place of a file that was taken away
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-4096)")
	}
	u := url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}
	return u.String(), nil
}

// openSQLite makes a pool of so many connections. Those that read are made when they are
// needed: each reads the whole schema first.
func openSQLite(path string, m mode, conns int) (*pool, error) {
	if err := lockDescriptors(); err != nil && !errors.Is(err, sqlite.ErrOFDLockingUnavailable) {
		return nil, fault.Wrap(err, "db: open "+path)
	}
	name, err := dsn(path, m)
	if err != nil {
		return nil, err
	}
	d, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, translate(err, "db: open "+path)
	}
	p, err := newPool(conns, func() (session, error) {
		c := &conn{open: func() (driver.Conn, error) { return d.Driver().Open(name) }, stmts: make(map[string]*statement)}
		if m == reading {
			return c, nil
		}
		return c, c.ready(context.Background())
	})
	return p, translate(errors.Join(err, d.Close()), "db: open "+path)
}

// conn is a session of SQLite with the statements prepared on it.
type conn struct {
	open  func() (driver.Conn, error)
	c     driver.Conn // nil until it is used
	stmts map[string]*statement
}

// statement is a text as SQLite wants it: plain question marks, with the
// arguments in order of use. (Numbered parameters are looked up one by one there,
// which makes a statement of a thousand rows quadratic.)
type statement struct {
	driver.StmtExecContext
	driver.StmtQueryContext
	end   func() error
	order []int // the ith question mark takes the argument order[i]; nil: the ith itself
	one   bool  // its columns are joined, see OneText
}

// prepare finds or makes the statement. The texts are constants of the rooms and
// the few sizes of Chunks, so the map is bounded.
func (c *conn) prepare(query string) (*statement, error) {
	if s := c.stmts[query]; s != nil {
		return s, nil
	}
	text, order := rewrite(query)
	st, err := c.c.Prepare(text)
	if err != nil {
		return nil, err
	}
	s := &statement{end: st.Close, order: order, one: strings.Contains(query, OneText)}
	var execs, queries bool
	s.StmtExecContext, execs = st.(driver.StmtExecContext)
	s.StmtQueryContext, queries = st.(driver.StmtQueryContext)
	if !execs || !queries {
		return nil, errors.Join(errors.New("the driver's statements take no context"), st.Close())
	}
	c.stmts[query] = s
	return s, nil
}

// values puts the arguments in the order of the question marks.
func (s *statement) values(args []any) ([]driver.NamedValue, error) {
	n := len(args)
	if s.order != nil {
		n = len(s.order)
	}
	out := make([]driver.NamedValue, n)
	for i := range out {
		arg := i
		if s.order != nil {
			arg = s.order[i]
		}
		v, err := plainValue(args[arg])
		if err != nil {
			return nil, fmt.Errorf("argument %d: %w", arg+1, err)
		}
		out[i] = driver.NamedValue{Ordinal: i + 1, Value: v}
	}
	return out, nil
}

func (c *conn) there() bool { return c.c != nil }

func (c *conn) doubt() {} // a file is not lost

func (c *conn) ready(context.Context) (err error) {
	if c.c == nil {
		c.c, err = c.open()
	}
	return err
}

func (c *conn) exec(ctx context.Context, query string, args []any) (int64, error) {
	s, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	values, err := s.values(args)
	if err != nil {
		return 0, err
	}
	res, err := s.ExecContext(ctx, values)
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *conn) execAll(ctx context.Context, calls []call) (changed int64, err error) {
	for _, one := range calls {
		n, err := c.exec(ctx, one.query, one.args)
		if changed += n; err != nil {
			return changed, err
		}
	}
	return changed, nil
}

func (c *conn) query(ctx context.Context, query string, args []any) (rows, error) {
	s, err := c.prepare(query)
	if err != nil {
		return nil, err
	}
	values, err := s.values(args)
	if err != nil {
		return nil, err
	}
	r, err := s.QueryContext(ctx, values)
	if err != nil {
		return nil, err
	}
	all := newDriverRows(r)
	if s.one && len(all.values) == 1 { // an EXPLAIN of it has more
		return &joinedRows{all}, nil
	}
	return all, nil
}

func (c *conn) close() error {
	if c.c == nil {
		return nil
	}
	var errs []error
	for _, s := range c.stmts {
		errs = append(errs, s.end())
	}
	return errors.Join(append(errs, c.c.Close())...)
}

// dataVersion changes when another connection has committed; asked on the one
// that writes, when another process has.
func dataVersion(ctx context.Context, c session) (v int64, err error) {
	return v, first(ctx, c, "PRAGMA data_version", &v)
}

// walState is how many pages the log holds, how many of them are in the file already, and
// whether others kept a checkpoint from doing all.
type walState struct {
	busy           bool
	frames, copied int64
}

// checkpoint does what mode says. Being kept from it by others is no error.
func checkpoint(ctx context.Context, c session, mode string) (l walState, err error) {
	err = first(ctx, c, "PRAGMA wal_checkpoint("+mode+")", &l.busy, &l.frames, &l.copied)
	return l, err
}

// first scans the first row of a query that has one.
func first(ctx context.Context, c session, query string, dest ...any) error {
	r, err := c.query(ctx, query, nil)
	if err != nil {
		return err
	}
	if r.next() {
		err = r.Scan(dest...)
	}
	return errors.Join(err, r.close())
}
