package story

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"tuchuang/internal/account"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// call asks the API with the browser's cookies; headers are pairs. It answers the word of
// the error, "" where there is none.
func (b *browser) call(method, path, body string, headers ...string) string {
	b.t.Helper()
	r, err := http.NewRequestWithContext(b.t.Context(), method, b.s.URL+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var answer harness.Answer
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		b.t.Fatalf("%s %s: %d without an envelope: %v", method, path, res.StatusCode, err)
	}
	if answer.Error == nil {
		return ""
	}
	return answer.Error.Code
}

// A browser signs in and its page asks the API; what other sites have it ask is not asked
// by the account.
func TestPageSession(t *testing.T) {
	s := harness.Start(t)
	secrets := s.AddUser("writer")
	b := newBrowser(t, s)
	const info, folder = "/api/v1/user/info", "/upload/v1/file/mkdir"

	signIn := func(password string) shown {
		return b.do("POST", s.URL+"/web/sign-in", url.Values{"name": {"writer"}, "password": {password}})
	}
	if in := signIn("wrong"); in.status != http.StatusUnauthorized || in.page != string(fault.BadCredentials) || len(in.head["Set-Cookie"]) != 0 {
		t.Fatal(in)
	}
	b.origin = "https://elsewhere.example"
	if in := signIn(secrets.Password); in.status != http.StatusForbidden || len(in.head["Set-Cookie"]) != 0 {
		t.Fatal("a form of another site", in)
	}
	b.origin = s.URL
	if word := b.call("GET", info, ""); word != string(fault.NoToken) {
		t.Error("before:", word)
	}
	in := signIn(secrets.Password)
	cookie := in.head.Get("Set-Cookie")
	if in.status != http.StatusNoContent || !strings.HasPrefix(cookie, account.SessionCookie+"=") ||
		!strings.Contains(cookie, "HttpOnly") || !strings.Contains(cookie, "SameSite=Lax") || !strings.Contains(cookie, "Path=/") {
		t.Fatal(in)
	}

	for _, c := range []struct {
		why, method, path string
		headers           []string
		taken             bool
	}{
		{"our page reads", "GET", info, []string{"Sec-Fetch-Site", "same-origin"}, true},
		{"an older browser reads", "GET", info, nil, true},
		{"the reader himself", "GET", info, []string{"Sec-Fetch-Site", "none"}, true},
		{"our page writes", "POST", folder, []string{"Sec-Fetch-Site", "same-origin", "Origin", s.URL}, true},
		{"our page writes, an older browser", "POST", folder, []string{"Origin", s.URL}, true},
		{"our page reads by POST", "POST", "/api/v1/oss/file/list", []string{"Origin", s.URL}, true},

		{"another site reads", "GET", info, []string{"Sec-Fetch-Site", "cross-site"}, false},
		{"another site reads, and says who", "GET", info, []string{"Origin", "https://elsewhere.example"}, false},
		{"a neighbour reads", "GET", info, []string{"Sec-Fetch-Site", "same-site"}, false},
		{"nobody says who writes", "POST", folder, nil, false},
		{"nobody says who reads by POST", "POST", "/api/v1/oss/file/list", nil, false},
		{"a link that writes", "GET", folder + "?name=x&parentID=0", []string{"Sec-Fetch-Site", "none"}, false},
		{"another site writes", "POST", folder, []string{"Origin", "https://elsewhere.example"}, false},
		{"another site says it is ours", "POST", folder, []string{"Sec-Fetch-Site", "cross-site", "Origin", s.URL}, false},
		{"a neighbour writes", "POST", folder, []string{"Sec-Fetch-Site", "same-site", "Origin", s.URL}, false},
		{"another port", "POST", folder, []string{"Origin", s.URL + "1"}, false},
		{"a page of nowhere", "POST", folder, []string{"Origin", "null"}, false},
		{"a token of its own that is none", "GET", info, []string{"Authorization", "Bearer x"}, false},
		{"an empty one", "GET", info, []string{"Authorization", "Bearer "}, false},
	} {
		body := ""
		if c.method == "POST" {
			body = `{"name":"` + c.why + `","parentID":0,"parentFileId":""}`
		}
		want := string(fault.NoToken)
		if c.taken {
			want = ""
		}
		if word := b.call(c.method, c.path, body, c.headers...); word != want {
			t.Errorf("%s: %q, want %q", c.why, word, want)
		}
	}

	if out := b.do("POST", s.URL+"/web/sign-out", url.Values{"x": {""}}); out.status != http.StatusNoContent {
		t.Error(out)
	}
	if word := b.call("GET", info, ""); word != string(fault.NoToken) {
		t.Error("after:", word)
	}
	if at, err := url.Parse(s.URL); err != nil || len(b.http.Jar.Cookies(at)) != 0 {
		t.Error("the cookie stays", err)
	}
	// Nor does who has copied the cookie get in.
	token, _, _ := strings.Cut(strings.TrimPrefix(cookie, account.SessionCookie+"="), ";")
	if word := b.call("GET", info, "", "Authorization", "Bearer "+token); word != string(fault.TokenExpired) {
		t.Error("a copy:", word)
	}
}

// Where browsers come by https the cookie does not go by http; a proxy may call the
// server by another name than they do.
func TestPageSessionBehindProxy(t *testing.T) {
	s := harness.Start(t, "--public-url", "https://pic.example.org")
	secrets := s.AddUser("writer")
	b := newBrowser(t, s)
	b.origin = "https://pic.example.org"
	in := b.do("POST", s.URL+"/web/sign-in", url.Values{"name": {"writer"}, "password": {secrets.Password}})
	cookie, _, _ := strings.Cut(in.head.Get("Set-Cookie"), ";")
	if !strings.Contains(in.head.Get("Set-Cookie"), "; Secure") {
		t.Fatal(in)
	}
	for origin, want := range map[string]fault.Code{"https://pic.example.org": "", "http://pic.example.org": fault.NoToken} {
		if word := b.call("POST", "/upload/v1/file/mkdir", `{"name":"a","parentID":0}`, "Cookie", cookie, "Origin", origin); word != string(want) {
			t.Errorf("%s: %q", origin, word)
		}
	}
}

// Whoever tries too often waits.
func TestPageSessionTries(t *testing.T) {
	s := harness.Start(t)
	secrets := s.AddUser("writer")
	b := newBrowser(t, s)
	for range 10 {
		b.do("POST", s.URL+"/web/sign-in", url.Values{"name": {"writer"}, "password": {"wrong"}})
	}
	in := b.do("POST", s.URL+"/web/sign-in", url.Values{"name": {"writer"}, "password": {secrets.Password}})
	if in.status != http.StatusTooManyRequests || in.page != string(fault.TooManyAttempts) || in.head.Get("Retry-After") != "900" {
		t.Error(in)
	}
}
