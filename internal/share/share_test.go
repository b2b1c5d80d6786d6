package share

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/test/owner"
)

// rooms are the room, and whom it acts for.
type rooms struct {
	*owner.Owner
	*Shares
}

// each runs a test in rooms of their own on every engine.
func each(t *testing.T, fn func(r *rooms)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) { onEngine(t, e, fn) })
	}
}

// onEngine runs a test in rooms of its own.
func onEngine(t *testing.T, e db.Engine, fn func(r *rooms)) {
	t.Helper()
	o := owner.New(t, e)
	fn(&rooms{Owner: o, Shares: New(o.DB)})
}

var plain = Switches{Traffic: 1, Limit: NoLimit}

func (r *rooms) share(files ...drive.ID) Share {
	r.Helper()
	s, err := r.Create(r.Context(), r.Acc, Request{Name: "分享", Files: files, Switches: plain})
	r.Must(err)
	return s
}

// names are those of a page's entries, folders with a slash.
func names(list []drive.Entry) (out []string) {
	for _, e := range list {
		if e.IsFolder() {
			e.Name += "/"
		}
		out = append(out, e.Name)
	}
	return out
}

func (r *rooms) top(s Share, want ...string) {
	r.Helper()
	p, err := r.Top(r.Context(), r.Acc, s.ID)
	if len(want) == 0 {
		r.Fails(err, fault.NotFound, "an emptied share")
		return
	}
	r.Must(err)
	if got := names(p.Entries); !slices.Equal(got, want) {
		r.Errorf("the share has %q, want %q", got, want)
	}
}

func TestShare(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.MkFolder(drive.Root, "b")
		file := r.MkFile(drive.Root, "a")
		s, err := r.Create(r.Context(), r.Acc, Request{
			Name: "é", Password: "秘 密", Days: 7, Files: []drive.ID{folder, file, folder}, Switches: Switches{Traffic: 4, Limit: 5},
		})
		r.Must(err)
		if s.Name != "\u00e9" || s.Password != "秘 密" || s.ExpiresAt.Sub(s.CreatedAt) != 7*24*time.Hour || s.Traffic != 4 || s.Limit != 5 {
			r.Errorf("%+v", s)
		}
		if want := fmt.Sprintf(`^%d-[a-z2-7]{16}$`, r.Acc); !regexp.MustCompile(want).MatchString(s.Key) {
			r.Errorf("key %q", s.Key)
		}
		r.top(s, "a", "b/")
		got, acc, err := r.Open(r.Context(), s.Key)
		r.Must(err)
		if acc != r.Acc || got.ID != s.ID || got.Password != s.Password || !got.ExpiresAt.Equal(s.ExpiresAt) {
			r.Errorf("opened %d %+v, want %+v", acc, got, s)
		}
		if !got.Opens("秘 密") || got.Opens("秘") || got.Opens("") {
			r.Error("it opens wrongly")
		}
		if other := r.share(file); other.ID <= s.ID || other.Key == s.Key {
			r.Errorf("%+v after %+v", other, s)
		}
	})
}

