package web

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/fault"
)

// The page of OAuth: which app asks for what, a name and a password, and whether it may.

const (
	formLife  = time.Hour
	formName  = "tuchuang_form" // the cookie of a browser, to which its forms are bound
	authRoute = "/auth"
)

// wish is what an app asks for, as the browser brings it.
type wish struct {
	app       account.App
	redirect  string
	scopeText string
	scope     account.Scope
	state     string
	challenge string
}

// values are what the form brings again, and what it is bound to.
func (w wish) values() url.Values {
	return url.Values{
		"client_id": {w.app.ClientID}, "redirect_uri": {w.redirect}, "scope": {w.scopeText}, "state": {w.state}, "code_challenge": {w.challenge}, "code_challenge_method": {"S256"},
	}
}

// readWish reads what an app asks for. An error is for a page, as nobody may be sent where
// the app has not said; refused is a word of OAuth for the app itself.
func (web *Web) readWish(r *http.Request, in url.Values) (w wish, refused string, err error) {
	w = wish{redirect: in.Get("redirect_uri"), scopeText: in.Get("scope"), state: in.Get("state"), challenge: in.Get("code_challenge")}
	if w.app, err = web.Accounts.App(r.Context(), in.Get("client_id"), w.redirect); err != nil {
		return w, "", err
	}
	if len(w.state) > account.MaxState {
		return w, "", fault.New(fault.BadRequest, "web: auth", "state")
	}
	var known bool
	w.scope, known = account.ParseScope(w.scopeText)
	switch kind := in.Get("response_type"); {
	case kind != "" && kind != "code":
		refused = "unsupported_response_type"
	case !known:
		refused = "invalid_scope"
	case w.challenge != "" && (in.Get("code_challenge_method") != "S256" || !account.IsChallenge(w.challenge)):
		refused = "invalid_request"
	}
	return w, refused, nil
}

// auth answers what an app sends a browser for.
func (web *Web) auth(w http.ResponseWriter, r *http.Request) error {
	asked, refused, err := web.readWish(r, r.URL.Query())
	if err != nil {
		return err
	}
	if refused != "" {
		web.back(w, asked, http.StatusFound, "error", refused)
		return nil
	}
	return web.showAuth(w, r, asked, http.StatusOK, "", text{})
}

// allow answers the form: the browser goes back to the app with a code or a refusal, or
// sees the page again with what was wrong.
func (web *Web) allow(w http.ResponseWriter, r *http.Request) error {
	asked, refused, err := web.readWish(r, r.PostForm)
	if err != nil {
		return err
	}
	browser, err := r.Cookie(formName)
	if err != nil || refused != "" || !web.Accounts.Unseal(r.PostForm.Get("form"), browser.Value+"\n"+asked.values().Encode()) {
		return fault.New(fault.ForeignForm, "web: auth") // not as we made it
	}
	if r.PostForm.Get("answer") != "allow" {
		web.back(w, asked, http.StatusSeeOther, "error", "access_denied")
		return nil
	}
	name, from := r.PostForm.Get("name"), web.ClientAddr(r)
	code := ""
	who, err := web.Accounts.SignIn(r.Context(), name, r.PostForm.Get("password"), from)
	if err == nil {
		ctx := auditlog.With(r.Context(), auditlog.Actor{Client: asked.app.ClientID, Address: from})
		code, err = web.Accounts.Allow(ctx, who, account.Wish{ClientID: asked.app.ClientID, RedirectURI: asked.redirect, Scope: asked.scope, Challenge: asked.challenge})
	}
	switch {
	case fault.Is(err, fault.BadCredentials):
		web.refusals.Tell(web.Log, web.Now(), "web: a sign-in was refused", "from", from)
		return web.showAuth(w, r, asked, http.StatusForbidden, name, text{"账号名或密码错误。", "The name or the password is wrong."})
	case fault.Is(err, fault.Disabled):
		return web.showAuth(w, r, asked, http.StatusForbidden, name, text{"账号已停用，请联系管理员。", "The account is disabled. Ask the operator."})
	case fault.Is(err, fault.TooManyAttempts):
		minutes, _ := fault.ArgsOf(err)[0].(int)
		w.Header().Set("Retry-After", strconv.Itoa(60*minutes))
		return web.showAuth(w, r, asked, http.StatusTooManyRequests, name, text{"密码错误次数过多，请稍后再试。", "There were too many wrong passwords. Try again later."})
	case err != nil:
		return err
	}
	web.back(w, asked, http.StatusSeeOther, "code", code)
	return nil
}

// back sends the browser to the app.
func (web *Web) back(w http.ResponseWriter, asked wish, status int, name, value string) {
	answer := url.Values{name: {value}}
	if asked.state != "" {
		answer.Set("state", asked.state)
	}
	w.Header().Set("Location", account.Back(asked.redirect, answer))
	w.WriteHeader(status)
}

// authData is what the page shows.
type authData struct {
	App    account.App
	To     string // where the browser goes then
	Scopes []text
	Hidden url.Values
	Form   string
	Name   string // as it was written
	Wrong  *text  // what was
}

// scopeTexts say what a scope is.
var scopeTexts = map[account.Scope]text{
	account.UserBase:  {"查看账号名和空间用量", "see the account's name and how much it keeps"},
	account.FileRead:  {"查看和下载云盘与图床里的全部文件", "list and download all files of drive and image bed"},
	account.FileWrite: {"上传、修改、移动和删除云盘与图床里的文件，发布图片，分享", "upload, change, move and delete files of drive and image bed, publish pictures, and share"},
}

func (web *Web) showAuth(w http.ResponseWriter, r *http.Request, asked wish, status int, name string, wrong text) error {
	d := authData{App: asked.app, To: destination(asked.redirect), Hidden: asked.values(), Name: name}
	if wrong != (text{}) {
		d.Wrong = &wrong
	}
	for _, s := range []account.Scope{account.UserBase, account.FileRead, account.FileWrite} {
		if asked.scope&s != 0 {
			d.Scopes = append(d.Scopes, scopeTexts[s])
		}
	}
	browser := rand.Text()
	if c, err := r.Cookie(formName); err == nil && len(c.Value) == len(browser) {
		browser = c.Value // other pages of it stay good
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // without https there is no other way
		Name: formName, Value: browser, Path: authRoute, MaxAge: int(formLife / time.Second), HttpOnly: true, SameSite: http.SameSiteLaxMode,
		Secure: strings.HasPrefix(web.PublicURL, "https:"),
	})
	d.Form = web.Accounts.Seal(formLife, browser+"\n"+asked.values().Encode())
	// The answer to the form leads to the app, which browsers hold to be the form's action.
	w.Header().Set("Content-Security-Policy", policy(d.To))
	return web.show(w, r, status, "auth", authTitle.in(languageOf(r)), d)
}

var authTitle = text{"授权应用", "Allow an app"}

// destination is where a redirect URI leads, as scheme and host; of a program on this
// machine its scheme.
func destination(redirect string) string {
	u, err := url.Parse(redirect)
	if err != nil {
		return ""
	}
	if u.Host == "" {
		return u.Scheme + ":"
	}
	return u.Scheme + "://" + u.Host
}
