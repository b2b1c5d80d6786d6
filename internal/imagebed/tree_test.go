package imagebed

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/db"
	"tuchuang/internal/fault"
)

func TestMkdir(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir("", "top")
		r.image("", "a.png", 1)
		for name, c := range map[string]struct {
			parent ID
			names  []string
			want   fault.Code
		}{
			"taken":             {"", []string{"top"}, fault.BedFolderTaken},
			"taken by an image": {"", []string{"a.png"}, fault.BedFolderTaken},
			"one is taken":      {"", []string{"new", "top"}, fault.BedFolderTaken},
			"twice":             {"", []string{"new", "new"}, fault.BedFolderTaken},
			"one is bad":        {"", []string{"new", "a/b"}, fault.BadName},
			"empty":             {"", []string{""}, fault.BadName},
			"no parent":         {top[:len(top)-1] + "_", []string{"new"}, fault.ParentNotFound},
			"an image":          {r.tree()["a.png"], []string{"new"}, fault.NotFolder},
			"another's":         {r.account("other", -1).mkdir("", "x"), []string{"new"}, fault.ParentNotFound},
		} {
			if _, err := r.Mkdir(r.ctx, r.acc, c.parent, c.names); !fault.Is(err, c.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r.has("a.png", "top/")
		ids, err := r.Mkdir(r.ctx, r.acc, "0", []string{"b", "a"})
		if err != nil || r.get(ids[0]).Name != "b" || r.get(ids[1]).Name != "a" {
			t.Errorf("%q %v", ids, err)
		}
	})
}

func TestFoldersNoDeeperThanTheyMay(t *testing.T) {
	each(t, func(r *room) {
		at := r.root()
		way := []ID{at}
		for n := range MaxDepth {
			at = r.mkdir(at, fmt.Sprint(n))
			way = append(way, at)
		}
		if _, err := r.Mkdir(r.ctx, r.acc, at, []string{"x"}); !fault.Is(err, fault.TooDeep) {
			t.Errorf("a level too many: %v", err)
		}
		two := r.mkdir("", "two")
		r.mkdir(two, "levels")
		if err := r.Move(r.ctx, r.acc, []ID{two}, way[MaxDepth-1]); !fault.Is(err, fault.TooDeep) {
			t.Errorf("moved a level too deep: %v", err)
		}
		r.must(r.Move(r.ctx, r.acc, []ID{two}, way[MaxDepth-2]))
		if img := r.image(at, "a.png", 1); r.get(img).Folder != at {
			t.Error("the deepest folder takes no image")
		}
	})
}

// Many paths at once are those that each has alone.
func TestPaths(t *testing.T) {
	each(t, func(r *room) {
		a := r.mkdir("", "a")
		b, c := r.mkdir(a, "b"), r.mkdir(a, "c c")
		d := r.mkdir(b, "d")
		gone := ID("1" + string(a[1:len(a)-8]) + "00000000")
		folders := []ID{d, c, a, d, gone}
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) error {
			paths, err := Paths(r.ctx, tx, r.acc, folders)
			if err != nil {
				return err
			}
			if len(paths) != 4 || paths[d] != "/a/b/d/" || paths[c] != "/a/c c/" {
				t.Errorf("paths: %q", paths)
			}
			for _, f := range folders {
				if alone, err := Path(r.ctx, tx, r.acc, f); err != nil || paths[f] != alone {
					t.Errorf("%s is %q among others and %q alone, %v", f, paths[f], alone, err)
				}
			}
			return nil
		}))
	})
}

