package direct

import (
	"context"
	"crypto/md5"
	"fmt"
	"net/url"
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
	*Links
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
	fn(&rooms{Owner: o, Links: New(o.DB)})
}

func (r *rooms) enable(ids ...drive.ID) {
	r.Helper()
	for _, id := range ids {
		_, err := r.Enable(r.Context(), r.Acc, id)
		r.Must(err)
	}
}

// open asks for a path of the account as somebody who has nothing but that.
func (r *rooms) open(path string, change ...func(*Visit)) (File, error) {
	v := Visit{Account: r.Acc, Path: path, Address: "192.0.2.1"}
	for _, fn := range change {
		fn(&v)
	}
	return r.Open(r.Context(), v)
}

// reads wants a path to lead to a file, or with 0 to none.
func (r *rooms) reads(when, path string, want drive.ID) {
	r.Helper()
	f, err := r.open(path)
	if want == 0 {
		r.Fails(err, fault.NotFound, when)
		return
	}
	if err != nil || f.ID != want || !f.Open || f.Size != 7 {
		r.Errorf("%s: %+v, %v, want %d", when, f, err, want)
	}
}

// A file is read by its path as long as a folder above it is enabled, and everything on
// the way is there.
func TestOpen(t *testing.T) {
	each(t, func(r *rooms) {
		a := r.MkFolder(drive.Root, "相册 é")
		b := r.MkFolder(a, "b%2F#&")
		deep, top, out := r.MkFile(b, "图 1+2&3.png"), r.MkFile(a, "x"), r.MkFile(drive.Root, "x")
		r.reads("nothing is enabled", "相册 é/x", 0)
		name, err := r.Enable(r.Context(), r.Acc, a)
		if r.Must(err); name != "相册 é" {
			r.Errorf("it is called %q", name)
		}
		r.enable(a) // again
		r.reads("below the folder", "相册 é/b%2F#&/图 1+2&3.png", deep)
		r.reads("right in it", "相册 é/x", top)
		r.reads("in another form", "相册 e\u0301/x", top)
		for _, path := range []string{"x", "", "/", "相册 é", "相册 é/", "相册 é/b%2F#&", "相册 é/y", "相册 é/../x", "相册 é/./x", "相册 é//x", "/相册 é/x", "相册 é/x/", "相册 é/x/x", "\xff", "a\x00", strings.Repeat("a/", 200)} {
			r.reads(fmt.Sprintf("%q", path), path, 0)
		}

		stranger := r.Account("stranger", account.NoQuota)
		for _, acc := range []account.ID{stranger, 0, -1, 1 << 40} {
			_, err := r.open("相册 é/x", func(v *Visit) { v.Account = acc })
			r.Fails(err, fault.NotFound, fmt.Sprintf("of account %d", acc))
		}

		r.Must(r.Drive.Rename(r.Context(), r.Acc, b, "c"))
		r.reads("by the former name", "相册 é/b%2F#&/图 1+2&3.png", 0)
		r.reads("by the new one", "相册 é/c/图 1+2&3.png", deep)
		for _, id := range []drive.ID{top, a} {
			r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{id}))
			r.reads("in the trash", "相册 é/x", 0)
			_, err := r.Drive.Recover(r.Context(), r.Acc, []drive.ID{id})
			r.Must(err)
			r.reads("back again", "相册 é/x", top)
		}
		newer := r.PutFile(a, "x", drive.Overwrite)
		r.reads("replaced", "相册 é/x", newer)
		r.Must(r.Drive.Move(r.Context(), r.Acc, []drive.ID{out}, b))
		r.reads("moved into it", "相册 é/c/x", out)
		r.Must(r.Drive.Move(r.Context(), r.Acc, []drive.ID{b}, drive.Root))
		r.reads("moved out of it", "c/x", 0)

		r.enable(b)
		r.reads("by a folder of its own", "c/x", out)
		_, err = r.Disable(r.Context(), r.Acc, a)
		r.Must(err)
		r.reads("of a disabled folder", "相册 é/x", 0)
		r.reads("the other is as it was", "c/x", out)

		accounts, err := account.Open(r.Context(), r.DB)
		r.Must(err)
		for state, want := range map[account.State]drive.ID{account.Disabled: 0, account.Unpublished: 0, account.Enabled: out} {
			_, err := accounts.SetState(r.Context(), "writer", state)
			r.Must(err)
			r.reads(state.String(), "c/x", want)
		}
		_, err = accounts.SetState(r.Context(), "writer", account.Enabled)
		r.Must(err)
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{b}))
		_, err = r.Drive.Delete(r.Context(), r.Acc, []drive.ID{b})
		r.Must(err)
		if list, _, err := r.List(r.Context(), r.Acc, 0, 10); err != nil || len(list) != 0 {
			r.Errorf("after it was deleted for good: %+v %v", list, err)
		}
	})
}

