package drive

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"tuchuang/internal/account"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
)

// search answers the names that a search finds, page by page.
func (r *room) search(text string, exact bool, limit int) string {
	r.Helper()
	var got []Entry
	for after, more := Root, true; more; {
		p, err := r.Search(r.ctx, r.acc, text, exact, after, limit)
		r.must(err)
		if len(p.Entries) > limit || len(p.Entries) < limit && p.More {
			r.Errorf("a page of %d has %d entries", limit, len(p.Entries))
		}
		got, after, more = append(got, p.Entries...), p.Next, p.More
	}
	return names(got)
}

// waiting is how many names are not in the index yet.
func (r *room) waiting() (n int) {
	r.Helper()
	_, err := r.db.Get(r.ctx, "test", `SELECT count(*) FROM drive_unindexed WHERE account_id = $1`, []any{r.acc}, &n)
	r.must(err)
	return n
}

// Searches find the same, whether names are in the index or wait to be.
func TestSearch(t *testing.T) {
	each(t, func(r *room) {
		folder := r.mkdir(Root, "旅行照片")
		r.put(folder, "照片 1.png", 1)
		r.put(Root, "100%_照.PNG", 2)
		r.put(Root, `"AND" OR 'x'`, 2)
		r.put(Root, "Ｆｕｌｌ　Ｗｉｄｔｈ.ｔｘｔ", 2)
		r.put(Root, "ÉCOLE Σίσυφος Kelvin.txt", 2)
		r.account("other", -1).put(Root, "照片.png", 3)
		gone := r.mkdir(Root, "gone")
		r.put(gone, "照片 in the trash.png", 4)
		r.must(r.Trash(r.ctx, r.acc, []ID{gone}))
		detached := r.mkdir(Root, "detached")
		r.put(detached, "照片 of nobody.png", 4)
		r.exec(`UPDATE drive_entry SET trashed = 2 WHERE account_id = $1 AND id = $2`, r.acc, detached)
		for _, when := range []string{"before", "after"} {
			for _, c := range []struct {
				text  string
				exact bool
				want  string
			}{
				{"照片", false, "旅行照片 照片 1.png 照片 in the trash.png"}, {"照", false, "旅行照片 照片 1.png 100%_照.PNG 照片 in the trash.png"},
				{"片照", false, ""}, {"%", false, "100%_照.PNG"}, {"_", false, "100%_照.PNG"}, {"*", false, ""},
				{"照片 1.png", true, "照片 1.png"}, {"照片 1", true, ""}, {"照片 1.PNG", true, ""}, {"", false, ""}, {"", true, ""},
				{".pNg", false, "照片 1.png 100%_照.PNG 照片 in the trash.png"},
				{`"AND"`, false, `"AND" OR 'x'`}, {"'", false, `"AND" OR 'x'`}, {"and or", false, ""}, {"d\" o", false, `"AND" OR 'x'`},
				{"full width", false, "Ｆｕｌｌ　Ｗｉｄｔｈ.ｔｘｔ"}, {"ｋｅｌｖｉｎ", false, "ÉCOLE Σίσυφος Kelvin.txt"},
				{"e\u0301cole", false, "ÉCOLE Σίσυφος Kelvin.txt"}, {"ecole", false, ""}, {"ΣΊΣΥΦΟΣ", false, "ÉCOLE Σίσυφος Kelvin.txt"},
				{strings.Repeat("照", 300), false, ""},
			} {
				for _, limit := range []int{1, 100} {
					if got := r.search(c.text, c.exact, limit); got != c.want {
						t.Errorf("%s: %q, exact %v: %q, want %q", when, c.text, c.exact, got, c.want)
					}
				}
			}
			p, err := r.Search(r.ctx, r.acc, "照片", false, folder, 5)
			if err != nil || len(p.Entries) != 2 || p.Entries[1].Trashed != InTrash {
				t.Errorf("%+v %v", p, err)
			}
			r.must(r.IndexNames(r.ctx))
			if n := r.waiting(); n != 0 {
				t.Errorf("%d names wait", n)
			}
		}
	})
}

