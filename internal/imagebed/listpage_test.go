package imagebed

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/fault"
)

var orders = []Order{ByCreated, ByName, BySize}

// sorted puts entries in the order of numbered pages, folders first.
func sorted(list []Image, by Order, desc bool) []Image {
	list = slices.Clone(list)
	slices.SortFunc(list, func(a, b Image) int {
		if a.IsFolder != b.IsFolder {
			return map[bool]int{true: -1, false: 1}[a.IsFolder]
		}
		c := cmp.Compare(a.ID, b.ID)
		switch by {
		case ByName:
			c = cmp.Compare(a.Name, b.Name)
		case BySize:
			c = cmp.Or(cmp.Compare(a.Size, b.Size), c)
		case ByCreated:
		}
		if desc {
			c = -c
		}
		return c
	})
	return list
}

// pages holds all pages of all sizes and orders against the whole list.
func (r *room) pages(q PageQuery, all []Image) {
	r.Helper()
	for _, q.Order = range orders {
		for _, q.Desc = range []bool{false, true} {
			want := sorted(all, q.Order, q.Desc)
			for q.Limit = 1; q.Limit <= len(want)+1; q.Limit++ {
				var got []Image
				for q.Page = 1; q.Page <= len(want)/q.Limit+2; q.Page++ {
					page, total, err := r.ListPage(r.ctx, r.acc, q)
					if err != nil || total != int64(len(want)) || len(page) > q.Limit {
						r.Fatalf("%+v: %d of %d, %v; want %d", q, len(page), total, err, len(want))
					}
					got = append(got, page...)
				}
				if !slices.Equal(got, want) {
					r.Fatalf("%+v: %v, want %v", q, namesOf(got), namesOf(want))
				}
			}
		}
	}
}

func namesOf(list []Image) (out []string) {
	for _, i := range list {
		out = append(out, i.Name)
	}
	return out
}

// all is the list of a folder as the pages after each other have it.
func (r *room) all(folder ID, begins string) []Image {
	r.Helper()
	list, more, err := r.List(r.ctx, r.acc, Query{Folder: folder, Begins: begins, Limit: 1000})
	if err != nil || more {
		r.Fatalf("more: %v, %v", more, err)
	}
	return list
}

// Numbered pages are those of the sorted list, whatever is in the folder, and of what is
// there when each is asked for.
func TestNumberedPages(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "图片")
		names := []string{"b.png", "猫.png", "B.png", "ab.png", "a.png", "狗.png", "é.png", "\U0001f600.png", "猫(1).png"}
		for n, name := range names {
			r.image(folder, name, 1+n)
		}
		for _, name := range []string{"ac", "旅行", "A", "猫"} {
			r.image(r.mkdir(folder, name), "a.png", 9)
		}
		r.image("", "above.png", 1)
		gone := r.mkdir("", "detached") // hangs below the root, and is in no list
		r.image(gone, "a.png", 2)
		r.exec(`UPDATE bed_folder SET detached = 1, name = '/' || id WHERE account_id = $1 AND id = $2`, r.acc, gone)
		r.exec(`UPDATE image SET size = size % 40 WHERE account_id = $1`, r.acc) // some are of one size
		r.exec(`UPDATE blob SET state = $2 WHERE account_id = $1 AND md5 = $3`, r.acc, blob.Blocked, etag(1))

		all := r.all(folder, "")
		if len(all) != 13 || !slices.ContainsFunc(all, func(i Image) bool { return i.Blocked }) {
			r.Fatalf("%+v", all)
		}
		r.pages(PageQuery{Folder: folder}, all)
		r.pages(PageQuery{}, r.all("", ""))
		for begins, n := range map[string]int{"猫": 3, "a": 3, "A": 1, "x": 0, "\U0010ffff": 0} {
			some := r.all(folder, begins)
			if len(some) != n {
				r.Fatalf("%d begin with %q", len(some), begins)
			}
			r.pages(PageQuery{Folder: folder, Begins: begins}, some)
		}

		// What is deleted between two pages is in none from then on.
		q := PageQuery{Folder: folder, Order: ByName, Page: 1, Limit: 6}
		first, _, err := r.ListPage(r.ctx, r.acc, q)
		r.must(err)
		r.delete([]ID{first[0].ID, first[5].ID})
		r.pages(PageQuery{Folder: folder}, r.all(folder, ""))
		q.Page = 2
		second, total, err := r.ListPage(r.ctx, r.acc, q)
		if want := sorted(r.all(folder, ""), ByName, false)[6:]; err != nil || total != 11 || !slices.Equal(second, want) {
			t.Errorf("%v of %d, %v; want %v", namesOf(second), total, err, namesOf(want))
		}
	})
}

func TestNumberedPagesThatAreNone(t *testing.T) {
	each(t, func(r *room) {
		img := r.image("", "a.png", 1)
		gone := r.mkdir("", "gone")
		r.delete([]ID{gone})
		other := r.account("other", -1).mkdir("", "x")
		for name, c := range map[string]struct {
			q    PageQuery
			want fault.Code
		}{
			"no order":              {PageQuery{}, fault.BadRequest},
			"an order that is none": {PageQuery{Order: "name; DROP TABLE image"}, fault.BadRequest},
			"a column":              {PageQuery{Order: "id"}, fault.BadRequest},
			"a folder that is gone": {PageQuery{Order: ByName, Folder: gone}, fault.ParentNotFound},
			"no folder":             {PageQuery{Order: ByName, Folder: "missing"}, fault.ParentNotFound},
			"an image":              {PageQuery{Order: ByName, Folder: img}, fault.NotFolder},
			"another's":             {PageQuery{Order: ByName, Folder: other}, fault.ParentNotFound},
		} {
			c.q.Page, c.q.Limit = 1, 10
			if list, _, err := r.ListPage(r.ctx, r.acc, c.q); !fault.Is(err, c.want) || len(list) > 0 {
				t.Errorf("%s: %v %v", name, list, err)
			}
		}
		for _, page := range []int{2, math.MaxInt/100 + 2, math.MaxInt} {
			list, total, err := r.ListPage(r.ctx, r.acc, PageQuery{Order: ByName, Page: page, Limit: 100})
			if err != nil || len(list) > 0 || total != 1 {
				t.Errorf("page %d: %v of %d, %v", page, list, total, err)
			}
		}
		empty := r.mkdir("", "empty")
		if list, total, err := r.ListPage(r.ctx, r.acc, PageQuery{Folder: empty, Order: BySize, Page: 1, Limit: 100}); err != nil || len(list) > 0 || total != 0 {
			t.Errorf("an empty folder: %v of %d, %v", list, total, err)
		}
	})
}