// A path of as many folders as there may be leads to its file.
func TestOpenAtTheBottom(t *testing.T) {
	each(t, func(r *rooms) {
		at, path := drive.Root, ""
		for n := range drive.MaxDepth {
			name := fmt.Sprint(n)
			at = r.MkFolder(at, name)
			path += name + "/"
			if n == 0 {
				r.enable(at)
			}
		}
		id := r.MkFile(at, "file")
		r.reads("the deepest", path+"file", id)
		r.reads("beside it", path+"none", 0)
		r.reads("deeper", path+"file/file", 0)
		got, err := r.Path(r.Context(), r.Acc, id)
		if want := fmt.Sprintf("/dl/%d/%sfile", r.Acc, path); err != nil || got != want {
			r.Errorf("%q %v, want %q", got, err, want)
		}
	})
}

func TestEnableIsRefused(t *testing.T) {
	each(t, func(r *rooms) {
		folder, file, gone := r.MkFolder(drive.Root, "a"), r.MkFile(drive.Root, "b"), r.MkFolder(drive.Root, "gone")
		below := r.MkFolder(gone, "below")
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{gone}))
		mine := r.Acc
		r.Acc = r.Account("stranger", account.NoQuota)
		theirs := r.MkFolder(drive.Root, "theirs")
		r.Acc = mine
		for id, want := range map[drive.ID]fault.Code{
			drive.Root: fault.BadRequest, file: fault.NotFolder, gone: fault.NotFound, below: fault.NotFound, theirs: fault.NotFound, 1 << 50: fault.NotFound,
		} {
			_, err := r.Enable(r.Context(), r.Acc, id)
			r.Fails(err, want, fmt.Sprintf("enable %d", id))
			_, err = r.Disable(r.Context(), r.Acc, id)
			r.Fails(err, want, fmt.Sprintf("disable %d", id))
		}
		_, err := r.Disable(r.Context(), r.Acc, folder)
		r.Fails(err, fault.DirectOff, "disable one that is not enabled")
		r.max = 1
		r.enable(folder, folder)
		_, err = r.Enable(r.Context(), r.Acc, r.MkFolder(drive.Root, "another"))
		r.Fails(err, fault.TooManyDirect, "one too many")
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{folder}))
		_, err = r.Disable(r.Context(), r.Acc, folder)
		r.Fails(err, "", "disable one in the trash")
	})
}

// All links of an account end at once, in the trash too, and nobody else's; what was signed
// is not good for what is enabled next.
func TestEndAll(t *testing.T) {
	each(t, func(r *rooms) {
		n, err := r.EndAll(r.Context(), r.Acc)
		if r.Must(err); n != 0 {
			r.Errorf("%d ended where there was none", n)
		}
		if s, err := r.Settings(r.Context(), r.Acc); err != nil || s != (Settings{state: account.Enabled}) {
			r.Errorf("without a key it has become %+v, %v", s, err)
		}
		a, trashed := r.MkFolder(drive.Root, "a"), r.MkFolder(drive.Root, "b")
		file := r.MkFile(a, "x")
		r.enable(a, trashed)
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{trashed}))
		on := true
		was, err := r.Sign(r.Context(), r.Acc, &on, "")
		r.Must(err)
		r.Must(r.SwitchBlocking(r.Context(), r.Acc, true))
		link, err := r.Path(r.Context(), r.Acc, file)
		r.Must(err)
		u, err := url.Parse(link)
		r.Must(err)
		read := func(want fault.Code, when string) {
			r.Helper()
			_, err := r.open("a/x", func(v *Visit) { v.Signed, v.Keys = []string{u.Path}, u.Query()["auth_key"] })
			r.Fails(err, want, when)
		}
		read("", "before")
		mine := r.Acc
		r.Acc = r.Account("other", account.NoQuota)
		theirs := r.MkFolder(drive.Root, "a")
		r.enable(theirs)
		n, err = r.EndAll(r.Context(), mine)
		if r.Must(err); n != 2 {
			r.Errorf("%d ended, want 2", n)
		}
		r.reads("of another account", "a/x", r.MkFile(theirs, "x"))
		r.Acc = mine
		if list, _, err := r.List(r.Context(), r.Acc, 0, 10); err != nil || len(list) != 0 {
			r.Errorf("there are %+v, %v", list, err)
		}
		if s, err := r.Settings(r.Context(), r.Acc); err != nil || !s.Signed || !s.Blocking || len(s.Key) < 20 || s.Key == was.Key {
			r.Errorf("it has become %+v from %+v, %v", s, was, err)
		}
		r.enable(a)
		read(fault.BadSignature, "enabled again")
	})
}