func TestMove(t *testing.T) {
	each(t, func(r *room) {
		from, to := r.mkdir("", "from"), r.mkdir("", "to")
		inner := r.mkdir(from, "inner.png")
		a, b := r.image(from, "a.png", 1), r.image(from, "b.png", 2)
		r.image(inner, "c.png", 3)
		r.image(to, "a.png", 4)
		r.image(to, "inner.png", 5)
		used := r.used()
		ext := r.get(a).Ext
		r.must(r.Move(r.ctx, r.acc, []ID{a, b, inner, a, "missing"}, to))
		r.has("from/", "to/", "to/a.png", "to/a(1).png", "to/b.png", "to/inner.png", "to/inner(1).png/", "to/inner(1).png/c.png")
		tree := r.tree()
		if tree["to/a(1).png"] != a || tree["to/b.png"] != b || tree["to/inner(1).png/"] != inner || r.get(a).Ext != ext || r.used() != used {
			t.Error("what was moved is not what it was")
		}
		r.must(r.Move(r.ctx, r.acc, []ID{a, inner}, to)) // where they are: they keep their names
		r.must(r.Move(r.ctx, r.acc, []ID{b}, ""))
		r.has("b.png", "from/", "to/", "to/a.png", "to/a(1).png", "to/inner.png", "to/inner(1).png/", "to/inner(1).png/c.png")
	})
}

func TestMoveRefuses(t *testing.T) {
	each(t, func(r *room) {
		a := r.mkdir("", "a")
		b := r.mkdir(a, "b")
		c := r.mkdir(b, "c")
		img := r.image("", "x.png", 1)
		other := r.account("other", -1)
		theirs, theirFolder := other.image("", "t.png", 1), other.mkdir("", "f")
		for name, e := range map[string]struct {
			ids  []ID
			to   ID
			want fault.Code
		}{
			"into itself":       {[]ID{a}, a, fault.IntoItself},
			"below itself":      {[]ID{img, a}, c, fault.IntoItself},
			"the root":          {[]ID{r.root()}, a, fault.IntoItself},
			"nothing of it":     {[]ID{"missing"}, a, fault.NotFound},
			"nothing":           {nil, a, fault.NotFound},
			"another's":         {[]ID{theirs, theirFolder}, a, fault.NotFound},
			"to another's":      {[]ID{img}, theirFolder, fault.ParentNotFound},
			"to what is no one": {[]ID{img}, "missing", fault.ParentNotFound},
			"into an image":     {[]ID{a}, img, fault.NotFolder},
		} {
			if err := r.Move(r.ctx, r.acc, e.ids, e.to); !fault.Is(err, e.want) {
				t.Errorf("%s: %v", name, err)
			}
		}
		r.has("a/", "a/b/", "a/b/c/", "x.png")
		other.has("f/", "t.png")
	})
}

func TestDelete(t *testing.T) {
	each(t, func(r *room) {
		other := r.account("other", -1)
		theirs := other.image("", "t.png", 1)
		top := r.mkdir("", "top")
		inner := r.mkdir(top, "inner")
		gone, loose := r.image(inner, "gone.png", 1), r.image("", "loose.png", 2)
		r.image(top, "too.png", 3)
		stays := r.image("", "stays.png", 4)
		r.delete([]ID{gone, top, loose, loose, inner, "missing", theirs})
		r.has("stays.png")
		other.has("t.png")
		if r.used() != size(4) || other.used() != size(1) {
			t.Errorf("%d and %d bytes are used", r.used(), other.used())
		}
		for _, id := range []ID{top, inner, gone} {
			if _, err := r.Get(r.ctx, r.acc, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%s: %v", id, err)
			}
		}
		r.mkdir("", "folder")
		r.delete([]ID{r.root(), stays}) // emptied, never removed
		r.has()
		if r.used() != 0 {
			t.Errorf("%d bytes of an empty bed are used", r.used())
		}
		r.mkdir("", "the root is still there")
	})
}

func TestGetKnowsItsAccount(t *testing.T) {
	each(t, func(r *room) {
		other := r.account("other", -1)
		for _, id := range []ID{other.image("", "t.png", 1), other.mkdir("", "f"), "", "missing"} {
			if _, err := r.Get(r.ctx, r.acc, id); !fault.Is(err, fault.NotFound) {
				t.Errorf("%q: %v", id, err)
			}
		}
		if root := r.get(r.root()); root.Folder != root.ID || !root.IsFolder {
			t.Errorf("the root: %+v", root)
		}
	})
}

