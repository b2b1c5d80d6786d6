package drive

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/fault"
	"tuchuang/internal/picture"
)

func TestMkdir(t *testing.T) {
	each(t, func(r *room) {
		top := r.mkdir(Root, "top")
		file := r.put(Root, "a.png", 1)
		trashed := r.mkdir(Root, "trashed")
		below := r.mkdir(trashed, "below")
		r.must(r.Trash(r.ctx, r.acc, []ID{trashed}))
		other := r.account("other", -1)
		for name, c := range map[string]struct {
			parent ID
			name   string
			want   fault.Code
		}{
			"a folder has the name": {Root, "top", fault.FolderTaken},
			"a file has the name":   {Root, "a.png", fault.NameTaken},
			"a bad name":            {Root, "a/b", fault.BadName},
			"no name":               {Root, " ", fault.BadName},
			"too long a name":       {Root, strings.Repeat("图", 256), fault.BadName},
			"no parent":             {1 << 40, "x", fault.ParentNotFound},
			"a parent in the trash": {trashed, "x", fault.ParentNotFound},
			"a parent below it":     {below, "x", fault.ParentNotFound},
			"a file":                {file, "x", fault.NotFolder},
			"another's":             {other.mkdir(Root, "theirs"), "x", fault.ParentNotFound},
		} {
			_, err := r.Mkdir(r.ctx, r.acc, c.parent, c.name)
			r.fails(err, c.want, name)
		}
		r.mkdir(Root, "trashed") // its name is free
		r.mkdir(top, "top")
		r.mkdir(Root, "Top")
		r.mkdir(Root, "é")
		_, err := r.Mkdir(r.ctx, r.acc, Root, "e\u0301")
		r.fails(err, fault.FolderTaken, "another form of one name")
		r.has(Root, "top", "a.png", "(trashed)", "trashed", "Top", "é")
		r.has(top, "top")
		if e := r.get(top); !e.IsFolder() || e.Class != picture.Folder || e.Parent != Root || e.Trashed != Live {
			t.Errorf("%+v", e)
		}
	})
}

func TestMkdirAll(t *testing.T) {
	each(t, func(r *room) {
		mkdirAll := func(parent ID, path ...string) (at ID, err error) {
			return at, r.db.Write(r.ctx, "test", func(tx *db.Tx) (err error) {
				at, err = MkdirAll(r.ctx, tx, r.acc, parent, path)
				return err
			})
		}
		canPut := func(parent ID, path ...string) error {
			return r.db.Read(r.ctx, "test", func(tx *db.Tx) error {
				_, err := CanPut(r.ctx, tx, r.acc, parent, path, "file", Refuse)
				return err
			})
		}
		a := r.mkdir(Root, "a")
		c, err := mkdirAll(Root, "a", "b", "c")
		r.must(err)
		taken := func() (n int64) {
			found, err := r.db.Get(r.ctx, "test", `SELECT next FROM id_block WHERE name = 'drive'`, nil, &n)
			if r.must(err); !found {
				t.Fatal("no ids were taken")
			}
			return n
		}
		before := taken()
		again, err := mkdirAll(Root, "a", "b", "c")
		r.must(err)
		if after := taken(); after != before {
			t.Errorf("%d ids were used for folders that were there", after-before)
		}
		if id, err := mkdirAll(Root, "a", "x", "y"); err != nil || r.get(id).Name != "y" {
			t.Errorf("%d %v", id, err)
		}
		if b := r.has(a, "b", "x")["b"]; r.has(b, "c")["c"] != c || again != c {
			t.Errorf("c is %d, then %d", c, again)
		}
		if at, err := mkdirAll(c); err != nil || at != c {
			t.Errorf("no path: %d %v", at, err)
		}
		r.must(canPut(c, "new", "newer"))
		d := r.put(c, "d", 1)
		deep := make([]string, MaxDepth-2)
		for n := range deep {
			deep[n] = fmt.Sprint(n)
		}
		for what, path := range map[string]struct {
			parent ID
			names  []string
			want   fault.Code
		}{
			"a file on the way": {c, []string{"d", "e"}, fault.NameTaken},
			"no such folder":    {1 << 40, []string{"x"}, fault.ParentNotFound},
			"below a file":      {d, []string{"x"}, fault.NotFolder},
			"too deep":          {c, deep, fault.TooDeep},
		} {
			_, err = mkdirAll(path.parent, path.names...)
			r.fails(err, path.want, what)
			r.fails(canPut(path.parent, path.names...), path.want, what+", asked before")
		}
		r.has(c, "d")
		_, err = mkdirAll(c, deep[1:]...) // as deep as it may
		r.must(err)
	})
}

func TestNoDeeperThanItMay(t *testing.T) {
	each(t, func(r *room) {
		at := Root
		for n := range MaxDepth {
			at = r.mkdir(at, fmt.Sprint(n))
		}
		_, err := r.Mkdir(r.ctx, r.acc, at, "x")
		r.fails(err, fault.TooDeep, "a level too many")
		r.put(at, "the deepest folder takes files.png", 1)
	})
}

