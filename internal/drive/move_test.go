package drive

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

func TestRename(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "folder")
		a, b := r.put(folder, "a.png", 1), r.put(folder, "b.png", 2)
		trashed := r.mkdir(Root, "trashed")
		inside := r.put(trashed, "inside.png", 3)
		r.must(r.Trash(r.ctx, r.acc, []ID{trashed}))
		theirs := r.account("other", -1).put(Root, "t.png", 1)
		longest := strings.Repeat("图", 251) + ".png"
		for name, c := range map[string]struct {
			id   ID
			name string
			want fault.Code
		}{
			"another has the name":    {a, "b.png", fault.NameTaken},
			"no name":                 {a, " ", fault.BadName},
			"a path":                  {a, "a/b.png", fault.BadName},
			"a path of Windows":       {a, `a\b.png`, fault.BadName},
			"the folder itself":       {a, ".", fault.BadName},
			"a character too many":    {a, "x" + longest, fault.BadName},
			"as long as may be":       {a, longest, ""},
			"no such file":            {1 << 40, "x", fault.NotFound},
			"another's":               {theirs, "x", fault.NotFound},
			"the root":                {Root, "x", fault.NotFound},
			"in the trash":            {trashed, "x", fault.NotFound},
			"below what is in it":     {inside, "x", fault.NotFound},
			"a device of Windows":     {a, "CON", ""},
			"a dot at the end":        {a, "a.", ""},
			"a space at the end":      {a, "a ", ""},
			"a space at the start":    {a, " a", ""},
			"another case of another": {a, "B.png", ""},
			"another case of its own": {a, "A.png", ""},
		} {
			err := r.Rename(r.ctx, r.acc, c.id, c.name)
			r.answers(err, c.want, name)
			if err == nil && r.get(c.id).Name != c.name {
				t.Errorf("%s: it is called %q", name, r.get(c.id).Name)
			}
		}
		// Two ways to write é are one name.
		r.must(r.Rename(r.ctx, r.acc, b, "e\u0301"))
		before := r.get(b)
		r.must(r.Rename(r.ctx, r.acc, b, "\u00e9")) // the name it has: nothing changes
		if e := r.get(b); e.Name != "\u00e9" || e != before {
			t.Errorf("%+v, before %+v", e, before)
		}
		r.fails(r.Rename(r.ctx, r.acc, a, "e\u0301"), fault.NameTaken, "another form of another's name")
		// What a name says of the content follows it.
		for name, want := range map[string]picture.Class{"b.txt": 2, "b.JPG": picture.Eligible} {
			r.must(r.Rename(r.ctx, r.acc, b, name))
			if e := r.get(b); e.Class != want || e.Etag != etag(2) || e.ID != b || e.CreatedAt != before.CreatedAt {
				t.Errorf("%+v", e)
			}
		}
		r.must(r.Rename(r.ctx, r.acc, folder, "folder.png"))
		if e := r.get(folder); !e.IsFolder() || e.Children != 2 || e.Size != size(1)+size(2) {
			t.Errorf("%+v", e)
		}
	})
}

func TestMove(t *testing.T) {
	each(t, func(r *room) {
		from, to := r.mkdir(Root, "from"), r.mkdir(Root, "to")
		a, b := r.put(from, "a.png", 1), r.put(from, "b.png", 2)
		inner := r.mkdir(from, "inner")
		deep := r.put(inner, "deep.png", 4)
		twin := r.put(Root, "a.png", 8)
		r.put(to, "b.png", 16)
		trashed := r.mkdir(Root, "trashed")
		gone := r.put(from, "gone.png", 1)
		r.must(r.Trash(r.ctx, r.acc, []ID{trashed, gone}))
		theirs := r.account("other", -1).mkdir(Root, "theirs")
		for name, c := range map[string]struct {
			ids  []ID
			to   ID
			want fault.Code
		}{
			"a name is taken there":  {[]ID{a, b}, to, fault.NameTaken},
			"two have one name":      {[]ID{a, twin}, to, fault.NameTaken},
			"into itself":            {[]ID{a, from}, from, fault.IntoItself},
			"below itself":           {[]ID{twin, from}, inner, fault.IntoItself},
			"into a file":            {[]ID{a}, b, fault.NotFolder},
			"into the trash":         {[]ID{a}, trashed, fault.ParentNotFound},
			"no such folder":         {[]ID{a}, 1 << 40, fault.ParentNotFound},
			"another's folder":       {[]ID{a}, theirs, fault.ParentNotFound},
			"none of another's":      {[]ID{theirs}, to, fault.NotFound},
			"nothing but the trash":  {[]ID{gone, trashed}, to, fault.NotFound},
			"the root":               {[]ID{Root}, to, fault.NotFound},
			"nothing":                {nil, to, fault.NotFound},
			"it is in there already": {[]ID{a, b}, from, ""},
		} {
			r.answers(r.Move(r.ctx, r.acc, c.ids, c.to), c.want, name)
			r.has(from, "a.png", "b.png", "inner", "(gone.png)")
			r.has(to, "b.png")
		}
		r.must(r.Move(r.ctx, r.acc, []ID{a, inner, a, gone, 1 << 40, theirs}, to)) // what is not there is passed over
		r.has(from, "b.png", "(gone.png)")
		r.has(to, "a.png", "b.png", "inner")
		if r.get(to).Size != size(1)+size(4)+size(16) || r.get(from).Size != size(2) {
			t.Errorf("%d and %d bytes", r.get(to).Size, r.get(from).Size)
		}
		// A folder and what is in it, each to the same place.
		r.must(r.Move(r.ctx, r.acc, []ID{to, deep}, from))
		r.has(from, "b.png", "(gone.png)", "to", "deep.png")
		if r.get(from).Size != size(2)+size(1)+size(4)+size(16) || r.get(to).Size != size(1)+size(16) {
			t.Errorf("%d and %d bytes", r.get(from).Size, r.get(to).Size)
		}
		r.must(r.Move(r.ctx, r.acc, []ID{deep, to}, Root))
		r.has(Root, "from", "to", "(trashed)", "a.png", "deep.png")
	})
}