// Who gives and ends links, and says what is signed, stands in the audit log, without the
// key; what changed nothing does not.
func TestLinksAreNoted(t *testing.T) {
	each(t, func(r *rooms) {
		on, off := true, false
		a, b := r.MkFolder(drive.Root, "a"), r.MkFolder(drive.Root, "相册")
		r.enable(a, b, a)
		_, err := r.Enable(r.Context(), r.Acc, 1<<50)
		r.Fails(err, fault.NotFound, "nothing is enabled")
		_, err = r.Disable(r.Context(), r.Acc, a)
		r.Must(err)
		_, err = r.Disable(r.Context(), r.Acc, a)
		r.Fails(err, fault.DirectOff, "it is disabled")
		for _, c := range []struct {
			on  *bool
			key string
		}{{nil, ""}, {&on, ""}, {&on, ""}, {nil, "a-key-of-mine"}, {nil, "a-key-of-mine"}, {&off, ""}} {
			_, err := r.Sign(r.Context(), r.Acc, c.on, c.key)
			r.Must(err)
		}
		r.enable(a)
		_, err = r.EndAll(r.Context(), r.Acc)
		r.Must(err)
		var got []string
		r.Must(auditlog.Read(r.Context(), r.DB, int64(r.Acc), time.Time{}, func(e auditlog.Entry) error {
			if e.Action != auditlog.UserAdd {
				got = append(got, string(e.Action)+" "+e.What)
			}
			return nil
		}))
		r.same("noted", got[:min(7, len(got))],
			fmt.Sprintf(`direct_enable %d "a"`, a), fmt.Sprintf(`direct_enable %d "相册"`, b), fmt.Sprintf(`direct_disable %d "a"`, a),
			"direct_sign on new_key", "direct_sign on new_key", "direct_sign off", fmt.Sprintf(`direct_enable %d "a"`, a))
		// Of one transaction, so in any order.
		last := slices.Sorted(slices.Values(got[min(7, len(got)):]))
		r.same("noted of the end", last, fmt.Sprintf(`direct_disable %d "a", %d "相册"`, a, b), "direct_sign off new_key")
	})
}

func TestPathAndList(t *testing.T) {
	each(t, func(r *rooms) {
		a := r.MkFolder(drive.Root, "a b")
		b := r.MkFolder(a, "图")
		file, out := r.MkFile(b, "100%#.png"), r.MkFile(drive.Root, "out")
		r.enable(a, b)
		want := fmt.Sprintf("/dl/%d/a%%20b/%%E5%%9B%%BE/100%%25%%23.png", r.Acc)
		if got, err := r.Path(r.Context(), r.Acc, file); err != nil || got != want {
			r.Errorf("%q %v, want %q", got, err, want)
		}
		for id, want := range map[drive.ID]fault.Code{out: fault.DirectOff, b: fault.NotFile, drive.Root: fault.NotFound, 1 << 50: fault.NotFound} {
			_, err := r.Path(r.Context(), r.Acc, id)
			r.Fails(err, want, fmt.Sprintf("path of %d", id))
		}
		list, more, err := r.List(r.Context(), r.Acc, 0, 1)
		if err != nil || !more || len(list) != 1 || list[0].ID != a || list[0].Path != "/a b" || list[0].EnabledAt == 0 {
			r.Errorf("%+v %v %v", list, more, err)
		}
		list, more, err = r.List(r.Context(), r.Acc, a, 1)
		if err != nil || more || len(list) != 1 || list[0].ID != b || list[0].Path != "/a b/图" || list[0].Name != "图" {
			r.Errorf("%+v %v %v", list, more, err)
		}
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{b}))
		_, err = r.Path(r.Context(), r.Acc, file)
		r.Fails(err, fault.NotFound, "path of a file in the trash")
		if list, _, err = r.List(r.Context(), r.Acc, a, 1); err != nil || len(list) != 1 || list[0].Path != "" {
			r.Errorf("in the trash: %+v %v", list, err)
		}
	})
}

