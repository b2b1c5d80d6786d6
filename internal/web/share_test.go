package web

import (
	"fmt"
	"html"
	"log/slog"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/blob"
	"tuchuang/internal/db"
	"tuchuang/internal/db/dbtest"
	"tuchuang/internal/drive"
	"tuchuang/internal/often"
	"tuchuang/internal/share"
)

// rooms are the real rooms on a real database, an account in them, and the door.
type rooms struct {
	fixture
	db     *db.DB
	drive  *drive.Drive
	shares *share.Shares
	acc    account.ID
	ahead  *atomic.Int64 // the clock's lead, a time.Duration
	from   string        // where visitors come from
	cookie string        // that they send
}

func each(t *testing.T, fn func(r *rooms)) {
	t.Helper()
	for _, e := range dbtest.Engines {
		t.Run(string(e), func(t *testing.T) {
			ahead := new(atomic.Int64)
			now := func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) }
			d := dbtest.Open(t, e, now)
			r := &rooms{fixture: fixture{t: t, mux: http.NewServeMux()}, db: d, drive: drive.New(d), shares: share.New(d), ahead: ahead, from: "192.0.2.1"}
			accounts, err := account.Open(t.Context(), d)
			r.must(err)
			door, err := New(Options{
				Accounts: accounts, Shares: r.shares, PublicURL: public, Log: slog.New(slog.NewTextHandler(&r.log, nil)), Now: now,
				ClientAddr: func(*http.Request) string { return r.from },
			})
			r.must(err)
			door.Routes(r.mux)
			r.must(d.Write(t.Context(), "test", func(tx *db.Tx) error {
				s, err := account.Add(t.Context(), tx, "owner", account.NoQuota, false, account.Password{})
				if err != nil {
					return err
				}
				r.acc = s.ID
				return drive.MakeRoot(t.Context(), tx, s.ID)
			}))
			fn(r)
			if r.log.Len() > 0 {
				t.Errorf("logged: %s", r.log.String())
			}
		})
	}
}

func (r *rooms) must(err error) {
	r.t.Helper()
	if err != nil {
		r.t.Fatal(err)
	}
}

func (r *rooms) folder(parent drive.ID, name string) drive.ID {
	r.t.Helper()
	id, err := r.drive.Mkdir(r.t.Context(), r.acc, parent, name)
	r.must(err)
	return id
}

func (r *rooms) file(parent drive.ID, name string) drive.ID {
	r.t.Helper()
	id, err := r.drive.NewID(r.t.Context())
	r.must(err)
	r.must(r.db.Write(r.t.Context(), "test", func(tx *db.Tx) error {
		if _, err := account.Lock(r.t.Context(), tx, r.acc); err != nil {
			return err
		}
		no, err := account.NextBlob(r.t.Context(), tx, r.acc)
		if err != nil {
			return err
		}
		key, etag := blob.Key{Account: int64(r.acc), ID: no}, fmt.Sprintf("%032x", no)
		if err := blob.Begin(r.t.Context(), tx, key); err != nil {
			return err
		}
		if _, err := blob.Finish(r.t.Context(), tx, key, blob.Facts{SHA256: etag, MD5: etag, Size: 1536}); err != nil {
			return err
		}
		return drive.Put(r.t.Context(), tx, r.acc, drive.File{ID: id, Parent: parent, Name: name, BlobID: no, Size: 1536, Etag: etag}, 0)
	}))
	return id
}

const shareName = "旅行 & '照片'"

func (r *rooms) share(password string, days int, files ...drive.ID) share.Share {
	r.t.Helper()
	s, err := r.shares.Create(r.t.Context(), r.acc, share.Request{
		Name: shareName, Password: password, Days: days, Files: files, Switches: share.Switches{Traffic: 1, Limit: share.NoLimit},
	})
	r.must(err)
	return s
}

// visit asks as a browser does, in English.
func (r *rooms) visit(method, at, form string) (int, http.Header, string) {
	r.t.Helper()
	headers := []string{"Accept-Language", "en"}
	if r.cookie != "" {
		headers = append(headers, "Cookie", r.cookie)
	}
	return r.ask(method, public+at, form, headers...)
}