func TestShareIsRefused(t *testing.T) {
	each(t, func(r *rooms) {
		file, gone := r.MkFile(drive.Root, "a"), r.MkFile(drive.Root, "gone")
		inside := r.MkFolder(drive.Root, "trashed")
		below := r.MkFile(inside, "below")
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{gone, inside}))
		mine := r.Acc
		r.Acc = r.Account("stranger", account.NoQuota)
		theirs := r.MkFile(drive.Root, "theirs")
		r.Acc = mine
		many := make([]drive.ID, 101)
		for i := range many {
			many[i] = drive.ID(1e9 + i)
		}
		for name, c := range map[string]struct {
			change func(q *Request)
			want   fault.Code
		}{
			"34 characters":           {func(q *Request) { q.Name = strings.Repeat("字", 34) }, ""},
			"35 characters":           {func(q *Request) { q.Name = strings.Repeat("字", 35) }, fault.BadShareName},
			"no name":                 {func(q *Request) { q.Name = "" }, fault.BadShareName},
			"a special character":     {func(q *Request) { q.Name = "a/b" }, fault.BadShareName},
			"a control character":     {func(q *Request) { q.Name = "a\nb" }, fault.BadShareName},
			"64 characters to say":    {func(q *Request) { q.Password = strings.Repeat("字", 64) }, ""},
			"65 characters to say":    {func(q *Request) { q.Password = strings.Repeat("字", 65) }, fault.BadRequest},
			"a password of two lines": {func(q *Request) { q.Password = "a\nb" }, fault.BadRequest},
			"two days":                {func(q *Request) { q.Days = 2 }, fault.BadRequest},
			"days before":             {func(q *Request) { q.Days = -1 }, fault.BadRequest},
			"no files":                {func(q *Request) { q.Files = nil }, fault.BadRequest},
			"many files":              {func(q *Request) { q.Files = many }, fault.TooManyIDs},
			"the root":                {func(q *Request) { q.Files = []drive.ID{drive.Root} }, fault.NotFound},
			"one that is not there":   {func(q *Request) { q.Files = []drive.ID{file, 1 << 50} }, fault.NotFound},
			"one in the trash":        {func(q *Request) { q.Files = []drive.ID{file, gone} }, fault.NotFound},
			"one below the trash":     {func(q *Request) { q.Files = []drive.ID{file, below} }, fault.NotFound},
			"a stranger's":            {func(q *Request) { q.Files = []drive.ID{file, theirs} }, fault.NotFound},
			"traffic 0":               {func(q *Request) { q.Traffic = 0 }, fault.BadRequest},
			"traffic 5":               {func(q *Request) { q.Traffic = 5 }, fault.BadRequest},
			"less than nothing":       {func(q *Request) { q.Limit = -2 }, fault.BadRequest},
		} {
			q := Request{Name: "n", Files: []drive.ID{file}, Switches: plain}
			c.change(&q)
			before, _, err := r.List(r.Context(), r.Acc, 0, 100)
			r.Must(err)
			_, err = r.Create(r.Context(), r.Acc, q)
			r.Fails(err, c.want, name)
			after, _, err := r.List(r.Context(), r.Acc, 0, 100)
			r.Must(err)
			if made := len(after) > len(before); made != (c.want == "") {
				r.Errorf("%s: made %v", name, made)
			}
		}
		list, _, err := r.List(r.Context(), r.Acc, 0, 100)
		r.Must(err)
		r.max = len(list)
		_, err = r.Create(r.Context(), r.Acc, Request{Name: "n", Files: []drive.ID{file}, Switches: plain})
		r.Fails(err, fault.TooManyShares, "one too many")
		r.Must(r.End(r.Context(), r.Acc, []ID{list[0].ID}))
		r.share(file)
	})
}

// Nobody who does not have the key of a share that is open sees anything.
func TestOpen(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.MkFile(drive.Root, "a")
		s := r.share(file)
		day, err := r.Create(r.Context(), r.Acc, Request{Name: "n", Days: 1, Files: []drive.ID{file}, Switches: plain})
		r.Must(err)
		stranger := r.Account("stranger", account.NoQuota)
		_, random, _ := strings.Cut(s.Key, "-")
		for _, key := range []string{
			"", "-", random, fmt.Sprint(r.Acc), fmt.Sprintf("%d-", r.Acc), strings.ToUpper(s.Key), s.Key + "a", s.Key[:len(s.Key)-1],
			fmt.Sprintf("0%d-%s", r.Acc, random), fmt.Sprintf("+%d-%s", r.Acc, random), fmt.Sprintf("%d-%s", stranger, random), "99999999999999999999-a", "'", "%",
		} {
			_, _, err := r.Open(r.Context(), key)
			r.Fails(err, fault.ShareNotFound, fmt.Sprintf("key %q", key))
		}
		accounts, err := account.Open(r.Context(), r.DB)
		r.Must(err)
		for state, want := range map[account.State]fault.Code{account.Disabled: fault.ShareNotFound, account.Unpublished: fault.ShareNotFound, account.Enabled: ""} {
			_, err := accounts.SetState(r.Context(), "writer", state)
			r.Must(err)
			_, _, err = r.Open(r.Context(), s.Key)
			r.Fails(err, want, state.String())
		}
		_, err = accounts.SetState(r.Context(), "writer", account.Enabled)
		r.Must(err)
		r.Ahead.Add(int64(24*time.Hour - time.Minute))
		_, _, err = r.Open(r.Context(), day.Key)
		r.Fails(err, "", "shortly before its end")
		r.Ahead.Add(int64(time.Minute))
		_, _, err = r.Open(r.Context(), day.Key)
		r.Fails(err, fault.ShareExpired, "after a day")
		r.Ahead.Add(int64(1e6 * time.Hour))
		_, _, err = r.Open(r.Context(), s.Key)
		r.Fails(err, "", "for ever")
		r.Must(r.End(r.Context(), r.Acc, []ID{s.ID}))
		_, _, err = r.Open(r.Context(), s.Key)
		r.Fails(err, fault.ShareNotFound, "one that was ended")
	})
}