// asClients signs as clients of the platform do.
func asClients(path string, end int64, rand string, acc account.ID, key string) string {
	return fmt.Sprintf("%d-%s-%d-%x", end, rand, acc, md5.Sum(fmt.Appendf(nil, "%s-%d-%s-%d-%s", path, end, rand, acc, key)))
}

// Where URLs are signed nothing is read without a signature of its path, in time, with the
// present key.
func TestSigned(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.MkFolder(drive.Root, "a")
		file := r.MkFile(folder, "图 1.png")
		r.MkFile(folder, "other")
		r.enable(folder)
		on, off := true, false
		s, err := r.Sign(r.Context(), r.Acc, &on, "")
		if err != nil || !s.Signed || len(s.Key) < 20 {
			r.Fatalf("%+v %v", s, err)
		}
		const path = "a/图 1.png"
		full := fmt.Sprintf("/dl/%d/a/图 1.png", r.Acc)
		as := func(keys ...string) func(*Visit) {
			return func(v *Visit) { v.Keys, v.Signed = keys, []string{full, escaped(full)} }
		}
		now := time.Now().Unix()
		good := asClients(full, now+60, "0a", r.Acc, s.Key)
		whole := make([]string, maxKeys)
		for name, c := range map[string]struct {
			keys []string
			want fault.Code
		}{
			"good":                  {[]string{good}, ""},
			"in capitals":           {[]string{good[:len(good)-32] + strings.ToUpper(good[len(good)-32:])}, ""},
			"as it is in the URL":   {[]string{asClients(escaped(full), now+60, "0a", r.Acc, s.Key)}, ""},
			"one of two":            {[]string{"x", good}, ""},
			"after too many":        {slices.Concat(whole, []string{good}), fault.BadSignature},
			"none":                  {nil, fault.BadSignature},
			"empty":                 {[]string{""}, fault.BadSignature},
			"another key":           {[]string{asClients(full, now+60, "0a", r.Acc, "another key")}, fault.BadSignature},
			"no key":                {[]string{asClients(full, now+60, "0a", r.Acc, "")}, fault.BadSignature},
			"another path":          {[]string{asClients(strings.Replace(full, "图 1.png", "other", 1), now+60, "0a", r.Acc, s.Key)}, fault.BadSignature},
			"another account":       {[]string{asClients(full, now+60, "0a", r.Acc+1, s.Key)}, fault.BadSignature},
			"over":                  {[]string{asClients(full, now-1, "0a", r.Acc, s.Key)}, fault.BadSignature},
			"an end that is none":   {[]string{"x" + good}, fault.BadSignature},
			"another end":           {[]string{"9" + good}, fault.BadSignature},
			"cut":                   {[]string{good[:len(good)-1]}, fault.BadSignature},
			"without its sum":       {[]string{good[:len(good)-32]}, fault.BadSignature},
			"with a dash in random": {[]string{asClients(full, now+60, "0-a", r.Acc, s.Key)}, fault.BadSignature},
		} {
			f, err := r.open(path, as(c.keys...))
			r.Fails(err, c.want, name)
			if c.want == "" && (f.ID != file || f.Open) {
				r.Errorf("%s: %+v", name, f)
			}
		}
		_, err = r.open("a/none")
		r.Fails(err, fault.BadSignature, "what is not there, without a signature") // nothing is told

		link, err := r.Path(r.Context(), r.Acc, file)
		r.Must(err)
		u, err := url.Parse(link)
		r.Must(err)
		ours := as(u.Query().Get("auth_key"))
		if u.Path != full {
			r.Errorf("%q", link)
		}
		_, err = r.open(path, ours)
		r.Fails(err, "", "what Path has signed")
		r.Ahead.Add(int64(24*time.Hour + time.Second))
		_, err = r.open(path, ours)
		r.Fails(err, fault.BadSignature, "a day later")
		r.Ahead.Store(0)

		again, err := r.Sign(r.Context(), r.Acc, nil, "")
		if err != nil || again != s {
			r.Errorf("it has become %+v from %+v, %v", again, s, err)
		}
		if s, err = r.Sign(r.Context(), r.Acc, nil, "a-key-of-mine"); err != nil || !s.Signed || s.Key != "a-key-of-mine" {
			r.Fatalf("%+v %v", s, err)
		}
		_, err = r.open(path, as(good))
		r.Fails(err, fault.BadSignature, "with the key before")
		_, err = r.open(path, as(asClients(full, now+60, "0a", r.Acc, s.Key)))
		r.Fails(err, "", "with the present one")
		for _, key := range []string{"short67", strings.Repeat("a", 129), "schlüssel", "two words", "two\nlines"} {
			_, err := r.Sign(r.Context(), r.Acc, &off, key)
			r.Fails(err, fault.BadRequest, key)
		}
		if s, err = r.Sign(r.Context(), r.Acc, &off, ""); err != nil || s.Signed || s.Key != "a-key-of-mine" {
			r.Errorf("off: %+v %v", s, err)
		}
		r.reads("off", path, file)
	})
}