// Several accounts with more names than a round has room for are all indexed.
func TestIndexNamesOfMany(t *testing.T) {
	each(t, func(r *room) {
		others := []*room{r, r.account("b", account.NoQuota), r.account("c", account.NoQuota)}
		for n, o := range others {
			o.write(func(tx *db.Tx) error {
				for id := range 3 + (2-n)*indexAtOnce*indexRound {
					if _, err := tx.Exec(r.ctx, `INSERT INTO drive_unindexed (account_id, id) VALUES ($1, $2)`, o.acc, 1_000_000+id); err != nil {
						return err
					}
				}
				return nil
			})
		}
		r.must(r.IndexNames(r.ctx))
		for _, o := range others {
			if n := o.waiting(); n != 0 {
				t.Errorf("%d names of %d wait", n, o.acc)
			}
		}
	})
}

// Where rows come by logical replication, from a database that noted their names, the notes
// come behind them.
func TestReplicationBringsNotes(t *testing.T) {
	r := (&room{TB: t, Drive: New(dbtest.Open(t, db.PostgreSQL, nil)), ctx: t.Context()}).account("writer", account.NoQuota)
	r.write(func(tx *db.Tx) error {
		for _, s := range []string{
			`SET LOCAL session_replication_role = replica`,
			`INSERT INTO drive_entry SELECT (jsonb_populate_record(e, '{"id": 77, "name": "x"}')).* FROM drive_entry e WHERE id = 0`,
			`INSERT INTO drive_unindexed (account_id, id) SELECT account_id, 77 FROM drive_entry WHERE id = 77`,
			`UPDATE drive_entry SET name = 'y' WHERE id = 77`,
			`DELETE FROM drive_unindexed WHERE id = 77`,
			`DELETE FROM drive_entry WHERE id = 77`,
			`INSERT INTO drive_unindexed (account_id, id) SELECT account_id, 77 FROM drive_entry WHERE id = 0`,
		} {
			if _, err := tx.Exec(r.ctx, s); err != nil {
				t.Errorf("%s: %v", s, err)
				return err
			}
		}
		return nil
	})
}

// A name that is new, another's or gone is found, or not, at once and for good.
func TestSearchFollowsNames(t *testing.T) {
	each(t, func(r *room) {
		finds := func(text, want string) {
			t.Helper()
			for range 2 { // before it is in the index, and after
				if got := r.search(text, false, 2); got != want {
					t.Errorf("%q finds %q, want %q", text, got, want)
				}
				r.must(r.IndexNames(r.ctx))
			}
		}
		a := r.put(Root, "alpha.png", 1)
		folder := r.mkdir(Root, "folder")
		finds("alpha", "alpha.png")
		r.must(r.Rename(r.ctx, r.acc, a, "beta.png"))
		finds("beta", "beta.png")
		finds("alpha", "")
		r.must(r.Move(r.ctx, r.acc, []ID{a}, folder))
		if n := r.waiting(); n != 0 {
			t.Errorf("after a move %d names wait", n)
		}
		_, err := r.Copy(r.ctx, r.acc, folder, Root)
		r.must(err)
		finds("beta", "beta.png beta.png")
		_, err = r.try(folder, "beta.png", 2, Overwrite)
		r.must(err)
		finds("beta", "beta.png beta.png")
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		r.put(r.mkdir(Root, "folder"), "gamma.png", 3)
		_, err = r.Recover(r.ctx, r.acc, []ID{folder})
		r.must(err)
		finds("folder", "folder(2) folder folder(1)")
		r.must(r.Trash(r.ctx, r.acc, []ID{folder}))
		_, err = r.Delete(r.ctx, r.acc, []ID{folder})
		r.must(err)
		finds("beta", "beta.png")
		r.write(func(tx *db.Tx) error {
			none, next, err := IndexedNone(r.ctx, tx, r.acc, Root)
			if len(none) > 0 || next == Root {
				t.Errorf("the index has %v, which are gone; next %d", none, next)
			}
			return err
		})
	})
}

