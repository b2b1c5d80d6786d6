package db

import (
	"context"
	"slices"
	"strconv"
	"strings"
)

// An index of words says which rows of an account have all of some words, in order of
// their numbers. A word is a number of 43 bits, a row one that no other account has. SQLite
// keeps it as FTS5 does, PostgreSQL as lists with a GIN index. Both keep the account in
// each word, so that others' rows cost nothing.

// WordIndex is the table of such an index, as the migrations make it. It is made of what
// other tables hold: copies of a database are without it.
type WordIndex string

// isWordIndex says whether a table is one, or is kept by SQLite for one.
func isWordIndex(table string) bool { return strings.HasSuffix(table, "_words") }

// Worded is a row with all its words; without any it is in the index no more.
type Worded struct {
	ID    int64
	Words []int64
}

const accountBits = 20 // what is alike beyond these is told from each other when the row is read

func ofAccount(acc, word int64) int64 { return acc&(1<<accountBits-1)<<43 | word }

// PutWords has rows of an account in the index with these words and no others.
func (t *Tx) PutWords(ctx context.Context, ix WordIndex, acc int64, list []Worded) error {
	if t.d.engine == PostgreSQL {
		return t.putLists(ctx, ix, acc, list)
	}
	for _, one := range list {
		query, args := `DELETE FROM `+string(ix)+` WHERE rowid = $1`, []any{one.ID}
		if len(one.Words) > 0 {
			query, args = `INSERT OR REPLACE INTO `+string(ix)+` (rowid, words) VALUES ($1, $2)`, append(args, textOf(acc, one.Words))
		}
		if _, err := t.Exec(ctx, query, args...); err != nil {
			return err
		}
	}
	// What was written is merged with what is there some pages at a time: all at once, when
	// it is due, would hold up every other write.
	_, err := t.Exec(ctx, `INSERT INTO `+string(ix)+` (`+string(ix)+`, rank) VALUES ('merge', 32)`)
	return err
}

func textOf(acc int64, words []int64) string {
	b := make([]byte, 0, 14*len(words))
	for _, w := range words {
		b = append(strconv.AppendInt(b, ofAccount(acc, w), 36), ' ')
	}
	return string(b)
}

func (t *Tx) putLists(ctx context.Context, ix WordIndex, acc int64, list []Worded) error {
	var gone []int64
	var put []Worded
	for _, one := range list {
		if len(one.Words) == 0 {
			gone = append(gone, one.ID)
		} else {
			put = append(put, one)
		}
	}
	err := InChunks([]any{acc}, gone, func(n int, args []any) error {
		_, err := t.Exec(ctx, List(`DELETE FROM `+string(ix)+` WHERE account_id = $1 AND id IN (`, 2, `)`)[n], args...)
		return err
	})
	if err != nil {
		return err
	}
	columns := []string{"BIGINT", "BIGINT", "TEXT"}
	_, err = t.ExecRows(ctx, MultiRow(`WITH v (account_id, id, words) AS (VALUES`, 1, columns, `)
		INSERT INTO `+string(ix)+` (account_id, id, words) SELECT account_id, id, CAST(words AS BIGINT[]) FROM v
		ON CONFLICT (account_id, id) DO UPDATE SET words = excluded.words`), nil, len(put), func(i int) []any {
		return []any{acc, put[i].ID, arrayOf(acc, put[i].Words)}
	})
	return err
}

func arrayOf(acc int64, words []int64) string {
	b := append(make([]byte, 0, 20*len(words)), '{')
	for i, w := range words {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendInt(b, ofAccount(acc, w), 10)
	}
	return string(append(b, '}'))
}

// HasWords says whether a row is in the index with all of some words.
func (t *Tx) HasWords(ctx context.Context, ix WordIndex, acc, id int64, words []int64) (has bool, err error) {
	if t.d.engine == PostgreSQL {
		return t.Get(ctx, `
			SELECT 1 FROM `+string(ix)+` WHERE account_id = $1 AND id = $2 AND words @> CAST(CAST($3 AS TEXT) AS BIGINT[])`,
			[]any{acc, id, arrayOf(acc, words)}, new(int64))
	}
	return t.Get(ctx, `SELECT rowid FROM `+string(ix)+` WHERE `+string(ix)+` MATCH $1 AND rowid = $2`, []any{textOf(acc, words), id}, new(int64))
}