// A visitor sees what is below the shared entries now, and never what is above them or
// beside.
func TestBrowse(t *testing.T) {
	each(t, func(r *rooms) {
		above := r.MkFolder(drive.Root, "above")
		shared := r.MkFolder(above, "shared")
		beside := r.MkFile(above, "beside")
		inner := r.MkFolder(shared, "内")
		deep := r.MkFile(inner, "深.png")
		for n := range 5 {
			r.MkFile(shared, fmt.Sprintf("%d", n))
		}
		alone := r.MkFile(drive.Root, "alone")
		s := r.share(shared, alone)

		var all []string
		for after := ""; ; {
			p, err := r.Browse(r.Context(), r.Acc, s.ID, shared, after, 2)
			r.Must(err)
			if p.Folder.ID != shared || len(p.Way) != 0 || len(p.Entries) > 2 {
				r.Fatalf("%+v", p)
			}
			all = append(all, names(p.Entries)...)
			if !p.More {
				break
			}
			after = p.Entries[len(p.Entries)-1].Name
		}
		if want := []string{"0", "1", "2", "3", "4", "内/"}; !slices.Equal(all, want) {
			r.Errorf("page by page %q, want %q", all, want)
		}
		e, way, err := r.Find(r.Context(), r.Acc, s.ID, deep)
		r.Must(err)
		if e.ID != deep || !slices.Equal(names(way), []string{"shared/", "内/"}) {
			r.Errorf("%+v by %q", e, names(way))
		}
		_, err = r.Browse(r.Context(), r.Acc, s.ID, deep, "", 10)
		r.Fails(err, fault.NotFolder, "a file as a folder")
		nothing := func(when string, ids ...drive.ID) {
			r.Helper()
			for _, id := range ids {
				_, _, err := r.Find(r.Context(), r.Acc, s.ID, id)
				r.Fails(err, fault.NotFound, when)
				_, err = r.Browse(r.Context(), r.Acc, s.ID, id, "", 10)
				r.Fails(err, fault.NotFound, when)
			}
		}
		nothing("what is not shared", drive.Root, above, beside, 1<<50)
		other := r.share(inner)
		_, _, err = r.Find(r.Context(), r.Acc, other.ID, shared)
		r.Fails(err, fault.NotFound, "the folder above what another share has")
		_, _, err = r.Find(r.Context(), r.Acc, s.ID+99, deep)
		r.Fails(err, fault.NotFound, "of no share")

		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{inner}))
		nothing("in the trash, and below it", inner, deep)
		_, err = r.Drive.Recover(r.Context(), r.Acc, []drive.ID{inner})
		r.Must(err)
		r.Must(r.Drive.Move(r.Context(), r.Acc, []drive.ID{inner}, above))
		nothing("moved out", inner, deep)
		r.Must(r.Drive.Move(r.Context(), r.Acc, []drive.ID{beside}, shared))
		_, _, err = r.Find(r.Context(), r.Acc, s.ID, beside)
		r.Fails(err, "", "moved in")

		r.top(s, "alone", "shared/")
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{above}))
		r.top(s, "alone")
		nothing("below a folder above that is in the trash", shared, beside)
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{alone}))
		r.top(s)
		_, err = r.Drive.Recover(r.Context(), r.Acc, []drive.ID{above})
		r.Must(err)
		r.top(s, "shared/")
	})
}

// What is deleted for good is shared no more, and leaves nothing behind; so is what a
// file of the same name has replaced.
func TestDeletedFilesAreSharedNoMore(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.MkFolder(drive.Root, "folder")
		file := r.MkFile(folder, "a")
		s, other := r.share(folder, file), r.share(file)
		rows := func() (n int) {
			_, err := r.DB.Get(r.Context(), "test", `SELECT count(*) FROM share_file WHERE account_id = $1`, []any{r.Acc}, &n)
			r.Must(err)
			return n
		}
		if rows() != 3 {
			r.Fatalf("%d rows", rows())
		}
		r.PutFile(folder, "a", drive.Overwrite)
		r.top(s, "folder/")
		r.top(other)
		if rows() != 1 {
			r.Errorf("%d rows after it was replaced", rows())
		}
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{folder}))
		if _, err := r.Drive.Delete(r.Context(), r.Acc, []drive.ID{folder}); err != nil {
			r.Fatal(err)
		}
		r.top(s)
		if rows() != 0 {
			r.Errorf("%d rows are left", rows())
		}
	})
}

