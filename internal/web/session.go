package web

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"tuchuang/internal/account"
	"tuchuang/internal/auditlog"
	"tuchuang/internal/fault"
)

// The sessions of the application: a cookie whose value is an access token, which the
// page's scripts never see.

const signInRoute, signOutRoute = "/web/sign-in", "/web/sign-out"

// LinkPath is where the application is with what signs in once behind it. What stands
// behind a # is sent to no server, logged by none, and told to no other site.
const LinkPath = "/#/enter/"

// signIn answers a form of name and password, or of a link that signs in once, with the
// cookie and 204, else with a status and the word of what was wrong.
func (web *Web) signIn(w http.ResponseWriter, r *http.Request) error {
	from := web.ClientAddr(r)
	ctx := auditlog.With(r.Context(), auditlog.Actor{Address: from})
	var token string
	var expires time.Time
	var err error
	if link := r.PostForm.Get("link"); link != "" {
		token, expires, err = web.Accounts.BeginSessionByLink(ctx, link)
	} else {
		token, expires, err = web.Accounts.BeginSession(ctx, r.PostForm.Get("name"), r.PostForm.Get("password"), from)
	}
	switch {
	case fault.Is(err, fault.BadCredentials):
		web.refusals.Tell(web.Log, web.Now(), "web: a sign-in was refused", "from", from)
		refuse(w, http.StatusUnauthorized, fault.BadCredentials)
	case fault.Is(err, fault.Disabled):
		refuse(w, http.StatusForbidden, fault.Disabled)
	case fault.Is(err, fault.TooManyAttempts):
		minutes, _ := fault.ArgsOf(err)[0].(int)
		w.Header().Set("Retry-After", strconv.Itoa(60*minutes))
		refuse(w, http.StatusTooManyRequests, fault.TooManyAttempts)
	case err != nil:
		return err
	default:
		c := web.sessionCookie(token) //nolint:gosec // it has them
		c.Expires = expires
		http.SetCookie(w, c)
		w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// signOut ends the session's token and takes the cookie back.
func (web *Web) signOut(w http.ResponseWriter, r *http.Request) error {
	if c, err := r.Cookie(account.SessionCookie); err == nil {
		if err := web.Accounts.EndSession(r.Context(), c.Value); err != nil {
			return err
		}
	}
	c := web.sessionCookie("") //nolint:gosec // it has them
	c.MaxAge = -1
	http.SetCookie(w, c)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (web *Web) sessionCookie(token string) *http.Cookie {
	return &http.Cookie{ //nolint:gosec // Secure wherever browsers come by https
		Name: account.SessionCookie, Value: token, Path: "/",
		HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: strings.HasPrefix(web.PublicURL, "https://"),
	}
}

// refuse answers a word to the application, which has the texts.
func refuse(w http.ResponseWriter, status int, code fault.Code) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, string(code)) // the client has gone
}