func TestPut(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "folder")
		inside := r.mkdir(folder, "a folder")
		first := r.put(folder, "a.png", 1)
		_, err := r.try(folder, "a.png", 2, Refuse)
		r.fails(err, fault.NameTaken, "0 refuses")
		for _, dup := range []Duplicate{Refuse, Overwrite} {
			_, err = r.try(folder, "a folder", 2, dup)
			r.fails(err, fault.NameTaken, "a folder has the name")
		}
		second, err := r.try(folder, "a.png", 2, KeepBoth)
		r.must(err)
		_, err = r.try(folder, "a.png", 3, KeepBoth)
		r.must(err)
		_, err = r.try(folder, "a folder", 4, KeepBoth)
		r.must(err)
		r.has(folder, "a.png", "a(1).png", "a(2).png", "a folder", "a folder(1)")
		if e := r.get(second); e.Name != "a(1).png" || e.Etag != etag(2) || e.Size != size(2) || e.Class != picture.Eligible {
			t.Errorf("%+v", e)
		}
		third, err := r.try(folder, "a.png", 5, Overwrite)
		r.must(err)
		if got := r.has(folder, "a.png", "a(1).png", "a(2).png", "a folder", "a folder(1)")["a.png"]; got != third || got == first {
			t.Errorf("a.png is %d; %d was written over %d", got, third, first)
		}
		_, _, err = r.Get(r.ctx, r.acc, first)
		r.fails(err, fault.NotFound, "what was written over")
		if used := r.used(); used != size(2)+size(3)+size(4)+size(5) {
			t.Errorf("%d bytes are used", used)
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{third}))
		r.put(folder, "a.png", 6) // the name of what is in the trash is free
		for parent, want := range map[ID]fault.Code{third: fault.NotFolder, 1 << 40: fault.ParentNotFound} {
			_, err = r.try(parent, "x.png", 1, Refuse)
			r.fails(err, want, "no such folder")
		}
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		_, err = r.try(inside, "x.png", 1, Refuse)
		r.fails(err, fault.ParentNotFound, "a folder above it is in the trash")
	})
}

// What is no value of duplicate replaces nothing, and overwriting takes no folder.
func TestPutTakesNothingAwayUnasked(t *testing.T) {
	each(t, func(r *room) {
		r.put(Root, "file", 1)
		r.mkdir(Root, "empty")
		r.put(r.mkdir(Root, "full"), "inside", 2)
		for _, dup := range []Duplicate{Overwrite, 3, -1} {
			for _, name := range []string{"file", "empty", "full"} {
				if name == "file" && dup == Overwrite {
					continue
				}
				_, err := r.try(Root, name, 3, dup)
				r.fails(err, fault.NameTaken, fmt.Sprintf("duplicate %d of %s", dup, name))
			}
		}
		r.has(r.has(Root, "file", "empty", "full")["full"], "inside")
	})
}

// However many have the name: the next number.
func TestPutBesideManyOfAName(t *testing.T) {
	each(t, func(r *room) {
		for n := range 40 {
			_, err := r.try(Root, "a.png", n+1, KeepBoth)
			r.must(err)
		}
		var want []string
		for n := range 40 {
			want = append(want, "a.png")
			if n > 0 {
				want[n] = fmt.Sprintf("a(%d).png", n)
			}
		}
		r.has(Root, want...)
	})
}

func TestPutTakesQuota(t *testing.T) {
	each(t, func(r *room) {
		r = r.account("small", 100)
		r.put(Root, "a.png", 6)
		_, err := r.try(Root, "b.png", 5, Refuse)
		r.fails(err, fault.QuotaExceeded, "60 and 50 of 100")
		_, err = r.try(Root, "a.png", 10, Overwrite) // only the difference counts
		r.must(err)
		_, err = r.try(Root, "a.png", 11, Overwrite)
		r.fails(err, fault.QuotaExceeded, "110 of 100")
		_, err = r.try(Root, "a.png", 3, Overwrite)
		r.must(err)
		r.has(Root, "a.png")
		if used := r.used(); used != 30 {
			t.Errorf("%d bytes are used", used)
		}
		r.write(func(tx *db.Tx) error { return account.Count(r.ctx, tx, r.acc, 0, 70) })
		_, err = r.try(Root, "b.png", 1, Refuse)
		r.fails(err, fault.QuotaExceeded, "an upload has reserved the rest")
	})
}

