package drive

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

func names(list []Entry) string {
	var b []string
	for _, e := range list {
		b = append(b, e.Name)
	}
	return strings.Join(b, " ")
}

func TestListPages(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "folder")
		var want []ID
		for n := range 7 {
			want = append(want, r.put(folder, fmt.Sprintf("%d.png", 9-n), n+1))
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{want[2]})) // is in the list all the same
		for limit := 1; limit <= len(want)+1; limit++ {
			var got []ID
			for after, more := ID(0), true; more; {
				p, err := r.List(r.ctx, r.acc, folder, after, limit)
				r.must(err)
				if len(p.Entries) > limit || len(p.Entries) < limit && p.More {
					t.Fatalf("a page of %d has %d entries", limit, len(p.Entries))
				}
				for _, e := range p.Entries {
					got = append(got, e.ID)
				}
				after, more = p.Next, p.More
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %d: %v, want %v", limit, got, want)
			}
		}
		// A cursor whose file has gone goes on behind it.
		_, err := r.Delete(r.ctx, r.acc, []ID{want[2]})
		r.must(err)
		if p, err := r.List(r.ctx, r.acc, folder, want[2], 1); err != nil || p.Next != want[3] || !p.More {
			t.Errorf("%+v %v", p, err)
		}
		other := r.account("other", -1)
		for name, c := range map[string]struct {
			id   ID
			want fault.Code
		}{"missing": {1 << 40, fault.NotFound}, "a file": {want[0], fault.NotFolder}, "another's": {other.mkdir(Root, "x"), fault.NotFound}} {
			_, err := r.List(r.ctx, r.acc, c.id, 0, 10)
			r.fails(err, c.want, name)
		}
		if p, err := other.List(r.ctx, other.acc, Root, 0, 10); err != nil || names(p.Entries) != "x" {
			t.Errorf("%+v %v", p, err)
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		p, err := r.List(r.ctx, r.acc, folder, 0, 1)
		if err != nil || p.Entries[0].Trashed != InTrash {
			t.Errorf("below what is in the trash: %+v %v", p, err)
		}
	})
}

func TestListPageNumbers(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "folder")
		for n, name := range []string{"b", "a", "B", "é", "d"} {
			r.put(folder, name, 5-n)
		}
		gone := r.put(folder, "trashed", 9)
		r.must(r.Trash(r.ctx, r.acc, []ID{gone}))
		for _, c := range []struct {
			q     PageQuery
			want  string
			total int64
		}{
			{PageQuery{Folder: folder, Order: ByID}, "b a B é d", 5},
			{PageQuery{Folder: folder, Order: ByID, Desc: true}, "d é B a b", 5},
			{PageQuery{Folder: folder, Order: ByName}, "B a b d é", 5},
			{PageQuery{Folder: folder, Order: BySize}, "d é B a b", 5},
			{PageQuery{Folder: folder, Order: ByCreated}, "b a B é d", 5},
			{PageQuery{Folder: folder, Order: ByUpdated, Desc: true}, "d é B a b", 5},
			{PageQuery{Folder: folder, Order: ByID, Limit: 2}, "b a", 5},
			{PageQuery{Folder: folder, Order: ByID, Limit: 2, Page: 3}, "d", 5},
			{PageQuery{Folder: folder, Order: ByID, Limit: 2, Page: 4}, "", 5},
			{PageQuery{Folder: folder, Order: ByID, Limit: 2, Page: math.MaxInt}, "", 5},
			{PageQuery{Folder: folder, Order: ByID, Limit: 2, Page: math.MaxInt/2 + 2}, "", 5},
			{PageQuery{Folder: gone, Trash: true, Order: ByID, Page: 2}, "", 1},
			{PageQuery{Folder: Root, Order: ByID}, "folder", 1},
			{PageQuery{Folder: folder, Trash: true, Order: ByID}, "trashed", 1},
			{PageQuery{Folder: 1 << 40, Search: "d", Order: ByID}, "folder d", 2},
		} {
			c.q.Page, c.q.Limit = max(1, c.q.Page), max(c.q.Limit, 1)
			if c.q.Limit == 1 {
				c.q.Limit = 100
			}
			list, total, err := r.ListPage(r.ctx, r.acc, c.q)
			if err != nil || names(list) != c.want || total != c.total {
				t.Errorf("%+v: %q of %d, %v; want %q of %d", c.q, names(list), total, err, c.want, c.total)
			}
		}
		_, _, err := r.ListPage(r.ctx, r.acc, PageQuery{Folder: folder, Order: "name; DROP TABLE drive_entry", Page: 1, Limit: 1})
		r.fails(err, fault.BadRequest, "an order that is none")
		_, _, err = r.ListPage(r.ctx, r.acc, PageQuery{Folder: 1 << 40, Order: ByID, Page: 1, Limit: 1})
		r.fails(err, fault.NotFound, "no such folder")
	})
}