// Folders come first, then images, the newest first; a page goes on where the one
// before ended, though its last entry has gone.
func TestListPages(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "folder")
		var want []ID
		for n := range 6 {
			want = append(want, r.image(folder, fmt.Sprintf("%d.png", n), n+1))
		}
		for n := range 5 {
			want = append(want, r.mkdir(folder, fmt.Sprint(n)))
		}
		slices.Reverse(want)
		for limit := 1; limit <= len(want)+1; limit++ {
			var got []ID
			q := Query{Folder: folder, Limit: limit}
			for more := true; more; {
				var page []Image
				var err error
				page, more, err = r.List(r.ctx, r.acc, q)
				r.must(err)
				if len(page) == 0 || len(page) > limit || len(page) < limit && more {
					t.Fatalf("a page of %d has %d entries, more: %v", limit, len(page), more)
				}
				for _, img := range page {
					got = append(got, img.ID)
					if img.Folder != folder || img.FolderName != "folder" {
						t.Errorf("%+v", img)
					}
				}
				q.After = page[len(page)-1].ID
			}
			if !slices.Equal(got, want) {
				t.Errorf("by %d: %q, want %q", limit, got, want)
			}
		}
		for _, last := range []int{4, 6} { // a folder, an image
			r.delete([]ID{want[last]})
			page, more, err := r.List(r.ctx, r.acc, Query{Folder: folder, After: want[last], Limit: 2})
			if err != nil || !more || page[0].ID != want[last+1] {
				t.Errorf("after an entry that has gone: %+v %v %v", page, more, err)
			}
			want = slices.Delete(want, last, last+1)
		}
		if _, _, err := r.List(r.ctx, r.acc, Query{Folder: "missing", Limit: 1}); !fault.Is(err, fault.ParentNotFound) {
			t.Errorf("a folder that is not there: %v", err)
		}
	})
}

// Names that begin with a text come by name, folders first, page after page.
func TestListByBeginnings(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir("", "folder")
		for n, name := range []string{"b.png", "ab.png", "a.png", "Ab.png", "a\ud7ff1.png", "a\U0010ffff.png", "aé.png"} {
			r.image(folder, name, n+1)
		}
		for _, name := range []string{"ac", "aa", "c"} {
			r.mkdir(folder, name)
		}
		r.image("", "above.png", 1)
		for begins, want := range map[string]string{
			"a":           "aa ac a.png ab.png aé.png a\ud7ff1.png a\U0010ffff.png",
			"ab":          "ab.png",
			"A":           "Ab.png",
			"c":           "c",
			"ae\u0301":    "aé.png",
			"a\ud7ff":     "a\ud7ff1.png",
			"a\U0010ffff": "a\U0010ffff.png",
			"\U0010ffff":  "",
			"%":           "",
		} {
			for limit := 1; limit < 9; limit++ {
				var got []string
				q := Query{Folder: folder, Begins: begins, Limit: limit}
				for more := true; more; {
					var page []Image
					var err error
					page, more, err = r.List(r.ctx, r.acc, q)
					r.must(err)
					if len(page) > limit || more && len(page) < limit {
						t.Fatalf("a page of %d has %d entries, more: %v", limit, len(page), more)
					}
					for _, img := range page {
						got, q.After = append(got, img.Name), img.ID
					}
				}
				if strings.Join(got, " ") != want {
					t.Errorf("%q by %d: %q, want %q", begins, limit, got, want)
				}
			}
		}
		images, _, err := r.List(r.ctx, r.acc, Query{Folder: folder, Begins: "a", Images: true, Limit: 1})
		if err != nil || images[0].Name != "a.png" {
			t.Errorf("images alone: %v %v", images, err)
		}
		gone := images[0].ID
		r.delete([]ID{gone})
		for _, q := range []Query{{Begins: "a", After: gone}, {Begins: "a", From: time.Unix(1, 0)}, {Begins: "a", After: "x"}} {
			q.Folder, q.Limit = folder, 1
			if _, _, err := r.List(r.ctx, r.acc, q); !fault.Is(err, fault.BadRequest) {
				t.Errorf("%+v: %v", q, err)
			}
		}
		if _, _, err := r.List(r.ctx, r.acc, Query{Folder: "missing", Begins: "a", Limit: 1}); !fault.Is(err, fault.ParentNotFound) {
			t.Errorf("a folder that is not there: %v", err)
		}
	})
}

