// Package web is the door of pages for people: it reads what a browser sends, asks the
// rooms, and answers HTML made on the server, in Chinese or English; and it hands out the
// application and keeps its sessions. It promises that a page runs no script but the
// application's own, is shown in no frame and tells no other site that it was read,
// and that a form counts only where a page of ours sent it. It speaks no JSON.
package web

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"errors"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"tuchuang/internal/account"
	"tuchuang/internal/fault"
	"tuchuang/internal/often"
	"tuchuang/internal/share"
)

// Options are what the door needs.
type Options struct {
	Accounts  *account.Accounts
	Shares    *share.Shares
	PublicURL string // where browsers reach this server, without a slash at the end
	ImageURL  string // where links point to
	StoreURL  string // where who follows them may be sent on to; "" for nowhere
	Version   string // of the program
	Log       *slog.Logger

	Now        func() time.Time
	ClientAddr func(*http.Request) string // who sent a request

	// Watch, where it is set, is told of every answer: its route, the word of the
	// result, and the time it took.
	Watch func(route, result string, took time.Duration)
}

// Web is the door.
type Web struct {
	Options
	foreign  *http.CrossOriginProtection // knows which forms are not ours
	tries    often.Tries                 // of shares' passwords
	refusals often.Refusals
}

// New makes the door.
func New(o Options) (*Web, error) {
	w := &Web{Options: o, foreign: http.NewCrossOriginProtection()}
	if o.PublicURL == "" {
		return w, nil
	}
	// A proxy may call this server by another name than browsers do.
	return w, fault.Wrap(w.foreign.AddTrustedOrigin(o.PublicURL), "web: new")
}

// Routes hangs the door's paths into a mux.
func (web *Web) Routes(mux *http.ServeMux) {
	mux.Handle("GET /{$}", web.page("/", web.home))
	mux.Handle("GET /assets/{name}", web.page("/assets", web.asset))
	mux.Handle("GET /LICENSES.txt", web.page("/assets", web.asset))
	mux.Handle("POST "+signInRoute, web.page(signInRoute, web.signIn))
	mux.Handle("POST "+signOutRoute, web.page(signOutRoute, web.signOut))
	mux.Handle("GET /s/{key}", web.page("/s", web.sharePage))
	mux.Handle("POST /s/{key}", web.page("/s", web.openShare))
	mux.Handle("GET /s/{key}/{id}", web.page("/s", web.shareEntry))
	mux.Handle("GET "+authRoute, web.page(authRoute, web.auth))
	mux.Handle("POST "+authRoute, web.page(authRoute, web.allow))
}

const (
	answerLimit = 30 * time.Second // of a page, with the form that asks for it
	maxForm     = 16 << 10         // bytes of a form
)

// handler answers a page, by show or a redirect, or an error and nothing.
type handler func(w http.ResponseWriter, r *http.Request) error

// page does once what every page needs: the limit of time, the form, whose it is, the
// headers, the page of an error. route is the word for the figures. Of a POST r.PostForm
// is the form, whose body is bounded.
func (web *Web) page(route string, h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		ctx, cancel := context.WithTimeout(r.Context(), answerLimit)
		defer cancel()
		r = r.WithContext(ctx)
		setHeaders(w.Header())
		err := fault.Guard("web: "+route, func() error {
			if err := web.readForm(w, r); err != nil {
				return err
			}
			if !isText(r.URL.Query()) || !isText(r.PostForm) {
				return fault.New(fault.BadRequest, "web: text")
			}
			return h(w, r)
		})
		result := "ok"
		if err != nil {
			result = string(web.fail(w, r, route, err))
		}
		if web.Watch != nil {
			web.Watch(route, result, time.Since(began))
		}
	})
}

// readForm reads the form of a POST, where a page of ours has sent it.
func (web *Web) readForm(w http.ResponseWriter, r *http.Request) error {
	if err := web.foreign.Check(r); err != nil {
		return fault.Because(fault.ForeignForm, "web: form", err)
	}
	if r.Method != http.MethodPost {
		return nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, maxForm)
	err := r.ParseForm()
	if tooLarge, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return fault.Because(fault.BodyTooLarge, "web: form", tooLarge)
	}
	if err != nil {
		return fault.Because(fault.BadBody, "web: form", err)
	}
	return nil
}

// isText says whether all values are such as the database takes.
func isText(in url.Values) bool {
	for _, values := range in {
		for _, v := range values {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) {
				return false
			}
		}
	}
	return true
}

// policy lets a browser do nothing with a page but show it and send its forms here; formTo
// is where else the answer to one may lead, as "https://host" or "".
func policy(formTo string) string {
	return "default-src 'none'; style-src '" + styleHash + "'; base-uri 'none'; frame-ancestors 'none'; form-action " +
		strings.TrimSpace("'self' "+formTo)
}

// setHeaders sets what all answers have. The address of a page may be all that keeps it
// from strangers: no other site is told it. (With no-referrer a browser would not even
// tell us where our own forms come from.)
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy(""))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	h.Set("Vary", "Accept-Language")
}