// Who makes and ends shares stands in the audit log, by number and name; what went by
// itself was made with its end.
func TestSharesAreNoted(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.MkFile(drive.Root, "a")
		one, two := r.share(file), r.share(file)
		day, err := r.Create(r.Context(), r.Acc, Request{Name: "n", Days: 1, Files: []drive.ID{file}, Switches: plain})
		r.Must(err)
		_, err = r.Create(r.Context(), r.Acc, Request{Name: "n", Files: []drive.ID{1 << 50}, Switches: plain})
		r.Fails(err, fault.NotFound, "nothing is shared")
		r.Must(r.End(r.Context(), r.Acc, []ID{two.ID, one.ID}))
		r.Ahead.Add(int64(25 * time.Hour))
		r.Must(r.End(r.Context(), r.Acc, []ID{day.ID}))
		r.Fails(r.End(r.Context(), r.Acc, []ID{one.ID}), fault.ShareNotFound, "it has ended")
		var got []string
		r.Must(auditlog.Read(r.Context(), r.DB, int64(r.Acc), time.Time{}, func(e auditlog.Entry) error {
			if e.Action != auditlog.UserAdd {
				got = append(got, string(e.Action)+" "+e.What)
			}
			return nil
		}))
		want := []string{
			fmt.Sprintf(`share_make %d "分享"`, one.ID), fmt.Sprintf(`share_make %d "分享"`, two.ID), fmt.Sprintf(`share_make %d "n"`, day.ID),
			fmt.Sprintf(`share_end %d "分享", %d "分享"`, one.ID, two.ID),
		}
		if !slices.Equal(got, want) {
			r.Errorf("%q, want %q", got, want)
		}
	})
}

// A share that is over is listed for a while, and then goes; others stay.
func TestSharesGoAfterAWhile(t *testing.T) {
	each(t, func(r *rooms) {
		r.max = 1000
		file := r.MkFile(drive.Root, "a")
		ever := r.share(file)
		for range someShares + 5 {
			_, err := r.Create(r.Context(), r.Acc, Request{Name: "n", Days: 1, Files: []drive.ID{file}, Switches: plain})
			r.Must(err)
		}
		mine := r.Acc
		r.Acc = r.Account("other", account.NoQuota)
		week, err := r.Create(r.Context(), r.Acc, Request{Name: "n", Days: 7, Files: []drive.ID{r.MkFile(drive.Root, "b")}, Switches: plain})
		r.Must(err)
		sweep := func() {
			for more := true; more; {
				var err error
				more, err = r.SweepExpired(r.Context(), 1000)
				r.Must(err)
			}
		}
		listed := func(acc account.ID, want int) {
			r.Helper()
			list, _, err := r.List(r.Context(), acc, 0, 1000)
			r.Must(err)
			if len(list) != want {
				r.Errorf("%d are listed, want %d", len(list), want)
			}
		}
		r.Ahead.Add(int64(24*time.Hour + Keep - time.Minute))
		sweep()
		listed(mine, someShares+6)
		if live, err := r.Live(r.Context(), mine); err != nil || len(live) != 1 || live[0].ID != ever.ID {
			r.Errorf("live are %+v, %v", live, err)
		}
		r.Ahead.Add(int64(2 * time.Minute))
		sweep()
		listed(mine, 1)
		listed(r.Acc, 1)
		_, _, err = r.Open(r.Context(), ever.Key)
		r.Must(err)
		_, _, err = r.Open(r.Context(), week.Key)
		r.Fails(err, fault.ShareExpired, "one that has ended not so long ago")
		var files int
		_, err = r.DB.Get(r.Context(), "test", `SELECT count(*) FROM share_file`, nil, &files)
		r.Must(err)
		if files != 2 {
			r.Errorf("%d files are shared", files)
		}
	})
}

// All shares of an account that are open end at once, however many there are, and nobody
// else's.
func TestEndLive(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.MkFile(drive.Root, "a")
		for range 2*someShares + 1 {
			r.share(file)
		}
		_, err := r.Create(r.Context(), r.Acc, Request{Name: "n", Days: 1, Files: []drive.ID{file}, Switches: plain})
		r.Must(err)
		mine := r.Acc
		r.Acc = r.Account("other", account.NoQuota)
		other := r.share(r.MkFile(drive.Root, "b"))
		r.Ahead.Add(int64(25 * time.Hour))
		n, err := r.EndLive(r.Context(), mine)
		r.Must(err)
		if n != 2*someShares+1 {
			r.Errorf("%d ended", n)
		}
		if list, _, err := r.List(r.Context(), mine, 0, 1000); err != nil || len(list) != 1 || !list[0].Expired {
			r.Errorf("there are %+v, %v", list, err)
		}
		_, _, err = r.Open(r.Context(), other.Key)
		r.Must(err)
	})
}