// CheckFile has SQLite check its file, and answers what is wrong. Each index of words is
// asked for something first: what a connection has seen of one before, and others have
// written anew since, is else taken for damage (as of SQLite 3.54).
func (t *Tx) CheckFile(ctx context.Context) (faults []string, err error) {
	text := func(row Row) (s string, err error) { return s, row.Scan(&s) }
	tables, err := Collect(ctx, t, text, `SELECT name FROM sqlite_schema WHERE sql LIKE 'CREATE VIRTUAL TABLE %' ORDER BY name`)
	if err != nil {
		return nil, err
	}
	for _, name := range tables {
		if _, err := t.Get(ctx, `SELECT rowid FROM `+name+` WHERE `+name+` MATCH $1 LIMIT 1`, []any{"0"}, new(int64)); err != nil {
			return nil, err
		}
	}
	said, err := Collect(ctx, t, text, `PRAGMA integrity_check`)
	return slices.DeleteFunc(said, func(s string) bool { return s == "ok" }), err
}

// The rows that are asked for at once: few at first, as a page wants no more of what is
// common, and more and more of them then.
const (
	fewRows  = 128
	manyRows = 4096
)

// EachWithWords hands rows of an account that have all of some words, and come after
// another one, to a function until that has enough: a run at a time, in order. There may be
// some that have not.
func (t *Tx) EachWithWords(ctx context.Context, ix WordIndex, acc int64, words []int64, after int64, fn func(ids []int64) (enough bool, err error)) error {
	if t.d.engine == PostgreSQL {
		return t.eachInLists(ctx, ix, acc, words, after, fn)
	}
	next := `SELECT rowid FROM ` + string(ix) + ` WHERE ` + string(ix) + ` MATCH $1 AND rowid > $2 ORDER BY rowid LIMIT $3`
	text := textOf(acc, words)
	for rows := fewRows; ; rows = min(4*rows, manyRows) {
		ids, err := Collect(ctx, t, scanNumber, next, text, after, rows)
		if err != nil {
			return err
		}
		if enough, err := fn(ids); err != nil || enough || len(ids) < rows {
			return err
		}
		after = ids[len(ids)-1]
	}
}

// eachInLists looks through the next rows first: of what is common they have enough. A GIN
// index knows no order, so what is not is had from it all at once; what is common, and
// only further behind, by looking on.
func (t *Tx) eachInLists(ctx context.Context, ix WordIndex, acc int64, words []int64, after int64, fn func(ids []int64) (enough bool, err error)) error {
	array, asked := arrayOf(acc, words), false
	for rows := fewRows; ; rows = min(4*rows, manyRows) {
		ids, err := Collect(ctx, t, scanNumber, nextLists(ix), acc, after, array, 8*rows, rows)
		if err != nil || len(ids) == 0 {
			return err
		}
		if enough, err := fn(ids); err != nil || enough {
			return err
		}
		after = ids[len(ids)-1]
		if asked || len(ids) == rows {
			continue
		}
		all, err := Collect(ctx, t, scanNumber, rareLists(ix), acc, after, array, manyRows)
		if err != nil {
			return err
		}
		if asked = true; len(all) < manyRows {
			slices.Sort(all)
			_, err := fn(all)
			return err
		}
	}
}

// nextLists looks through the next rows, and answers the last of them in any case.
func nextLists(ix WordIndex) string {
	return `
		WITH v AS MATERIALIZED (SELECT id, words FROM ` + string(ix) + ` WHERE account_id = $1 AND id > $2 ORDER BY id LIMIT $4)
		SELECT id FROM v WHERE words @> CAST(CAST($3 AS TEXT) AS BIGINT[]) OR id = (SELECT max(id) FROM v) ORDER BY id LIMIT $5`
}

// rareLists is found by the words alone: +0 is what no other index knows.
func rareLists(ix WordIndex) string {
	return `SELECT id FROM ` + string(ix) + ` WHERE account_id + 0 = $1 AND id + 0 > $2 AND words @> CAST(CAST($3 AS TEXT) AS BIGINT[]) LIMIT $4`
}

func scanNumber(row Row) (n int64, err error) { return n, row.Scan(&n) }
