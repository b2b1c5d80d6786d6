package db

import (
	"context"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// Table is a table as the schema tells of it.
type Table struct {
	Name    string
	Columns []string
	Bytes   []bool   // by column: it holds bytes
	Key     []string // the primary key, in its order
	Above   []string // the columns that name another row of this table; nil where none do
	Named   []string // the columns by which they name it: a unique key, not always the primary one
}

// ofSchema asks for the schema: the columns of a table, with their type and their place in the
// primary key (0: none); then who refers to whom, by which columns to which.
var ofSchema = map[Engine]struct{ columns, references string }{
	SQLite: {`
		SELECT m.name, c.name, c.type = 'BLOB', c.pk FROM sqlite_schema m JOIN pragma_table_info(m.name) c
		WHERE m.type = 'table' ORDER BY m.name, c.cid`, `
		SELECT m.name, f."table", f."from", f."to" FROM sqlite_schema m JOIN pragma_foreign_key_list(m.name) f
		WHERE m.type = 'table' ORDER BY m.name, f.id, f.seq`},
	PostgreSQL: {`
		SELECT CAST(t.relname AS TEXT), CAST(c.attname AS TEXT), c.atttypid = CAST('bytea' AS regtype),
			COALESCE(array_position(CAST(k.conkey AS int[]), CAST(c.attnum AS int)), 0)
		FROM pg_class t JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum > 0 AND NOT c.attisdropped
		LEFT JOIN pg_constraint k ON k.conrelid = t.oid AND k.contype = 'p'
		WHERE t.relnamespace = CAST(current_schema() AS regnamespace) AND t.relkind = 'r'
		ORDER BY t.relname, c.attnum`, `
		SELECT CAST(t.relname AS TEXT), CAST(r.relname AS TEXT), CAST(c.attname AS TEXT), CAST(o.attname AS TEXT)
		FROM pg_constraint k JOIN pg_class t ON t.oid = k.conrelid JOIN pg_class r ON r.oid = k.confrelid
		CROSS JOIN unnest(k.conkey) WITH ORDINALITY AS n (attnum, ord)
		JOIN pg_attribute c ON c.attrelid = t.oid AND c.attnum = n.attnum
		JOIN pg_attribute o ON o.attrelid = r.oid AND o.attnum = k.confkey[n.ord]
		WHERE k.contype = 'f' AND t.relnamespace = CAST(current_schema() AS regnamespace)
		ORDER BY t.relname, k.oid, n.ord`},
}

// ours are the names of the tables that the migrations make, but for those that are made of
// others.
var ours = sync.OnceValue(func() map[string]bool {
	names := make(map[string]bool)
	err := fs.WalkDir(migrations, ".", func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		text, err := fs.ReadFile(migrations, path)
		for _, m := range tableMade.FindAllSubmatch(text, -1) {
			if name := string(m[1]); !isWordIndex(name) {
				names[name] = true
			}
		}
		return err
	})
	if err != nil {
		panic(err) // they are part of the program
	}
	return names
})

var tableMade = regexp.MustCompile(`(?m)^CREATE TABLE (\w+)`)

// Tables are all tables of ours, each after those that it refers to. Others that stand in
// the same database, as a server may have them, are nobody's business here.
func (t *Tx) Tables(ctx context.Context) ([]Table, error) {
	ask := ofSchema[t.d.engine]
	all := map[string]*Table{}
	var names []string
	err := t.Each(ctx, func(row Row) error {
		var table, column string
		var bytes bool
		var place int
		if err := row.Scan(&table, &column, &bytes, &place); err != nil {
			return err
		}
		if !ours()[table] {
			return nil
		}
		if all[table] == nil {
			all[table], names = &Table{Name: table}, append(names, table)
		}
		all[table].add(column, bytes, place)
		return nil
	}, ask.columns)
	if err != nil {
		return nil, err
	}
	refers := map[string][]string{}
	err = t.Each(ctx, func(row Row) error {
		var table, to, column, named string
		if err := row.Scan(&table, &to, &column, &named); err != nil {
			return err
		}
		if all[table] == nil || all[to] == nil {
			return nil
		}
		if table == to {
			all[table].Above, all[table].Named = append(all[table].Above, column), append(all[table].Named, named)
		} else {
			refers[table] = append(refers[table], to)
		}
		return nil
	}, ask.references)
	if err != nil {
		return nil, err
	}
	return inOrder(all, names, refers)
}

func (t *Table) add(column string, bytes bool, place int) {
	t.Columns, t.Bytes = append(t.Columns, column), append(t.Bytes, bytes)
	if place > 0 {
		for len(t.Key) < place {
			t.Key = append(t.Key, "")
		}
		t.Key[place-1] = column
	}
}

// inOrder puts what is referred to before what refers.
func inOrder(all map[string]*Table, names []string, refers map[string][]string) (out []Table, err error) {
	placed := map[string]bool{}
	for len(out) < len(names) {
		before := len(out)
		for _, name := range names {
			if placed[name] || slices.ContainsFunc(refers[name], func(to string) bool { return !placed[to] }) {
				continue
			}
			placed[name], out = true, append(out, *all[name])
		}
		if len(out) == before {
			return nil, fmt.Errorf("tables refer to each other in a circle, beside %d that do not", before)
		}
	}
	return out, nil
}

// Names are columns as a statement lists them.
func Names(columns []string) string {
	return `"` + strings.Join(columns, `", "`) + `"`
}

// Snapshot is WorkerRead for what may stand still between two statements, as long as
// it takes.
func (d *DB) Snapshot(ctx context.Context, op string, fn func(*Tx) error) error {
	return d.WorkerRead(ctx, op, func(tx *Tx) error {
		if d.engine == PostgreSQL {
			if _, err := tx.Exec(ctx, "SET LOCAL idle_in_transaction_session_timeout = 0"); err != nil {
				return err
			}
		}
		return fn(tx)
	})
}

// SaveFile writes what the database holds at one moment to a new file of SQLite's,
// which only its owner may read; only SQLite can. Nothing else waits for it.
func (d *DB) SaveFile(ctx context.Context, to string) (err error) {
	return snapshotOf(ctx, d.path, to)
}