// What makes no sense is mended by saying what is to hold, also where it reads as that.
func TestSignMends(t *testing.T) {
	each(t, func(r *rooms) {
		on, off := true, false
		for _, c := range []struct {
			key              string
			signed, blocking int
			say              *bool
			want             string
		}{
			{"a-key-of-mine", 2, 1, &on, "1 1 true"}, {"a-key-of-mine", 2, 0, &off, "0 0 true"},
			{"a-key-of-mine", 0, 2, &off, "0 1 true"}, {"", 1, 0, &on, "1 0 true"}, {"", 1, 0, &off, "0 0 false"},
		} {
			r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) error {
				_, err := tx.Exec(r.Context(), writeSetting, r.Acc, c.key, c.signed, c.blocking)
				return err
			}))
			_, err := r.Sign(r.Context(), r.Acc, c.say, "")
			r.Must(err)
			var key string
			var signed, blocking int
			_, err = r.DB.Get(r.Context(), "test", `SELECT auth_key, signed, blocking FROM direct_setting WHERE account_id = $1`, []any{r.Acc}, &key, &signed, &blocking)
			r.Must(err)
			if got := fmt.Sprint(signed, blocking, key != ""); got != c.want {
				r.Errorf("%+v has become %s", c, got)
			}
		}
	})
}

// What an account blocks reads nothing of it, and all of others.
func TestBlocked(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.MkFolder(drive.Root, "a")
		r.MkFile(folder, "x")
		r.enable(folder)
		from := func(address string) fault.Code {
			_, err := r.open("a/x", func(v *Visit) { v.Address = address })
			return fault.CodeOf(err)
		}
		r.Must(r.Block(r.Context(), r.Acc, []string{"192.0.2.7", " 2001:db8::1 ", "::ffff:192.0.2.8", "192.0.2.7"}))
		if got := from("192.0.2.7"); got != "" {
			r.Errorf("while it is off: %q", got)
		}
		r.Must(r.SwitchBlocking(r.Context(), r.Acc, true))
		for address, want := range map[string]fault.Code{
			"192.0.2.7": fault.AddressBlocked, "::ffff:192.0.2.7": fault.AddressBlocked, "192.0.2.8": fault.AddressBlocked,
			"2001:db8::1": fault.AddressBlocked, "2001:0db8:0:0::1": fault.AddressBlocked, "2001:db8::1%eth0": fault.AddressBlocked,
			"192.0.2.1": "", "192.0.2.70": "", "2001:db8::2": "", "unknown": fault.AddressBlocked, "": fault.AddressBlocked,
		} {
			if got := from(address); got != want {
				r.Errorf("from %s: %q, want %q", address, got, want)
			}
		}
		list, err := r.Blocked(r.Context(), r.Acc)
		if want := []string{"192.0.2.7", "192.0.2.8", "2001:db8::1"}; err != nil || !slices.Equal(list, want) {
			r.Errorf("%q %v, want %q", list, err, want)
		}
		for _, bad := range []string{"192.0.2.0/24", "192.0.2", "x", "", "fe80::1%eth0"} {
			r.Fails(r.Block(r.Context(), r.Acc, []string{"192.0.2.1", bad}), fault.BadRequest, bad)
		}
		if after, err := r.Blocked(r.Context(), r.Acc); err != nil || !slices.Equal(after, list) {
			r.Errorf("after what was refused: %q %v", after, err)
		}
		many := make([]string, MaxBlocked+1)
		for n := range many {
			many[n] = fmt.Sprintf("198.51.%d.%d", n/256, n%256)
		}
		r.Fails(r.Block(r.Context(), r.Acc, many), fault.TooManyIDs, "too many")
		r.Must(r.Block(r.Context(), r.Acc, many[1:]))
		if got := from("198.51.0.1") + from("198.51.0.0") + from("192.0.2.7"); got != fault.AddressBlocked {
			r.Errorf("the list before holds: %q", got)
		}
		r.Must(r.Block(r.Context(), r.Acc, nil))
		r.Must(r.SwitchBlocking(r.Context(), r.Acc, false))
		if s, err := r.Settings(r.Context(), r.Acc); err != nil || s.Blocking || from("198.51.0.1") != "" {
			r.Errorf("%+v %v", s, err)
		}
	})
}

