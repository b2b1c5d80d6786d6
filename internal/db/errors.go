package db

import (
	"context"
	"errors"

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
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); !connecting &&
		(errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)) {
		return fault.Wrap(err, op)
	}
	switch code := pgCode(err); code {
	case "":
	case fault.BadData:
		return fault.Because(code, op, err, fault.DataRefused, err)
	default:
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

// unusable says why a database could not be opened, where that is the file's fault.
func unusable(err error, path string) error {
	const op = "db: open"
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