// sees wants a page that has some names and links, and no others.
func (r *rooms) sees(at string, want ...string) (next string) {
	r.t.Helper()
	status, _, body := r.visit("GET", at, "")
	var got []string
	for _, m := range regexp.MustCompile(`<td class="name"><a href="[^"]+"><bdi>([^<]*)</bdi></a>(/?)`).FindAllStringSubmatch(body, -1) {
		got = append(got, html.UnescapeString(m[1])+m[2])
	}
	if status != 200 || !slices.Equal(got, want) {
		r.t.Errorf("%s: %d %q, want %q\n%s", at, status, got, want, body)
	}
	if m := regexp.MustCompile(`<a href="([^"]+)" rel="next">`).FindStringSubmatch(body); m != nil {
		next = html.UnescapeString(m[1])
	}
	return next
}

// answers wants a status, and words on the page.
func (r *rooms) answers(at string, want int, words string) {
	r.t.Helper()
	for _, method := range []string{"GET", "HEAD"} {
		status, _, body := r.visit(method, at, "")
		if status != want || method == "GET" && !strings.Contains(body, words) {
			r.t.Errorf("%s %s: %d, want %d and %q\n%s", method, at, status, want, words, body)
		}
	}
}

// counts wants the figures that the owner sees.
func (r *rooms) counts(s share.Share, previews, downloads int64) {
	r.t.Helper()
	r.must(r.shares.KeepCounts(r.t.Context()))
	list, _, err := r.shares.List(r.t.Context(), r.acc, s.ID+1, 1)
	r.must(err)
	if len(list) != 1 || list[0].Previews != previews || list[0].Downloads != downloads {
		r.t.Errorf("%+v, want %d and %d", list, previews, downloads)
	}
}

func at(s share.Share, ids ...drive.ID) string {
	path := "/s/" + s.Key
	for _, id := range ids {
		path += "/" + id.String()
	}
	return path
}

func TestSharePage(t *testing.T) {
	each(t, func(r *rooms) {
		const odd, bad = "a'b & c%20#?.txt", "\u202e反gnp.exe"
		folder := r.folder(drive.Root, "夏 & 冬")
		inner := r.folder(folder, "内")
		file := r.file(inner, strings.ReplaceAll(odd, "?", ""))
		r.file(inner, bad)
		outside := r.file(drive.Root, "outside")
		s := r.share("", 7, folder)

		r.sees(at(s), "夏 & 冬/")
		r.sees(at(s, folder), "内/")
		r.sees(at(s, inner), "a'b & c%20#.txt", bad)
		_, h, body := r.visit("GET", at(s, inner), "")
		for _, want := range []string{
			`<html lang="en">`, `<a href="` + at(s) + `"><bdi>旅行 &amp; &#39;照片&#39;</bdi></a> / <a href="` + at(s, folder) + `"><bdi>夏 &amp; 冬</bdi></a> / <bdi>内</bdi>`,
			"Until " + s.ExpiresAt.In(utc8).Format("2006-01-02 15:04"), "1.5 KiB",
		} {
			if !strings.Contains(body, want) {
				r.t.Errorf("no %s in\n%s", want, body)
			}
		}
		if h.Get("Set-Cookie") != "" || h.Get("Cache-Control") != "no-store" {
			r.t.Errorf("%v", h)
		}
		r.answers(at(s, outside), 404, "nothing here")
		r.answers(at(s, drive.Root), 404, "nothing here")
		for _, wrong := range []string{"/x", "/-1", "/99999999999999999999"} {
			r.answers(at(s)+wrong, 404, "nothing here")
		}
		r.counts(s, 1, 0)

		status, h, _ := r.visit("HEAD", at(s, file), "")
		r.counts(s, 1, 0)
		for range 2 {
			status, h, _ = r.visit("GET", at(s, file), "")
		}
		want := fmt.Sprintf(`^/d/%d/%d/\d+-[\w-]{43}/a%%27b%%20&%%20c%%2520%%23\.txt$`, r.acc, file)
		if to := strings.ReplaceAll(h.Get("Location"), "'", "%27"); status != http.StatusFound || !regexp.MustCompile(want).MatchString(to) {
			r.t.Errorf("%d to %s, want %s", status, to, want)
		}
		r.counts(s, 1, 2)
		r.visit("HEAD", at(s), "")
		r.counts(s, 1, 2)
	})
}

