package ops

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// Rows are copied from one database to another table by table, each table in the
// order of its key, in batches: which tables and columns there are is what the schema
// says, so that none can be forgotten. What is there already is passed over, so a copy
// that was broken off can be done again.

// ofTheDatabase are the tables that speak of a database itself and of who is at it.
var ofTheDatabase = []string{"mark", "blob_hold"}

// followed is the table that a database writes by itself when it gets the rows of others:
// names that are to be put into its index, which is not copied either.
const followed = "drive_unindexed"

// copied are the tables that are copied, in their order.
func copied(ctx context.Context, tx *db.Tx) (tables []db.Table, err error) {
	all, err := tx.Tables(ctx)
	for _, t := range all {
		if !isOfTheDatabase(t.Name) && t.Name != followed {
			tables = append(tables, t)
		}
	}
	return tables, err
}

func isOfTheDatabase(table string) bool {
	for _, name := range ofTheDatabase {
		if name == table {
			return true
		}
	}
	return false
}

// rowBatch is how many rows are copied in one transaction.
const rowBatch = 1024

// copier copies one table.
type copier struct {
	db.Table
	// where the columns of Key, Above and Named stand among all
	key, above, named []int

	first  string
	next   string
	one    string
	insert db.Statements
}

func newCopier(t db.Table) copier {
	c := copier{Table: t, key: positions(t.Columns, t.Key), above: positions(t.Columns, t.Above), named: positions(t.Columns, t.Named)}
	columns, key := db.Names(t.Columns), db.Names(t.Key)
	from := "SELECT " + columns + ` FROM "` + t.Name + `"`
	order := " ORDER BY " + key + " LIMIT " + strconv.Itoa(rowBatch)
	values := strings.Trim(db.Rows(1, 1, make([]string, len(t.Key))...), "()")
	c.first = from + order
	c.next = from + " WHERE (" + key + ") > (" + values + ")" + order
	if t.Above != nil {
		c.one = from + " WHERE (" + db.Names(t.Named) + ") = (" + strings.Trim(db.Rows(1, 1, make([]string, len(t.Named))...), "()") + ")"
	}
	c.insert = db.MultiRow(`INSERT INTO "`+t.Name+`" (`+columns+") VALUES", 1, make([]string, len(t.Columns)), "ON CONFLICT DO NOTHING")
	return c
}

func positions(columns, of []string) (at []int) {
	for _, name := range of {
		for i, c := range columns {
			if c == name {
				at = append(at, i)
			}
		}
	}
	return at
}

// read answers the rows after a key; nil for the first ones. Each row stands behind
// the one above it, where that was not among those before: what a folder was moved into
// may come after it. last is the key to go on after; nil at the end.
func (c *copier) read(ctx context.Context, tx *db.Tx, after []any) (rows [][]any, last []any, err error) {
	query := c.next
	if after == nil {
		query = c.first
	}
	batch, err := db.Collect(ctx, tx, c.scan, query, after...)
	if err != nil || len(batch) == 0 {
		return nil, nil, err
	}
	if len(batch) == rowBatch {
		last = c.pick(batch[len(batch)-1], c.key)
	}
	if c.Above == nil {
		return batch, last, nil
	}
	have := map[string]bool{}
	for _, row := range batch {
		chain, err := c.chain(ctx, tx, row, after, have)
		if err != nil {
			return nil, nil, err
		}
		rows = append(rows, chain...)
	}
	return rows, last, nil
}

// chain answers a row behind those above it that were not read before, the highest
// first.
func (c *copier) chain(ctx context.Context, tx *db.Tx, row, after []any, have map[string]bool) ([][]any, error) {
	var up [][]any
	for at := c.pick(row, c.named); !have[name(at)]; {
		have[name(at)] = true
		if len(up) > 0 && after != nil && !later(c.pick(row, c.key), after) {
			break // it was written with the rows before
		}
		up = append(up, row)
		at = c.pick(row, c.above)
		if have[name(at)] {
			break
		}
		list, err := db.Collect(ctx, tx, c.scan, c.one, at...)
		if err != nil {
			return nil, err
		}
		if len(list) == 0 {
			return nil, fault.Because(fault.Internal, "ops: copy rows", fmt.Errorf("%s %v is not there", c.Name, at))
		}
		row = list[0]
	}
	for i, j := 0, len(up)-1; i < j; i, j = i+1, j-1 {
		up[i], up[j] = up[j], up[i]
	}
	return up, nil
}

// later says that a key comes after another.
func later(a, b []any) bool {
	for i := range a {
		switch x := a[i].(type) {
		case int64:
			if y, _ := b[i].(int64); x != y {
				return x > y
			}
		case string:
			if y, _ := b[i].(string); x != y {
				return x > y
			}
		}
	}
	return false
}

func name(key []any) string { return fmt.Sprintf("%v", key) }

func (c *copier) pick(row []any, at []int) []any {
	out := make([]any, len(at))
	for i, n := range at {
		out[i] = row[n]
	}
	return out
}

func (c *copier) scan(row db.Row) ([]any, error) {
	values := make([]any, len(c.Columns))
	dest := make([]any, len(values))
	for i := range dest {
		dest[i] = &values[i]
	}
	if err := row.Scan(dest...); err != nil {
		return nil, err
	}
	for i, v := range values {
		switch v := v.(type) {
		case string:
			if c.Bytes[i] { // what SQL writes as '' is text in SQLite
				values[i] = []byte(v)
			}
		case []byte:
			values[i] = append([]byte{}, v...) // the driver's own is gone with the next row
		}
	}
	return values, nil
}

// write puts rows where they are missing, and says how many those were.
func (c *copier) write(ctx context.Context, tx *db.Tx, rows [][]any) (int64, error) {
	n, err := tx.ExecRows(ctx, c.insert, nil, len(rows), func(i int) []any { return rows[i] })
	return n, fault.Wrap(err, "ops: copy rows of "+c.Name)
}

// countRows answers how many rows a table has.
func countRows(ctx context.Context, tx *db.Tx, table string) (n int64, err error) {
	_, err = tx.Get(ctx, `SELECT COUNT(*) FROM "`+table+`"`, nil, &n)
	return n, err
}
