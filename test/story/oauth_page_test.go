package story

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

// browser speaks to the pages as a browser does: with cookies, and saying where a form
// comes from. It goes where it is sent only when it is told to.
type browser struct {
	t      *testing.T
	s      *harness.Server
	http   *http.Client
	origin string
}

func newBrowser(t *testing.T, s *harness.Server) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &browser{t, s, &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, s.URL}
}

// shown is an answer.
type shown struct {
	status int
	head   http.Header
	page   string
}

func (b *browser) do(method, target string, form url.Values) shown {
	b.t.Helper()
	var body io.Reader = http.NoBody
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(b.t.Context(), method, target, body)
	if err != nil {
		b.t.Fatal(err)
	}
	r.Header.Set("Accept-Language", "en")
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", b.origin)
	}
	res, err := b.http.Do(r)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return shown{res.StatusCode, res.Header, string(text)}
}

func (b *browser) ask(query url.Values) shown {
	b.t.Helper()
	return b.do("GET", b.s.URL+"/auth?"+query.Encode(), nil)
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]*)" value="([^"]*)">`)

// fill fills in the form of a page.
func (b *browser) fill(page shown, name, password, answer string) url.Values {
	b.t.Helper()
	form := url.Values{"name": {name}, "password": {password}, "answer": {answer}}
	for _, m := range hiddenField.FindAllStringSubmatch(page.page, -1) {
		form.Set(html.UnescapeString(m[1]), html.UnescapeString(m[2]))
	}
	if page.status != 200 || len(form) < 8 {
		b.t.Fatalf("no form: %d %s", page.status, page.page)
	}
	return form
}

func (b *browser) send(form url.Values) shown {
	b.t.Helper()
	return b.do("POST", b.s.URL+"/auth", form)
}

// sentTo reads where an answer leads, which must be the app.
func (b *browser) sentTo(got shown, status int) url.Values {
	b.t.Helper()
	to := got.head.Get("Location")
	u, err := url.Parse(to)
	if err != nil || got.status != status || !strings.HasPrefix(to, appBack+"?") {
		b.t.Fatalf("%d, sent to %q, want %d: %s", got.status, to, status, got.page)
	}
	return u.Query()
}

// stays says that an answer leads nowhere.
func (b *browser) stays(what string, got shown, status int, text string) {
	b.t.Helper()
	if got.status != status || got.head.Get("Location") != "" || !strings.Contains(got.page, text) {
		b.t.Errorf("%s: %d, sent to %q, want %d and %q: %s", what, got.status, got.head.Get("Location"), status, text, got.page)
	}
}

// asking is an app, an account, and what the one wants of the other.
func asking(t *testing.T) (s *harness.Server, u, app *harness.User, query url.Values) {
	t.Helper()
	s, u = alone(t)
	app = s.User("maker")
	anApp(t, app)
	return s, u, app, url.Values{"client_id": {app.ClientID}, "redirect_uri": {appBack}, "scope": {"user:base,file:all:read"}, "state": {`x&"<y>`}}
}

// From the app's link over the page to tokens, and what becomes of a code that comes again.
func TestPermissionByThePage(t *testing.T) {
	s, u, app, query := asking(t)
	b := newBrowser(t, s)
	verifier := strings.Repeat("v", 50)
	sum := sha256.Sum256([]byte(verifier))
	query.Set("code_challenge", base64.RawURLEncoding.EncodeToString(sum[:]))
	query.Set("code_challenge_method", "S256")
	page := b.ask(query)
	for _, want := range []string{"相册助手", "<code>maker</code>", "list and download all files", "https://app.example.org", `type="password"`} {
		if !strings.Contains(page.page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	if strings.Contains(page.page, "publish pictures") || strings.Contains(page.page, `"<y>`) {
		t.Errorf("the page says too much: %s", page.page)
	}
	if p := page.head.Get("Content-Security-Policy"); !strings.HasSuffix(p, "form-action 'self' https://app.example.org") || !strings.Contains(p, "frame-ancestors 'none'") {
		t.Errorf("the policy is %q", p)
	}
	if c := page.head.Get("Set-Cookie"); !strings.Contains(c, "HttpOnly") || !strings.Contains(c, "SameSite=Lax") || !strings.Contains(c, "Path=/auth") {
		t.Errorf("the cookie is %q", c)
	}
	answer := b.sentTo(b.send(b.fill(page, "writer", u.Password, "allow")), http.StatusSeeOther)
	if answer.Get("state") != `x&"<y>` || answer.Get("error") != "" {
		t.Errorf("%v", answer)
	}
	wants := client.OAuthRequest{
		ClientID: app.ClientID, ClientSecret: app.ClientSecret, GrantType: "authorization_code", Code: answer.Get("code"), RedirectURI: appBack, CodeVerifier: verifier,
	}
	without := wants
	without.CodeVerifier = ""
	if _, err := app.OAuthToken(t.Context(), without); !refusedAs(err, fault.BadGrant) {
		t.Errorf("without the verifier: %v", err)
	}
	got, err := app.OAuthToken(t.Context(), wants)
	if err != nil || got.Scope != "user:base,file:all:read" {
		t.Fatalf("%+v, %v", got, err)
	}
	if a := s.Get("/api/v1/user/info", got.AccessToken); a.Field("nickname") != "writer" {
		t.Errorf("%+v", a)
	}
	// Who allowed what stands in the audit log.
	if log := string(s.Run("--json", "audit", "--account", "writer", "--data", s.Data)); !strings.Contains(log, `"action":"app_allow"`) || strings.Contains(log, answer.Get("code")) {
		t.Errorf("the audit log: %s", log)
	}
	if _, err := app.OAuthToken(t.Context(), wants); !refusedAs(err, fault.BadGrant) {
		t.Errorf("the code again: %v", err)
	}
	says(t, "after the code came again", s.Get("/api/v1/user/info", got.AccessToken), 200, 401, fault.TokenExpired, "token is expired")
}

func refusedAs(err error, code fault.Code) bool {
	e, ok := err.(*client.Error)
	return ok && e.Reason == string(code)
}

// Who refuses, and what the app asks that can't be, is told to the app; what might lead
// anybody elsewhere is told on a page.
func TestPermissionIsRefused(t *testing.T) {
	s, u, _, query := asking(t)
	b := newBrowser(t, s)
	with := func(name, value string) url.Values {
		q := url.Values{}
		for k, v := range query {
			q[k] = v
		}
		q.Set(name, value)
		return q
	}
	answer := b.sentTo(b.send(b.fill(b.ask(query), "", "", "refuse")), http.StatusSeeOther)
	if answer.Get("error") != "access_denied" || answer.Get("state") != query.Get("state") || answer.Get("code") != "" {
		t.Errorf("refused: %v", answer)
	}
	for _, c := range []struct{ name, value, want string }{
		{"scope", "", "invalid_scope"},
		{"scope", "user:base,everything", "invalid_scope"},
		{"response_type", "token", "unsupported_response_type"},
		{"code_challenge", "short", "invalid_request"},
	} {
		if answer := b.sentTo(b.ask(with(c.name, c.value)), http.StatusFound); answer.Get("error") != c.want || answer.Get("state") != query.Get("state") {
			t.Errorf("%s %q: %v", c.name, c.value, answer)
		}
	}
	const unknown = "There is no such app"
	for _, uri := range []string{"", "https://evil.example/", appBack + "/", appBack + "?x=1", strings.ToUpper(appBack), "javascript:alert(1)", "//evil.example/"} {
		b.stays("redirect to "+uri, b.ask(with("redirect_uri", uri)), 400, unknown)
	}
	b.stays("no app", b.ask(with("client_id", u.ClientID)), 400, unknown)
	b.stays("a long state", b.ask(with("state", strings.Repeat("x", 3000))), 400, "makes no sense")

	// Nor does a form lead elsewhere, or allow more than the page has shown.
	page := b.ask(query)
	for _, c := range []struct {
		name, value string
		status      int
		text        string
	}{
		{"redirect_uri", "https://evil.example/", 400, unknown},
		{"client_id", u.ClientID, 400, unknown},
		{"scope", "user:base,file:all:read,file:all:write", 403, "another site"},
		{"scope", "everything", 403, "another site"},
		{"state", "another", 403, "another site"},
		{"code_challenge", strings.Repeat("x", 43), 403, "another site"},
		{"form", "", 403, "another site"},
		{"form", "9999999999-x", 403, "another site"},
	} {
		for _, answer := range []string{"allow", "refuse"} {
			form := b.fill(page, "writer", u.Password, answer)
			form.Set(c.name, c.value)
			b.stays("a form with another "+c.name, b.send(form), c.status, c.text)
		}
	}
	form := b.fill(page, "writer", u.Password, "allow")
	b.stays("the form in another browser", newBrowser(t, s).send(form), 403, "another site")
	b.origin = "https://evil.example"
	b.stays("the form from another site", b.send(form), 403, "another site")
	b.origin = s.URL
	if answer := b.sentTo(b.send(form), http.StatusSeeOther); answer.Get("code") == "" {
		t.Errorf("the form as it was: %v", answer)
	}
}

// A wrong password allows nothing, and soon has to wait, though others can sign in.
func TestPermissionWithAWrongPassword(t *testing.T) {
	s, u, _, query := asking(t)
	b := newBrowser(t, s)
	page := b.ask(query)
	try := func(name, password string) shown { return b.send(b.fill(page, name, password, "allow")) }
	for _, c := range [][2]string{{"writer", "wrong-password"}, {"writer", ""}, {"nobody", u.Password}, {"", ""}, {"writer", u.ClientSecret}} {
		got := try(c[0], c[1])
		b.stays("wrong", got, 403, "The name or the password is wrong.")
		if c[1] != "" && strings.Contains(got.page, c[1]) || !strings.Contains(got.page, `name="name" value="`+c[0]+`"`) {
			t.Errorf("%q is shown wrongly: %s", c, got.page)
		}
	}
	s.Run("user", "disable", u.Name, "--data", s.Data)
	b.stays("disabled", try("writer", u.Password), 403, "is disabled")
	s.Run("user", "enable", u.Name, "--data", s.Data)
	for range 7 {
		b.stays("wrong", try("writer", "wrong"), 403, "The name or the password is wrong.")
	}
	got := try("writer", u.Password)
	b.stays("the right one after ten wrong ones", got, 429, "too many wrong passwords")
	if got.head.Get("Retry-After") != "900" {
		t.Errorf("Retry-After %q", got.head.Get("Retry-After"))
	}
	other := s.AddUser("other")
	if answer := b.sentTo(try("other", other.Password), http.StatusSeeOther); answer.Get("code") == "" {
		t.Errorf("another account: %v", answer)
	}
}