func TestSharePages(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.folder(drive.Root, "many")
		var all []string
		for n := range 2*pageRows + 1 {
			name := fmt.Sprintf("%03d &+%%", n)
			r.folder(folder, name)
			all = append(all, name+"/")
		}
		s := r.share("", 0, folder)
		next := at(s, folder)
		for len(all) > 0 {
			rows := min(pageRows, len(all))
			if next == "" {
				r.t.Fatalf("no next page before %q", all[0])
			}
			next = r.sees(next, all[:rows]...)
			all = all[rows:]
		}
		if next != "" {
			r.t.Errorf("a page after the last: %s", next)
		}
		r.sees(at(s, folder) + "?after=%f0%9f%98%80")
	})
}

// A link to a file works no longer than the share.
func TestDownloadsEndWithTheShare(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.file(drive.Root, "a")
		day, ever := r.share("", 1, file), r.share("", 0, file)
		r.ahead.Add(int64(24*time.Hour - 5*time.Minute))
		for _, c := range []struct {
			share share.Share
			want  time.Duration
		}{{day, 5 * time.Minute}, {ever, downloadLife}} {
			_, h, _ := r.visit("GET", at(c.share, file), "")
			sign, _, _ := strings.Cut(strings.TrimPrefix(h.Get("Location"), fmt.Sprintf("/d/%d/%d/", r.acc, file)), "-")
			var end int64
			if _, err := fmt.Sscan(sign, &end); err != nil {
				r.t.Fatal(err, h)
			}
			now := time.Now().Add(time.Duration(r.ahead.Load()))
			if left := time.Unix(end, 0).Sub(now); left > c.want || left < c.want-time.Minute {
				r.t.Errorf("a link works for %s, want %s", left, c.want)
			}
		}
		r.ahead.Add(int64(time.Hour))
		r.answers(at(day), 410, "expired")
		r.answers(at(day, file), 410, "expired")
		r.answers(at(ever), 200, "a")
	})
}

func TestSharesThatAreNotThere(t *testing.T) {
	each(t, func(r *rooms) {
		file := r.file(drive.Root, "a")
		s := r.share("", 0, file)
		r.answers(at(s)+"x", 404, "no such share")
		r.answers("/s/x", 404, "no such share")
		r.must(r.drive.Trash(r.t.Context(), r.acc, []drive.ID{file}))
		r.answers(at(s), 404, "moved or deleted")
		r.answers(at(s, file), 404, "moved or deleted")
		r.must(r.shares.End(r.t.Context(), r.acc, []share.ID{s.ID}))
		r.answers(at(s), 404, "no such share")
		if status, _, _ := r.visit("POST", at(s), "password=x"); status != 404 {
			t.Errorf("a password for it is %d", status)
		}
	})
}

