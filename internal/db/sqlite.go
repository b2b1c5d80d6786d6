package db

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

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
		wait = "busy_timeout(100)" // writers wait as long as this does
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
		// Copying the log back is done off the path of writes, see checkpointLoop.
		q.Add("_pragma", "wal_autocheckpoint(0)")
	case checkpointing:
	case reading:
		q.Add("_pragma", "query_only(1)")
		q.Add("_pragma", "cache_size(-4096)")
	}
	u := url.URL{Scheme: "file", Path: p, RawQuery: q.Encode()}
	return u.String(), nil
}

func openSQLite(ctx context.Context, path string, m mode, conns int) (*pool, error) {
	name, err := dsn(path, m)
	if err != nil {
		return nil, err
	}
	d, err := sql.Open("sqlite", name)
	if err != nil {
		return nil, translate(err, "db: open "+path)
	}
	d.SetMaxOpenConns(conns)
	d.SetMaxIdleConns(conns)
	d.SetConnMaxIdleTime(0)
	p, err := newPool(ctx, d, conns)
	return p, translate(err, "db: open "+path)
}

// translate gives an error of the driver a code of ours; what carries a code
// already stays.
func translate(err error, op string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Wrap(err, op)
	}
	if errors.Is(err, sql.ErrConnDone) || errors.Is(err, errClosed) {
		return fault.Because(fault.Unavailable, op, err)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return fault.Because(fault.DiskFull, op, err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
			return fault.Because(fault.Unavailable, op, err)
		case sqlite3.SQLITE_CANTOPEN:
			return fault.Because(fault.BadConfig, op, err, "the database file can't be opened")
		}
	}
	return fault.Wrap(err, op)
}

// retryable says whether the whole transaction may succeed when run again: the
// file was busy, or a unique index caught a race.
func retryable(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return true
	}
	return e.Code()&0xff == sqlite3.SQLITE_BUSY
}

// dataVersion changes when another connection has committed; asked on the one
// that writes, when another process has.
func (c *conn) dataVersion(ctx context.Context) (v int64, err error) {
	s, err := c.prepare(ctx, "PRAGMA data_version")
	if err != nil {
		return 0, err
	}
	return v, s.st.QueryRowContext(ctx).Scan(&v)
}

// checkpoint does what mode says and tells how many pages the log holds and how
// many of them are in the file already. Being kept from it by others is no error.
func (c *conn) checkpoint(ctx context.Context, mode string) (frames, copied int64, err error) {
	var busy int64
	err = c.c.QueryRowContext(ctx, "PRAGMA wal_checkpoint("+mode+")").Scan(&busy, &frames, &copied)
	return frames, copied, err
}
