package drive

import (
	"fmt"
	"testing"

	"tuchuang/internal/fault"
)

func TestTrash(t *testing.T) {
	each(t, func(r *room) {
		other := r.account("other", -1)
		theirs := other.put(Root, "t.png", 1)
		folder := r.mkdir(Root, "folder")
		inner := r.mkdir(folder, "inner")
		a, b := r.put(inner, "a.png", 1), r.put(Root, "b.png", 2)
		r.must(r.Trash(r.ctx, r.acc, []ID{inner, b, b, 1 << 40, theirs}))
		r.has(Root, "folder", "(b.png)")
		r.has(folder, "(inner)")
		other.has(Root, "t.png")
		if r.get(a).Trashed != InTrash || r.get(folder).Trashed != Live {
			t.Error("what is below follows, what is above does not")
		}
		if r.used() != size(1)+size(2) {
			t.Error("what is in the trash counts")
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{b, inner})) // again: nothing changes
		r.has(Root, "folder", "(b.png)")
		r.must(r.Trash(r.ctx, r.acc, []ID{a})) // by itself, below what is in the trash
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		r.has(Root, "(folder)", "(b.png)")
		for name, ids := range map[string][]ID{"nothing": nil, "missing": {1 << 40}, "another's": {theirs}, "the root": {Root}} {
			r.fails(r.Trash(r.ctx, r.acc, ids), fault.NotFound, name)
		}
	})
}

func TestDelete(t *testing.T) {
	each(t, func(r *room) {
		other := r.account("other", -1)
		theirs := other.put(Root, "t.png", 1)
		other.must(other.Trash(r.ctx, other.acc, []ID{theirs}))
		folder := r.mkdir(Root, "folder")
		inner := r.mkdir(folder, "inner")
		a, b := r.put(inner, "a.png", 1), r.put(folder, "b.png", 2)
		live, loose := r.put(Root, "live.png", 4), r.put(Root, "loose.png", 8)
		r.must(r.Trash(r.ctx, r.acc, []ID{folder, loose}))

		_, err := r.Delete(r.ctx, r.acc, []ID{loose, live})
		r.fails(err, fault.NotTrashed, "one is not in the trash")
		r.has(Root, "(folder)", "live.png", "(loose.png)")
		for name, ids := range map[string][]ID{"nothing": nil, "missing": {1 << 40}, "another's": {theirs}, "the root": {Root}} {
			_, err := r.Delete(r.ctx, r.acc, ids)
			r.fails(err, fault.NotFound, name)
		}

		detached, err := r.Delete(r.ctx, r.acc, []ID{b}) // below what is in the trash
		if err != nil || detached || r.used() != size(1)+size(4)+size(8) {
			t.Errorf("%v %v, %d bytes are used", detached, err, r.used())
		}
		if e := r.get(folder); e.Children != 1 || e.Size != size(1) {
			t.Errorf("%+v", e)
		}
		_, err = r.Delete(r.ctx, r.acc, []ID{a, inner, folder, folder, loose, 1 << 40, theirs})
		r.must(err)
		r.has(Root, "live.png")
		if r.used() != size(4) || r.rows() != 2 {
			t.Errorf("%d bytes are used, %d rows are there", r.used(), r.rows())
		}
		other.has(Root, "(t.png)")
	})
}

// A tree that is too large for a request vanishes at once, and is removed step by
// step.
func TestLargeTreesAreDetachedAndSwept(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir(Root, "top")
		at := top
		for n := range 4 {
			at = r.mkdir(at, fmt.Sprint(n))
			r.many(at, deleteAtOnce/4)
		}
		trashed := r.mkdir(top, "trashed by itself")
		r.put(trashed, "x.png", 3)
		r.must(r.Trash(r.ctx, r.acc, []ID{trashed, top}))
		small := r.mkdir(Root, "small")
		r.put(small, "small.png", 7)
		stays := r.put(Root, "stays.png", 5)
		r.must(r.Trash(r.ctx, r.acc, []ID{small}))

		detached, err := r.Delete(r.ctx, r.acc, []ID{top, small})
		if err != nil || !detached {
			t.Fatalf("%v %v", detached, err)
		}
		r.has(Root, "stays.png") // nobody sees the rest any more
		for _, id := range []ID{top, at, trashed} {
			_, _, err := r.Get(r.ctx, r.acc, id)
			r.fails(err, fault.NotFound, "a detached folder")
			_, err = r.List(r.ctx, r.acc, id, 0, 10)
			r.fails(err, fault.NotFound, "a detached folder")
			_, err = r.Mkdir(r.ctx, r.acc, id, "new")
			r.fails(err, fault.ParentNotFound, "a detached folder")
		}
		r.fails(r.Trash(r.ctx, r.acc, []ID{top}), fault.NotFound, "a detached folder")
		r.mkdir(Root, "top") // its name is free
		if used := r.used(); used != 10*deleteAtOnce+size(3)+size(5) {
			t.Errorf("%d bytes are used before the sweep", used)
		}
		const limit = 700
		for more, steps := true, 0; more; steps++ {
			rows, used := r.rows(), r.used()
			more, err = r.SweepDetached(r.ctx, limit)
			r.must(err)
			gone := rows - r.rows()
			if gone > limit || more && r.used() > used || steps > 100 {
				t.Fatalf("step %d removed %d rows, %d bytes are used", steps, gone, r.used())
			}
		}
		r.has(Root, "stays.png", "top")
		if r.used() != size(5) || r.rows() != 3 || r.get(stays).Size != size(5) {
			t.Errorf("%d bytes are used, %d rows are there", r.used(), r.rows())
		}
	})
}

