package api

import (
	"net/http"
	"net/url"
	"strings"

	"tuchuang/internal/account"
)

// token is what a request for a route says of who asks: the token in its header, else
// that of a browser's session, where a page of ours has asked.
func (a *API) token(r *http.Request, need account.Scope) string {
	if r.Header.Get("Authorization") != "" {
		return bearer(r)
	}
	c, err := r.Cookie(account.SessionCookie)
	if err != nil || !a.ours(r, need) {
		return ""
	}
	return c.Value
}

// ours says whether a page of this server has made the browser ask. Browsers send a
// cookie along with what other sites ask for too: those may at most lead a reader to
// where something can be read, and see nothing of it.
func (a *API) ours(r *http.Request, need account.Scope) bool {
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "same-origin", "none": // an older browser, a page of ours, the reader himself
	default:
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return r.Method == http.MethodGet && need&write == 0
	}
	if a.PublicURL != "" && strings.EqualFold(origin, originOf(a.PublicURL)) {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host != "" && strings.EqualFold(u.Host, r.Host)
}

// originOf is the part of an address that browsers name as where a page is from.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return address
	}
	return u.Scheme + "://" + u.Host
}
