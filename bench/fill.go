package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/ops"
)

// world says what a filled data folder holds.
type world struct {
	Writer access   // has the pictures, and all that is large
	Others []access // have one picture each
	Album  int64    // drive folder with albumPictures pictures in albumLevels levels
	Failed string   // a finished task of Writer with failedItems failures

	Folders int    // of folderSize drive files and images each; their ids by driveFolder and bedFolder
	Head    string // of ids of the bed
}

// access is an account and a client of it.
type access struct {
	UID                    int64
	ClientID, ClientSecret string
	Picture                int64 // a drive file
}

const (
	albumPictures = 1000
	albumLevels   = 15
	failedItems   = 1000
	folderSize    = 1000
	otherAccounts = 16

	albumID   = 200_000   // and the folders below it
	pictureID = 300_000   // the pictures of the album, then one of each other account
	filesID   = 1_000_000 // of the large account; the folders are taken from the top
	nextID    = 100_000_000
)

func driveFolder(n int) int64 { return nextID - 1_000_000 + int64(n) }

func driveFile(n int) int64             { return filesID + int64(n) }
func (w *world) bedFolder(n int) string { return fmt.Sprintf("%sf%011x%016x", w.Head, n, n) }
func (w *world) bedImage(n int) string  { return fmt.Sprintf("%si%011x%016x", w.Head, n, n) }

//go:embed fill.go
var thisFile []byte

// fill makes a data folder with so many drive files and images in one account. A
// filled database is kept in the user's cache folder for the next run.
func fill(ctx context.Context, data string, rows int) (*world, error) {
	if err := os.Mkdir(data, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(data, "tuchuang.db")
	d, err := db.Open(ctx, db.Options{Path: path})
	if err != nil {
		return nil, err
	}
	w, err := accounts(ctx, d)
	if err := errors.Join(err, d.Close()); err != nil {
		return nil, err
	}
	schema, err := schemaOf(ctx, path)
	if err != nil {
		return nil, err
	}
	kept := filepath.Join(keptFor(schema+string(thisFile)), strconv.Itoa(rows))
	if err := takeKept(kept, path, w); err == nil {
		return w, nil
	} else if !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	began := time.Now()
	if err := w.insert(ctx, path, rows); err != nil {
		return nil, err
	}
	d, err = db.Open(ctx, db.Options{Path: path})
	if err != nil {
		return nil, err
	}
	// What the server would do beside what is measured.
	if err := errors.Join(drive.New(d).IndexNames(ctx), d.Close()); err != nil {
		return nil, err
	}
	if rows < folderSize {
		return w, nil
	}
	progress("filled in %.0f s, kept in %s", time.Since(began).Seconds(), kept)
	return w, keep(kept, path, w)
}

// notSearched has a server leave names alone that nobody searches for: so many would take it
// longer than all that is measured.
const notSearched = `DELETE FROM drive_unindexed`

// keptFor is the folder of the user's cache for what is made of a text.
func keptFor(text string) string {
	sum := sha256.Sum256([]byte(text))
	kept, err := os.UserCacheDir()
	if err != nil {
		kept = os.TempDir()
	}
	return filepath.Join(kept, "tuchuang-bench", hex.EncodeToString(sum[:8]))
}

// accounts makes them as an operator would.
func accounts(ctx context.Context, d *db.DB) (*world, error) {
	w := &world{}
	for n := range otherAccounts + 1 {
		s, err := ops.AddUser(ctx, d, fmt.Sprintf("bench%02d", n), account.NoQuota, n == 0)
		if err != nil {
			return nil, err
		}
		a := access{UID: int64(s.ID), ClientID: s.ClientID, ClientSecret: s.ClientSecret}
		if n == 0 {
			w.Writer = a
		} else {
			a.Picture = pictureID + albumPictures + int64(n)
			w.Others = append(w.Others, a)
		}
	}
	return w, nil
}

func schemaOf(ctx context.Context, path string) (schema string, err error) {
	c, err := sql.Open("sqlite", path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	err = c.QueryRowContext(ctx, `
		SELECT group_concat(text, ';') FROM (
			SELECT sql AS text FROM sqlite_schema UNION ALL SELECT idx || stat FROM sqlite_stat1 ORDER BY text)`).Scan(&schema)
	return schema, err
}

func takeKept(kept, path string, w *world) error {
	text, err := os.ReadFile(filepath.Join(kept, "world.json"))
	if err != nil {
		return err
	}
	*w = world{}
	return errors.Join(json.Unmarshal(text, w), copyFile(filepath.Join(kept, "tuchuang.db"), path))
}

// keep writes the database first, so that what is found later is whole, and
// removes what was kept for other schemas.
func keep(kept, path string, w *world) error {
	text, err := json.Marshal(w)
	if err != nil {
		return err
	}
	schema := filepath.Dir(kept)
	others, err := filepath.Glob(filepath.Join(filepath.Dir(schema), "*"))
	if err != nil {
		return err
	}
	for _, other := range others {
		if other == schema || filepath.Base(other) == keptPages {
			continue
		}
		if err := os.RemoveAll(other); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(kept, 0o700); err != nil {
		return err
	}
	if err := copyFile(path, filepath.Join(kept, "tuchuang.db")); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(kept, "world.json"), text, 0o600)
}

// copyFile copies and syncs, so that writing back does not fall into a measurement.
func copyFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	out, err := os.Create(to)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Sync(), out.Close())
}