// What many names nearly have is found among them, and a page of what all have is one.
func TestSearchAmongMany(t *testing.T) {
	each(t, func(r *room) {
		const n = 6000
		folder := r.mkdir(Root, "folder")
		r.many(folder, n) // the names are numbers
		last := r.put(folder, "ab-bc.png", 1)
		r.exec(`UPDATE drive_entry SET name = 'ab bc ' || name WHERE account_id = $1 AND parent_id = $2 AND id <> $3`, r.acc, folder, last)
		hidden := r.put(folder, "abc", 1)
		for range 2 {
			if got := r.search("abc", false, 1); got != "abc" {
				t.Errorf("found %q", got)
			}
			if got := r.search("b-b", false, 1); got != "ab-bc.png" {
				t.Errorf("found %q", got)
			}
			if got := strings.Count(r.search("AB B", false, 500), "ab bc"); got != n {
				t.Errorf("found %d of %d", got, n)
			}
			list, total, err := r.ListPage(r.ctx, r.acc, PageQuery{Search: "AB", Order: ByName, Desc: true, Page: 1, Limit: 2})
			if err != nil || total != n+2 || len(list) != 2 || list[0].ID != hidden || list[1].ID != last {
				t.Errorf("%d of %d, %v", len(list), total, err)
			}
			r.must(r.IndexNames(r.ctx))
		}
	})
}

// Whatever the names and the text are, a search finds what a look at all names does.
func TestSearchFindsWhatAScanDoes(t *testing.T) {
	letters := []rune("aAbBkK\u212aß1290 .%_'\"()^-+:&照片行旅一二ＡａＫ１　ｶﾞガée\u0301\u200d👨👩😀İıſsΣσς\U00020000한글")
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			d := dbtest.Open(t, e, nil)
			accounts := 0
			rapid.Check(t, func(rt *rapid.T) {
				accounts++
				r := (&room{TB: rt, Drive: New(d), ctx: t.Context()}).account(fmt.Sprint("a", accounts), account.NoQuota)
				text := rapid.StringOfN(rapid.SampledFrom(letters), 1, 12, -1)
				var all []Entry
				for n := range rapid.IntRange(1, 12).Draw(rt, "names") {
					id, err := r.try(Root, text.Draw(rt, "name"), n+1, KeepBoth)
					r.must(err)
					all = append(all, r.get(id))
				}
				indexed := rapid.IntRange(0, len(all)).Draw(rt, "indexed")
				r.write(func(tx *db.Tx) error {
					var ids []ID
					for _, e := range all[:indexed] {
						ids = append(ids, e.ID)
					}
					return Reindex(r.ctx, tx, r.acc, ids)
				})
				if len(all) > 1 && rapid.Bool().Draw(rt, "rename") {
					_ = r.Rename(r.ctx, r.acc, all[0].ID, text.Draw(rt, "new name")) // where it may
					all[0] = r.get(all[0].ID)
				}
				for range 4 {
					wanted := text.Draw(rt, "text")
					if rapid.Bool().Draw(rt, "part") { // of a name that is there
						of := []rune(rapid.SampledFrom(all).Draw(rt, "of").Name)
						from := rapid.IntRange(0, len(of)-1).Draw(rt, "from")
						wanted = string(of[from:rapid.IntRange(from+1, len(of)).Draw(rt, "to")])
					}
					exact := rapid.Bool().Draw(rt, "exact")
					s := newSearched(wanted, exact)
					var want []Entry
					for _, e := range all {
						if s.has(e.Name) {
							want = append(want, e)
						}
						if strings.Contains(e.Name, s.text) && !exact && !s.has(e.Name) {
							rt.Errorf("%q is a part of %q and not found", s.text, e.Name)
						}
					}
					if got := r.search(wanted, exact, rapid.IntRange(1, 5).Draw(rt, "limit")); got != names(want) {
						rt.Errorf("%q, exact %v, finds %q, want %q", wanted, exact, got, names(want))
					}
				}
			})
		})
	}
}

// A name has the words of each part of it.
func TestWordsOfPartsAreWordsOfTheName(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		name := "n" + strings.ReplaceAll(rapid.StringN(1, 60, -1).Draw(t, "name"), "\x00", "")
		runes := []rune(name)
		from := rapid.IntRange(0, len(runes)-1).Draw(t, "from")
		part := searched{text: folded(string(runes[from:rapid.IntRange(from+1, len(runes)).Draw(t, "to")]))}
		words := wordsOf(name)
		for _, w := range append(part.words(), searched{text: name, exact: true}.words()...) {
			if !slices.Contains(words, w) || w <= anyName || w >= 1<<43 {
				t.Errorf("%q has no word %d of %q", name, w, part.text)
			}
		}
		if !part.has(name) {
			t.Errorf("%q does not have %q", name, part.text)
		}
	})
}
