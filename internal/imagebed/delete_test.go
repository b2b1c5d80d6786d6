package imagebed

import (
	"context"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

// folders makes so many folders without the room: the ith below the one that a piece
// of SQL names.
func (r *room) folders(top ID, n int, parent string) {
	r.Helper()
	r.exec(`
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $3)
		INSERT INTO bed_folder (account_id, id, parent_id, name, created_at, updated_at)
		SELECT $1, CAST($2 AS TEXT) || '.' || i, `+parent+`, '' || i, 0, 0 FROM n`, r.acc, top, n)
}

// images puts so many images of 10 bytes into each of these folders, or into the top
// where there is none.
func (r *room) images(top ID, folders, each int) {
	r.Helper()
	blobID := r.incoming("", "a.png", 1).BlobID
	r.exec(`
		WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < CAST($3 AS BIGINT) * CAST($4 AS BIGINT))
		INSERT INTO image (account_id, id, folder_id, name, ext, blob_id, size, etag, created_at, updated_at, shown_at)
		SELECT $1, CAST($2 AS TEXT) || '/' || i, CAST($2 AS TEXT) || CASE CAST($5 AS BIGINT) WHEN 0 THEN '' ELSE '.' || (1 + i % CAST($3 AS BIGINT)) END, '' || i, 'png', $6, 10, $7, 0, 0, 0 FROM n`,
		r.acc, top, max(1, folders), each, folders, blobID, etag(1))
	r.exec(`UPDATE account SET used = used + $2 WHERE id = $1`, r.acc, 10*max(1, folders)*each)
}

// rows counts the account's folders, the root too, and images.
func (r *room) rows() (n int) {
	r.Helper()
	r.write(func(tx *db.Tx) error {
		_, err := tx.Get(r.ctx, `SELECT (SELECT count(*) FROM bed_folder WHERE account_id = $1) + (SELECT count(*) FROM image WHERE account_id = $1)`,
			[]any{r.acc}, &n)
		return err
	})
	return n
}

// A tree that is too large for a request vanishes at once, and is removed step by
// step.
func TestLargeTreesAreDetachedAndSwept(t *testing.T) {
	each(t, func(r *room) {
		c := NewCache(r.Bed, 1000, func(_ context.Context, f Facts) (string, error) { return f.Etag, nil })
		above := r.mkdir("", "above")
		top := r.mkdir(above, "top")
		inner := r.mkdir(top, "inner")
		deep := r.image(inner, "deep.png", 3)
		small := r.mkdir("", "small")
		r.image(small, "small.png", 4)
		stays := r.image("", "stays.png", 5)
		r.images(top, 0, deleteAtOnce)
		for _, id := range []ID{deep, stays} {
			_, err := c.Get(r.ctx, id)
			r.must(err)
		}

		detached, err := r.Delete(r.ctx, r.acc, []ID{top, small})
		if err != nil || !detached {
			t.Fatalf("%v %v", detached, err)
		}
		r.has("above/", "stays.png") // nobody sees the rest any more
		for _, id := range []ID{top, inner, deep} {
			if _, err := r.Get(r.ctx, r.acc, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("detail of %s: %v", id, err)
			}
			if err := r.Move(r.ctx, r.acc, []ID{id}, ""); !fault.Is(err, fault.NotFound) {
				t.Errorf("move of %s: %v", id, err)
			}
			if _, _, err := r.List(r.ctx, r.acc, Query{Folder: id, Limit: 1}); !fault.Is(err, fault.ParentNotFound) {
				t.Errorf("list of %s: %v", id, err)
			}
			if _, err := r.Mkdir(r.ctx, r.acc, id, []string{"x"}); !fault.Is(err, fault.ParentNotFound) {
				t.Errorf("a folder in %s: %v", id, err)
			}
			if err := r.Move(r.ctx, r.acc, []ID{stays}, id); !fault.Is(err, fault.ParentNotFound) {
				t.Errorf("into %s: %v", id, err)
			}
			if _, err := r.Facts(r.ctx, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("the link of %s: %v", id, err)
			}
			if _, err := c.Get(r.ctx, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("the link of %s was kept: %v", id, err)
			}
			r.delete([]ID{id}) // passed over
		}
		if _, err := c.Get(r.ctx, stays); err != nil {
			t.Error(err)
		}
		r.write(func(tx *db.Tx) error {
			there, err := Folders(r.ctx, tx, r.acc, []ID{above, top, inner})
			if len(there) != 1 || !there[above] {
				t.Errorf("there are %v", there)
			}
			return err
		})
		r.mkdir(above, "top") // its name is free
		r.delete([]ID{above}) // where it was may go
		if used := r.used(); used != 10*deleteAtOnce+size(3)+size(5) {
			t.Errorf("%d bytes are used before the sweep", used)
		}
		const limit = 700
		for rows := r.rows(); rows > 2; rows -= limit {
			more, err := r.SweepDetached(r.ctx, limit)
			r.must(err)
			if left := r.rows(); !more || left != max(2, rows-limit) {
				t.Fatalf("%d of %d rows are left, more: %v", left, rows, more)
			}
		}
		if more, err := r.SweepDetached(r.ctx, limit); more || err != nil {
			t.Errorf("there is more: %v %v", more, err)
		}
		r.has("stays.png")
		if r.used() != size(5) {
			t.Errorf("%d bytes are used", r.used())
		}
	})
}

func TestTreesUpToTheLimitAreDeletedAtOnce(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir("", "top")
		r.folders(top, 99, `$2`)
		r.images(top, 99, 100)
		r.delete([]ID{top}) // 9900 images and 100 folders
		if r.rows() != 1 || r.used() != 0 {
			t.Errorf("%d rows, %d bytes", r.rows(), r.used())
		}
		top = r.mkdir("", "top")
		r.folders(top, deleteAtOnce, `$2`)
		if detached, err := r.Delete(r.ctx, r.acc, []ID{top}); err != nil || !detached {
			t.Errorf("a folder too many: %v %v", detached, err)
		}
	})
}