// Folders come first, each kind in its order, wherever a page begins; what is in the trash
// is no part of it.
func TestListFoldersFirst(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "folder")
		for n, name := range []string{"b", "z", "a"} {
			r.put(folder, name+".png", 9-n)
			r.mkdir(folder, name+"d")
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{r.mkdir(folder, "0 gone"), r.put(folder, "1 gone", 1)}))
		for _, c := range []struct {
			q    PageQuery
			want string
		}{
			{PageQuery{Order: ByName, Page: 1, Limit: 100}, "ad bd zd a.png b.png z.png"},
			{PageQuery{Order: ByName, Desc: true, Page: 1, Limit: 100}, "zd bd ad z.png b.png a.png"},
			{PageQuery{Order: ByName, Page: 1, Limit: 2}, "ad bd"},
			{PageQuery{Order: ByName, Page: 2, Limit: 2}, "zd a.png"},
			{PageQuery{Order: ByName, Page: 3, Limit: 2}, "b.png z.png"},
			{PageQuery{Order: ByName, Page: 4, Limit: 2}, ""},
			{PageQuery{Order: ByID, Page: 1, Limit: 4}, "bd zd ad b.png"},
			{PageQuery{Order: BySize, Desc: true, Page: 2, Limit: 3}, "b.png z.png a.png"},
			{PageQuery{Order: ByCreated, Page: 2, Limit: 5}, "a.png"},
			{PageQuery{Order: ByName, Search: "d", Page: 1, Limit: 100}, "ad bd folder zd"},
			{PageQuery{Order: ByName, Search: "b", Page: 1, Limit: 100}, "bd b.png"},
		} {
			c.q.Folder, c.q.FoldersFirst = folder, true
			list, total, err := r.ListPage(r.ctx, r.acc, c.q)
			if err != nil || names(list) != c.want || c.q.Search == "" && total != 6 {
				t.Errorf("%+v: %q of %d, %v; want %q", c.q, names(list), total, err, c.want)
			}
		}
		list, total, err := r.ListPage(r.ctx, r.acc, PageQuery{Folder: Root, FoldersFirst: true, Order: ByName, Page: 1, Limit: 10})
		if err != nil || names(list) != "folder" || total != 1 {
			t.Errorf("the root: %q of %d, %v", names(list), total, err)
		}
		list, total, err = r.ListPage(r.ctx, r.acc, PageQuery{Trash: true, FoldersFirst: true, Order: ByName, Page: 1, Limit: 10})
		if err != nil || names(list) != "0 gone 1 gone" || total != 2 {
			t.Errorf("the trash: %q of %d, %v", names(list), total, err)
		}
	})
}

func TestGetAndInfos(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "folder")
		inner := r.mkdir(folder, "inner")
		a, b := r.put(folder, "a.png", 1), r.put(inner, "b.png", 2)
		theirs := r.account("other", -1).put(Root, "t.png", 3)
		e, parent, err := r.Get(r.ctx, r.acc, folder)
		if err != nil || e.Size != size(1)+size(2) || parent != "" || e.Children != 2 {
			t.Errorf("%+v %q %v", e, parent, err)
		}
		if e, parent, err = r.Get(r.ctx, r.acc, b); err != nil || e.Size != size(2) || parent != "inner" || e.Parent != inner {
			t.Errorf("%+v %q %v", e, parent, err)
		}
		for _, id := range []ID{theirs, 1 << 40} {
			_, _, err := r.Get(r.ctx, r.acc, id)
			r.fails(err, fault.NotFound, "missing or another's")
		}
		list, err := r.Infos(r.ctx, r.acc, []ID{b, theirs, a, 1 << 40, b, folder})
		if err != nil || names(list) != "b.png a.png folder" {
			t.Errorf("%q %v", names(list), err)
		}
	})
}

// The walk of a copy task: folders and eligible pictures by code point, the rest
// by itself, the trash not at all.
func TestWalk(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir(Root, "top")
		for n, name := range []string{"b.png", "B.png", "é.jpg", "a.txt", "z.md", "gone.png", "gone.txt"} {
			id := r.put(top, name, n+1)
			if strings.HasPrefix(name, "gone") {
				r.must(r.Trash(r.ctx, r.acc, []ID{id}))
			}
		}
		r.put(top, "empty.png", 0)
		r.mkdir(top, "c")
		inner := r.mkdir(r.mkdir(top, "x"), "y")
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) error {
			type walk func(after string, limit int) ([]Entry, error)
			for name, c := range map[string]struct {
				walk walk
				want string
			}{
				"walk": {func(after string, limit int) ([]Entry, error) { return Walk(r.ctx, tx, r.acc, top, after, limit) }, "B.png b.png c x é.jpg"},
				"rest": {func(after string, limit int) ([]Entry, error) { return WalkRest(r.ctx, tx, r.acc, top, after, limit) }, "a.txt empty.png z.md"},
			} {
				var got []Entry
				for {
					after := ""
					if len(got) > 0 {
						after = got[len(got)-1].Name
					}
					page, err := c.walk(after, 2)
					if err != nil {
						return err
					}
					if len(page) == 0 {
						break
					}
					got = append(got, page...)
				}
				if names(got) != c.want {
					t.Errorf("%s: %q, want %q", name, names(got), c.want)
				}
			}
			for id, want := range map[ID]string{Root: "/", top: "/top/", inner: "/top/x/y/"} {
				if path, err := Path(r.ctx, tx, r.acc, id); err != nil || path != want {
					t.Errorf("%q %v", path, err)
				}
			}
			return nil
		}))
	})
}

