package audit

import (
	"context"
	"database/sql"
	"fmt"
	"sync"

	"tuchuang/internal/db"
)

// view is one snapshot of all tables.
type view struct {
	Subject

	accounts     []account
	blobs        []blob
	doomed       []key
	released     []key
	entries      []entry
	folders      []folder
	images       []image
	tasks        []task
	turns        []turn
	sources      []source
	items        []item
	targets      []target
	publications []publication
	uploads      []upload
	downloads    []download
	slices       []slice
	counters     []counter
	unsound      []string // what the engine itself has to say

	blobOf  map[key]*blob
	imageOf map[string]*image
	taskOf  map[key]*task

	mu       sync.Mutex
	check    string
	findings []Finding
}

// key is an account and a number in it.
type key struct{ acc, n int64 }

func (k key) String() string { return fmt.Sprintf("%d/%d", k.acc, k.n) }

type account struct {
	id, state, quota, used, reserved, nextBlob, nextTask int64
}

// The states of a blob.
const (
	pending = 0
	live    = 1
	blocked = 2
	missing = 3
	damaged = 4
)

type blob struct {
	key
	state                    int
	sha256, sha1, md5, sniff string
	size                     int64
	width, height            int
}

type entry struct {
	key
	parent   int64
	name     string
	class    int
	blob     int64 // 0 for none
	size     int64
	etag     string
	trashed  int
	children int64
	total    int64
}

type folder struct {
	acc              int64
	id, parent, name string
}

type image struct {
	acc                   int64
	id, folder, name, ext string
	blob, size            int64
	etag                  string
}

// The states of a task.
const (
	running   = 1
	done      = 2
	failed    = 3
	waiting   = 4
	cancelled = 5
)

type task struct {
	key
	id                                               string
	kind, state                                      int
	attempt, idle                                    int64
	created, started, finished                       int64
	planned                                          bool
	total, copied, replaced, skipped, failed, weight int64
	failCode, trace                                  string
	items                                            []*item
}

// turn is the queue's row of an account and kind.
type turn struct {
	key
	unfinished int
}

func (t *task) unfinished() bool { return t.state == running || t.state == waiting }

// The outcomes of an item.
const (
	itemOpen     = 0
	itemCopied   = 1
	itemReplaced = 2
	itemSkipped  = 3
	itemFailed   = 4
)

type source struct {
	acc, task, drive int64
}

type item struct {
	acc, task, seq int64
	drive          int64
	name           string
	blob           int64
	etag           string
	size           int64
	outcome        int
	reason         string
	image          string
	failNo         int64
	folderNo       int64 // of its target; -1 for none
}

func (i *item) published() bool { return i.outcome == itemCopied || i.outcome == itemReplaced }

type target struct {
	acc, task, no, parent int64
	name, id              string
}

type publication struct {
	acc        int64
	image      string
	task, item int64
	drive      int64
	name, etag string
	undone     int64
}

type upload struct {
	acc                               int64
	id                                string
	blob                              int64
	dest                              int
	size, reserved, sliceSize, hashed int64
	completed                         bool
	result                            string
}

// download is the row of a URL that is fetched.
type download struct {
	key
	dest                                  int
	blob, got, reserved, callback, slices int64
	failCode, result                      string
}

type slice struct {
	acc      int64
	upload   string
	no, size int64
	md5      string
}

type counter struct {
	name string
	next int64
}

// read scans every row of a query into a slice.
func read[T any](ctx context.Context, tx *db.Tx, to *[]T, query string, into func(*T) []any) error {
	var err error
	*to, err = db.Collect(ctx, tx, func(row db.Row) (v T, err error) { return v, row.Scan(into(&v)...) }, query)
	if err != nil {
		err = fmt.Errorf("audit: %s: %w", query, err)
	}
	return err
}