func TestCountBelowIsBounded(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir("", "top")
		r.mkdir(top, "inner")
		r.image(top, "a.png", 1)
		for limit, want := range map[int]int{-3: 0, -1: 0, 0: 0, 1: 1, 2: 2, 3: 3, 4: 3} {
			r.write(func(tx *db.Tx) error {
				n, err := countBelow(r.ctx, tx, r.acc, top, limit)
				if n != want {
					t.Errorf("up to %d: %d, want %d", limit, n, want)
				}
				return err
			})
		}
	})
}

// The root of a large bed is emptied all the same, at once: another takes its place.
func TestTheRootOfALargeBedIsEmptied(t *testing.T) {
	each(t, func(r *room) {
		other := r.account("other", -1)
		theirs := other.image("", "t.png", 1)
		old := r.root()
		inner := r.mkdir("", "inner")
		r.image(inner, "deep.png", 2)
		r.images(old, 0, deleteAtOnce)
		detached, err := r.Delete(r.ctx, r.acc, []ID{old})
		if err != nil || !detached || r.root() == old {
			t.Fatalf("%v %v", detached, err)
		}
		r.has()
		r.mkdir("", "inner")
		r.image("", "new.png", 2)
		for more := true; more; {
			more, err = r.SweepDetached(r.ctx, 999)
			r.must(err)
		}
		r.has("inner/", "new.png")
		if r.rows() != 3 || r.used() != size(2) {
			t.Errorf("%d rows, %d bytes", r.rows(), r.used())
		}
		if other.get(theirs).Name != "t.png" {
			t.Error("another's image")
		}
	})
}

// A step removes as many rows as it may, whatever shape the tree has.
func TestSweepOfEveryShape(t *testing.T) {
	const limit = 300
	for name, c := range map[string]struct {
		folders, images int    // below the top; so many images in each folder
		parent          string // of the ith folder, as SQL
	}{
		"one wide folder":    {0, 2000, ``},
		"a deep chain":       {100, 20, `$2 || CASE i WHEN 1 THEN '' ELSE '.' || (i - 1) END`},
		"many small folders": {1000, 2, `$2`},
		"many empty folders": {2000, 0, `$2`},
		"a tree":             {1000, 1, `$2 || CASE i WHEN 1 THEN '' ELSE '.' || (i / 4 + 1) END`},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(r *room) {
				top := r.mkdir("", "top")
				if c.folders > 0 {
					r.folders(top, c.folders, c.parent)
				}
				if c.images > 0 {
					r.images(top, c.folders, c.images)
				}
				r.exec(`UPDATE bed_folder SET detached = 1 WHERE account_id = $1 AND id = $2`, r.acc, top)
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
			})
		})
	}
}

