package web

import (
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/drive"
	"tuchuang/internal/fault"
	"tuchuang/internal/often"
	"tuchuang/internal/share"
)

// The page of a share: who has its key, and its password where it has one, sees what is
// in it and downloads files by signed URLs.

const (
	pageRows     = 100              // entries of a folder on a page
	openLife     = 12 * time.Hour   // of a password that was given
	downloadLife = 10 * time.Minute // of a signed URL: it knows nothing of what becomes of the share then
	openCookie   = "share"
)

// How many wrong passwords there may be for a share in a while, from one place and from
// all.
const (
	mostOfOne  = 10
	mostOfSite = 30
	mostOfAll  = 200
)

// opened is a share that a request may see.
type opened struct {
	share.Share
	account account.ID
}

func (o opened) path() string { return "/s/" + o.Key }

// see sends to the share's first page.
func (o opened) see(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, o.path(), http.StatusSeeOther) //nolint:gosec // the key is one that the database has
	return nil
}

// find answers the share that a request is for, and whether its password is still to be
// given.
func (web *Web) find(r *http.Request) (o opened, locked bool, err error) {
	if o.Share, o.account, err = web.Shares.Open(r.Context(), r.PathValue("key")); err != nil || o.Password == "" {
		return o, false, err
	}
	c, err := r.Cookie(openCookie)
	if err != nil {
		return o, true, nil //nolint:nilerr // there is none
	}
	err = web.Accounts.Verify(r.Context(), o.account, c.Value, o.secret())
	if fault.Is(err, fault.BadSignature) {
		return o, true, nil
	}
	return o, false, err
}

// secret is what the cookie is signed for: it opens this share alone, and with this
// password alone.
func (o opened) secret() string { return "OPEN " + o.path() + "\n" + o.Password }

// sharePage answers the shared entries, or asks for the password: GET /s/{key}.
func (web *Web) sharePage(w http.ResponseWriter, r *http.Request) error {
	o, locked, err := web.find(r)
	if err != nil {
		return err
	}
	if locked {
		return web.askPassword(w, r, http.StatusOK, text{})
	}
	p, err := web.Shares.Top(r.Context(), o.account, o.ID)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		web.Shares.Previewed(o.account, o.ID)
	}
	return web.listing(w, r, o, p)
}

// shareEntry answers what is in a folder of the share, or sends to where a file is:
// GET /s/{key}/{id}.
func (web *Web) shareEntry(w http.ResponseWriter, r *http.Request) error {
	o, locked, err := web.find(r)
	if err != nil {
		return err
	}
	if locked {
		return o.see(w, r)
	}
	id, err := drive.ParseID(r.PathValue("id"))
	if err != nil {
		return fault.Because(fault.NotFound, "web: share", err)
	}
	e, _, err := web.Shares.Find(r.Context(), o.account, o.ID, id)
	if err != nil {
		return err
	}
	if !e.IsFolder() {
		return web.download(w, r, o, e)
	}
	p, err := web.Shares.Browse(r.Context(), o.account, o.ID, id, r.URL.Query().Get("after"), pageRows)
	if err != nil {
		return err
	}
	return web.listing(w, r, o, p)
}

// download sends to the signed URL of a file, which works no longer than the share.
func (web *Web) download(w http.ResponseWriter, r *http.Request, o opened, e drive.Entry) error {
	life := downloadLife
	if !o.ExpiresAt.IsZero() {
		life = min(life, o.ExpiresAt.Sub(web.Now()))
	}
	path := fmt.Sprintf("/d/%d/%d", o.account, e.ID)
	sign, err := web.Accounts.Sign(r.Context(), o.account, life, "GET "+path)
	if err != nil {
		return err
	}
	if r.Method == http.MethodGet {
		web.Shares.Downloaded(o.account, o.ID)
	}
	http.Redirect(w, r, path+"/"+sign+"/"+url.PathEscape(e.Name), http.StatusFound)
	return nil
}

