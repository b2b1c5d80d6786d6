package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"
)

// floor does what a copy task must do at least: its bare statements in one
// transaction, on a database opened as the server opens its own.
type floor struct {
	db       *sql.DB
	c        *sql.Conn
	w        *world
	root     string
	prepared map[string]*sql.Stmt
	pictures []source
	seq      int // of the last task
	images   int // made so far
}

type source struct {
	id, blob, size, parent int64
	name, etag             string
}

func openFloor(ctx context.Context, dir string) (f *floor, err error) {
	f = &floor{seq: 1, prepared: make(map[string]*sql.Stmt)}
	if f.w, err = fill(ctx, dir, 0); err != nil {
		return nil, err
	}
	f.db, err = sql.Open("sqlite", "file:"+filepath.Join(dir, "tuchuang.db")+
		"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)"+
		"&_pragma=cache_size(-24576)&_pragma=wal_autocheckpoint(0)")
	if err != nil {
		return nil, err
	}
	if f.c, err = f.db.Conn(ctx); err != nil {
		return nil, err
	}
	err = f.c.QueryRowContext(ctx, `SELECT id FROM bed_folder WHERE account_id = ?`, f.w.Writer.UID).Scan(&f.root)
	if err != nil {
		return nil, err
	}
	return f, f.readPictures(ctx)
}

func (f *floor) readPictures(ctx context.Context) (err error) {
	rows, err := f.c.QueryContext(ctx, `
		SELECT id, blob_id, size, parent_id, name, etag FROM drive_entry WHERE account_id = ? AND class = 1 ORDER BY id`, f.w.Writer.UID)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var s source
		if err := rows.Scan(&s.id, &s.blob, &s.size, &s.parent, &s.name, &s.etag); err != nil {
			return err
		}
		f.pictures = append(f.pictures, s)
	}
	return rows.Err()
}

func (f *floor) close() error {
	var errs []error
	for _, st := range f.prepared {
		errs = append(errs, st.Close())
	}
	return errors.Join(append(errs, f.c.Close(), f.db.Close())...)
}

// task runs the statements of one task, and copies the log back outside of the
// time that it answers.
func (f *floor) task(ctx context.Context) (time.Duration, error) {
	f.seq++
	began := time.Now()
	err := f.transaction(ctx)
	took := time.Since(began)
	if err != nil {
		return 0, err
	}
	_, err = f.c.ExecContext(ctx, `PRAGMA wal_checkpoint(TRUNCATE)`)
	return took, err
}

