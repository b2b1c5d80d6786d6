package db

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tuchuang/internal/fault"
)

// A database whose rows are being moved elsewhere refuses every write of every
// process, in the middle of what these are at: by a trigger on every table. It costs
// nothing where there is none, can't be missed, and what had begun to write has ended
// when it stands. The tables mark and blob_hold go on to be written.

// FillingMark is set, to where the rows come from, while a database is being filled
// from another one: Open refuses it to everybody else. What people are told stands behind
// a space, where there is one.
const FillingMark = "filled_from"

const (
	movedMark = "moved_to"
	// refusal begins what a trigger says; what follows is where the rows are moved to.
	refusal     = "tuchuang refuses writes: "
	pgRefused   = "TC001"
	triggerName = "refuse_writes"
)

// RefuseWrites has every write of every process end with fault.Unavailable and
// fault.DataMoved from now on, until AllowWrites. What had begun to write before has
// ended when it returns. id names this moment, to is what people are told.
func (d *DB) RefuseWrites(ctx context.Context, id, to string) error {
	return d.Write(ctx, "db: refuse writes", func(tx *Tx) error {
		tables, err := tx.guarded(ctx)
		if err != nil {
			return err
		}
		statements := sqliteGuards(tables, to)
		if d.engine == PostgreSQL {
			statements = pgGuards(tables, to)
		}
		for _, s := range statements {
			if _, err := tx.Exec(ctx, s); err != nil {
				return err
			}
		}
		return tx.SetMark(ctx, movedMark, id+" "+to)
	})
}

// AllowWrites ends what RefuseWrites has begun.
func (d *DB) AllowWrites(ctx context.Context) error {
	return d.Write(ctx, "db: allow writes", func(tx *Tx) error {
		tables, err := tx.guarded(ctx)
		if err != nil {
			return err
		}
		for _, t := range tables {
			for _, s := range dropGuards(d.engine, t) {
				if _, err := tx.Exec(ctx, s); err != nil {
					return err
				}
			}
		}
		return tx.SetMark(ctx, movedMark, "")
	})
}

// Moved says whether writes are refused here; id and to are those of RefuseWrites.
func (d *DB) Moved(ctx context.Context) (id, to string, moved bool, err error) {
	value, err := d.Mark(ctx, movedMark)
	id, to, moved = strings.Cut(value, " ")
	return id, to, moved, err
}

// guarded are the tables whose writes are refused, in the order in which most writes
// lock them.
func (t *Tx) guarded(ctx context.Context) (names []string, err error) {
	all, err := t.Tables(ctx)
	for _, table := range all {
		if table.Name != "mark" && table.Name != "blob_hold" {
			names = append(names, table.Name)
		}
	}
	return names, err
}

var sqliteWrites = []string{"INSERT", "UPDATE", "DELETE"}

func sqliteGuards(tables []string, to string) (out []string) {
	text := "'" + strings.ReplaceAll(refusal+to, "'", "''") + "'"
	for _, t := range tables {
		for _, what := range sqliteWrites {
			out = append(out, fmt.Sprintf(`CREATE TRIGGER IF NOT EXISTS "%s_%s_%s" BEFORE %[2]s ON "%[3]s" BEGIN SELECT RAISE(ABORT, %s); END`,
				triggerName, what, t, text))
		}
	}
	return out
}

func pgGuards(tables []string, to string) []string {
	text := "'" + strings.ReplaceAll(refusal+to, "'", "''") + "'"
	out := []string{
		`CREATE OR REPLACE FUNCTION ` + triggerName + `() RETURNS trigger LANGUAGE plpgsql AS
			$body$ BEGIN RAISE EXCEPTION USING ERRCODE = '` + pgRefused + `', MESSAGE = ` + text + `; END $body$`,
		// Who writes has taken the lock of an account or a task first, all but always: so
		// this waits there, where it holds nothing yet, and not in a circle.
		`LOCK TABLE task, account IN SHARE ROW EXCLUSIVE MODE`,
	}
	for _, t := range tables {
		out = append(out, fmt.Sprintf(`CREATE OR REPLACE TRIGGER %s BEFORE INSERT OR UPDATE OR DELETE ON "%s" FOR EACH STATEMENT EXECUTE FUNCTION %[1]s()`,
			triggerName, t))
	}
	return out
}

func dropGuards(e Engine, table string) (out []string) {
	if e == PostgreSQL {
		return []string{fmt.Sprintf(`DROP TRIGGER IF EXISTS %s ON "%s"`, triggerName, table)}
	}
	for _, what := range sqliteWrites {
		out = append(out, fmt.Sprintf(`DROP TRIGGER IF EXISTS "%s_%s_%s"`, triggerName, what, table))
	}
	return out
}

// refused says that an error is a refusal of RefuseWrites, and where the rows are.
func refused(err error) (to string, ok bool) {
	var said string
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == pgRefused {
		said = e.Message
	} else if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code() == sqlite3.SQLITE_CONSTRAINT_TRIGGER {
		said = e.Error()
	}
	_, to, ok = strings.Cut(said, refusal)
	if end := strings.LastIndex(to, " ("); end > 0 && strings.HasSuffix(to, ")") { // SQLite adds its code
		to = to[:end]
	}
	return to, ok
}

// SetMark notes something about this database, which does not come along when rows are
// copied; "" takes the note back.
func (t *Tx) SetMark(ctx context.Context, name, value string) error {
	if value == "" {
		_, err := t.Exec(ctx, `DELETE FROM mark WHERE name = $1`, name)
		return err
	}
	_, err := t.Exec(ctx, `
		INSERT INTO mark (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value)
	return err
}

// Mark answers what SetMark has noted; "" for nothing.
func (d *DB) Mark(ctx context.Context, name string) (value string, err error) {
	_, err = d.Get(ctx, "db: mark", `SELECT value FROM mark WHERE name = $1`, []any{name}, &value)
	return value, err
}

// Alone keeps every other process from what has this name, until release or the end of
// this process; ok is false where another one has it. A file has no need of it: who fills
// one holds its folder.
func (d *DB) Alone(ctx context.Context, name string) (release func() error, ok bool, err error) {
	if d.engine == SQLite {
		return func() error { return nil }, true, nil
	}
	c, err := pgx.ConnectConfig(ctx, d.config)
	if err != nil {
		return nil, false, translate(err, "db: alone")
	}
	release = func() error { return c.Close(context.WithoutCancel(ctx)) }
	if err := c.QueryRow(ctx, `SELECT pg_try_advisory_lock(hashtextextended($1, 0))`, name).Scan(&ok); err != nil || !ok {
		return nil, false, errors.Join(translate(err, "db: alone"), release())
	}
	return release, true, nil
}

// whole refuses a database that is being filled.
func (d *DB) whole(ctx context.Context) error {
	from, err := d.Mark(ctx, FillingMark)
	if _, told, ok := strings.Cut(from, " "); ok {
		from = told
	}
	if err == nil && from != "" {
		err = fault.New(fault.BadData, "db: open", fault.DataUnfinished, d.path, from)
	}
	return err
}