// insert fills the tables by a few large statements: without foreign keys and with
// the indexes made afterwards, both checked at the end; more follow.
func (w *world) insert(ctx context.Context, path string, rows int, more ...statement) (err error) {
	pool, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	c, err := pool.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	var root string
	if err := c.QueryRowContext(ctx, `SELECT id FROM bed_folder WHERE account_id = ?`, w.Writer.UID).Scan(&root); err != nil {
		return err
	}
	// The first digit tells how many of the account follow, see imagebed.ID.
	w.Head = root[:1+strings.IndexByte("0123456789abcdefghijklmnopqrstuv", root[0])]
	w.Album, w.Folders, w.Failed = albumID, rows/folderSize, strings.Repeat("f", 32)

	// What the planner is told of an index goes with it.
	if _, err := c.ExecContext(ctx, `CREATE TEMP TABLE told AS SELECT * FROM sqlite_stat1`); err != nil {
		return err
	}
	indexes, err := dropIndexes(ctx, c)
	if err != nil {
		return err
	}
	for _, s := range append(w.statements(root, rows), more...) {
		if _, err := c.ExecContext(ctx, s.text, s.args...); err != nil {
			return fmt.Errorf("%s: %w", s.text, err)
		}
	}
	for _, text := range append(indexes, `DELETE FROM sqlite_stat1`, `INSERT INTO sqlite_stat1 SELECT * FROM told`, `PRAGMA journal_mode = WAL`) {
		if _, err := c.ExecContext(ctx, text); err != nil {
			return fmt.Errorf("%s: %w", text, err)
		}
	}
	var table string
	err = c.QueryRowContext(ctx, `SELECT "table" FROM pragma_foreign_key_check LIMIT 1`).Scan(&table)
	if !errors.Is(err, sql.ErrNoRows) {
		return errors.Join(err, fmt.Errorf("a row of %s refers to nothing", table))
	}
	return nil
}