// lines are those of the log, as hours ago, file, requests and bytes.
func (r *rooms) lines() (out []string) {
	r.Helper()
	now := HourOf(r.DB.Now())
	list, total, err := r.Log(r.Context(), r.Acc, 0, now+1, 0, 100)
	r.Must(err)
	if total != int64(len(list)) {
		r.Errorf("%d lines of %d", len(list), total)
	}
	for _, l := range list {
		out = append(out, fmt.Sprintf("%d %s %s %d %d %d", now-l.Hour, l.Name, l.Path, l.Size, l.Requests, l.Bytes))
	}
	return out
}

// served counts an answer of so many bytes.
func (r *rooms) served(acc account.ID, id drive.ID, bytes int64) {
	r.Asked(acc, id)
	r.Sent(acc, id, bytes)
}

func (r *rooms) same(when string, got []string, want ...string) {
	r.Helper()
	if !slices.Equal(got, want) {
		r.Errorf("%s: %q, want %q", when, got, want)
	}
}

// What is read is told for each file and hour, for three days, and as files for 30.
func TestTraffic(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.MkFolder(drive.Root, "a")
		one, two := r.MkFile(folder, "one"), r.MkFile(folder, "=two")
		stranger := r.Account("stranger", account.NoQuota)
		// The same hour for all of it, whenever the test runs.
		begin := HourOf(time.Now()).Begins().Add(time.Minute)
		at := func(hours int) { r.Ahead.Store(int64(time.Until(begin) + time.Duration(hours)*time.Hour)) }
		at(0)
		r.served(r.Acc, one, 5)
		r.served(r.Acc, one, 7)
		r.same("before it is written down", r.lines())
		r.Must(r.KeepCounts(r.Context()))
		r.served(r.Acc, one, 0)
		r.served(r.Acc, two, 1)
		r.served(r.Acc, 1<<50, 1) // of a file that is not there
		r.Must(r.KeepCounts(r.Context()))
		r.Must(r.KeepCounts(r.Context()))
		r.same("an hour", r.lines(), "0 =two /a/=two 7 1 1", "0 one /a/one 7 3 12")
		if _, _, err := r.Files(r.Context(), r.Acc, 0, 1<<40, 0, 10); err != nil {
			r.Error(err)
		}
		_, err := r.File(r.Context(), r.Acc, HourOf(begin))
		r.Fails(err, fault.NotFound, "the file of an hour that goes on")

		at(1)
		r.served(r.Acc, one, 30)
		r.Sent(r.Acc, one, 70) // of an answer that began in the hour before
		r.Must(r.KeepCounts(r.Context()))
		r.Must(r.Drive.Rename(r.Context(), r.Acc, one, "renamed"))
		r.same("the newest first", r.lines(), "0 one /a/renamed 7 1 100", "1 =two /a/=two 7 1 1", "1 one /a/renamed 7 3 12")
		if list, total, err := r.Log(r.Context(), r.Acc, 0, HourOf(begin)+2, 1, 1); err != nil || total != 3 || len(list) != 1 || list[0].ID != two {
			r.Errorf("the second of three: %+v %d %v", list, total, err)
		}
		if list, total, err := r.Log(r.Context(), r.Acc, HourOf(begin)+1, HourOf(begin)+2, 0, 9); err != nil || total != 1 || len(list) != 1 || list[0].Bytes != 100 {
			r.Errorf("the hour alone: %+v %d %v", list, total, err)
		}
		if list, total, err := r.Log(r.Context(), stranger, 0, 1<<40, 0, 9); err != nil || total != 0 || len(list) != 0 {
			r.Errorf("of another account: %+v %d %v", list, total, err)
		}
		r.Must(r.Drive.Trash(r.Context(), r.Acc, []drive.ID{two}))
		_, err = r.Drive.Delete(r.Context(), r.Acc, []drive.ID{two})
		r.Must(err)
		r.same("of one that is gone", r.lines(), "0 one /a/renamed 7 1 100", "1 =two  7 1 1", "1 one /a/renamed 7 3 12")

		at(5)
		csv := fmt.Sprintf("fileID,fileName,fileSize,requests,totalTraffic\r\n%d,'=two,7,1,1\r\n%d,one,7,3,12\r\n", two, one)
		list, total, err := r.Files(r.Context(), r.Acc, 0, 1<<40, 0, 10)
		if err != nil || total != 2 || len(list) != 2 || list[0].Hour != HourOf(begin)+1 || list[1].Size != int64(len(csv)) {
			r.Errorf("%+v %d %v", list, total, err)
		}
		if list, total, err = r.Files(r.Context(), r.Acc, 0, 1<<40, 1, 10); err != nil || total != 2 || len(list) != 1 || list[0].Hour != HourOf(begin) {
			r.Errorf("%+v %d %v", list, total, err)
		}
		if got, err := r.File(r.Context(), r.Acc, HourOf(begin)); err != nil || got != csv {
			r.Errorf("%q %v", got, err)
		}
		for _, hour := range []Hour{0, HourOf(begin) - 1, HourOf(begin) + 2, HourOf(begin) + 5} {
			_, err := r.File(r.Context(), r.Acc, hour)
			r.Fails(err, fault.NotFound, fmt.Sprintf("hour %d", hour-HourOf(begin)))
		}
		_, err = r.File(r.Context(), stranger, HourOf(begin))
		r.Fails(err, fault.NotFound, "of another account")
		accounts, err := account.Open(r.Context(), r.DB)
		r.Must(err)
		for _, c := range []struct {
			state account.State
			want  fault.Code
		}{{account.Disabled, fault.NotFound}, {account.Unpublished, fault.NotFound}, {account.Enabled, ""}} {
			_, err := accounts.SetState(r.Context(), "writer", c.state)
			r.Must(err)
			_, err = r.File(r.Context(), r.Acc, HourOf(begin))
			r.Fails(err, c.want, "of an account that is "+c.state.String())
		}

		at(3 * 24)
		if got := len(r.lines()); got != 3 {
			r.Errorf("after three days there are %d", got)
		}
		at(3*24 + 1)
		if got := len(r.lines()); got != 1 {
			r.Errorf("an hour later there are %d", got)
		}
		sweep := func() {
			r.Helper()
			for more := true; more; {
				var err error
				more, err = r.SweepOld(r.Context(), 1)
				r.Must(err)
			}
		}
		for hours, want := range map[int]int{30 * 24: 2, 30*24 + 1: 1, 30*24 + 2: 0} {
			at(hours)
			if _, total, err := r.Files(r.Context(), r.Acc, 0, 1<<40, 0, 10); err != nil || total != want {
				r.Errorf("after %d hours there are %d files, want %d, %v", hours, total, want, err)
			}
		}
		for hours, want := range [][2]int{{30 * 24, 3}, {30*24 + 1, 1}, {30*24 + 2, 0}} {
			at(want[0])
			sweep()
			var there int
			_, err := r.DB.Get(r.Context(), "test", `SELECT count(*) FROM direct_traffic WHERE account_id = $1`, []any{r.Acc}, &there)
			if err != nil || there != want[1] {
				r.Errorf("%d: %d lines are kept, want %d, %v", hours, there, want[1], err)
			}
		}
	})
}