// Without the password nothing is seen but that there is one; with it, this share alone.
func TestSharePassword(t *testing.T) {
	each(t, func(r *rooms) {
		folder := r.folder(drive.Root, "secret")
		file := r.file(folder, "inside")
		s, other := r.share("k3 & x", 1, folder), r.share("k3 & x", 0, folder)
		closed := func(when string) {
			r.t.Helper()
			status, h, body := r.visit("GET", at(s), "")
			if status != 200 || !strings.Contains(body, `<form method="post" action="`+at(s)+`">`) || h.Get("Set-Cookie") != "" {
				r.t.Errorf("%s: %d\n%s", when, status, body)
			}
			for _, told := range []string{"secret", "照片", "inside", "Until"} {
				if strings.Contains(body, told) {
					r.t.Errorf("%s: it tells %s", when, told)
				}
			}
			for _, id := range []drive.ID{folder, file, 1 << 50} {
				if status, h, _ := r.visit("GET", at(s, id), ""); status != 303 || h.Get("Location") != at(s) {
					r.t.Errorf("%s: %d to %q", when, status, h.Get("Location"))
				}
			}
		}
		closed("before")
		for _, wrong := range []string{"", "password=", "password=k3", "x=k3+%26+x"} {
			status, h, body := r.visit("POST", at(s), wrong)
			if status != 403 || h.Get("Set-Cookie") != "" || !strings.Contains(body, "not the password") {
				r.t.Errorf("%q: %d %q\n%s", wrong, status, h.Get("Set-Cookie"), body)
			}
		}
		if status, h, _ := r.visit("POST", at(s)+"?password=k3+%26+x", ""); status != 403 || h.Get("Set-Cookie") != "" {
			r.t.Errorf("a password in the address is %d", status)
		}
		r.counts(s, 0, 0)

		status, h, _ := r.visit("POST", at(s), url.Values{"password": {"k3 & x"}}.Encode())
		c, err := http.ParseSetCookie(h.Get("Set-Cookie"))
		r.must(err)
		if status != 303 || h.Get("Location") != at(s) || c.Path != at(s) || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Domain != "" || c.MaxAge <= 0 {
			r.t.Errorf("%d %+v", status, c)
		}
		good := c.Name + "=" + c.Value
		r.cookie = good
		r.sees(at(s), "secret/")
		r.sees(at(s, folder), "inside")
		if status, _, _ := r.visit("GET", at(s, file), ""); status != http.StatusFound {
			r.t.Errorf("a file is %d", status)
		}
		r.counts(s, 1, 1)
		r.answers(at(other), 200, "<form")
		if _, _, body := r.visit("GET", at(other), ""); strings.Contains(body, "secret") {
			r.t.Error("the cookie opens another share")
		}
		for _, forged := range []string{c.Name + "=", c.Name + "=x", good + "x", c.Name + "=9" + c.Value} {
			r.cookie = forged
			closed(forged)
		}
		r.cookie = good
		r.ahead.Add(int64(openLife + time.Second))
		closed("when its time is over")
	})
}

func TestPasswordsAreTriedABoundedNumberOfTimes(t *testing.T) {
	each(t, func(r *rooms) {
		s, other := r.share("right", 0, r.file(drive.Root, "a")), r.share("right", 0, r.file(drive.Root, "b"))
		try := func(s share.Share, password string, want int) {
			r.t.Helper()
			status, h, _ := r.visit("POST", at(s), "password="+password)
			if status != want || (status == 429) != (h.Get("Retry-After") != "") {
				r.t.Errorf("%s from %s is %d, want %d", password, r.from, status, want)
			}
		}
		for range 2 * mostOfOne {
			try(s, "right", 303)
		}
		for range mostOfOne {
			try(s, "wrong", 403)
		}
		try(s, "wrong", 429)
		try(s, "right", 429)
		try(other, "right", 303)
		r.from = "2001:db8::1"
		for n := range mostOfOne {
			r.from = fmt.Sprintf("2001:db8::%x", n)
			try(s, "wrong", 403)
		}
		r.from = "2001:db8::ffff:1"
		try(s, "right", 429)
		r.from = "2001:db8:0:1::1"
		try(s, "right", 303)
		for n := 2 * mostOfOne; n < mostOfAll; n++ {
			r.from = fmt.Sprintf("10.0.%d.1", n)
			try(s, "wrong", 403)
		}
		r.from = "10.1.1.1"
		try(s, "right", 429)
		r.ahead.Add(int64(often.TriesFor + time.Second))
		try(s, "right", 303)
	})
}

func TestSizes(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KiB", 1536: "1.5 KiB", 5 << 20: "5.0 MiB", 10 << 30: "10.0 GiB", 3 << 40: "3.0 TiB", 1 << 52: "4096.0 TiB"} {
		if got := sizeText(n); got != want {
			t.Errorf("%d is %s, want %s", n, got, want)
		}
	}
}