// dropIndexes answers what makes them again. The one that finds a folder by its id
// stays: its children are counted.
func dropIndexes(ctx context.Context, c *sql.Conn) (texts []string, err error) {
	rows, err := c.QueryContext(ctx, `SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL AND name <> 'drive_id'`)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var names []string
	for rows.Next() {
		var name, text string
		if err := rows.Scan(&name, &text); err != nil {
			return nil, err
		}
		names, texts = append(names, name), append(texts, text)
	}
	if err := rows.Err(); err != nil {
		return nil, err
	}
	for _, name := range names {
		if _, err := c.ExecContext(ctx, `DROP INDEX `+name); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// driveTotals has the folders sum what is below them.
const driveTotals = `
	WITH RECURSIVE up (account_id, id, bytes) AS (
		SELECT account_id, parent_id, CAST(sum(size) AS BIGINT) FROM drive_entry WHERE class > 0 GROUP BY account_id, parent_id
		UNION ALL
		SELECT e.account_id, e.parent_id, up.bytes FROM up JOIN drive_entry e ON e.account_id = up.account_id AND e.id = up.id WHERE e.id <> 0
	)
	UPDATE drive_entry SET total = s.bytes
	FROM (SELECT account_id, id, CAST(sum(bytes) AS BIGINT) AS bytes FROM up GROUP BY account_id, id) s
	WHERE drive_entry.account_id = s.account_id AND drive_entry.id = s.id`

type statement struct {
	text string
	args []any
}

// statements make the rows. Content is numbered: first the album, then the others'
// picture in each account of theirs, then the large part.
func (w *world) statements(root string, rows int) []statement {
	acc, now := w.Writer.UID, time.Now().UnixMicro()
	const (
		numbers = `WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?) `
		blobs   = numbers + `
			INSERT INTO blob SELECT ?, ? + i, 1, lower(hex(randomblob(32))), lower(hex(randomblob(20))), lower(hex(randomblob(16))),
				200000 + i % 1000, 'image/jpeg', 1600, 1200, ? FROM n`
		file = `
			INSERT INTO drive_entry SELECT b.account_id, ? + b.id, %s, printf('picture %%07d.jpg', b.id), 1, b.id, b.size, b.md5, 0, 0, ?, ?, 0
			FROM blob b WHERE b.account_id = ? AND b.id >= ? AND b.id < ?`
	)
	all := []statement{
		{`PRAGMA journal_mode = DELETE`, nil}, {`PRAGMA journal_mode = OFF`, nil}, {`PRAGMA synchronous = OFF`, nil},
		{`PRAGMA cache_size = -400000`, nil},
		{`INSERT INTO id_block VALUES ('drive', ?)`, []any{nextID}},
		{`UPDATE account SET next_blob = ?, next_task = 2 WHERE id = ?`, []any{albumPictures + rows + 1, acc}},
		// The album.
		{numbers + `INSERT INTO drive_entry SELECT ?, ? + i, CASE i WHEN 0 THEN 0 ELSE ? + i - 1 END, printf('level %02d', i + 1),
			0, NULL, 0, '', 0, 0, ?, ?, 0 FROM n`, []any{albumLevels, acc, albumID, albumID, now, now}},
		{blobs, []any{albumPictures, acc, 1, now}},
		{
			fmt.Sprintf(file, fmt.Sprintf(`%d + (b.id - 1) * %d / %d`, albumID, albumLevels, albumPictures)),
			[]any{pictureID, now, now, acc, 1, 1 + albumPictures},
		},
		// A finished task, all of it failed.
		{`INSERT INTO task VALUES (?, 1, ?, 1, 3, 1, 0, 0, ?, ?, ?)`, []any{acc, w.Failed, now, now, now}},
		{`INSERT INTO copy_task VALUES (?, 1, 1, ?, 0, 0, 0, ?, 0, 'all_failed', '', '', 0)`, []any{acc, failedItems, failedItems}},
		{
			numbers + `INSERT INTO copy_item SELECT ?, 1, i + 1, 0, 1, printf('lost %d.jpg', i), 1, '', 0, 4, 'source_deleted', '', i + 1, '' FROM n`,
			[]any{failedItems, acc},
		},
	}
	for _, o := range w.Others {
		all = append(all,
			statement{blobs, []any{1, o.UID, 1, now}},
			statement{fmt.Sprintf(file, "0"), []any{o.Picture - 1, now, now, o.UID, 1, 2}},
			statement{`UPDATE account SET next_blob = 2 WHERE id = ?`, []any{o.UID}})
	}
	if rows >= folderSize {
		first := albumPictures + 1
		all = append(all,
			statement{blobs, []any{rows, acc, first, now}},
			statement{
				fmt.Sprintf(file, fmt.Sprintf(`%d + (b.id - %d) / %d`, driveFolder(0), first, folderSize)),
				[]any{filesID - first, now, now, acc, first, first + rows},
			},
			// One in a thousand is called otherwise.
			statement{`UPDATE drive_entry SET name = printf('旅行 %07d.jpg', blob_id) WHERE account_id = ? AND id >= ? AND id % 1000 = 0 AND class = 1`, []any{acc, filesID}},
			statement{numbers + `INSERT INTO drive_entry SELECT ?, ? + i, 0, printf('folder %05d', i), 0, NULL, 0, '', 0, 0, ?, ?, 0 FROM n`,
				[]any{w.Folders, acc, driveFolder(0), now, now}},
			statement{numbers + `INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at) SELECT ?, printf('%sf%011x%016x', ?, i, i), ?, printf('folder %05d', i), ?, ? FROM n`,
				[]any{w.Folders, acc, w.Head, root, now, now}},
			statement{`
				INSERT INTO image SELECT b.account_id, printf('%si%011x%016x', ?1, b.id - ?2, b.id - ?2),
					printf('%sf%011x%016x', ?1, (b.id - ?2) / ?3, (b.id - ?2) / ?3), printf('picture %07d.jpg', b.id), 'jpg',
					b.id, b.size, b.md5, ?4, ?4, ?4
				FROM blob b WHERE b.account_id = ?5 AND b.id >= ?2`, []any{w.Head, first, folderSize, now, acc}},
			// Each folder was published by a task of its own.
			statement{numbers + `INSERT INTO task SELECT ?, i + 2, printf('%032x', i), 1, 2, 1, 0, 0, ?, ?, ? FROM n`, []any{w.Folders, acc, now, now, now}},
			statement{numbers + `INSERT INTO copy_task SELECT ?, i + 2, 1, ?, ?, 0, 0, 0, 1, '', '', '', 0 FROM n`, []any{w.Folders, acc, folderSize, folderSize}},
			statement{numbers + `INSERT INTO copy_folder SELECT ?, i + 2, 0, 0, '', printf('%sf%011x%016x', ?, i, i), 0 FROM n`, []any{w.Folders, acc, w.Head}},
			statement{numbers + `INSERT INTO copy_dir SELECT ?, i + 2, 0, ? + i, printf('/folder %05d/', i), 0 FROM n`, []any{w.Folders, acc, driveFolder(0)}},
			statement{`
				INSERT INTO copy_item SELECT b.account_id, 2 + (b.id - ?2) / ?3, 1 + (b.id - ?2) % ?3, 0, ?4 + b.id - ?2, printf('picture %07d.jpg', b.id),
					b.id, b.md5, b.size, 1, '', printf('%si%011x%016x', ?1, b.id - ?2, b.id - ?2), 0, ''
				FROM blob b WHERE b.account_id = ?5 AND b.id >= ?2`, []any{w.Head, first, folderSize, filesID, acc}},
			statement{`UPDATE account SET next_task = ? + 2 WHERE id = ?`, []any{w.Folders, acc}})
	}
	return append(all,
		statement{`
			CREATE TEMP TABLE c AS SELECT account_id AS a, parent_id AS p, count(*) AS n FROM drive_entry WHERE id <> 0 GROUP BY 1, 2`, nil},
		statement{`UPDATE drive_entry SET children = c.n FROM c WHERE account_id = c.a AND id = c.p`, nil},
		statement{driveTotals, nil},
		statement{`UPDATE account SET used = (SELECT coalesce(sum(size), 0) FROM drive_entry d WHERE d.account_id = account.id)
			+ (SELECT coalesce(sum(size), 0) FROM image i WHERE i.account_id = account.id),
			entries = (SELECT count(*) FROM drive_entry d WHERE d.account_id = account.id AND d.id <> 0), max_entries = 0`, nil})
}