// A step removes as many rows as it may, whatever shape the tree has.
func TestSweepOfEveryShape(t *testing.T) {
	const limit = 300
	for name, c := range map[string]struct {
		folders, files int    // below the top; so many files in each folder
		parent         string // of the ith folder, as SQL
	}{
		"one wide folder":    {1, 2000, `$2`},
		"a deep chain":       {100, 20, `CASE i WHEN 1 THEN $2 ELSE 1000000 + i - 1 END`},
		"many small folders": {1000, 2, `$2`},
		"many empty folders": {2000, 0, `$2`},
		"a tree":             {1000, 1, `CASE i WHEN 1 THEN $2 ELSE 1000000 + i / 4 + 1 END`},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(r *room) {
				top := r.mkdir(Root, "top")
				blobID := r.get(r.put(top, "a.png", 1)).BlobID
				const columns = `(account_id, id, parent_id, name, class, blob_id, size, etag, trashed, children, created_at, updated_at)`
				r.exec(`
					WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $3)
					INSERT INTO drive_entry `+columns+`
					SELECT $1, 1000000 + i, `+c.parent+`, 'f' || i, 0, NULL, 0, '', 0, 0, 0, 0 FROM n`, r.acc, top, c.folders)
				if c.files > 0 {
					r.exec(`
						WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < CAST($2 AS BIGINT) * CAST($3 AS BIGINT))
						INSERT INTO drive_entry `+columns+`
						SELECT $1, 2000000 + i, 1000001 + i % $2, i || '.png', 1, $4, 10, $5, 0, 0, 0, 0 FROM n`, r.acc, c.folders, c.files, blobID, etag(1))
					r.exec(`UPDATE account SET used = used + $2 WHERE id = $1`, r.acc, 10*c.folders*c.files)
				}
				r.exec(`UPDATE drive_entry SET trashed = 2 WHERE account_id = $1 AND id = $2`, r.acc, top)
				r.exec(`UPDATE drive_entry SET children = 0 WHERE account_id = $1 AND id = 0`, r.acc)
				for rows := r.rows(); rows > 1; rows -= limit {
					more, err := r.SweepDetached(r.ctx, limit)
					r.must(err)
					if left := r.rows(); !more || left != max(1, rows-limit) {
						t.Fatalf("%d of %d rows are left, more: %v", left, rows, more)
					}
				}
				if r.used() != 0 {
					t.Errorf("%d bytes are used", r.used())
				}
				r.has(Root)
			})
		})
	}
}

// A file that is deleted with a large tree may be left to the sweep too.
func TestFileDetachedBesideALargeTree(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir(Root, "top")
		r.many(top, deleteAtOnce-1)
		file := r.put(Root, "last.png", 9)
		r.must(r.Trash(r.ctx, r.acc, []ID{top, file}))
		detached, err := r.Delete(r.ctx, r.acc, []ID{top, file})
		if err != nil || !detached || r.rows() != 2 || r.used() != size(9) {
			t.Fatalf("%v %v, %d rows, %d bytes", detached, err, r.rows(), r.used())
		}
		for more := true; more; {
			more, err = r.SweepDetached(r.ctx, 2)
			r.must(err)
		}
		if r.rows() != 1 || r.used() != 0 {
			t.Errorf("%d rows, %d bytes", r.rows(), r.used())
		}
	})
}

// Up to the limit a tree is gone when the request is answered.
func TestTreesUpToTheLimitAreDeletedAtOnce(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir(Root, "top")
		r.many(top, deleteAtOnce-1)
		r.must(r.Trash(r.ctx, r.acc, []ID{top}))
		detached, err := r.Delete(r.ctx, r.acc, []ID{top})
		if err != nil || detached || r.rows() != 1 || r.used() != 0 {
			t.Errorf("%v %v, %d rows, %d bytes", detached, err, r.rows(), r.used())
		}
		if more, err := r.SweepDetached(r.ctx, 1); err != nil || more {
			t.Errorf("there is more to sweep: %v %v", more, err)
		}
	})
}