// Of two moves that would make a ring together one is done, whoever comes first.
func TestTwoMovesMakeNoRing(t *testing.T) {
	each(t, func(r *room) {
		for range 10 {
			a, b := r.mkdir(Root, "a"), r.mkdir(Root, "b")
			errs := make([]error, 2)
			var g errgroup.Group
			for i, ids := range [][2]ID{{a, b}, {b, a}} {
				g.Go(func() error {
					errs[i] = New(r.db).Move(r.ctx, r.acc, []ID{ids[0]}, ids[1])
					return nil
				})
			}
			r.must(g.Wait())
			top, below := a, b
			if errs[0] == nil {
				top, below = b, a
				errs[0], errs[1] = errs[1], errs[0]
			}
			r.fails(errs[0], fault.IntoItself, "the later one")
			r.must(errs[1])
			if r.get(top).Parent != Root || r.get(below).Parent != top {
				t.Fatalf("%+v %+v", r.get(top), r.get(below))
			}
			r.must(r.Trash(r.ctx, r.acc, []ID{top}))
		}
	})
}

// chain makes folders, each in the one before.
func (r *room) chain(parent ID, n int) (all []ID) {
	r.Helper()
	for i := range n {
		parent = r.mkdir(parent, fmt.Sprint(i))
		all = append(all, parent)
	}
	return all
}

// However a tree comes to a place, it gets no deeper than it may.
func TestNothingIsMovedDeeperThanItMay(t *testing.T) {
	each(t, func(r *room) {
		levels := r.chain(Root, MaxDepth)
		file := r.put(Root, "a.png", 1)
		two := r.mkdir(Root, "two")
		r.put(r.mkdir(two, "inner"), "b.png", 2)
		r.must(r.Move(r.ctx, r.acc, []ID{file}, levels[MaxDepth-1])) // a file is no level
		r.fails(r.Move(r.ctx, r.acc, []ID{two}, levels[MaxDepth-2]), fault.TooDeep, "a level too many")
		r.must(r.Move(r.ctx, r.acc, []ID{two}, levels[MaxDepth-3]))
		r.must(r.Move(r.ctx, r.acc, []ID{levels[1]}, Root))
		if e := r.get(levels[1]); e.Size != size(1)+size(2) {
			t.Errorf("%+v", e)
		}
		r.must(r.Move(r.ctx, r.acc, []ID{levels[1]}, levels[0])) // as deep as it was
		// What is in the trash by itself may come back: it counts.
		r.must(r.Trash(r.ctx, r.acc, []ID{two}))
		other := r.mkdir(Root, "other")
		r.fails(r.Move(r.ctx, r.acc, []ID{levels[0]}, other), fault.TooDeep, "the tree is as deep as may be")
		r.fails(r.RecoverTo(r.ctx, r.acc, []ID{two}, levels[MaxDepth-2]), fault.TooDeep, "out of the trash")
		r.must(r.RecoverTo(r.ctx, r.acc, []ID{two}, other))
		if e := r.get(other); e.Size != size(2) || r.get(levels[0]).Size != size(1) {
			t.Errorf("%+v", e)
		}
	})
}