// A file beyond those that an hour may have is not told of; one that is told of goes on.
func TestTrafficIsBounded(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.MkFolder(drive.Root, "a")
		one, two := r.MkFile(folder, "one"), r.MkFile(folder, "two")
		begin := HourOf(time.Now()).Begins().Add(time.Minute)
		r.Ahead.Store(int64(time.Until(begin)))
		r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) error {
			for n := range hourFiles - 1 {
				if _, err := tx.Exec(r.Context(), insertTraffic, r.Acc, HourOf(begin), 1<<40+n, "n", 1, 1, 1); err != nil {
					return err
				}
			}
			return nil
		}))
		r.served(r.Acc, one, 5)
		r.served(r.Acc, two, 5)
		r.Must(r.KeepCounts(r.Context()))
		r.served(r.Acc, one, 5)
		r.served(r.Acc, two, 5)
		r.Must(r.KeepCounts(r.Context()))
		total, bytes := 0, 0
		_, err := r.DB.Get(r.Context(), "test", `SELECT count(*), sum(bytes) FROM direct_traffic WHERE account_id = $1`, []any{r.Acc}, &total, &bytes)
		if err != nil || total != hourFiles || bytes != hourFiles-1+10 {
			r.Errorf("%d files, %d bytes, %v", total, bytes, err)
		}
		for n := range drive.ID(maxCounted + 1) {
			r.served(r.Acc, n, 1)
		}
		r.served(r.Acc, 0, 1)
		if got := r.counts.m[counted{r.Acc, HourOf(begin), 0}]; len(r.counts.m) != maxCounted || got.requests != 2 {
			r.Errorf("counts %d files, one of them %+v", len(r.counts.m), got)
		}
	})
}