// openShare takes the password: POST /s/{key}.
func (web *Web) openShare(w http.ResponseWriter, r *http.Request) error {
	o, locked, err := web.find(r)
	if err != nil {
		return err
	}
	if !locked {
		return o.see(w, r)
	}
	address := web.ClientAddr(r)
	tries := []often.Try{{Name: o.Key, Address: address, Most: mostOfOne}, {Name: o.Key, Address: address, Site: true, Most: mostOfSite}, {Name: o.Key, Most: mostOfAll}}
	if !web.tries.Begin(web.Now(), tries...) {
		w.Header().Set("Retry-After", strconv.Itoa(int(often.TriesFor/time.Second)))
		return web.askPassword(w, r, http.StatusTooManyRequests, text{"尝试次数过多，请稍后再试。", "Too many tries. Try again later."})
	}
	if !o.Opens(r.PostForm.Get("password")) {
		return web.askPassword(w, r, http.StatusForbidden, text{"密码错误。", "This is not the password."})
	}
	web.tries.Good(tries...)
	sign, err := web.Accounts.Sign(r.Context(), o.account, openLife, o.secret())
	if err != nil {
		return err
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // Secure wherever browsers come by https
		Name: openCookie, Value: sign, Path: o.path(), MaxAge: int(openLife / time.Second),
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(web.PublicURL, "https://"),
	})
	return o.see(w, r)
}

var passwordTitle = text{"需要密码", "A password is needed"}

func (web *Web) askPassword(w http.ResponseWriter, r *http.Request, status int, wrong text) error {
	lang := languageOf(r)
	return web.show(w, r, status, "password", passwordTitle.in(lang), struct{ Action, Wrong string }{"/s/" + r.PathValue("key"), wrong.in(lang)})
}

// Times are shown as in the answers of the API.
var utc8 = time.FixedZone("UTC+8", 8*60*60)

type (
	listing struct {
		Name, Expires string
		Way           []place // to the folder that is shown, from the top on; none at the top
		Rows          []listed
		First, Next   string // of pages; "" where there is none
	}
	place struct{ Name, URL string } // without a URL: where one is
	// listed is an entry of a folder.
	listed struct {
		place
		Folder     bool
		Size, Date string
	}
)

// listing answers the page of a folder, or of the top.
func (web *Web) listing(w http.ResponseWriter, r *http.Request, o opened, p share.Page) error {
	at := func(id drive.ID) string { return o.path() + "/" + id.String() }
	l := listing{Name: o.Name}
	if !o.ExpiresAt.IsZero() {
		l.Expires = o.ExpiresAt.In(utc8).Format("2006-01-02 15:04 (UTC+8)")
	}
	title := o.Name
	if p.Folder.ID != drive.Root {
		title = p.Folder.Name
		l.Way = append(l.Way, place{o.Name, o.path()})
		for _, f := range p.Way {
			l.Way = append(l.Way, place{f.Name, at(f.ID)})
		}
		l.Way = append(l.Way, place{Name: p.Folder.Name})
	}
	for _, e := range p.Entries {
		row := listed{place: place{e.Name, at(e.ID)}, Folder: e.IsFolder(), Date: e.UpdatedAt.In(utc8).Format(time.DateOnly)}
		if !row.Folder {
			row.Size = sizeText(e.Size)
		}
		l.Rows = append(l.Rows, row)
	}
	if r.URL.Query().Has("after") {
		l.First = r.URL.Path
	}
	if p.More {
		l.Next = r.URL.Path + "?" + url.Values{"after": {p.Entries[len(p.Entries)-1].Name}}.Encode()
	}
	return web.show(w, r, http.StatusOK, "share", title, l)
}

// sizeText writes a size for people.
func sizeText(n int64) string {
	if n < 1<<10 {
		return strconv.FormatInt(n, 10) + " B"
	}
	f, unit := float64(n), 0
	for ; f >= 1<<10 && unit < 4; unit++ {
		f /= 1 << 10
	}
	return fmt.Sprintf("%.1f %ciB", f, " KMGT"[unit])
}