func TestRecover(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "folder")
		inner := r.mkdir(folder, "inner")
		a, b := r.put(folder, "a.png", 1), r.put(inner, "b.png", 2)
		live := r.put(Root, "live.png", 4)
		theirs := r.account("other", -1).put(Root, "t.png", 1)
		back := func(ids ...ID) []ID {
			r.Helper()
			abnormal, err := r.Recover(r.ctx, r.acc, ids)
			r.must(err)
			return abnormal
		}
		for name, ids := range map[string][]ID{"nothing": nil, "missing": {1 << 40}, "another's": {theirs}, "the root": {Root}} {
			_, err := r.Recover(r.ctx, r.acc, ids)
			r.fails(err, fault.NotFound, name)
			r.fails(r.RecoverTo(r.ctx, r.acc, ids, folder), fault.NotFound, name)
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{a}))
		_, err := r.Recover(r.ctx, r.acc, []ID{a, live})
		r.fails(err, fault.NotTrashed, "one is not in the trash")
		r.fails(r.RecoverTo(r.ctx, r.acc, []ID{a, live}, inner), fault.NotTrashed, "one is not in the trash")
		r.has(folder, "(a.png)", "inner")

		r.put(folder, "a.png", 8) // its name is taken meanwhile
		if got := back(a, a, 1<<40, theirs); got != nil {
			t.Errorf("%v stay", got)
		}
		r.has(folder, "a.png", "a(1).png", "inner")
		if e := r.get(a); e.Name != "a(1).png" || e.Size != size(1) || r.get(folder).Size != size(1)+size(2)+size(8) {
			t.Errorf("%+v", e)
		}

		r.must(r.Trash(r.ctx, r.acc, []ID{a}))
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		if got := back(b, inner, a); !slices.Equal(got, []ID{inner, a, b}) {
			t.Errorf("%v stay", got)
		}
		if got := back(a, inner, folder); got != nil { // in whatever order they are named
			t.Errorf("%v stay", got)
		}
		r.has(folder, "a.png", "a(1).png", "inner")

		// Into another folder; what is in the trash by a folder above it is taken out of that.
		r.must(r.Trash(r.ctx, r.acc, []ID{a}))
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		for to, want := range map[ID]fault.Code{live: fault.NotFolder, 1 << 40: fault.ParentNotFound, inner: fault.ParentNotFound} {
			r.fails(r.RecoverTo(r.ctx, r.acc, []ID{a}, to), want, "no such folder")
		}
		r.put(Root, "b.png", 16)
		r.must(r.RecoverTo(r.ctx, r.acc, []ID{a, b}, Root))
		r.has(Root, "(folder)", "live.png", "b.png", "a(1).png", "b(1).png")
		if r.get(folder).Size != size(8) || r.get(inner).Size != 0 {
			t.Errorf("%+v", r.get(folder))
		}
		if r.used() != size(1)+size(2)+size(4)+size(8)+size(16) {
			t.Errorf("%d bytes are used", r.used())
		}
	})
}

// A folder of ten thousand files is listed, and it and what is in it renamed,
// moved and trashed, like any other.
func TestManyFilesInOneFolder(t *testing.T) {
	each(t, func(r *room) {
		const n = 10_000
		folder, other := r.mkdir(Root, "folder"), r.mkdir(Root, "other")
		r.many(folder, n)
		list, total, err := r.ListPage(r.ctx, r.acc, PageQuery{Folder: folder, Order: ByID, Desc: true, Page: 1, Limit: 3})
		if err != nil || total != n || len(list) != 3 {
			t.Fatal(list, total, err)
		}
		last := list[0]
		if p, err := r.List(r.ctx, r.acc, folder, list[2].ID, 3); err != nil || len(p.Entries) != 2 || p.Entries[1].ID != last.ID || p.More {
			t.Errorf("the last page is %+v %v", p, err)
		}
		r.must(r.Rename(r.ctx, r.acc, last.ID, "猫.png"))
		r.fails(r.Rename(r.ctx, r.acc, last.ID, list[1].Name), fault.NameTaken, "another has the name")
		r.must(r.Move(r.ctx, r.acc, []ID{last.ID}, other))
		r.must(r.Move(r.ctx, r.acc, []ID{folder}, other))
		r.must(r.Trash(r.ctx, r.acc, []ID{list[1].ID}))
		if e := r.get(folder); e.Children != n-2 || r.get(other).Size != 10*(n-1) {
			t.Errorf("%d files, %d bytes", e.Children, r.get(other).Size)
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		if r.get(other).Size != 10 || r.get(folder).Size != 10*(n-2) {
			t.Errorf("%d bytes, and %d in the trash", r.get(other).Size, r.get(folder).Size)
		}
	})
}
