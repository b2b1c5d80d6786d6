package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/jackc/pgx/v5"

	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// postgres starts, once a run, a PostgreSQL server of its own, as durable as one is
// that nobody has told otherwise.
func (b *bench) postgres() (*dbtest.Cluster, error) {
	if b.cluster != nil {
		return b.cluster, nil
	}
	dir, err := os.MkdirTemp("", "tuchuang-bench-pg-")
	if err != nil {
		return nil, err
	}
	b.cluster, err = dbtest.StartCluster(dir, "", "max_connections=300")
	return b.cluster, err
}

// newDatabase makes an empty database, or a copy of another one.
func newDatabase(ctx context.Context, c *dbtest.Cluster, name, from string) (url string, err error) {
	text := "CREATE DATABASE " + name
	if from != "" {
		text += " TEMPLATE " + from
	}
	return c.URL(name), onServer(ctx, c.URL("postgres"), "DROP DATABASE IF EXISTS "+name+" WITH (FORCE)", text)
}

// onServer runs statements, each for itself.
func onServer(ctx context.Context, url string, texts ...string) (err error) {
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	for _, text := range texts {
		if _, err := c.Exec(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	return nil
}

// pgFloor runs the bare statements of copy tasks over one connection, each task in one
// transaction.
type pgFloor struct {
	c     *pgx.Conn
	texts map[string]string
}

// pgTask is a task for pgFloor: pictures of one account, in a chain of folders.
type pgTask struct {
	account  int64
	seq      int
	created  bool // the task is there and waits; else it is made
	root     string
	digits   string // that ids of the bed begin with
	levels   int
	first    int64 // drive folder; the others have the numbers behind it
	pictures []source
}

func openPGFloor(ctx context.Context, url string) (*pgFloor, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, err
	}
	// As the server opens its own; without it the floor would be a high one, see there.
	config.RuntimeParams["enable_seqscan"], config.RuntimeParams["jit"] = "off", "off"
	c, err := pgx.ConnectConfig(ctx, config)
	return &pgFloor{c: c, texts: make(map[string]string)}, err
}

// readPictures are the pictures of a drive folder, or of all folders, of an account.
func (f *pgFloor) readPictures(ctx context.Context, account, folder int64) ([]source, error) {
	rows, err := f.c.Query(ctx, `
		SELECT id, blob_id, size, parent_id, name, etag FROM drive_entry
		WHERE account_id = $1 AND class = 1 AND ($2 = 0 OR parent_id = $2) ORDER BY id`, account, folder)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (s source, err error) {
		return s, row.Scan(&s.id, &s.blob, &s.size, &s.parent, &s.name, &s.etag)
	})
}