func TestListBetweenTimes(t *testing.T) {
	each(t, func(r *room) {
		// At the beginning of a second, after all that this process has made.
		start := time.UnixMicro(mint.last).Add(time.Hour).Truncate(time.Second)
		*r.ahead += start.Sub(r.db.Now())
		r.mkdir("", "0")
		r.image("", "0.png", 1)
		for n := 1; n < 4; n++ {
			*r.ahead += time.Hour
			r.image("", fmt.Sprintf("%d.png", n), n+1)
		}
		// What the lists show is the time that they go by.
		for _, img := range r.tree() {
			if got := r.get(img).CreatedAt.UnixMicro(); got != img.createdAt() {
				t.Errorf("%s was created at %d", img, got)
			}
		}
		at := func(hours int) time.Time { return start.Add(time.Duration(hours) * time.Hour) }
		for _, c := range []struct {
			from, to time.Time
			want     string
		}{
			{time.Time{}, time.Time{}, "0 3.png 2.png 1.png 0.png"},
			{at(1), time.Time{}, "3.png 2.png 1.png"},
			{time.Time{}, at(1), "0 1.png 0.png"},
			{at(1), at(2), "2.png 1.png"},
			{at(1).Add(time.Minute), at(2).Add(-time.Minute), ""},
		} {
			list, _, err := r.List(r.ctx, r.acc, Query{From: c.from, To: c.to, Limit: 100})
			r.must(err)
			var names []string
			for _, img := range list {
				names = append(names, img.Name)
			}
			if got := strings.Join(names, " "); got != c.want {
				t.Errorf("from %s to %s: %q, want %q", c.from, c.to, got, c.want)
			}
		}
	})
}

func TestIDs(t *testing.T) {
	now := time.Now()
	ids := mint.new(1001, kindImage, now, 1000)
	if !slices.IsSorted(ids) || len(slices.Compact(slices.Clone(ids))) != len(ids) {
		t.Error("ids of one batch do not rise")
	}
	if next := mint.new(1001, kindImage, now.Add(-time.Hour), 1)[0]; next <= ids[999] {
		t.Error("a clock that goes back makes smaller ids")
	}
	for _, acc := range []int64{1, 31, 32, 1001, 1 << 40, 1<<62 + 5} {
		for _, kind := range []byte{kindImage, kindFolder} {
			id := mint.new(accountID(acc), kind, now, 1)[0]
			if got, ok := id.account(); !ok || int64(got) != acc || id.isFolder() != (kind == kindFolder) {
				t.Errorf("%s is of %d, %v", id, got, ok)
			}
			if strings.Trim(string(id), "abcdefghijklmnopqrstuvwxyz0123456789") != "" || id.createdAt() != mint.last {
				t.Errorf("%s was made at %d, %d", id, id.createdAt(), mint.last)
			}
		}
	}
	good := string(ids[0])
	for _, bad := range []string{"", "0", "-1", good[1:], good + "0", strings.ToUpper(good), good[:len(good)-1] + "z", strings.Replace(good, "i", "x", 1), "z" + good[1:]} {
		if acc, ok := ID(bad).account(); ok {
			t.Errorf("%q is of %d", bad, acc)
		}
	}
}

// The path of a folder is joined once and in one go, however deep it is and however often
// it is asked for.
func TestAPathIsJoinedOnce(t *testing.T) {
	above := make(map[ID]node)
	id := func(n int) ID { return ID(strconv.Itoa(n)) }
	want := "/"
	for n := range MaxDepth + 1 {
		above[id(n)] = node{id(max(0, n-1)), fmt.Sprintf("%d and so on", n)}
		if n > 0 {
			want += above[id(n)].name + "/"
		}
	}
	if got := pathOf(above, id(MaxDepth)); got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
	if got := pathOf(above, id(0)); got != "/" {
		t.Errorf("the root is %s", got)
	}
	if n := testing.AllocsPerRun(10, func() { pathOf(above, id(MaxDepth)) }); n > MaxDepth/4 {
		t.Errorf("%v allocations", n)
	}
}