func (f *floor) transaction(ctx context.Context) error {
	acc, now := f.w.Writer.UID, time.Now().UnixMicro()
	if err := f.exec(ctx, `BEGIN IMMEDIATE`); err != nil {
		return err
	}
	// The task and its ledger.
	for _, s := range []statement{
		{`INSERT INTO task VALUES (?, ?, printf('%032d', ?), 1, 1, 1, 1, 0, ?, ?, 0)`, []any{acc, f.seq, f.seq, now, now}},
		{`INSERT INTO copy_task VALUES (?, ?, 1, 1000, 0, 0, 0, 0, 0, '', '', '', 0)`, []any{acc, f.seq}},
		{`UPDATE task SET lease_until = ? WHERE account_id = ? AND seq = ? AND attempt = 1 AND state = 1`, []any{now, acc, f.seq}},
	} {
		if err := f.exec(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	parent := f.root
	folders := make([]string, albumLevels)
	for n := range folders {
		folders[n] = fmt.Sprintf("%sf%011x%016x", f.w.Head, f.seq*albumLevels+n, n)
		for _, s := range []statement{
			{`INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?)`, []any{acc, folders[n], parent, fmt.Sprintf("level %d %d", n, f.seq), now, now}},
			{`INSERT INTO copy_folder VALUES (?, ?, ?, ?, ?, ?, ?)`, []any{acc, f.seq, n, max(0, n-1), "level", folders[n], now}},
			{`INSERT INTO copy_dir VALUES (?, ?, ?, ?, ?, ?)`, []any{acc, f.seq, n, albumID + n, "/level/", n}},
		} {
			if err := f.exec(ctx, s.text, s.args...); err != nil {
				return err
			}
		}
		parent = folders[n]
	}
	images := make([]string, len(f.pictures))
	for n := range images {
		f.images++
		images[n] = fmt.Sprintf("%si%011x%016x", f.w.Head, f.images, n)
	}
	err := errors.Join(
		f.rows(ctx, `INSERT INTO copy_item VALUES `, 14, ``, func(n int, s source) []any {
			return []any{acc, f.seq, n + 1, s.parent - albumID, s.id, s.name, s.blob, s.etag, s.size, 0, "", "", 0, ""}
		}),
		f.rows(ctx, `INSERT INTO image VALUES `, 11, ``, func(n int, s source) []any {
			return []any{acc, images[n], folders[s.parent-albumID], s.name, "jpg", s.blob, s.size, s.etag, now, now, now}
		}),
		f.rows(ctx, `INSERT INTO publication (account_id, image_id, task_seq, item_seq, drive_id, parent_id, name, etag, published_at) VALUES `, 9, ``, func(n int, s source) []any {
			return []any{acc, images[n], f.seq, n + 1, s.id, s.parent, s.name, s.etag, now}
		}),
		f.rows(ctx, `WITH v (a, t, s, i) AS (VALUES `, 4, `) UPDATE copy_item SET outcome = 1, image_id = v.i FROM v
			WHERE account_id = v.a AND task_seq = v.t AND seq = v.s AND outcome = 0`, func(n int, _ source) []any {
			return []any{acc, f.seq, n + 1, images[n]}
		}),
	)
	if err != nil {
		return err
	}
	for _, s := range []statement{
		{`UPDATE copy_task SET copied = 1000, bytes = 1 WHERE account_id = ? AND task_seq = ?`, []any{acc, f.seq}},
		{`UPDATE account SET used = used + 1, next_task = ? WHERE id = ?`, []any{f.seq + 1, acc}},
		{`UPDATE task SET state = 2, finished_at = ? WHERE account_id = ? AND seq = ? AND attempt = 1 AND state = 1`, []any{now, acc, f.seq}},
		{`COMMIT`, nil},
	} {
		if err := f.exec(ctx, s.text, s.args...); err != nil {
			return err
		}
	}
	return nil
}

// floorRows is how many rows a statement takes: more is not quicker.
const floorRows = 100

// rows runs a statement over all pictures, many rows at a time.
func (f *floor) rows(ctx context.Context, before string, columns int, after string, row func(int, source) []any) error {
	group := "(?" + strings.Repeat(",?", columns-1) + ")"
	text := before + group + strings.Repeat(","+group, floorRows-1) + after
	args := make([]any, 0, floorRows*columns)
	for n, s := range f.pictures {
		args = append(args, row(n, s)...)
		if len(args) < floorRows*columns {
			continue
		}
		if err := f.exec(ctx, text, args...); err != nil {
			return err
		}
		args = args[:0]
	}
	return nil
}

func (f *floor) exec(ctx context.Context, text string, args ...any) error {
	st := f.prepared[text]
	if st == nil {
		var err error
		if st, err = f.c.PrepareContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
		f.prepared[text] = st
	}
	_, err := st.ExecContext(ctx, args...)
	return err
}

// What a page of a list reads, and one row more to know whether more follow.
const (
	bareDriveList = `
		SELECT id, parent_id, name, class, coalesce(blob_id, 0), size, etag, trashed, children, created_at, updated_at
		FROM drive_entry WHERE account_id = ? AND parent_id = ? AND trashed < 2 ORDER BY id LIMIT 101`
	bareBedList = `
		SELECT id, folder_id, name, ext, blob_id, size, etag, created_at, updated_at
		FROM image WHERE account_id = ? AND folder_id = ? ORDER BY id DESC LIMIT 101`
)

// readAtOnce has as many as there are clients read pages by a bare statement, from the
// server's own file, through database/sql and as many connections as the server reads by.
func (b *bench) readAtOnce(ctx context.Context, w *world, each int, query string, of func() any) (samples []time.Duration, err error) {
	d, err := sql.Open("sqlite", "file:"+b.path(filepath.Join("large", "tuchuang.db"))+"?_pragma=query_only(1)&_pragma=cache_size(-4096)")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	d.SetMaxOpenConns(4)
	d.SetMaxIdleConns(4)
	st, err := d.PrepareContext(ctx, query)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, st.Close()) }()
	return together(clients, func(int) (samples []time.Duration, err error) {
		for n := range each + each/10 {
			began := time.Now()
			rows, err := readAll(context.WithoutCancel(ctx), st, w.Writer.UID, of()) // the driver watches a context that can end
			if err == nil && rows <= 100 {
				err = fmt.Errorf("%d rows where there are more than a page", rows)
			}
			if err != nil {
				return nil, err
			}
			if n >= each/10 {
				samples = append(samples, time.Since(began))
			}
		}
		return samples, nil
	})
}

// readAll scans all rows of an answer and says how many there are.
func readAll(ctx context.Context, st *sql.Stmt, args ...any) (n int, err error) {
	rows, err := st.QueryContext(ctx, args...)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	columns, err := rows.Columns()
	if err != nil {
		return 0, err
	}
	places := make([]any, len(columns))
	for i := range places {
		places[i] = new(any)
	}
	for ; rows.Next(); n++ {
		if err := rows.Scan(places...); err != nil {
			return 0, err
		}
	}
	return n, rows.Err()
}