// What can't be written down is counted still, once.
func TestCountsWait(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.MkFile(r.MkFolder(drive.Root, "a"), "one")
		r.Ahead.Store(int64(time.Until(HourOf(time.Now()).Begins().Add(time.Minute))))
		r.served(r.Acc, file, 5)
		ctx, cancel := context.WithCancel(r.Context())
		cancel()
		if err := r.KeepCounts(ctx); err == nil {
			r.Fatal("it was written by who has gone")
		}
		r.served(r.Acc, file, 6)
		r.Must(r.KeepCounts(r.Context()))
		r.same("after it could be", r.lines(), "0 one /a/one 7 2 11")
	})
}

// Where the answer of the database was lost nobody can say whether counts were written:
// they are not written again, and the others are.
func TestCountsAreNotDoubled(t *testing.T) {
	onEngine(t, db.PostgreSQL, func(r *rooms) {
		r.Ahead.Store(int64(time.Until(HourOf(time.Now()).Begins().Add(time.Minute))))
		first, file := r.Acc, r.MkFile(r.MkFolder(drive.Root, "a"), "one")
		r.Acc = r.Account("other", account.NoQuota)
		theirs := r.MkFile(r.MkFolder(drive.Root, "a"), "two")
		r.served(first, file, 5)
		for n := range drive.ID(inOne - 1) { // of files that are not there
			r.served(first, 1<<50+n, 1)
		}
		r.served(r.Acc, theirs, 7) // in the next transaction
		run := func(statements ...string) {
			r.Helper()
			r.Must(r.DB.Write(r.Context(), "test", func(tx *db.Tx) error {
				for _, s := range statements {
					if _, err := tx.Exec(r.Context(), s); err != nil {
						return err
					}
				}
				return nil
			}))
		}
		run(`CREATE FUNCTION drop_line() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); RETURN NULL; END'`,
			`CREATE CONSTRAINT TRIGGER drop_line AFTER INSERT ON direct_traffic DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION drop_line()`)
		r.Fails(r.KeepCounts(r.Context()), fault.Uncertain, "the line is lost")
		run(`DROP FUNCTION drop_line() CASCADE`)
		r.Must(r.KeepCounts(r.Context()))
		r.same("the others", r.lines(), "0 two /a/two 7 1 7")
		r.Acc = first
		r.same("what may have been written", r.lines())
	})
}

// A request that was let in before its token ended gives no links that it may not give now.
func TestWhoMayAskNoMore(t *testing.T) {
	each(t, func(r *rooms) {
		a, b := r.MkFolder(drive.Root, "a"), r.MkFolder(drive.Root, "b")
		r.enable(b)
		was, err := r.Settings(r.Context(), r.Acc)
		r.Must(err)
		ctx := account.By(r.Context(), account.Caller{ID: r.Acc, Client: "ended"})
		_, err = r.Enable(ctx, r.Acc, a)
		r.Fails(err, fault.TokenExpired, "enable")
		_, err = r.Disable(ctx, r.Acc, b)
		r.Fails(err, fault.TokenExpired, "disable")
		on := true
		_, err = r.Sign(ctx, r.Acc, &on, "")
		r.Fails(err, fault.TokenExpired, "sign")
		if is, err := r.Settings(r.Context(), r.Acc); err != nil || is != was {
			r.Errorf("it has become %+v, %v", is, err)
		}
		if list, _, err := r.List(r.Context(), r.Acc, 0, 10); err != nil || len(list) != 1 || list[0].ID != b {
			r.Errorf("there are %+v, %v", list, err)
		}
	})
}
