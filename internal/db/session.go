package db

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
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
	// there says whether the connection is made, and not lost as far as is known.
	there() bool
	// doubt has ready find out whether the connection is lost, before it is used again.
	doubt()
	// ready makes a connection that is not there. It is errLost where one that was turns out
	// to be lost.
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
	p, ok := place(dest)
	if !ok {
		return false
	}
	switch v := v.(type) {
	case int64:
		return setInt(p, v)
	case string:
		return setString(p, v)
	}
	return false
}

// place is what a pointer points to.
func place(dest any) (p reflect.Value, ok bool) {
	p = reflect.ValueOf(dest)
	if p.Kind() != reflect.Pointer || p.IsNil() {
		return p, false
	}
	return p.Elem(), true
}

func setInt(p reflect.Value, v int64) bool {
	switch {
	case p.CanInt() && !p.OverflowInt(v):
		p.SetInt(v)
	case p.Kind() == reflect.Bool:
		p.SetBool(v != 0)
	default:
		return false
	}
	return true
}

func setString(p reflect.Value, v string) bool {
	if p.Kind() != reflect.String {
		return false
	}
	p.SetString(v)
	return true
}

// joinedRows are rows whose columns are one text, see OneText.
type joinedRows struct{ *driverRows }

// Scan reads the present row, see Row.
func (r *joinedRows) Scan(dest ...any) error {
	text, ok := r.values[0].(string)
	if !ok {
		return fmt.Errorf("%T is no text of columns", r.values[0])
	}
	if n := strings.Count(text, between) + 1; n != len(dest) {
		return fmt.Errorf("%d columns scanned into %d places", n, len(dest))
	}
	for i, to := range dest {
		var column string
		column, text, _ = strings.Cut(text, between)
		if !scanText(to, column) {
			return fmt.Errorf("column %d: %q can't be scanned into %T", i+1, column, to)
		}
	}
	return nil
}

// scanText is scan for a value that was written as text.
func scanText(dest any, v string) (ok bool) {
	switch d := dest.(type) {
	case *string:
		*d = v
		return true
	case *int64:
		n, err := strconv.ParseInt(v, 10, 64)
		*d = n
		return err == nil
	}
	p, ok := place(dest)
	if !ok || setString(p, v) {
		return ok
	}
	n, err := strconv.ParseInt(v, 10, 64)
	return err == nil && setInt(p, n)
}

// plainValue makes of an argument what a driver takes.
func plainValue(arg any) (driver.Value, error) {
	switch arg.(type) {
	case int64, string, []byte, nil:
		return arg, nil
	}
	return driver.DefaultParameterConverter.ConvertValue(arg)
}