// Files and folders have a limit of their own, by whatever way they are made, since those
// without bytes have no other; what goes for good makes room.
func TestEntriesAreLimited(t *testing.T) {
	each(t, func(r *room) {
		accounts, err := account.Open(r.ctx, r.db)
		r.must(err)
		may := func(n int64) {
			t.Helper()
			_, err := accounts.SetLimits(r.ctx, "writer", account.Limits{Entries: &n})
			r.must(err)
		}
		full := func(err error, when string) {
			t.Helper()
			r.fails(err, fault.EntriesFull, when)
		}
		counts := func(want int64) {
			t.Helper()
			if n := r.counted(); n != want {
				t.Errorf("%d are counted, want %d", n, want)
			}
		}
		folder := r.mkdir(Root, "folder")
		inner := r.mkdir(folder, "inner")
		file := r.put(inner, "a.png", 1)
		counts(3)
		may(5)
		all := func(tx *db.Tx) error {
			_, err := MkdirAll(r.ctx, tx, r.acc, Root, []string{"x", "y", "z"})
			return err
		}
		full(r.db.Write(r.ctx, "test", all), "three folders of a path")
		_, err = r.Copy(r.ctx, r.acc, folder, Root)
		full(err, "three copies")
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) error {
			_, err := CanPut(r.ctx, tx, r.acc, Root, []string{"x"}, "b", Refuse)
			r.must(err)
			_, err = CanPut(r.ctx, tx, r.acc, Root, []string{"x", "y"}, "b", Refuse)
			full(err, "a file in two new folders")
			return nil
		}))
		r.mkdir(Root, "four")
		r.put(Root, "five", 2)
		counts(5)
		_, err = r.Mkdir(r.ctx, r.acc, Root, "six")
		full(err, "a folder")
		_, err = r.try(Root, "six", 3, Refuse)
		full(err, "a file")
		_, err = r.Copy(r.ctx, r.acc, file, Root)
		full(err, "a copy")
		full(r.db.Write(r.ctx, "test", func(tx *db.Tx) error {
			_, _, err := CopyOne(r.ctx, tx, r.acc, file, Root)
			return err
		}), "a copy of one")
		full(r.db.Write(r.ctx, "test", func(tx *db.Tx) error {
			_, _, err := CopySome(r.ctx, tx, r.acc, inner, folder, 0, 1<<52, 10)
			return err
		}), "a copy of some")
		_, err = r.try(Root, "five", 4, Overwrite)
		r.must(err)
		r.must(r.db.Read(r.ctx, "test", func(tx *db.Tx) error {
			_, err := CanPut(r.ctx, tx, r.acc, Root, nil, "five", Overwrite)
			r.must(err)
			_, err = CanPut(r.ctx, tx, r.acc, Root, nil, "five", KeepBoth)
			full(err, "one more of a name")
			return nil
		}))
		counts(5)
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		_, err = r.Mkdir(r.ctx, r.acc, Root, "six")
		full(err, "what is in the trash counts")
		_, err = r.Delete(r.ctx, r.acc, []ID{folder})
		r.must(err)
		counts(2)
		r.must(r.db.Write(r.ctx, "test", all))
		counts(5)
		may(account.NoLimit)
		r.mkdir(Root, "seven")
		may(1) // what is there stays, and can go
		_, err = r.Mkdir(r.ctx, r.acc, Root, "eight")
		full(err, "less is allowed by now")
		p, err := r.List(r.ctx, r.acc, Root, 0, 10)
		r.must(err)
		for _, e := range p.Entries {
			r.must(r.Trash(r.ctx, r.acc, []ID{e.ID}))
			_, err = r.Delete(r.ctx, r.acc, []ID{e.ID})
			r.must(err)
		}
		counts(0)
		r.mkdir(Root, "one")
	})
}

func TestIDsAreUniqueOverAccounts(t *testing.T) {
	each(t, func(r *room) {
		const each = 60
		doors := []*Drive{r.Drive, New(r.db), New(r.db)} // as many processes
		rooms := []*room{r, r.account("second", -1), r.account("third", -1)}
		made := make(chan ID, len(doors)*len(rooms)*each)
		g, ctx := errgroup.WithContext(r.ctx)
		for _, d := range doors {
			for _, in := range rooms {
				g.Go(func() error { return makeMany(ctx, d, in.acc, each, made) })
			}
		}
		r.must(g.Wait())
		close(made)
		seen := make(map[ID]bool)
		for id := range made {
			if seen[id] || id <= 0 || id >= 1<<53 {
				t.Fatalf("%d was given out twice, or is no id", id)
			}
			seen[id] = true
		}
		if len(seen) != cap(made) {
			t.Errorf("%d ids", len(seen))
		}
	})
}

// makeMany makes folders and takes more ids, so that a block runs out.
func makeMany(ctx context.Context, d *Drive, acc account.ID, n int, made chan<- ID) error {
	for range n {
		id, err := d.NewID(ctx)
		if err != nil {
			return err
		}
		if err := d.db.Write(ctx, "test", func(tx *db.Tx) error {
			return insert(ctx, tx, acc, id, Root, fmt.Sprint(id), picture.Folder, nil, 0, "")
		}); err != nil {
			return err
		}
		made <- id
		for range 19 {
			if _, err := d.NewID(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

func TestParseID(t *testing.T) {
	for text, want := range map[string]ID{"0": 0, "12": 12, "9007199254740991": 1<<53 - 1} {
		if id, err := ParseID(text); err != nil || id != want || id.String() != text {
			t.Errorf("%s: %d %v", text, id, err)
		}
	}
	for _, text := range []string{"", "-1", "x", "1.0", "9223372036854775808"} {
		if _, err := ParseID(text); !fault.Is(err, fault.BadRequest) {
			t.Errorf("%q: %v", text, err)
		}
	}
}
