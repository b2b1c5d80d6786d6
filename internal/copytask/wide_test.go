package copytask

import (
	"maps"
	"slices"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/drive"
	"tuchuang/internal/imagebed"
)

// chains makes chains of folders with a picture at the end of each, without the
// rooms.
func (r *rooms) chains(top drive.ID, n, depth int) {
	r.Helper()
	var blobID int64
	r.write(func(tx *db.Tx) (err error) {
		blobID, err = r.store(tx, 1)
		return err
	})
	const insert = `
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $3)
		INSERT INTO drive_entry (account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, created_at, updated_at)
		SELECT $1, 1000000 * CAST($2 AS BIGINT) + i, CASE WHEN $2 = 1 THEN CAST($4 AS BIGINT) ELSE 1000000 * ($2 - 1) + i END,
			CASE WHEN $2 = 1 THEN '' || i ELSE $5 END, $6, $7, $8, $9, 0, 0, 0, 0 FROM n`
	for level := 1; level <= depth; level++ {
		r.exec(insert, r.acc, level, n, top, "folder", 0, nil, 0, "")
	}
	r.exec(insert, r.acc, depth+1, n, 0, "a.png", 1, blobID, size(1), etag(1))
}

// A task of narrow, deep folders: a batch makes no more folders than it may, and
// each folder is looked for, made and written down once.
func TestBatchesOfDeepChains(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		const chains, depth, most = 40, 14, 200
		r.tasks.batch.folders = most
		top := r.mkdir(drive.Root, "top")
		r.chains(top, chains, depth)
		task := r.create("", top)
		w := r.planned()
		folders := func() (n int) {
			r.read(func(tx *db.Tx) error {
				_, err := tx.Get(r.ctx, `SELECT count(*) FROM bed_folder WHERE account_id = $1`, []any{r.acc}, &n)
				return err
			})
			return n - 1 // without the root
		}
		batches := cut(w, r.tasks.batch)
		if want := chains * depth / most; len(batches) < want || len(batches) > want+2 {
			t.Errorf("%d batches", len(batches))
		}
		for n := range batches {
			before := folders()
			r.batch(w, n)
			if made := folders() - before; made >= most+MaxLevels {
				t.Errorf("batch %d made %d folders", n, made)
			}
		}
		if n := folders(); n != 1+chains*depth {
			t.Errorf("%d folders", n)
		}
		counted(t, r.status(task), Counts{Total: chains, Copied: chains})
		r.read(func(tx *db.Tx) error {
			open, err := db.Collect(r.ctx, tx, func(row db.Row) (n int, err error) { return n, row.Scan(&n) },
				`SELECT no FROM copy_folder WHERE account_id = $1 AND folder_id = ''`, r.acc)
			if len(open) > 0 {
				t.Errorf("folders without an id: %v", open)
			}
			return err
		})
		before := r.tree()
		counted(t, r.copy("", top), Counts{Total: chains, Replaced: chains})
		if !maps.EqualFunc(before, r.tree(), func(a, b imagebed.Image) bool { return a.ID == b.ID }) {
			t.Error("run again, the bed is another")
		}
	})
}

// Where batches end depends on what is open alone: an attempt that begins anew ends
// them at the same places.
func TestBatchesEndWhereTheyDid(t *testing.T) {
	each(t, func(t *testing.T, r *rooms) {
		r.tasks.batch = bound{items: 5, folders: 7}
		top := r.mkdir(drive.Root, "top")
		r.chains(top, 9, 3)
		r.create("", top)
		w := r.planned()
		for want := cut(w, r.tasks.batch); len(want) > 1; want = want[1:] {
			r.batch(w, 0)
			r.must(r.workers.ReclaimAll(r.ctx))
			w = r.claim()
			same := slices.EqualFunc(cut(w, r.tasks.batch), want[1:], func(a, b []item) bool {
				return slices.EqualFunc(a, b, func(x, y item) bool { return x.seq == y.seq })
			})
			if !same {
				t.Fatal("the batches are others")
			}
		}
	})
}
