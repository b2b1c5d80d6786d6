package web

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"tuchuang/internal/account"
)

const back = "https://app.example.org/back"

// A stranger who tries passwords can't fill the log, and how often he tried is said.
func TestRefusedSignInsAreBoundedInTheLog(t *testing.T) {
	each(t, func(r *rooms) {
		accounts, err := account.Open(t.Context(), r.db)
		r.must(err)
		secrets, err := accounts.Reset(t.Context(), "owner")
		r.must(err)
		_, err = accounts.SetApp(t.Context(), "owner", "an app", []string{back})
		r.must(err)
		_, h, page := r.ask("GET", public+"/auth?"+url.Values{"client_id": {secrets.ClientID}, "redirect_uri": {back}, "scope": {"user:base"}}.Encode(), "")
		form := url.Values{"name": {"owner"}, "answer": {"allow"}, "password": {"wrong"}}
		for _, m := range regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
			form.Set(m[1], html.UnescapeString(m[2]))
		}
		cookie, _, _ := strings.Cut(h.Get("Set-Cookie"), ";")
		refuse := func(times int) {
			r.t.Helper()
			for range times {
				if status, _, page := r.ask("POST", public+"/auth", form.Encode(), "Origin", public, "Cookie", cookie); status != 403 {
					r.t.Fatalf("%d %s", status, page)
				}
			}
		}
		for n := range 3 {
			r.from = "192.0.2." + string(rune('1'+n)) // one has ten tries
			refuse(10)
		}
		if log := r.log.String(); strings.Count(log, "a sign-in was refused") != 10 || strings.Count(log, "from=192.0.2.1") != 10 || strings.Contains(log, "unsaid") {
			r.t.Errorf("30 refusals: %s", log)
		}
		r.log.Reset()
		r.ahead.Add(int64(30 * time.Minute))
		refuse(2)
		if log := r.log.String(); strings.Count(log, "\n") != 2 || strings.Count(log, "unsaid=20") != 1 {
			r.t.Errorf("later: %s", log)
		}
		r.log.Reset()
	})
}