// What takes long waits for its turn and ends with its caller; everything else goes on
// meanwhile.
func TestLongReadsWaitForTheirTurn(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir("", "top")
		many := r.mkdir(top, "many")
		r.images(many, 0, sortAtOnce+1)
		larger := r.mkdir(top, "larger")
		r.folders(larger, 1, `$2`)
		r.images(larger, 0, countAtOnce)
		folders := r.mkdir("", "folders")
		r.folders(folders, countAtOnce, `$2`)
		page := func(folder ID, begins string, by Order, number int, total int64) func(context.Context) error {
			return func(ctx context.Context) error {
				list, n, err := r.ListPage(ctx, r.acc, PageQuery{Folder: folder, Begins: begins, Order: by, Page: number, Limit: 10})
				if err == nil && (n != total || len(list) == 0 || list[0].Folder != folder) {
					t.Errorf("%d of %d, want %d", len(list), n, total)
				}
				return err
			}
		}
		links := func(ids []ID, want int) func(context.Context) error {
			return func(ctx context.Context) error {
				n, err := r.Links(ctx, r.acc, ids)
				if err == nil && n != want {
					t.Errorf("%d links, want %d", n, want)
				}
				return err
			}
		}
		short := map[string]func(context.Context) error{
			"the last page by name":     page(many, "", ByName, sortAtOnce/10+1, sortAtOnce+1),
			"a page by time":            page(many, "", ByCreated, sortAtOnce/20, sortAtOnce+1),
			"some of many by size":      page(larger, "12", BySize, 1, 1111),
			"few enough links":          links([]ID{many}, sortAtOnce+1),
			"few enough links by twice": links([]ID{many, many}, sortAtOnce+1),
		}
		long := map[string]func(context.Context) error{
			"by size":              page(many, "", BySize, 2, sortAtOnce+1),
			"more than is counted": page(larger, "", ByName, 3, countAtOnce+1),
			"many links":           links([]ID{top}, countAtOnce+sortAtOnce+1),
			"many folders":         links([]ID{folders}, 0),
		}
		r.turn = make(chan struct{}) // whoever wants it meets this test
		for name, read := range short {
			if err := read(r.ctx); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		for name, read := range long {
			ctx, leave := context.WithCancel(r.ctx)
			ended := make(chan error)
			go func() { ended <- read(ctx) }()
			r.get(many)
			leave()
			if err := <-ended; !fault.Is(err, fault.Canceled) {
				t.Errorf("%s, without its turn: %v", name, err)
			}
			go func() { ended <- read(r.ctx) }()
			select {
			case err := <-ended:
				t.Errorf("%s did not wait: %v", name, err)
			case <-r.turn:
				r.get(many)
				r.turn <- struct{}{} // given back
				if err := <-ended; err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		}
	})
}

// Pages in an order that an index has are not sorted, and no other index is read for some
// names of many.
func TestPagesUseTheirIndexes(t *testing.T) {
	dbtest.Each(t, func(t *testing.T, d *db.DB) {
		names := map[string]string{"bed_folder": "bed_folder_name (account_id=? AND parent_id=?", "image": "image_name (account_id=? AND folder_id=?"}
		for _, k := range []kind{folderKind, imageKind} {
			for _, by := range orders {
				for _, desc := range []bool{false, true} {
					for _, begins := range []bool{false, true} {
						what := fmt.Sprintf("%s by %s, desc %v, begins %v", k.table, by, desc, begins)
						step := map[bool]string{true: "bed_folder_list (account_id=? AND parent_id=?", false: "image USING PRIMARY KEY (account_id=? AND folder_id=?"}[k.table == "bed_folder"]
						switch {
						case begins:
							step = names[k.table] + " AND name>? AND name<?"
						case by == ByName:
							step = names[k.table]
						case by == BySize && k.table == "image":
							step = "image_same (account_id=? AND folder_id=?"
						}
						query := k.ids(begins, by, desc)
						dbtest.Planned(t, d, what, query, step)
						sorts := 0
						if by != ByName && (begins || by == BySize && k.table == "image") {
							sorts = 1
						}
						if n := dbtest.Sorted(t, d, query); n != sorts {
							t.Errorf("%s: sorted %d times: %s", what, n, strings.Join(dbtest.Plan(t, d, query), "\n"))
						}
					}
				}
			}
			dbtest.Planned(t, d, "count", k.count(false), map[string]string{"bed_folder": "(account_id=? AND parent_id=?", "image": "USING COVERING INDEX image_"}[k.table])
			dbtest.Planned(t, d, "count by name", k.count(true), names[k.table]+" AND name>? AND name<?")
		}
		dbtest.Planned(t, d, "folders", foldersWhole[64], "f USING PRIMARY KEY (account_id=? AND id=?)", "p USING PRIMARY KEY (account_id=? AND id=?)")
	})
}