func (v *view) load(ctx context.Context) error {
	return v.DB.Read(ctx, "audit: load", func(tx *db.Tx) error {
		for _, table := range []func() error{
			func() error { return v.askEngine(ctx, tx) },
			func() error {
				return read(ctx, tx, &v.accounts, `SELECT id, state, quota, used, reserved, next_blob, next_task FROM account ORDER BY id`,
					func(a *account) []any {
						return []any{&a.id, &a.state, &a.quota, &a.used, &a.reserved, &a.nextBlob, &a.nextTask}
					})
			},
			func() error {
				return read(ctx, tx, &v.blobs, `SELECT account_id, id, state, sha256, sha1, md5, type, size, width, height FROM blob ORDER BY account_id, id`,
					func(b *blob) []any {
						return []any{&b.acc, &b.n, &b.state, &b.sha256, &b.sha1, &b.md5, &b.sniff, &b.size, &b.width, &b.height}
					})
			},
			func() error {
				return read(ctx, tx, &v.doomed, `SELECT account_id, blob_id FROM doomed`, func(k *key) []any { return []any{&k.acc, &k.n} })
			},
			func() error {
				return read(ctx, tx, &v.released, `SELECT account_id, blob_id FROM unreferenced`, func(k *key) []any { return []any{&k.acc, &k.n} })
			},
			func() error {
				return read(ctx, tx, &v.entries, `
					SELECT account_id, id, parent_id, name, class, coalesce(blob_id, 0), size, etag, trashed, children, total
					FROM drive_entry ORDER BY account_id, id`,
					func(e *entry) []any {
						return []any{&e.acc, &e.n, &e.parent, &e.name, &e.class, &e.blob, &e.size, &e.etag, &e.trashed, &e.children, &e.total}
					})
			},
			func() error {
				return read(ctx, tx, &v.folders, `SELECT account_id, id, parent_id, name FROM bed_folder ORDER BY account_id, id`,
					func(f *folder) []any { return []any{&f.acc, &f.id, &f.parent, &f.name} })
			},
			func() error {
				return read(ctx, tx, &v.images, `SELECT account_id, id, folder_id, name, ext, blob_id, size, etag FROM image ORDER BY account_id, id`,
					func(i *image) []any {
						return []any{&i.acc, &i.id, &i.folder, &i.name, &i.ext, &i.blob, &i.size, &i.etag}
					})
			},
			func() error { return v.loadTasks(ctx, tx) },
			func() error {
				return read(ctx, tx, &v.uploads, `
					SELECT account_id, id, blob_id, dest, size, reserved, slice_size, hashed, state = 2, result_id FROM upload ORDER BY account_id, id`,
					func(u *upload) []any {
						return []any{&u.acc, &u.id, &u.blob, &u.dest, &u.size, &u.reserved, &u.sliceSize, &u.hashed, &u.completed, &u.result}
					})
			},
			func() error {
				return read(ctx, tx, &v.downloads, `
					SELECT o.account_id, o.task_seq, o.dest, o.blob_id, o.got, o.reserved, o.fail_code, o.result_id, o.callback_seq, CAST((
						SELECT coalesce(sum(s.size), 0) FROM offline_slice s WHERE s.account_id = o.account_id AND s.task_seq = o.task_seq) AS BIGINT)
					FROM offline_task o ORDER BY o.account_id, o.task_seq`,
					func(d *download) []any {
						return []any{&d.acc, &d.n, &d.dest, &d.blob, &d.got, &d.reserved, &d.failCode, &d.result, &d.callback, &d.slices}
					})
			},
			func() error {
				return read(ctx, tx, &v.slices, `SELECT account_id, upload_id, no, size, md5 FROM upload_slice ORDER BY account_id, upload_id, no`,
					func(s *slice) []any { return []any{&s.acc, &s.upload, &s.no, &s.size, &s.md5} })
			},
			func() error {
				return read(ctx, tx, &v.counters, `SELECT name, next FROM id_block`, func(c *counter) []any { return []any{&c.name, &c.next} })
			},
		} {
			if err := table(); err != nil {
				return err
			}
		}
		v.index()
		return nil
	})
}

