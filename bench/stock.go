package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
)

// stock is what a PostgreSQL database is filled with: accounts that have the same each.
type stock struct {
	accounts int
	folders  int  // of the drive
	deep     bool // each in the one before; else side by side
	pictures int  // in all folders together
	contents int  // that these show
}

// The album of the copy that is timed, and what is drained by tasks of 100.
var albumStock = stock{accounts: 1, folders: albumLevels, deep: true, pictures: albumPictures, contents: albumPictures}

const (
	tasksEach    = 3
	taskPictures = 100
)

func drainStock(accounts int) stock {
	return stock{accounts: accounts, folders: tasksEach, pictures: tasksEach * taskPictures, contents: taskPictures}
}

// folderOf is the id of a folder of the account that was made as the nth.
func (s stock) folderOf(n, folder int) int64 { return albumID + int64(n*s.folders+folder) }

// fill makes the accounts, all of one password, and gives them what they have.
func (s stock) fill(ctx context.Context, url string) (all []account.Secrets, err error) {
	d, err := db.Open(ctx, db.Options{URL: url, Upgrade: true})
	if err != nil {
		return nil, err
	}
	password, err := account.NewPassword(ctx)
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	err = d.Write(ctx, "bench: accounts", func(tx *db.Tx) error {
		all = nil
		for n := range s.accounts {
			one, err := account.Add(ctx, tx, fmt.Sprintf("bench%05d", n), account.NoQuota, n == 0, password)
			if err == nil {
				err = drive.MakeRoot(ctx, tx, one.ID)
			}
			if err == nil {
				err = imagebed.MakeRoot(ctx, tx, one.ID)
			}
			if err != nil {
				return err
			}
			all = append(all, one)
		}
		return s.rows(ctx, tx)
	})
	if err == nil { // what a server would do beside what is measured
		err = drive.New(d).IndexNames(ctx)
	}
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	return all, onServer(ctx, url, "ANALYZE account, blob, drive_entry", "CHECKPOINT")
}

// rows gives each account its rows by a few large statements.
func (s stock) rows(ctx context.Context, tx *db.Tx) error {
	now := time.Now().UnixMicro()
	parent := "0"
	if s.deep {
		parent = "CASE i WHEN 0 THEN 0 ELSE $1 + n * $2 + i - 1 END"
	}
	const accounts = `(SELECT id AS account_id, row_number() OVER (ORDER BY id) - 1 AS n FROM account) a CROSS JOIN `
	for _, st := range []statement{
		{`INSERT INTO id_block VALUES ('drive', $1)`, []any{nextID}},
		{`INSERT INTO blob SELECT account_id, i, 1, md5('a' || n || '/' || i) || md5('b' || n || '/' || i), left(md5('c' || n || '/' || i) || md5('d' || i), 40),
			md5(n || '/' || i), 200000 + i % 1000, 'image/jpeg', 1600, 1200, $2 FROM ` + accounts + `generate_series(1, $1::bigint) i`, []any{s.contents, now}},
		{`INSERT INTO drive_entry SELECT account_id, $1 + n * $2 + i, ` + parent + `, 'level ' || lpad((i + 1)::text, 2, '0'), 0, NULL, 0, '', 0, 0, $3, $3, 0
			FROM ` + accounts + `generate_series(0, $2::bigint - 1) i`, []any{albumID, s.folders, now}},
		{`INSERT INTO drive_entry SELECT a.account_id, $1 + n * $2 + i, $3 + n * $4 + i * $4 / $2, 'picture ' || lpad(i::text, 7, '0') || '.jpg',
				1, b.id, b.size, b.md5, 0, 0, $6, $6, 0
			FROM ` + accounts + `generate_series(0, $2::bigint - 1) i JOIN blob b ON b.account_id = a.account_id AND b.id = 1 + i % $5`,
			[]any{filesID, s.pictures, albumID, s.folders, s.contents, now}},
		{`UPDATE drive_entry SET children = c.n FROM (SELECT account_id AS a, parent_id AS p, count(*) AS n FROM drive_entry WHERE id <> 0 GROUP BY 1, 2) c
			WHERE account_id = c.a AND id = c.p`, nil},
		{driveTotals, nil},
		{`UPDATE account SET used = (SELECT sum(size) FROM drive_entry d WHERE d.account_id = account.id), next_blob = $1,
			entries = (SELECT count(*) FROM drive_entry d WHERE d.account_id = account.id AND d.id <> 0), max_entries = 0`, []any{s.contents + 1}},
	} {
		if _, err := tx.Exec(ctx, st.text, st.args...); err != nil {
			return errors.Join(errors.New(st.text), err)
		}
	}
	return nil
}
