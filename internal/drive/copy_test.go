package drive

import (
	"slices"
	"testing"

	"tuchuang/internal/db"
	"tuchuang/internal/entryname"
	"tuchuang/internal/fault"
)

func TestCopy(t *testing.T) {
	each(t, func(r *room) {
		folder, to := r.mkdir(Root, "folder"), r.mkdir(Root, "to")
		inner := r.mkdir(folder, "inner")
		a, b := r.put(folder, "a.png", 1), r.put(inner, "b.png", 2)
		gone := r.put(folder, "gone.png", 4)
		r.must(r.Trash(r.ctx, r.acc, []ID{gone}))
		theirs := r.account("other", -1).mkdir(Root, "theirs")
		blobs := func() (n int) {
			_, err := r.db.Get(r.ctx, "test", `SELECT count(*) FROM blob WHERE account_id = $1`, []any{r.acc}, &n)
			r.must(err)
			return n
		}
		contents, used := blobs(), r.used()
		for name, c := range map[string]struct {
			id, to ID
			want   fault.Code
		}{
			"into itself":        {folder, folder, fault.IntoItself},
			"below itself":       {folder, inner, fault.IntoItself},
			"into a file":        {b, a, fault.NotFolder},
			"no such folder":     {a, 1 << 40, fault.ParentNotFound},
			"another's folder":   {a, theirs, fault.ParentNotFound},
			"another's":          {theirs, to, fault.NotFound},
			"it is in the trash": {gone, to, fault.NotFound},
			"the root":           {Root, to, fault.NotFound},
		} {
			_, err := r.Copy(r.ctx, r.acc, c.id, c.to)
			r.fails(err, c.want, name)
		}
		r.has(Root, "folder", "to")
		copied, err := r.Copy(r.ctx, r.acc, folder, to)
		r.must(err)
		if got := r.has(to, "folder")["folder"]; got != copied {
			t.Errorf("it has the id %d, told as %d", got, copied)
		}
		in := r.has(copied, "a.png", "inner")
		if in["a.png"] > in["inner"] == (a < inner) {
			t.Error("the copies come in another order")
		}
		below := r.has(in["inner"], "b.png")
		if e, was := r.get(below["b.png"]), r.get(b); e.BlobID != was.BlobID || e.Etag != was.Etag || e.ID == b {
			t.Errorf("%+v of %+v", e, was)
		}
		if r.get(to).Size != size(1)+size(2) || r.used() != used+size(1)+size(2) || blobs() != contents {
			t.Errorf("%d bytes there, %d used, %d contents", r.get(to).Size, r.used(), blobs())
		}
		// Beside itself, and a file beside one of its name.
		_, err = r.Copy(r.ctx, r.acc, folder, Root)
		r.must(err)
		second, err := r.Copy(r.ctx, r.acc, a, folder)
		r.must(err)
		r.has(Root, "folder", "folder(1)", "to")
		r.has(folder, "a.png", "a(1).png", "inner", "(gone.png)")
		// A copy stands by itself.
		r.must(r.Trash(r.ctx, r.acc, []ID{a}))
		if _, err := r.Delete(r.ctx, r.acc, []ID{a}); err != nil {
			t.Error(err)
		}
		if c, err := r.Content(r.ctx, r.acc, second); err != nil || c.Etag != etag(1) {
			t.Errorf("%+v %v", c, err)
		}
	})
}

// What is too much is refused whole.
func TestCopyIsAllOrNothing(t *testing.T) {
	each(t, func(r *room) {
		r = r.account("small", 10*MaxCopy+100)
		many, to := r.mkdir(Root, "many"), r.mkdir(Root, "to")
		r.many(many, MaxCopy/2)
		rows := r.rows()
		if _, err := r.Copy(r.ctx, r.acc, many, to); err != nil {
			t.Error(err)
		}
		if r.rows() != rows+MaxCopy/2+1 || r.get(to).Size != r.get(many).Size {
			t.Errorf("%d rows, %d bytes", r.rows(), r.get(to).Size)
		}
		_, err := r.Copy(r.ctx, r.acc, many, to)
		r.fails(err, fault.QuotaExceeded, "the quota has no room")

		r = r.account("large", -1)
		many, to = r.mkdir(Root, "many"), r.mkdir(Root, "to")
		r.many(many, MaxCopy)
		_, err = r.Copy(r.ctx, r.acc, many, to)
		r.fails(err, fault.TooManyEntries, "one more than may be, the folder itself")
		r.must(r.Trash(r.ctx, r.acc, []ID{r.named(many, "1.png")}))
		_, err = r.Copy(r.ctx, r.acc, many, to)
		r.must(err)
		rows = r.rows()

		levels := r.chain(Root, MaxDepth)
		two := r.mkdir(Root, "two")
		inner := r.mkdir(two, "inner")
		_, err = r.Copy(r.ctx, r.acc, two, levels[MaxDepth-2])
		r.fails(err, fault.TooDeep, "a level too many")
		_, err = r.Copy(r.ctx, r.acc, two, levels[MaxDepth-3])
		r.must(err)
		r.must(r.Trash(r.ctx, r.acc, []ID{inner})) // is not copied
		_, err = r.Copy(r.ctx, r.acc, two, levels[MaxDepth-2])
		r.must(err)
		if got := r.rows(); got != rows+MaxDepth+2+2+1 {
			t.Errorf("%d rows, of %d before", got, rows)
		}
	})
}

// named is the live entry of a name.
func (r *room) named(in ID, name string) ID {
	r.Helper()
	var id ID
	if found, err := r.db.Get(r.ctx, "test", `SELECT id FROM drive_entry WHERE account_id = $1 AND parent_id = $2 AND name = $3`,
		[]any{r.acc, in, name}, &id); err != nil || !found {
		r.Fatal(found, err)
	}
	return id
}

// The folder that fetched URLs go into has a name which nobody may give; a copy of it beside
// it, and what is in that, is found all the same.
func TestCopyOfTheOfflineFolder(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "fetched")
		r.put(folder, "a.png", 1)
		r.must(r.db.Write(r.ctx, "test", func(tx *db.Tx) error {
			_, err := tx.Exec(r.ctx, `UPDATE drive_entry SET name = $2 WHERE id = $1`, folder, entryname.Offline)
			return err
		}))
		copied, err := r.Copy(r.ctx, r.acc, folder, Root)
		r.must(err)
		inIt := r.named(copied, "a.png")
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) error {
			way, err := ByPath(r.ctx, tx, r.acc, []string{entryname.Suffixed(entryname.Offline, 1), "a.png"})
			if !slices.Equal(way, []ID{copied, inIt}) {
				t.Errorf("%v, want %v", way, []ID{copied, inIt})
			}
			return err
		}))
	})
}
