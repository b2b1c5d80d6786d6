package db

import (
	"context"
	"errors"
	"net"
	"strings"

	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tuchuang/internal/fault"
)

// translate gives an error of the driver a code of ours; what carries a code
// already stays.
func translate(err error, op string) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*fault.Error](err); ok {
		return fault.Wrap(err, op)
	}
	if errors.Is(err, errClosed) {
		return fault.Because(fault.Unavailable, op, err)
	}
	if to, ok := refused(err); ok {
		return fault.Because(fault.Unavailable, op, err, fault.DataMoved, to)
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == pgNoRight {
		return fault.Because(fault.BadData, op, e, fault.DataForbidden, e.Message)
	}
	if e, ok := errors.AsType[*pgconn.ConnectError](err); ok && !errors.Is(err, context.Canceled) {
		return unconnected(e, op)
	}
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return fault.Wrap(err, op)
	}
	if code := pgCode(err); code != "" {
		return fault.Because(code, op, err)
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		switch e.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return fault.Because(fault.DiskFull, op, err)
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_INTERRUPT:
			return fault.Because(fault.Unavailable, op, err)
		}
	}
	return fault.Wrap(err, op)
}

// unconnected says why there is no connection to a server. The cause is one line and is
// said once.
func unconnected(err *pgconn.ConnectError, op string) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		code := pgCode(e)
		if code == "" {
			code = fault.Unavailable
		}
		return fault.New(code, op, fault.DataRefused, e)
	}
	return fault.New(fault.Unavailable, op, fault.DataAway, address(err.Config), connectCause(err))
}

// connectCause is the innermost of what the driver says about a connection it could not
// make that still tells all of it. The driver has tried several ways; the last one counts.
func connectCause(err *pgconn.ConnectError) error {
	cause := err.Unwrap()
	for {
		switch e := cause.(type) { //nolint:errorlint // this unwraps
		case *net.OpError, *net.DNSError:
			return cause
		case interface{ Unwrap() []error }:
			all := e.Unwrap()
			cause = all[len(all)-1]
		case interface{ Unwrap() error }:
			if next := e.Unwrap(); next != nil && !strings.HasPrefix(cause.Error(), "tls error") {
				cause = next
				continue
			}
			return cause
		default:
			return cause
		}
	}
}

// unusable says why a database could not be opened, where that is the file's fault, or
// that of the setting which names a server.
func unusable(err error, path string) error {
	const op = "db: open"
	if args := fault.ArgsOf(err); fault.Is(err, fault.Unavailable) && len(args) > 0 && args[0] == fault.DataAway {
		return fault.New(fault.BadConfig, op, args...)
	}
	e, ok := errors.AsType[*sqlite.Error](err)
	if _, known := errors.AsType[*fault.Error](err); known || !ok {
		return err
	}
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_CANTOPEN:
		return fault.Because(fault.BadData, op, err, fault.DataUnopened, path)
	case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
		return fault.Because(fault.BadData, op, err, fault.DataReadOnly, path)
	case sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_CORRUPT:
		return fault.Because(fault.BadData, op, err, fault.DataDamaged, path)
	case sqlite3.SQLITE_IOERR:
		return fault.Because(fault.BadData, op, err, fault.DataIO, path, err)
	}
	return err
}

// retryable says whether the whole transaction may succeed when run again: the
// file was busy, or a unique index caught a race.
func retryable(err error) bool {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return pgRetryable(err)
	}
	switch e.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return true
	}
	return e.Code()&0xff == sqlite3.SQLITE_BUSY
}
