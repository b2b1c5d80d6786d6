package story

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"tuchuang/internal/api"
	"tuchuang/internal/client"
	"tuchuang/internal/fault"
	"tuchuang/test/harness"
)

const appBack = "https://app.example.org/back"

// anApp makes the client of an account an app.
func anApp(t *testing.T, u *harness.User) {
	t.Helper()
	u.Server.Run("user", "app", "set", u.Name, "--name", "相册助手", "--redirect", appBack, "--data", u.Server.Data)
}

// granted is what an app gets of an account.
func granted(t *testing.T, u, app *harness.User, scope string) client.OAuthTokens {
	t.Helper()
	to, err := u.OAuthAuthorize(t.Context(), client.OAuthWish{ClientID: app.ClientID, RedirectURI: appBack, Scope: scope})
	if err != nil {
		t.Fatal(err)
	}
	at, err := url.Parse(to)
	if err != nil || !strings.HasPrefix(to, appBack+"?") {
		t.Fatalf("sent to %q, %v", to, err)
	}
	got, err := app.OAuthToken(t.Context(), client.OAuthRequest{
		ClientID: app.ClientID, ClientSecret: app.ClientSecret, GrantType: "authorization_code", Code: at.Query().Get("code"), RedirectURI: appBack,
	})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// An app can do what it was allowed, on every endpoint, and nothing else; a token of an
// account's own can do all.
func TestScopesOfEveryEndpoint(t *testing.T) {
	s, u := writer(t)
	app := s.User("maker")
	anApp(t, app)
	scopes := []string{"user:base", "file:all:read", "file:all:write"}
	tokens := make(map[string]string)
	for _, scope := range scopes {
		got := granted(t, u, app, scope)
		if got.Scope != scope || got.TokenType != "Bearer" || got.ExpiresIn != 7200 {
			t.Errorf("%+v", got)
		}
		tokens[scope] = got.AccessToken
	}
	asked := map[string]int{}
	for _, e := range api.Endpoints() {
		if e.Open {
			continue
		}
		asked[e.Scope]++
		for _, path := range append(e.Also, e.Path) {
			for _, scope := range scopes {
				// A body that can't be read is the next thing to be wrong.
				a := s.Send("POST", path, tokens[scope], "application/json", []byte(`{"taskID":`))
				refused := a.Error != nil && fault.Code(a.Error.Code) == fault.ScopeMissing
				if refused != (scope != e.Scope || e.Own) {
					t.Errorf("%s, which needs %q, with %s: %+v", path, e.Scope, scope, a)
				}
				lacks := strings.Join(slices.DeleteFunc(strings.Split(e.Scope, ","), func(word string) bool { return word == scope }), ",")
				if lacks == "" {
					lacks = "account" // the owner's alone
				}
				if refused && (a.Code != 403 || a.Status != 200 || a.Message != "应用没有此权限: "+lacks) {
					t.Errorf("%s: %+v", path, a)
				}
			}
			if a := s.Send("POST", path, u.Token, "application/json", []byte(`{"taskID":`)); a.Error != nil && fault.Code(a.Error.Code) == fault.ScopeMissing {
				t.Errorf("%s with a token of its own: %+v", path, a)
			}
		}
	}
	for _, scope := range scopes {
		if asked[scope] == 0 {
			t.Errorf("no endpoint needs %s", scope)
		}
	}
	// An app does not allow others, whatever it was allowed itself.
	all := granted(t, u, app, strings.Join(scopes, ","))
	a, err := client.New(client.Options{Server: s.URL, Token: client.Token{AccessToken: all.AccessToken}})
	if err != nil {
		t.Fatal(err)
	}
	if me, err := a.UserInfo(t.Context()); err != nil || me.UID != u.UID {
		t.Errorf("%+v, %v", me, err)
	}
	to, err := a.OAuthAuthorize(t.Context(), client.OAuthWish{ClientID: app.ClientID, RedirectURI: appBack, Scope: "user:base"})
	if err != nil || !strings.Contains(to, "error=access_denied") || strings.Contains(to, "code=") {
		t.Errorf("sent to %q, %v", to, err)
	}
}

// As p123client refreshes: by form or query, with the two parameters alone. The token
// before ends at once.
func TestRefreshWithTheTokenAlone(t *testing.T) {
	s, u := writer(t)
	app := s.User("maker")
	anApp(t, app)
	got := granted(t, u, app, "user:base")
	refresh := func(token string) harness.Answer {
		return s.Send("POST", "/api/v1/oauth2/access_token?"+url.Values{"grant_type": {"refresh_token"}, "refresh_token": {token}}.Encode(), "", "", nil)
	}
	next, err := u.OAuthToken(t.Context(), client.OAuthRequest{GrantType: "refresh_token", RefreshToken: got.RefreshToken})
	if err != nil {
		t.Fatal(err)
	}
	says(t, "the token before", s.Get("/api/v1/user/info", got.AccessToken), 200, 401, fault.TokenExpired, "token is expired")
	if a := s.Get("/api/v1/user/info", next.AccessToken); a.Code != 0 {
		t.Errorf("%+v", a)
	}
	says(t, "a used one", refresh(got.RefreshToken), 200, 1, fault.BadGrant, "code或refresh_token无效、已使用或已过期")
	says(t, "after a used one came again", s.Get("/api/v1/user/info", next.AccessToken), 200, 401, fault.TokenExpired, "token is expired")
	says(t, "after a used one came again", refresh(next.RefreshToken), 200, 1, fault.BadGrant, "code或refresh_token无效、已使用或已过期")
}
