package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
)

// Row is a row of an answer. Scan copies its columns, all of them in order, into
// what dest points to: integers, strings, booleans and bytes, also of types made of
// these, and what is there into an any or a scanner of database/sql; NULL into these
// two alone.
type Row interface {
	Scan(dest ...any) error
	Columns() []string
}

// rows are the rows of an answer, one after the other.
type rows interface {
	Row
	next() bool
	close() error // and what went wrong on the way
}

// session is a connection of an engine. One goroutine uses it at a time.
type session interface {
	// ready makes a connection that was lost anew.
	ready(ctx context.Context) error
	exec(ctx context.Context, query string, args []any) (changed int64, err error)
	// execAll runs several and says how many rows they changed in all; a server is asked
	// once. What is after one that fails is not run.
	execAll(ctx context.Context, calls []call) (changed int64, err error)
	query(ctx context.Context, query string, args []any) (rows, error)
	close() error
}

// call is a statement and its arguments.
type call struct {
	query string
	args  []any
}

// driverRows are rows as a driver of database/sql gives them. That package itself
// stands not between: its locks and conversions are a good part of what a page of
// rows costs.
type driverRows struct {
	rows   driver.Rows
	values []driver.Value
	err    error
}

func newDriverRows(r driver.Rows) *driverRows {
	return &driverRows{rows: r, values: make([]driver.Value, len(r.Columns()))}
}

func (r *driverRows) next() bool {
	if r.err != nil {
		return false
	}
	r.err = r.rows.Next(r.values)
	return r.err == nil
}

func (r *driverRows) close() error {
	err := r.rows.Close()
	if r.err != nil && !errors.Is(r.err, io.EOF) {
		return r.err
	}
	return err
}

// Columns are the names of the columns.
func (r *driverRows) Columns() []string { return r.rows.Columns() }

// Scan reads the present row, see Row.
func (r *driverRows) Scan(dest ...any) error { return scanAll(dest, r.values) }

func scanAll(dest []any, values []driver.Value) error {
	if len(dest) != len(values) {
		return fmt.Errorf("%d columns scanned into %d places", len(values), len(dest))
	}
	for i, to := range dest {
		if v := values[i]; !scan(to, v) {
			return fmt.Errorf("column %d: %T can't be scanned into %T", i+1, v, to)
		}
	}
	return nil
}

func scan(dest any, v driver.Value) (ok bool) {
	switch d := dest.(type) {
	case *string:
		*d, ok = v.(string)
		return ok
	case *int64:
		*d, ok = v.(int64)
		return ok
	case *[]byte:
		switch v := v.(type) {
		case []byte:
			*d = v
		case string: // what SQL writes as '' is text there
			*d = []byte(v)
		default:
			return false
		}
		return true
	case *any:
		*d = v
		return true
	case sql.Scanner:
		return d.Scan(v) == nil
	}
	p := reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return false
	}
	switch p = p.Elem(); v := v.(type) {
	case int64:
		switch {
		case p.CanInt() && !p.OverflowInt(v):
			p.SetInt(v)
		case p.Kind() == reflect.Bool:
			p.SetBool(v != 0)
		default:
			return false
		}
		return true
	case string:
		if p.Kind() != reflect.String {
			return false
		}
		p.SetString(v)
		return true
	}
	return false
}

// plainValue makes of an argument what a driver takes.
func plainValue(arg any) (driver.Value, error) {
	switch arg.(type) {
	case int64, string, []byte, nil:
		return arg, nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}