// Where the answer of the database was lost nobody can say whether visits were written:
// they are not written again.
func TestVisitsAreNotDoubled(t *testing.T) {
	onEngine(t, db.PostgreSQL, func(r *rooms) {
		s := r.share(r.MkFile(drive.Root, "a"))
		run := func(statements ...string) {
			r.Helper()
			r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) error {
				for _, q := range statements {
					if _, err := tx.Exec(r.Context(), q); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		r.Previewed(r.Acc, s.ID)
		run(`CREATE FUNCTION drop_line() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`,
			`CREATE CONSTRAINT TRIGGER drop_line AFTER UPDATE ON share DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION drop_line()`)
		r.Fails(r.KeepCounts(r.Context()), fault.Uncertain, "the line is lost")
		run(`DROP FUNCTION drop_line() CASCADE`)
		r.Downloaded(r.Acc, s.ID)
		r.Must(r.KeepCounts(r.Context()))
		if list, _, err := r.List(r.Context(), r.Acc, 0, 10); err != nil || len(list) != 1 || list[0].Previews != 0 || list[0].Downloads != 1 {
			r.Errorf("%+v, %v", list, err)
		}
	})
}

func TestListUpdateAndEnd(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.MkFile(drive.Root, "a")
		var all []ID
		for range 5 {
			all = append(all, r.share(file).ID)
		}
		slices.Reverse(all)
		var got []ID
		for before := ID(0); ; before = got[len(got)-1] {
			list, more, err := r.List(r.Context(), r.Acc, before, 2)
			r.Must(err)
			for _, s := range list {
				got = append(got, s.ID)
			}
			if !more {
				break
			}
		}
		if !slices.Equal(got, all) {
			r.Errorf("page by page %d, want %d", got, all)
		}

		two, seven := 2, int64(7)
		r.Must(r.Update(r.Context(), r.Acc, []ID{all[1], all[1], all[3], 1 << 50}, Change{Traffic: &two}))
		r.Must(r.Update(r.Context(), r.Acc, []ID{all[3]}, Change{Limit: &seven}))
		for _, n := range []int{0, 5, -1} {
			r.Fails(r.Update(r.Context(), r.Acc, []ID{all[0]}, Change{Traffic: &n}), fault.BadRequest, fmt.Sprint("traffic ", n))
		}
		stranger := r.Account("stranger", account.NoQuota)
		for _, err := range []error{
			r.Update(r.Context(), stranger, all, Change{Traffic: &two}), r.End(r.Context(), stranger, all),
			r.Update(r.Context(), r.Acc, []ID{1 << 50}, Change{Traffic: &two}), r.End(r.Context(), r.Acc, []ID{1 << 50}),
		} {
			r.Fails(err, fault.ShareNotFound, "shares that are not there")
		}
		for range 2 { // what was written down is counted once
			r.Must(r.KeepCounts(r.Context()))
			r.Downloaded(r.Acc, all[0])
		}
		r.Previewed(r.Acc, all[0])
		r.Downloaded(stranger, all[1])
		gone, cancel := context.WithCancel(r.Context())
		cancel()
		if err := r.KeepCounts(gone); err == nil {
			r.Error("counts were kept by who is gone")
		}
		r.Must(r.KeepCounts(r.Context()))
		r.Must(r.End(r.Context(), r.Acc, []ID{all[4], 1 << 50}))
		list, more, err := r.List(r.Context(), r.Acc, 0, 100)
		r.Must(err)
		var now []string
		for _, s := range list {
			now = append(now, fmt.Sprint(slices.Index(all, s.ID), s.Switches, s.Previews, s.Downloads))
		}
		if want := []string{"0 {1 -1} 1 2", "1 {2 -1} 0 0", "2 {1 -1} 0 0", "3 {2 7} 0 0"}; more || !slices.Equal(now, want) {
			r.Errorf("%q, want %q", now, want)
		}
	})
}

// A request that was let in before its token ended makes no share, and changes none.
func TestWhoMayAskNoMore(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.MkFile(drive.Root, "a.png")
		made := r.share(file)
		ctx := account.By(r.Context(), account.Caller{ID: r.Acc, Client: "ended"})
		_, err := r.Create(ctx, r.Acc, Request{Name: "分享", Files: []drive.ID{file}, Switches: plain})
		r.Fails(err, fault.TokenExpired, "create")
		r.Fails(r.End(ctx, r.Acc, []ID{made.ID}), fault.TokenExpired, "end")
		if live, err := r.Live(r.Context(), r.Acc); err != nil || len(live) != 1 || live[0].ID != made.ID {
			r.Errorf("there are %+v, %v", live, err)
		}
	})
}