//go:embed pages/*.html
var files embed.FS

//go:embed web.css
var style string

var styleHash = func() string {
	sum := sha256.Sum256([]byte(style))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}()

// pages are the templates by name: pages/NAME.html fills in the "main" of the layout.
var pages = sync.OnceValue(func() map[string]*template.Template {
	list, err := files.ReadDir("pages")
	if err != nil {
		panic(err) // it is part of the program
	}
	all := make(map[string]*template.Template)
	for _, f := range list {
		name := strings.TrimSuffix(f.Name(), ".html")
		if name != "layout" {
			all[name] = template.Must(template.ParseFS(files, "pages/layout.html", "pages/"+f.Name()))
		}
	}
	return all
})

// view is what a template sees.
type view struct {
	Lang  string // zh or en
	Title string
	Style template.CSS
	Data  any
}

// Say is a text in the reader's language.
func (v view) Say(chinese, english string) string {
	if v.Lang == "zh" {
		return chinese
	}
	return english
}

// Text is one of both languages, in the reader's.
func (v view) Text(t text) string { return t.in(v.Lang) }

// text is one in both languages.
type text struct{ chinese, english string }

func (t text) in(lang string) string { return view{Lang: lang}.Say(t.chinese, t.english) }

// languageOf is what a browser wants of zh and en: Chinese where it says nothing, English
// where it names neither.
func languageOf(r *http.Request) string {
	wanted := r.Header.Get("Accept-Language")
	if wanted == "" {
		return "zh"
	}
	tags, _, _ := language.ParseAcceptLanguage(wanted) // of what can't be read there are none
	for _, t := range tags {
		if base, _ := t.Base(); base.String() == "zh" || base.String() == "en" {
			return base.String()
		}
	}
	return "en"
}

// show answers a page, of which HEAD has the headers alone.
func (web *Web) show(w http.ResponseWriter, r *http.Request, status int, name, title string, data any) error {
	var b bytes.Buffer
	v := view{Lang: languageOf(r), Title: title, Style: template.CSS(style), Data: data} //nolint:gosec // a file of ours
	if err := pages()[name].ExecuteTemplate(&b, "layout", v); err != nil {
		return fault.Because(fault.Internal, "web: "+name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Length", strconv.Itoa(b.Len()))
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the client has gone
	return nil
}

// problem is how an error looks on a page.
type problem struct {
	status int
	text
}

// problems are the errors that a page can say more of than that there was one.
var problems = map[fault.Code]problem{
	fault.Internal:      {http.StatusInternalServerError, text{"内部错误，请稍后再试。", "Something went wrong here. Try again later."}},
	fault.Unavailable:   {http.StatusServiceUnavailable, text{"服务繁忙，请稍后再试。", "The server is busy. Try again in a moment."}},
	fault.NotFound:      {http.StatusNotFound, text{"这里没有内容，可能已被移走或删除。", "There is nothing here. It may have been moved or deleted."}},
	fault.ShareNotFound: {http.StatusNotFound, text{"没有这个分享，或者它已被取消。", "There is no such share, or it was ended."}},
	fault.ShareExpired:  {http.StatusGone, text{"这个分享已过期。", "This share has expired."}},
	fault.BadRequest:    {http.StatusBadRequest, text{"请求有误。", "This request makes no sense."}},
	fault.BadBody:       {http.StatusBadRequest, text{"表单不完整，请重新提交。", "The form did not come whole. Send it again."}},
	fault.BodyTooLarge:  {http.StatusRequestEntityTooLarge, text{"表单过大。", "The form is too large."}},
	fault.ForeignForm:   {http.StatusForbidden, text{"表单来自其他网站，或已过期，未被接受。", "The form came from another site, or is too old, and was not taken."}},
	fault.NoApp:         {http.StatusBadRequest, text{"应用不存在，或它没有登记这个回调地址。", "There is no such app, or it has not registered this redirect URI."}},
}

// fail answers the page of an error. What is ours is logged under the number that the
// page shows.
func (web *Web) fail(w http.ResponseWriter, r *http.Request, route string, err error) fault.Code {
	code := fault.CodeOf(err)
	if code == fault.Canceled {
		return code // nobody reads it
	}
	p, known := problems[code]
	if !known {
		p = problems[fault.Internal]
	}
	var data struct{ Text, Trace string }
	lang := languageOf(r)
	data.Text = p.in(lang)
	if p.status >= 500 {
		data.Trace = rand.Text()
		// Not the path: it may be a secret.
		web.Log.Error("web: "+r.Method+" "+route, "trace", data.Trace, "from", web.ClientAddr(r), "err", err)
	}
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "3")
	}
	if e := web.show(w, r, p.status, "error", strconv.Itoa(p.status), data); e != nil {
		web.Log.Error("web: the page of an error", "err", e)
	}
	return code
}
