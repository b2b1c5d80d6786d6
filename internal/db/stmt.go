package db

import (
	"context"
	"regexp"
	"strconv"
	"strings"
)

// plain runs a statement without arguments.
func plain(ctx context.Context, c session, query string) error {
	_, err := c.exec(ctx, query, nil)
	return err
}

var rowLock = regexp.MustCompile(`\s+FOR (NO KEY )?UPDATE( OF \w+)?( SKIP LOCKED)?`)

// OneText and TextEnd stand around all columns of a SELECT, which SQLite answers then
// as one text a row: each column costs it several calls, and together they are most of
// what a page of rows costs. Scan notices nothing. The columns are integers, booleans and
// texts without control characters, and none is NULL.
const (
	OneText = "/* one text: */ "
	TextEnd = " /* end */"

	between = "\x1f"
)

var joined = strings.NewReplacer(OneText, "concat_ws(char(31), ", TextEnd, ")")

// rewrite turns a text for PostgreSQL into one for SQLite: $n becomes ?, row
// locks go (there is one writer), what is between OneText and TextEnd becomes one
// column. Texts of our own never hold a $ or FOR UPDATE inside a string literal.
func rewrite(query string) (text string, order []int) {
	query = joined.Replace(strings.TrimSpace(rowLock.ReplaceAllString(query, "")))
	var b strings.Builder
	b.Grow(len(query))
	straight := true
	for i := 0; i < len(query); i++ {
		if query[i] != '$' {
			b.WriteByte(query[i])
			continue
		}
		j := i + 1
		for j < len(query) && query[j] >= '0' && query[j] <= '9' {
			j++
		}
		n, err := strconv.Atoi(query[i+1 : j])
		if err != nil || n < 1 {
			panic("db: a $ without a number in " + query)
		}
		straight = straight && n == len(order)+1
		order = append(order, n-1)
		b.WriteByte('?')
		i = j - 1
	}
	if straight {
		order = nil
	}
	return b.String(), order
}

// Rows writes the placeholders of a multi-row statement: n groups of one
// placeholder a column, as ($1,$2),($3,$4), numbered from first. A column is ""
// or the type it is cast to: in a VALUES list that feeds an UPDATE the engine
// can't infer one.
func Rows(first, n int, columns ...string) string {
	var b strings.Builder
	for r := range n {
		if r > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('(')
		for c, typ := range columns {
			if c > 0 {
				b.WriteByte(',')
			}
			arg := "$" + strconv.Itoa(first+r*len(columns)+c)
			if typ != "" {
				arg = "CAST(" + arg + " AS " + typ + ")"
			}
			b.WriteString(arg)
		}
		b.WriteByte(')')
	}
	return b.String()
}

// chunkSizes are the row counts a multi-row statement is prepared for: a server is asked
// as seldom as can be, and larger ones gain nothing.
var chunkSizes = [...]int{64, 32, 16, 8, 4, 2, 1}

// Chunks cuts n rows into runs of a few fixed sizes, so that each multi-row
// statement has a few texts only, and calls fn for each run [from, to).
func Chunks(n int, fn func(from, to int) error) error {
	from := 0
	for _, size := range chunkSizes {
		for n-from >= size {
			if err := fn(from, from+size); err != nil {
				return err
			}
			from += size
		}
	}
	return nil
}

// InChunks calls fn for runs of keys as Chunks cuts them, with the length of a run and the
// arguments (before, key, key, …).
func InChunks[K any](before []any, keys []K, fn func(n int, args []any) error) error {
	return Chunks(len(keys), func(from, to int) error {
		args := make([]any, 0, len(before)+to-from)
		args = append(args, before...)
		for _, key := range keys[from:to] {
			args = append(args, key)
		}
		return fn(to-from, args)
	})
}

// CollectIn is Collect for a statement of List, over any number of keys.
func CollectIn[T, K any](ctx context.Context, t *Tx, scan func(Row) (T, error), list Statements, before []any, keys []K) (out []T, err error) {
	err = InChunks(before, keys, func(n int, args []any) error {
		some, err := Collect(ctx, t, scan, list[n], args...)
		out = append(out, some...)
		return err
	})
	return out, err
}

// Statements holds the texts of one multi-row statement, one for each size that
// Chunks makes.
type Statements map[int]string

// Insert makes the texts of a multi-row INSERT with so many columns, its
// placeholders numbered from $1.
func Insert(before string, columns int) Statements {
	return MultiRow(before, 1, make([]string, columns), "")
}

// MultiRow makes the texts: before and after stand around the groups of
// placeholders, see Rows.
func MultiRow(before string, first int, columns []string, after string) Statements {
	m := make(Statements, len(chunkSizes))
	for _, n := range chunkSizes {
		m[n] = before + " " + Rows(first, n, columns...) + " " + after
	}
	return m
}

// List makes the texts for a statement with a list of n single values, as in
// IN ($2,$3,…): before and after stand around the comma-separated placeholders.
func List(before string, first int, after string) Statements {
	m := make(Statements, len(chunkSizes))
	for _, n := range chunkSizes {
		m[n] = before + strings.Trim(Rows(first, 1, make([]string, n)...), "()") + after
	}
	return m
}

// ExecRows runs a multi-row statement over all rows: args holds what comes before
// the rows, row the columns of each. It says how many rows were changed.
func (t *Tx) ExecRows(ctx context.Context, st Statements, args []any, n int, row func(i int) []any) (changed int64, err error) {
	if ctx, err = t.context(ctx); err != nil {
		return 0, err
	}
	var calls []call
	err = Chunks(n, func(from, to int) error {
		all := append(make([]any, 0, len(args)+(to-from)*12), args...)
		for i := from; i < to; i++ {
			all = append(all, row(i)...)
		}
		calls = append(calls, call{st[to-from], all})
		return nil
	})
	if err != nil || len(calls) == 0 {
		return 0, err
	}
	return t.c.execAll(ctx, calls)
}