func TestContent(t *testing.T) {
	each(t, func(r *room) {
		id := r.put(Root, "a.png", 1)
		c, err := r.Content(r.ctx, r.acc, id)
		if err != nil || c.Name != "a.png" || c.Etag != etag(1) || c.Size != size(1) || c.BlobID == 0 {
			t.Errorf("%+v %v", c, err)
		}
		for _, missing := range []ID{1 << 40, r.mkdir(Root, "folder"), r.account("other", -1).put(Root, "t.png", 1)} {
			_, err := r.Content(r.ctx, r.acc, missing)
			r.fails(err, fault.NotFound, "no file of this account")
		}
		for state, want := range map[int]fault.Code{2: fault.Blocked, 3: fault.ContentMissing, 4: fault.ContentMissing} {
			r.exec(`UPDATE blob SET state = $2 WHERE account_id = $1`, r.acc, state)
			_, err := r.Content(r.ctx, r.acc, id)
			r.fails(err, want, "the content is not to be had")
		}
		r.exec(`UPDATE account SET state = $2 WHERE id = $1`, r.acc, account.Disabled)
		_, err = r.Content(r.ctx, r.acc, id)
		r.fails(err, fault.Disabled, "a disabled account")
	})
}

// What takes long waits for its turn and ends with its caller; everything else goes
// on meanwhile.
func TestLongReadsWaitForTheirTurn(t *testing.T) {
	each(t, func(r *room) {
		r.mkdir(Root, "small")
		large := r.mkdir(Root, "large")
		many := r.mkdir(large, "inner")
		r.many(many, atOnce)
		r.put(many, "more.png", 3)
		long := map[string]func(context.Context) error{
			"a search": func(ctx context.Context) error {
				p, err := r.Search(ctx, r.acc, "smal", false, 0, 10)
				if err == nil && names(p.Entries) != "small" {
					t.Errorf("found %q", names(p.Entries))
				}
				return err
			},
			"a search by pages": func(ctx context.Context) error {
				list, _, err := r.ListPage(ctx, r.acc, PageQuery{Search: "SMAL", Order: ByID, Page: 1, Limit: 10})
				if err == nil && names(list) != "small" {
					t.Errorf("found %q", names(list))
				}
				return err
			},
			"a large folder by size": func(ctx context.Context) error {
				list, total, err := r.ListPage(ctx, r.acc, PageQuery{Folder: many, Order: BySize, Desc: true, Page: 1, Limit: 1})
				if err == nil && (names(list) != "more.png" || total != atOnce+1) {
					t.Errorf("the first of %d is %q", total, names(list))
				}
				return err
			},
		}
		for name, read := range long {
			r.turn <- struct{}{} // another one is at it
			ctx, leave := context.WithCancel(r.ctx)
			ended := make(chan error)
			go func() { ended <- read(ctx) }()
			if e := r.get(large); e.Size != 10*atOnce+size(3) {
				t.Errorf("a large folder has %d bytes", e.Size)
			}
			select {
			case err := <-ended:
				t.Errorf("%s did not wait: %v", name, err)
			default:
				leave()
				r.fails(<-ended, fault.Canceled, name)
			}
			<-r.turn
			r.must(read(r.ctx))
			leave()
		}
		// Names that are in the index are found at once.
		r.must(r.IndexNames(r.ctx))
		r.turn <- struct{}{}
		for _, name := range []string{"a search", "a search by pages"} {
			r.must(long[name](r.ctx))
		}
		<-r.turn
	})
}

// A folder is counted no further than it is asked, however many are right in it.
func TestBelowStopsAtItsLimit(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir(Root, "top")
		inner := r.mkdir(top, "inner")
		r.many(inner, 500)
		r.put(top, "a.png", 7)
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) error {
			for limit, want := range map[int]struct {
				rows int
				more bool
			}{1: {2, true}, 100: {101, true}, 502: {503, true}, 503: {503, false}, 1000: {503, false}} {
				rows, bytes, more, err := below(r.ctx, tx, r.acc, Entry{ID: top}, limit)
				if err != nil || rows != want.rows || more != want.more || !more && bytes != 5000+size(7) {
					t.Errorf("up to %d: %d rows of %d bytes, more: %v, %v", limit, rows, bytes, more, err)
				}
			}
			return nil
		}))
	})
}
