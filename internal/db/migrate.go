package db

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"tuchuang/internal/fault"
)

//go:embed migrations
var migrations embed.FS

// Migrations are the steps that make the schema of an engine, in order of their names.
func Migrations(e Engine) (fs.FS, error) {
	dir, err := fs.Sub(migrations, "migrations/"+string(e))
	return dir, fault.Wrap(err, "db: migrate")
}

// migrate makes the schema where there is none, and brings it up to date where that
// was allowed. A database that exists already is copied beside itself first; a newer
// one than this program knows is refused.
func (d *DB) migrateFile(ctx context.Context) (err error) {
	dir, err := Migrations(SQLite)
	if err != nil {
		return err
	}
	if latest, err := isLatest(ctx, d.writer, dir); err != nil || latest {
		return translate(err, "db: open "+d.path)
	}
	name, err := dsn(d.path, writing)
	if err != nil {
		return err
	}
	conn, err := sql.Open("sqlite", name)
	if err != nil {
		return translate(err, "db: migrate")
	}
	conn.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, conn.Close()) }()
	p, err := goose.NewProvider(goose.DialectSQLite3, conn, dir)
	if err != nil {
		return fault.Wrap(err, "db: migrate")
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return translate(err, "db: open "+d.path)
	}
	switch {
	case have == want:
		return nil
	case have > want:
		return fault.New(fault.BadData, "db: open", fault.DataNewer, d.path, have, want)
	case have > 0 && !d.upgrade:
		return fault.New(fault.BadData, "db: open", fault.DataOlder, d.path, have, want)
	case have > 0:
		if err := snapshot(ctx, conn, fmt.Sprintf("%s.of-version-%d", d.path, have)); err != nil {
			return err
		}
	}
	_, err = p.Up(ctx)
	return translate(err, "db: migrate")
}

// migrateServer is migrate for PostgreSQL, where several processes may start at once:
// they take turns. A step may have much to do, and has to wait for who is at a table: it
// has all the time it wants.
func (d *DB) migrateServer(ctx context.Context, config *pgx.ConnConfig) (err error) {
	dir, err := Migrations(PostgreSQL)
	if err != nil {
		return err
	}
	if latest, err := isLatest(ctx, d.readers, dir); err != nil || latest {
		return translate(err, "db: open "+nameOf(config))
	}
	name, config := nameOf(config), config.Copy()
	for _, limit := range []string{"statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"} {
		config.RuntimeParams[limit] = "0"
	}
	conn := stdlib.OpenDB(*config)
	defer func() { err = errors.Join(err, conn.Close()) }()
	turn, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return fault.Wrap(err, "db: migrate")
	}
	p, err := goose.NewProvider(goose.DialectPostgres, conn, dir, goose.WithSessionLocker(turn))
	if err != nil {
		return fault.Wrap(err, "db: migrate")
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return translate(err, "db: open "+name)
	}
	switch {
	case have > want:
		return fault.New(fault.BadData, "db: open", fault.DataNewer, name, have, want)
	case have > 0 && have < want && !d.upgrade:
		return fault.New(fault.BadData, "db: open", fault.DataOlder, name, have, want)
	case have == 0 && d.existing:
		return fault.New(fault.BadData, "db: open", fault.NoAccounts, name)
	case have == want:
		return nil
	}
	_, err = p.Up(ctx)
	return translate(err, "db: migrate")
}

// isLatest says whether there is nothing to do, which is so at nearly every start: to find
// that out, goose looks at all versions and, on a server, takes its turn. The error is that
// there is no connection; where anything else is wrong it answers no, and goose names it.
func isLatest(ctx context.Context, p *pool, dir fs.FS) (latest bool, err error) {
	files, err := fs.Glob(dir, "*.sql")
	if err != nil || len(files) == 0 {
		return false, nil
	}
	last, err := goose.NumericComponent(files[len(files)-1])
	if err != nil {
		return false, nil
	}
	c, err := p.take(ctx)
	if err != nil {
		return false, err
	}
	defer p.give(c)
	r, err := c.query(ctx, "SELECT max(version_id) FROM "+goose.DefaultTablename, nil)
	if err != nil {
		return false, nil
	}
	var have int64
	found := r.next() && r.Scan(&have) == nil
	return r.close() == nil && found && have == last, nil
}

func snapshotOf(ctx context.Context, path, to string) (err error) {
	name, err := dsn(path, checkpointing)
	if err != nil {
		return err
	}
	conn, err := sql.Open("sqlite", name)
	if err != nil {
		return translate(err, "db: save")
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return snapshot(ctx, conn, to)
}

// snapshot writes a consistent copy of the database to a new file.
func snapshot(ctx context.Context, conn *sql.DB, to string) error {
	part := to + ".part"
	if err := os.Remove(part); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fault.Wrap(err, "db: copy")
	}
	if err := makePrivate(part); err != nil { // SQLite takes a file that is empty
		return fault.Wrap(err, "db: copy")
	}
	if _, err := conn.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return translate(err, "db: copy to "+to)
	}
	return fault.Wrap(os.Rename(part, to), "db: copy")
}