func (v *view) loadTasks(ctx context.Context, tx *db.Tx) error {
	err := read(ctx, tx, &v.tasks, `
		SELECT t.account_id, t.seq, t.id, t.kind, t.state, t.attempt, t.idle, t.created_at, t.started_at, t.finished_at,
			coalesce(c.planned, 0), coalesce(c.total, 0), coalesce(c.copied, 0), coalesce(c.replaced, 0), coalesce(c.skipped, 0), coalesce(c.failed, 0),
			coalesce(c.bytes, 0), coalesce(c.fail_code, ''), coalesce(c.trace_id, '')
		FROM task t LEFT JOIN copy_task c ON c.account_id = t.account_id AND c.task_seq = t.seq
		WHERE t.kind <> 1 OR c.task_seq IS NOT NULL
		ORDER BY t.account_id, t.seq`,
		func(t *task) []any {
			return []any{
				&t.acc, &t.n, &t.id, &t.kind, &t.state, &t.attempt, &t.idle, &t.created, &t.started, &t.finished,
				&t.planned, &t.total, &t.copied, &t.replaced, &t.skipped, &t.failed, &t.weight, &t.failCode, &t.trace,
			}
		})
	if err != nil {
		return err
	}
	err = read(ctx, tx, &v.turns, `SELECT account_id, kind, unfinished FROM queue_turn`,
		func(t *turn) []any { return []any{&t.acc, &t.n, &t.unfinished} })
	if err != nil {
		return err
	}
	err = read(ctx, tx, &v.sources, `SELECT account_id, task_seq, drive_id FROM copy_source ORDER BY account_id, task_seq, ord`,
		func(s *source) []any { return []any{&s.acc, &s.task, &s.drive} })
	if err != nil {
		return err
	}
	err = read(ctx, tx, &v.items, `
		SELECT i.account_id, i.task_seq, i.seq, i.drive_id, i.name, i.blob_id, i.etag, i.size, i.outcome, i.reason, i.image_id, i.fail_no,
			coalesce(d.folder_no, -1)
		FROM copy_item i LEFT JOIN copy_dir d ON d.account_id = i.account_id AND d.task_seq = i.task_seq AND d.no = i.dir_no
		ORDER BY i.account_id, i.task_seq, i.seq`,
		func(i *item) []any {
			return []any{
				&i.acc, &i.task, &i.seq, &i.drive, &i.name, &i.blob, &i.etag, &i.size, &i.outcome, &i.reason, &i.image, &i.failNo, &i.folderNo,
			}
		})
	if err != nil {
		return err
	}
	err = read(ctx, tx, &v.targets, `SELECT account_id, task_seq, no, parent_no, name, folder_id FROM copy_folder ORDER BY account_id, task_seq, no`,
		func(t *target) []any { return []any{&t.acc, &t.task, &t.no, &t.parent, &t.name, &t.id} })
	if err != nil {
		return err
	}
	return read(ctx, tx, &v.publications, `
		SELECT account_id, image_id, task_seq, item_seq, drive_id, name, etag, undone_at FROM publication
		ORDER BY account_id, image_id, task_seq, item_seq`,
		func(p *publication) []any {
			return []any{&p.acc, &p.image, &p.task, &p.item, &p.drive, &p.name, &p.etag, &p.undone}
		})
}

// askEngine has the engine check itself.
func (v *view) askEngine(ctx context.Context, tx *db.Tx) error {
	if v.DB.Engine() != db.SQLite {
		return nil
	}
	var err error
	if v.unsound, err = tx.CheckFile(ctx); err != nil {
		return err
	}
	type broken struct {
		table, parent string
		row, fk       sql.NullInt64
	}
	var keys []broken
	err = read(ctx, tx, &keys, `PRAGMA foreign_key_check`, func(b *broken) []any { return []any{&b.table, &b.row, &b.parent, &b.fk} })
	for _, b := range keys {
		v.unsound = append(v.unsound, fmt.Sprintf("a row of %s refers to one of %s that is not there", b.table, b.parent))
	}
	return err
}

func (v *view) index() {
	v.blobOf = make(map[key]*blob, len(v.blobs))
	for i := range v.blobs {
		v.blobOf[v.blobs[i].key] = &v.blobs[i]
	}
	v.imageOf = make(map[string]*image, len(v.images))
	for i := range v.images {
		v.imageOf[v.images[i].id] = &v.images[i]
	}
	v.taskOf = make(map[key]*task, len(v.tasks))
	for i := range v.tasks {
		v.taskOf[v.tasks[i].key] = &v.tasks[i]
	}
	for i := range v.items {
		if t := v.taskOf[key{v.items[i].acc, v.items[i].task}]; t != nil {
			t.items = append(t.items, &v.items[i])
		}
	}
}

func sound(_ context.Context, v *view) error {
	for _, words := range v.unsound {
		v.found("%s", words)
	}
	return nil
}