// run does a task.
func (f *pgFloor) run(ctx context.Context, t pgTask, now int64) (err error) {
	if _, err := f.c.Exec(ctx, "BEGIN"); err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_, e := f.c.Exec(ctx, "ROLLBACK")
			err = errors.Join(err, e)
		}
	}()
	acc, n := t.account, len(t.pictures)
	var begin []statement
	if !t.created {
		begin = []statement{
			{`INSERT INTO task VALUES ($1, $2, $3, 1, 4, 0, 0, 0, $4, $4, 0)`, []any{acc, t.seq, fmt.Sprintf("%032d", t.seq), now}},
			{`INSERT INTO copy_task VALUES ($1, $2, 1, 0, 0, 0, 0, 0, 0, '', '', '', 0)`, []any{acc, t.seq}},
		}
	}
	begin = append(begin,
		statement{`UPDATE task SET state = 1, attempt = 1, started_at = $3, lease_until = $3 WHERE account_id = $1 AND seq = $2 AND state = 4`, []any{acc, t.seq, now}},
		statement{`SELECT used FROM account WHERE id = $1 FOR NO KEY UPDATE`, []any{acc}})
	parent := t.root
	folders := make([]string, t.levels)
	for l := range folders {
		folders[l] = fmt.Sprintf("%sf%011x%016x", t.digits, t.seq, l)
		begin = append(begin,
			statement{`INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $5, $5)`, []any{acc, folders[l], parent, fmt.Sprintf("level %d %d", l, t.seq), now}},
			statement{`INSERT INTO copy_folder VALUES ($1, $2, $3, $4, $5, $6)`, []any{acc, t.seq, l + 1, l, "level", folders[l]}},
			statement{`INSERT INTO copy_dir VALUES ($1, $2, $3, $4, $5, $6)`, []any{acc, t.seq, l, t.first + int64(l), "/level/", l + 1}})
		parent = folders[l]
	}
	images := make([]string, n)
	for i := range images {
		images[i] = fmt.Sprintf("%si%011x%016x", t.digits, t.seq, i)
	}
	for _, s := range begin {
		if _, err := f.c.Exec(ctx, s.text, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.text, err)
		}
	}
	for _, r := range []struct {
		before string
		args   []any // before those of the rows
		types  string
		after  string
		row    func(i int, s source) []any
	}{
		{`INSERT INTO copy_item VALUES `, nil, ",,,,,,,,,,,,", ``, func(i int, s source) []any {
			return []any{acc, t.seq, i + 1, s.parent - t.first, s.id, s.name, s.blob, s.etag, s.size, 0, "", "", 0}
		}},
		{`INSERT INTO image VALUES `, nil, ",,,,,,,,,,", ``, func(i int, s source) []any {
			return []any{acc, images[i], folders[s.parent-t.first], s.name, "jpg", s.blob, s.size, s.etag, now, now, now}
		}},
		{`INSERT INTO publication VALUES `, nil, ",,,,,,,,", ``, func(i int, s source) []any {
			return []any{acc, images[i], t.seq, i + 1, s.id, s.parent, s.name, s.etag, now}
		}},
		{`WITH v (s, i) AS (VALUES `, []any{acc, t.seq}, "BIGINT,TEXT", `) UPDATE copy_item SET outcome = 1, image_id = v.i FROM v
			WHERE account_id = $1 AND task_seq = $2 AND seq = v.s AND outcome = 0`, func(i int, _ source) []any {
			return []any{i + 1, images[i]}
		}},
	} {
		if err := f.rows(ctx, r.before, r.args, strings.Split(r.types, ","), r.after, t.pictures, r.row); err != nil {
			return err
		}
	}
	for _, s := range []statement{
		{`UPDATE copy_task SET planned = 1, total = $3, copied = $3, bytes = 1 WHERE account_id = $1 AND task_seq = $2`, []any{acc, t.seq, n}},
		{`UPDATE account SET used = used + 1 WHERE id = $1`, []any{acc}},
		{`UPDATE task SET state = 2, finished_at = $3 WHERE account_id = $1 AND seq = $2 AND attempt = 1 AND state = 1`, []any{acc, t.seq, now}},
		{`COMMIT`, nil},
	} {
		if _, err := f.c.Exec(ctx, s.text, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.text, err)
		}
	}
	return nil
}

// rows runs a statement over pictures, many rows at a time.
func (f *pgFloor) rows(ctx context.Context, before string, first []any, types []string, after string, pictures []source, row func(int, source) []any) error {
	for from := 0; from < len(pictures); from += floorRows {
		to := min(from+floorRows, len(pictures))
		key := fmt.Sprint(to-from, before)
		if f.texts[key] == "" {
			f.texts[key] = before + db.Rows(len(first)+1, to-from, types...) + after
		}
		args := append(make([]any, 0, len(first)+(to-from)*len(types)), first...)
		for i := from; i < to; i++ {
			args = append(args, row(i, pictures[i])...)
		}
		if _, err := f.c.Exec(ctx, f.texts[key], args...); err != nil {
			return fmt.Errorf("%s: %w", before, err)
		}
	}
	return nil
}

func (f *pgFloor) close(ctx context.Context) error { return f.c.Close(ctx) }