// What would go is counted once, however it is named, and as it is now; no more goes than
// was agreed to.
func TestLinksAndDeleteUpTo(t *testing.T) {
	each(t, func(r *room) {
		other := r.account("other", -1)
		theirs, theirFolder := other.image("", "t.png", 1), other.mkdir("", "f")
		other.image(theirFolder, "u.png", 2)
		top := r.mkdir("", "top")
		inner := r.mkdir(top, "inner")
		deep, right, loose := r.image(inner, "deep.png", 1), r.image(top, "right.png", 2), r.image("", "loose.png", 3)
		empty := r.mkdir("", "empty")
		r.mkdir(empty, "empty too")
		gone := r.mkdir("", "gone")
		r.image(gone, "a.png", 4)
		r.exec(`UPDATE bed_folder SET detached = 1 WHERE account_id = $1 AND id = $2`, r.acc, gone)
		all := []string{"empty/", "empty/empty too/", "loose.png", "top/", "top/inner/", "top/inner/deep.png", "top/right.png"}
		for name, c := range map[string]struct {
			ids  []ID
			want int
		}{
			"an image":                   {[]ID{loose}, 1},
			"twice":                      {[]ID{loose, loose}, 1},
			"a folder":                   {[]ID{inner}, 1},
			"with a folder below":        {[]ID{top}, 2},
			"and what is in it":          {[]ID{deep, top, inner, right, loose}, 3},
			"a folder without images":    {[]ID{empty}, 0},
			"the root":                   {[]ID{r.root()}, 3},
			"the root and what is there": {[]ID{r.root(), top, deep, loose}, 3},
			"what is not there":          {[]ID{"missing", theirs, theirFolder, gone}, 0},
			"nothing":                    {nil, 0},
		} {
			if n, err := r.Links(r.ctx, r.acc, c.ids); err != nil || n != c.want {
				t.Errorf("%s: %d links, %v; want %d", name, n, err, c.want)
			}
			if c.want == 0 {
				continue
			}
			if _, err := r.DeleteUpTo(r.ctx, r.acc, c.ids, c.want-1); !fault.Is(err, fault.LinksMore) {
				t.Errorf("%s: one too many: %v", name, err)
			}
			if _, err := r.remove(r.ctx, r.acc, c.ids, c.want-1); !fault.Is(err, fault.LinksMore) {
				t.Errorf("%s: one too many since they were counted: %v", name, err)
			}
		}
		r.has(all...)
		if r.used() != size(1)+size(2)+size(3)+size(4) {
			t.Errorf("%d bytes are used", r.used())
		}
		for _, c := range []struct {
			ids  []ID
			most int
		}{{[]ID{empty}, 0}, {[]ID{top, deep}, 2}, {[]ID{loose}, 5}} {
			if detached, err := r.DeleteUpTo(r.ctx, r.acc, c.ids, c.most); err != nil || detached {
				t.Errorf("%v up to %d: %v %v", c.ids, c.most, detached, err)
			}
		}
		r.has()
		other.has("f/", "f/u.png", "t.png")
	})
}

// Large folders are counted to the last image too.
func TestLargeFoldersAreNotDeletedBeyondWhatWasAgreed(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir("", "top")
		inner := r.mkdir(top, "inner")
		r.images(inner, 0, countAtOnce)
		r.image(top, "more.png", 3)
		for _, most := range []int{0, deleteAtOnce, countAtOnce - 1, countAtOnce} {
			if _, err := r.DeleteUpTo(r.ctx, r.acc, []ID{top}, most); !fault.Is(err, fault.LinksMore) {
				t.Errorf("up to %d: %v", most, err)
			}
		}
		second := r.mkdir("", "second")
		r.image(second, "b.png", 4)
		if _, err := r.DeleteUpTo(r.ctx, r.acc, []ID{top, second}, countAtOnce+1); !fault.Is(err, fault.LinksMore) {
			t.Errorf("one more than were counted: %v", err)
		}
		r.turn <- struct{}{} // what is more than any request counts waits for its turn, and is not deleted before
		ctx, leave := context.WithCancel(r.ctx)
		leave()
		if _, err := r.DeleteUpTo(ctx, r.acc, []ID{top}, countAtOnce+1); !fault.Is(err, fault.Canceled) {
			t.Errorf("without its turn: %v", err)
		}
		<-r.turn
		r.get(inner)
		if detached, err := r.DeleteUpTo(r.ctx, r.acc, []ID{top}, countAtOnce+1); err != nil || !detached {
			t.Errorf("%v %v", detached, err)
		}
		r.has("second/", "second/b.png")
	})
}
